package compose

import "testing"

func BenchmarkRender(b *testing.B) {
	s := builtIn(b)
	for _, c := range []struct {
		title string
		data  Data
	}{{"one", Sample(1)}, {"four", Sample(4)}} {
		b.Run(c.title, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Render("pass-renewal", "fr", false, c.data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMessage(b *testing.B) {
	l, e := letter(b, "fr"), envelope()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Message(l, e); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLetter is what every message costs: a letter about one pass, and the
// message that carries it.
func BenchmarkLetter(b *testing.B) {
	s, e := builtIn(b), envelope()
	write := func() error {
		l, err := s.Render("pass-renewal", "fr", false, Sample(1))
		if err != nil {
			return err
		}
		_, err = Message(l, e)
		return err
	}
	b.Run("one by one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := write(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("side by side", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := write(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

func BenchmarkBroken(b *testing.B) {
	s := builtIn(b)
	for b.Loop() {
		if err := s.Broken("pass-renewal", "pt-BR", true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if s := builtIn(b); s.layout.fault != nil {
			b.Fatal(s.layout.fault)
		}
	}
}
