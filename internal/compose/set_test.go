package compose

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"renewd/templates"
)

// small is a letter that says which file it is.
func small(says string) string { return "---\nsubject: " + says + "\n---\n" + says + "\n" }

func TestLookup(t *testing.T) {
	files := map[string]string{
		"note.en.md": small("en"), "note.pt.md": small("pt"), "note.pt-BR.md": small("pt-BR"), "note.fr.md": small("fr"),
		"note.sober.en.md": small("sober en"), "plain.en.md": small("plain en"), "only.it.md": small("it"),
		"pass-renewal.de.md": small("own de"),
	}
	for _, c := range []struct {
		name, locale string
		sober        bool
		business     string
		want         string // the subject, or the error
	}{
		{"note", "pt-BR", false, "fr", "pt-BR"}, {"note", "pt_br", false, "fr", "pt-BR"}, {"note", "pt-PT", false, "fr", "pt"}, {"note", "pt", false, "fr", "pt"},
		{"note", "it", false, "fr", "fr"}, {"note", "", false, "fr-CA", "fr"}, {"note", "it", false, "nl", "en"}, {"note", "", false, "", "en"},
		{"note", "pt-BR", true, "fr", "sober en"}, {"plain", "fr", true, "fr", "plain en"},
		{"pass-renewal", "de-AT", false, "fr", "own de"}, {"pass-renewal", "de", true, "fr", "own de"},
		{"only", "fr", false, "fr", `there is no letter "only" in any of the languages fr, en`}, {"only", "it-IT", false, "fr", "it"},
		{"nothing", "fr", false, "fr", `there is no letter "nothing"`},
	} {
		dir := fstest.MapFS{}
		for file, text := range files {
			dir[file] = &fstest.MapFile{Data: []byte(text)}
		}
		s := Load(templates.FS, dir, Business{Name: "B", Locale: c.business})
		letter, err := s.Render(c.name, c.locale, c.sober, Sample(1))
		got := letter.Subject
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
		if broken := s.Broken(c.name, c.locale, c.sober); (broken != nil) != (err != nil) {
			t.Errorf("%+v: Broken says %v, Render %v", c, broken, err)
		}
		if err == nil && letter.BuiltIn {
			t.Errorf("%+v: %s is the admin's own", c, letter.File)
		}
	}
}

func TestNamesAndBuiltIn(t *testing.T) {
	s := builtIn(t)
	want := []string{"acknowledgement", "auto-renewal-notice", "cancellation-confirmation", "contract-renewal", "goods-renewal", "pass-renewal", "payment-failed", "price-change",
		"renewal-confirmation", "staff-alert", "still-using", "subscription-renewal", "trial-ending", "win-back", "yearly-reminder"}
	if got := s.Names(); !slices.Equal(got, want) {
		t.Errorf("names %v", got)
	}
	if !s.Has("win-back") || s.Has("nothing") {
		t.Error("Has is wrong")
	}
	for _, f := range s.Check() {
		t.Errorf("a built-in letter has a fault: %v", f)
	}
	letter, err := s.Render("win-back", "fr-CA", false, Sample(1))
	if err != nil || !letter.BuiltIn || letter.File != "win-back.fr.md" || letter.Locale != "fr" {
		t.Errorf("%+v, %v", letter, err)
	}
}

// TestRegionOfTheCustomer: a letter in plain English has the dates of the
// reader's English, and no other language's.
func TestRegionOfTheCustomer(t *testing.T) {
	s := own(map[string]string{"test.en.md": "---\nsubject: '{{date (index .Agreements 0).EndsOn}}, {{money (index .Agreements 0).Price}}'\n---\nx\n"})
	for locale, want := range map[string]string{"en-US": "March 31, 2027, €99.00", "en": "31 March 2027, €99.00", "pl": "31 March 2027, €99.00", "": "31 March 2027, €99.00"} {
		letter, err := s.Render("test", locale, false, Sample(1))
		if err != nil || letter.Subject != want {
			t.Errorf("%q: %q, %v", locale, letter.Subject, err)
		}
	}
}

