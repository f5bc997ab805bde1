package compose

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renewd/internal/renewal"
)

var update = flag.Bool("update", false, "write the golden files anew")

// products are what the sample customers have, in their languages.
var products = map[string]string{"en": "Annual Pass", "fr": "Carte annuelle", "pt": "Cartão anual", "es": "Abono anual", "de": "Jahreskarte"}

// goldenCase is one shape in which a letter is looked at.
type goldenCase struct {
	title string
	data  Data
}

// goldenCases are the shapes in which every letter is looked at.
func goldenCases(name, lang string) []goldenCase {
	if name == StaffAlert {
		return staffCases()
	}
	prepare := func(n int) Data {
		data := SampleFor(strings.TrimSuffix(name, ".sober"), n)
		for i := range data.Agreements {
			data.Agreements[i].Product = &Product{ref: "P1", name: products[lang]}
		}
		switch strings.TrimSuffix(name, ".sober") {
		case "auto-renewal-notice":
			for i := range data.Agreements {
				data.Agreements[i].AutoRenew = true
			}
			data.Agreements[0].NewPrice = &renewal.Money{Minor: 10900, Currency: "EUR"}
			data.Links.Unsubscribe = ""
		case "renewal-confirmation":
			for i := range data.Agreements {
				data.Agreements[i].AutoRenew = true
			}
			data.Event = &Event{Type: "payment", On: date("2026-04-01"), Amount: &renewal.Money{Minor: 123456, Currency: "EUR"}}
			data.Links.Unsubscribe = ""
		case "acknowledgement", "still-using", "payment-failed", "price-change", "trial-ending", "yearly-reminder", "cancellation-confirmation":
			data.Links.Unsubscribe = ""
		}
		return data
	}
	one, several, ended, bare, bareSeveral := prepare(1), prepare(3), prepare(1), prepare(1), prepare(2)
	ended.Agreements[0].Ended = true
	for _, d := range []*Data{&bare, &bareSeveral} {
		d.Customer.Name, d.Links, d.Event = "", Links{}, nil
		for i := range d.Agreements {
			a := &d.Agreements[i]
			a.Customer.Name, a.Product, a.Price, a.NewPrice, a.RenewURL, a.StartsOn, a.Term = "", nil, nil, nil, "", 0, nil
		}
	}
	bareSeveral.Agreements[0].Ended, bareSeveral.Agreements[1].Ended = true, true
	return []goldenCase{{"one", one}, {"several", several}, {"ended", ended}, {"one, nothing else known", bare}, {"several ended, nothing else known", bareSeveral}}
}

// TestGolden holds every built-in letter in every language against the reviewed
// text. After a wanted change: go test ./internal/compose -run Golden -update,
// and read the difference.
func TestGolden(t *testing.T) {
	s := builtIn(t)
	files := 0
	for _, name := range s.Names() {
		for _, sober := range []bool{false, true} {
			for _, lang := range languages {
				if s.letters[letterKey{name, sober, lang}] == nil {
					if !sober {
						t.Errorf("there is no %s in %s", name, lang)
					}
					continue
				}
				file := name + "." + lang + ".txt"
				if sober {
					file = name + ".sober." + lang + ".txt"
				}
				files++
				compareGolden(t, filepath.Join("testdata", "golden", file), goldenText(t, s, name, lang, sober))
			}
		}
	}
	if files < 40 {
		t.Errorf("only %d letters", files)
	}
}

func goldenText(t *testing.T, s *Set, name, lang string, sober bool) string {
	var b strings.Builder
	for i, c := range goldenCases(name, lang) {
		letter, err := s.Render(name, lang, sober, c.data)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "=== %s\nsubject: %s\npreheader: %s\n\n%s", c.title, letter.Subject, letter.Preheader, letter.Text)
		if i < 2 {
			fmt.Fprintf(&b, "\n--- html\n%s\n", htmlBody(t, letter))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("%s:%d:\ngot  %s\nwant %s", file, i+1, g[i], w[i])
			return
		}
	}
	t.Errorf("%s has %d lines, the letter %d", file, len(w), len(g))
}

// TestLayout holds the whole page around a letter.
func TestLayout(t *testing.T) {
	letter, err := builtIn(t).Render("pass-renewal", "en", false, Sample(1))
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, filepath.Join("testdata", "golden", "layout.html"), letter.HTML)
	for _, want := range []string{`lang="en"`, `dir="ltr"`, `name="color-scheme"`, "prefers-color-scheme: dark", "69001 Lyon, France"} {
		if !strings.Contains(letter.HTML, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	for _, link := range links(t, letter.HTML) {
		if !strings.HasPrefix(link, "https://shop.example/") && !strings.HasPrefix(link, "https://renew.example/") {
			t.Errorf("the page leads to or loads %s", link)
		}
	}
	if len(letter.HTML) > 90_000 {
		t.Errorf("%d bytes: Gmail cuts a page after 102 kB", len(letter.HTML))
	}
}
