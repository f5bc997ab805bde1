package compose

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"renewd/templates"
)

// TestValuesLikeMarks: letters share what they have in common, and no value is
// ever taken for one of the signs by which that is done: neither the marks in the
// Markdown nor the probes in the layout.
func TestValuesLikeMarks(t *testing.T) {
	s := own(map[string]string{"everywhere.en.md": everywhere})
	plain, err := s.Render("everywhere", "en", false, hostileData(2, "Plain"))
	if err != nil {
		t.Fatal(err)
	}
	want := skeleton(t, plain.HTML)
	values := []string{markOpen + "1" + markClose, markOpen + "0" + markClose + markOpen + "2" + markClose, "\ue000\ue0001\ue001\ue001", "0", "1" + markClose, "&#xe000;1&#xe001;", "\\\ue0001\\\ue001"}
	for _, probe := range probes {
		values = append(values, probe, string(appendEscaped(nil, probe, true)))
	}
	for _, value := range values {
		data := hostileData(2, value)
		data.Links = Links{Unsubscribe: "https://renew.example/u/1", Manage: "https://renew.example/m/1", Cancel: "https://renew.example/c/1"}
		for _, each := range []struct {
			name string
			s    *Set
		}{{"shared", s}, {"fresh", own(map[string]string{"everywhere.en.md": everywhere})}} {
			letter, err := each.s.Render("everywhere", "en", false, data)
			if err != nil {
				t.Fatal(err)
			}
			// The footer's link is another than that of the plain letter.
			letter.HTML = strings.ReplaceAll(letter.HTML, "https://renew.example/u/1", "https://renew.example/u/sample")
			checkHostile(t, each.name, value, letter, want, plain)
		}
	}
}

// TestMarksInTheFile: entities of a letter's author are characters, not marks.
func TestMarksInTheFile(t *testing.T) {
	data := Sample(1)
	data.Customer.Name = "Ana"
	text, body := renderBody(t, "{{.Customer.Name}} &#xe000;0&#xe001; [x](&#xe000;0&#xe001;) <https://shop.example/&#xe000;0&#xe001;>", data)
	if strings.Count(text, "Ana") != 1 || strings.Count(body, "Ana") != 1 {
		t.Errorf("text %q, HTML %q", text, body)
	}
}

// reader is the i-th of many customers with the same kind of letter.
func reader(i int) Data {
	data := Sample(1 + i%3)
	data.Customer.Name = fmt.Sprintf("Reader %d <b>", i)
	data.Links = Links{Unsubscribe: fmt.Sprintf("https://renew.example/u/%d", i), Manage: fmt.Sprintf("https://renew.example/m/%d", i)}
	for j := range data.Agreements {
		a := &data.Agreements[j]
		a.Customer.Name, a.Product = fmt.Sprintf("Owner %d", i), &Product{ref: "P", name: fmt.Sprintf("Pass %d", i)}
		a.Price.Minor += int64(i)
		if a.RenewURL = fmt.Sprintf("https://shop.example/renew?id=%d", i); i%5 == 0 {
			a.RenewURL = "javascript:alert(1)"
		}
		if i%7 == 0 {
			a.Price = nil
		}
	}
	return data
}