func TestOwnLayout(t *testing.T) {
	const layout = `<html><body><h1>{{.Business.Name}}</h1>{{.Body}}{{range .AddressLines}}<p>{{.}}</p>{{end}}{{with .Links.Unsubscribe}}<a href="{{.}}">{{$.Words.Unsubscribe}}</a>{{end}}</body></html>`
	letter, err := own(map[string]string{"layout.html": layout}).Render("pass-renewal", "fr", false, Sample(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>Parc Aurore</h1>", "<p>69001 Lyon, France</p>", "Ne plus recevoir ces rappels", "Renouveler mon pass"} {
		if !strings.Contains(letter.HTML, want) {
			t.Errorf("no %s in %s", want, letter.HTML)
		}
	}
	for _, c := range []struct{ without, want string }{
		{"{{.Body}}", "does not show the letter"}, {"{{.Business.Name}}", "does not show who writes"},
		{"{{range .AddressLines}}<p>{{.}}</p>{{end}}", "does not show the postal address"}, {"{{with .Links.Unsubscribe}}<a href=\"{{.}}\">{{$.Words.Unsubscribe}}</a>{{end}}", "does not show how to unsubscribe"},
	} {
		s := own(map[string]string{"layout.html": strings.Replace(layout, c.without, "", 1)})
		err := s.Broken("pass-renewal", "fr", false)
		var f Fault
		if !errors.As(err, &f) || f.File != "layout.html" || f.BuiltIn || !strings.Contains(f.Text, c.want) {
			t.Errorf("without %s: %v", c.without, err)
		}
		if _, renderErr := s.Render("pass-renewal", "fr", false, Sample(1)); !errors.As(renderErr, &f) {
			t.Errorf("without %s the letter renders", c.without)
		}
	}
}

func TestBrokenLayout(t *testing.T) {
	for _, c := range []struct{ layout, want string }{
		{"<p>\n{{.Body}\n", "layout.html:2:1: "}, {"<p>\n  {{.Nope}}\n", "layout.html:2:5: there is no .Nope in page"}, {"{{if .Body}}", "layout.html:1:1: unexpected EOF"},
	} {
		err := own(map[string]string{"layout.html": c.layout}).Broken("pass-renewal", "fr", false)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v", c.layout, err)
		}
	}
	if err := Load(fstest.MapFS{"a.en.md": &fstest.MapFile{Data: []byte(small("x"))}}, nil, business).Broken("a", "en", false); err == nil {
		t.Error("a letter without a layout")
	}
}

// TestNoLetterForgetsTheAddress: whatever the admin's template says, who writes
// and how to refuse stands below it in both parts.
func TestNoLetterForgetsTheAddress(t *testing.T) {
	letter, err := own(map[string]string{"test.fr.md": small("rien")}).Render("test", "fr", false, Sample(1))
	if err != nil {
		t.Fatal(err)
	}
	for part, text := range map[string]string{"text": letter.Text, "HTML": visibleText(t, letter.HTML)} {
		for _, want := range []string{"Parc Aurore", "1 rue des Lilas", "69001 Lyon, France", "Ne plus recevoir ces rappels"} {
			if !strings.Contains(text, want) {
				t.Errorf("the %s part has no %q", part, want)
			}
		}
	}
	if !strings.Contains(letter.Text, "https://renew.example/u/sample") || !slices.Contains(links(t, letter.HTML), "https://renew.example/u/sample") {
		t.Error("the page to unsubscribe is missing")
	}
}

func TestConcurrentUse(t *testing.T) {
	s := builtIn(t)
	want := map[string]string{}
	for _, lang := range languages {
		letter, err := s.Render("pass-renewal", lang, false, Sample(3))
		if err != nil {
			t.Fatal(err)
		}
		want[lang] = letter.Text + letter.HTML
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 25 {
				lang := languages[(i+j)%len(languages)]
				letter, err := s.Render("pass-renewal", lang, false, Sample(3))
				if err != nil || letter.Text+letter.HTML != want[lang] {
					t.Errorf("%s differs: %v", lang, err)
				}
			}
		})
	}
	wg.Wait()
}
