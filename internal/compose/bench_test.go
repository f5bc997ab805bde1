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