// TestNothingIsSharedButTheForm: many customers at once each get what they would
// get from a set that never wrote to anybody else.
func TestNothingIsSharedButTheForm(t *testing.T) {
	const readers = 24
	s := builtIn(t)
	var want [readers]Letter
	for i := range want {
		letter, err := builtIn(t).Render("pass-renewal", "fr", false, reader(i))
		if err != nil {
			t.Fatal(err)
		}
		want[i] = letter
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for turn := range 3 * readers {
				i := (turn*(worker+1) + worker) % readers
				letter, err := s.Render("pass-renewal", "fr", false, reader(i))
				if err != nil || letter != want[i] {
					t.Errorf("reader %d got another letter: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	for i, letter := range want {
		for j := range readers {
			other := fmt.Sprintf("https://renew.example/u/%d\"", j)
			if i != j && strings.Contains(letter.HTML, other) {
				t.Errorf("reader %d got the link of %d", i, j)
			}
		}
	}
}

// TestFrame: a page made from the layout's frame is, byte by byte, the one that
// the layout itself writes. A layout that decides by values has no frame.
func TestFrame(t *testing.T) {
	const end = `{{.Business.Name}}{{range .AddressLines}}{{.}}{{end}}{{with .Links.Unsubscribe}}<a href="{{.}}">x</a>{{end}}</body></html>`
	builtInPage, err := templates.FS.ReadFile("layout.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		title, layout string
		framed        bool // as parsed
		pieces        bool // and every value where it can be put in
	}{
		{"the built-in one", string(builtInPage), true, true},
		{"values in text and attributes", `<html lang="{{.Lang}}"><body title="{{.Subject}}" id='{{.Preheader}}'>{{.Body}}{{if .Links.Manage}}<a href="{{$.Links.Manage}}">m</a>{{else}}none{{end}}{{.Links.Cancel}}` + end, true, true},
		{"a loop with variables", `<html><body>{{.Body}}{{range $i, $line := .AddressLines}}{{if $i}}<br>{{end}}{{$line}}{{end}}{{len .AddressLines}}` + end, true, true},
		{"a value in a script", `<html><body><script>var s = {{.Subject}};</script>{{.Body}}` + end, true, false},
		{"a value in a style", `<html><body><style>p { color: {{.Preheader}} }</style>{{.Body}}` + end, true, false},
		{"a value without quotes", `<html><body title={{.Subject}}>{{.Body}}` + end, true, false},
		{"a subject in an address", `<html><body><a href="https://x.example/?q={{.Subject}}">x</a>{{.Body}}` + end, true, false},
		{"the body in a title", `<html><head><title>{{.Body}}</title></head><body>{{.Body}}` + end, true, false},
		{"a value in a function", `<html><body>{{printf "%.3s" .Subject}}{{.Body}}` + end, false, false},
		{"a value compared", `<html><body>{{if eq .Links.Manage .Links.Cancel}}same{{end}}{{.Body}}` + end, false, false},
		{"a value counted", `<html><body>{{if gt (len .Subject) 20}}long{{end}}{{.Body}}` + end, false, false},
		{"a value in a variable", `<html><body>{{$s := .Subject}}{{$s}}{{.Body}}` + end, false, false},
		{"the page handed on", `{{define "x"}}{{.Subject}}{{end}}<html><body>{{template "x" .}}{{.Body}}` + end, false, false},
		{"all links", `<html><body>{{with .Links}}{{.Manage}}{{end}}{{.Body}}` + end, false, false},
	} {
		t.Run(c.title, func(t *testing.T) {
			fast, slow := own(map[string]string{"layout.html": c.layout}), own(map[string]string{"layout.html": c.layout})
			slow.layout.framed = false
			if fast.layout.fault != nil || fast.layout.framed != c.framed {
				t.Fatalf("framed %v, %v", fast.layout.framed, fast.layout.fault)
			}
			for i, value := range append([]string{"Plain", ""}, hostile...) {
				data := hostileData(1, value)
				for _, links := range []Links{{}, {Unsubscribe: "https://renew.example/u/a+b?c=d&e=%20"}, {Manage: "javascript:x", Cancel: "https://x.example/'\" "}, {Manage: "https://renew.example/m", Cancel: "mailto:a@renew.example?subject=x%20y"}} {
					data.Links = links
					got, err := fast.Render("pass-renewal", "fr", false, data)
					want, slowErr := slow.Render("pass-renewal", "fr", false, data)
					if err != nil || slowErr != nil || got != want {
						t.Fatalf("%q: %v, %v\ngot\n%s\nwant\n%s", value, err, slowErr, got.HTML, want.HTML)
					}
				}
				if i > 12 && !c.pieces {
					break
				}
			}
			pieces := 0
			for _, frame := range fast.frames.entries {
				pieces += len(frame.pieces)
			}
			if (pieces > 0) != c.pieces {
				t.Errorf("%d pieces", pieces)
			}
		})
	}
}

// TestMemo: it never holds more than it may, and what it holds is right.
func TestMemo(t *testing.T) {
	m := newMemo[string, int](8)
	for i := range 100 {
		m.put(strconv.Itoa(i), i)
		if v, ok := m.get(strconv.Itoa(i)); !ok || v != i {
			t.Fatalf("%d is %d, %v", i, v, ok)
		}
		if len(m.entries) > 8 {
			t.Fatalf("%d entries", len(m.entries))
		}
	}
	m.put("99", 1)
	if v, _ := m.get("99"); v != 1 || len(m.entries) != 8 {
		t.Errorf("put again: %d, %d entries", v, len(m.entries))
	}
}

// TestOddLettersAreNotKept: a business whose every letter has a form of its own, or
// a huge one, does not fill the memory.
func TestOddLettersAreNotKept(t *testing.T) {
	s := alone(t, map[string]string{"test.en.md": "---\nsubject: x\n---\n{{range .Agreements}}\n- {{.Ref}}\n{{end}}\n", "long.en.md": "---\nsubject: x\n---\n" + strings.Repeat("more text ", 4000) + "\n"})
	for n := range remembered + 20 {
		if _, err := s.Render("test", "en", false, Sample(n)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(s.documents.entries); got != remembered {
		t.Errorf("%d documents are kept", got)
	}
	fresh := alone(t, map[string]string{"long.en.md": "---\nsubject: x\n---\n" + strings.Repeat("more text ", 4000) + "\n"})
	if _, err := fresh.Render("long", "en", false, Sample(1)); err != nil || len(fresh.documents.entries) != 0 {
		t.Errorf("%d documents are kept, %v", len(fresh.documents.entries), err)
	}
}

// TestPlainHTTPS holds the short way to a safe link against net/url.
func TestPlainHTTPS(t *testing.T) {
	short := 0
	for _, s := range []string{"https://shop.example", "https://shop.example/", "https://Shop.Example/a/b-c_d~e.f", "https://shop.example/renew?id=A1&x=y", "https://shop.example?x=1", "https://shop.example/?", "https://shop.example//a/../b?c?d/e",
		"https://", "https:///x", "https://?x", "https://a_b.example/", "https://a@b.example/", "https://x:80/", "https://x/%41", "https://x/a b", "https://x/é", "https://x/#f", "https://x/a;b", "http://x/", "HTTPS://x/", "https://-./", "https://x/=", "https://x/?_~"} {
		if !isPlainHTTPS(s) {
			continue
		}
		short++
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.String() != s {
			t.Errorf("%q is %v, %v", s, u, err)
		}
	}
	if short < 7 {
		t.Errorf("only %d addresses went the short way", short)
	}
}
