package web

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"renewd/templates"
)

// TestBuiltInPages: every language has the same pages, each in its own words.
func TestBuiltInPages(t *testing.T) {
	p, err := LoadPages(templates.FS, nil, business, speak)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.languages) != 5 {
		t.Errorf("%d languages", len(p.languages))
	}
	title := regexp.MustCompile(`<title>(.*) · Parc Aurore</title>`)
	seen := map[string]string{}
	for _, tag := range []string{"en", "fr", "pt", "es", "de"} {
		for _, page := range allPages() {
			out, err := p.render(page, tryContent(page, tag))
			if err != nil {
				t.Fatal(err)
			}
			m := title.FindSubmatch(out)
			if m == nil || !strings.Contains(string(out), "<h1>"+string(m[1])+"</h1>") {
				t.Errorf("%s %s has no title or another heading:\n%s", tag, page, out)
				continue
			}
			if before := seen[string(m[1])]; before != "" {
				t.Errorf("%s %s has the title of %s", tag, page, before)
			}
			seen[string(m[1])] = tag + " " + page
			if strings.Contains(string(out), "{{") || strings.Contains(string(out), "ZgotmplZ") {
				t.Errorf("%s %s: %s", tag, page, out)
			}
		}
	}
}

// allPages are the pages of all families.
func allPages() (pages []string) {
	for _, f := range families {
		pages = append(pages, f.pages...)
	}
	return pages
}

// tryContent is somebody for any page.
func tryContent(page, tag string) content {
	a := sampleAgreement(tag)
	c := aboutAgreement(&a)
	c.subscriber = Subscriber{MaskedEmail: "a…@x.example", Locale: tag}
	if page == pageSaved {
		c.changes = []Change{{Field: a.Contact[0], From: "Alex", To: "Alex Martin"}}
	}
	return c
}

// TestLanguageOfAPage looks pages up as letters are looked up.
func TestLanguageOfAPage(t *testing.T) {
	region := fstest.MapFS{"unsubscribe.pt_BR.html": &fstest.MapFile{Data: []byte(`{{define "done"}}assinaturas{{end}}`)}}
	for _, c := range []struct{ locale, business, lang string }{
		{"de-AT", "fr", "de"}, {"de_at", "fr", "de"}, {"", "es-MX", "es"}, {"it", "nl", "en"}, {"it", "de", "de"}, {"not a tag!", "", "en"},
		{"pt-BR", "fr", "pt-BR"}, {"pt-br", "fr", "pt-BR"}, {"pt-PT", "fr", "pt"}, {"pt", "pt-BR", "pt"}, {"", "pt_BR", "pt-BR"},
	} {
		b := business
		b.Locale = c.business
		p, err := LoadPages(templates.FS, region, b, speak)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.render(pageDone, content{locale: c.locale})
		if err != nil || !strings.Contains(string(out), `<html lang="`+c.lang+`"`) {
			t.Errorf("%+v: %v\n%s", c, err, out)
		}
		if own := strings.Contains(string(out), "assinaturas"); own != (c.lang == "pt-BR") {
			t.Errorf("%+v: a region's own words: %v", c, own)
		}
	}
}

// TestOwnPages: what the administrator writes wins, block by block, with its
// own style, whatever ends its lines.
func TestOwnPages(t *testing.T) {
	layout, err := fs.ReadFile(templates.FS, layoutFile)
	if err != nil {
		t.Fatal(err)
	}
	own := fstest.MapFS{
		"unsubscribe.fr.html": &fstest.MapFile{Data: []byte("\ufeff{{define \"done\"}}<p>Au revoir {{.Subscriber.Name}} !</p>{{end}}\r\n")},
		"page.html":           &fstest.MapFile{Data: []byte(strings.ReplaceAll(strings.Replace(string(layout), "<style>", "<style>\nmain { color: #123456 }", 1), "\n", "\r\n"))},
		"unsubscribe.md":      &fstest.MapFile{Data: []byte("no page")},
		"pass-renewal.fr.md":  &fstest.MapFile{Data: []byte("a letter")},
	}
	s := newSite(t, own)
	ask := s.do(http.MethodGet, "/u/"+s.token("u1"), nil)
	if !strings.Contains(ask.Body.String(), "Ne plus envoyer de rappels de <strong>Parc Aurore</strong>") {
		t.Errorf("the built-in question is gone:\n%s", ask.Body)
	}
	if strings.Contains(ask.Body.String(), "\r") || !strings.Contains(ask.Body.String(), "#123456") {
		t.Errorf("the own layout is not as a browser hashes it:\n%q", ask.Body)
	}
	done := s.click(s.token("u1"))
	if !strings.Contains(done.Body.String(), "Au revoir Marie Laurent !") {
		t.Errorf("%s", done.Body)
	}
	if builtIn := newSite(t, nil).do(http.MethodGet, "/", nil); builtIn.Header().Get("Content-Security-Policy") == ask.Header().Get("Content-Security-Policy") {
		t.Error("another style sheet has the same hash")
	}
}

func TestFaults(t *testing.T) {
	layout, err := fs.ReadFile(templates.FS, layoutFile)
	if err != nil {
		t.Fatal(err)
	}
	without := func(old, new string) string {
		if !strings.Contains(string(layout), old) {
			t.Fatalf("the layout has no %q", old)
		}
		return strings.ReplaceAll(string(layout), old, new)
	}
	for _, c := range []struct{ file, text, want string }{
		{"unsubscribe.fr.html", "{{define \"ask\"}}\n{{if}}\n{{end}}", "unsubscribe.fr.html:2: missing value for if"},
		{"unsubscribe.fr.html", "{{define \"done\"}}\n\n{{.Subscriber.Phone}}{{end}}", "unsubscribe.fr.html:3: "},
		{"unsubscribe.fr.html", `{{define "ask"}}<p>Write to us</p>{{end}}`, `unsubscribe.fr.html: the block {{define "ask"}} has no button`},
		{"unsubscribe.fr.html", "{{define \"done\"}}\n<a href=\"{{if .Page}}x\">{{end}}</a>{{end}}", "unsubscribe.fr.html:2: "},
		{"unsubscribe.fr.html", "{{define \"done\"}}\n{{template \"nothing\"}}{{end}}", "unsubscribe.fr.html:2: "},
		{"unsubscribe.it.html", `{{define "title"}}Ciao{{end}}{{define "ask"}}<form method=post></form>{{end}}`, `unsubscribe.it.html: the blocks {{define "title"}} and {{define "done"}} have to be there`},
		{"unsubscribe.html", "", "unsubscribe.html: the file's name has no language"},
		{"unsubscribe..html", "", "unsubscribe..html: the file's name has no language"},
		{"unsubscribe.français.html", "", "the file's name has no language"},
		{"page.html", "", "page.html: the file is missing or empty"},
		{"page.html", "<p>\n{{end}}", "page.html:2: unexpected {{end}}"},
		{"page.html", without(`<h1>{{template "title" .}}</h1>`, "") + "\n{{.Nothing}}", "page.html:"},
		{"page.html", without(`{{template "title" .}}`, ""), `page.html: the layout does not show the heading`},
		{"page.html", without(`{{template "body" .}}`, ""), `page.html: the layout does not show the page`},
		{"page.html", without(`{{.Business.Name}}`, ""), `page.html: the layout does not show whose page it is`},
		{"page.html", without(`{{range .AddressLines}}<br>{{.}}{{end}}`, ""), `page.html: the layout does not show the postal address`},
		{"page.html", without("<style>", "<style>\n/* */ .x { content: \"{{.Business.Name}}\" }"), `page.html: a style sheet is the same for every reader`},
	} {
		p, err := LoadPages(templates.FS, fstest.MapFS{c.file: &fstest.MapFile{Data: []byte(c.text)}}, business, speak)
		if err == nil || p != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want %s", c.file, c.text, err, c.want)
			continue
		}
		var f Fault
		if !errors.As(err, &f) || f.File != c.file || f.BuiltIn {
			t.Errorf("%s: %+v", c.file, f)
		}
	}
	two := fstest.MapFS{"unsubscribe.fr.html": &fstest.MapFile{Data: []byte("{{")}, "unsubscribe.de.html": &fstest.MapFile{Data: []byte("{{define \"done\"}}\n{{.Nobody}}{{end}}")}}
	if _, err := LoadPages(templates.FS, two, business, speak); err == nil || !strings.Contains(err.Error(), "unsubscribe.de.html:2") || !strings.Contains(err.Error(), "unsubscribe.fr.html:1") {
		t.Errorf("two faults: %v", err)
	}
}

// TestFolders: no folder of one's own is no fault; one that cannot be read is.
func TestFolders(t *testing.T) {
	if _, err := LoadPages(templates.FS, os.DirFS(filepath.Join(t.TempDir(), "none")), business, speak); err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadPages(templates.FS, os.DirFS(file), business, speak); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("%v", err)
	}
	if _, err := LoadPages(fstest.MapFS{}, nil, business, speak); err == nil || !strings.Contains(err.Error(), "page.html: the file is missing") {
		t.Errorf("%v", err)
	}
}

// TestPageThatFailsForSomebody: an own page can fail for data that nobody
// thought of. A wish is done all the same, and nothing claims what is not so.
func TestPageThatFailsForSomebody(t *testing.T) {
	own := fstest.MapFS{"unsubscribe.de.html": &fstest.MapFile{Data: []byte(
		`{{define "stays"}}{{if eq .Subscriber.Name "Jonas Berg"}}{{index .AddressLines 9}}{{end}}{{end}}`)}}
	s := newSite(t, own)
	token := s.token("u2")
	if w := s.do(http.MethodGet, "/u/"+token, nil); w.Code != http.StatusInternalServerError || w.Body.String() != "Internal Server Error\n" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.click(token); w.Code != http.StatusOK || w.Body.String() != "OK\n" || s.gone() != 1 {
		t.Errorf("%d %s, %d unsubscribed", w.Code, w.Body, s.gone())
	}
	if log := s.log.String(); strings.Count(log, "\n") != 2 || !strings.Contains(log, "unsubscribe.de.html:1") || strings.Contains(log, token) || strings.Contains(log, "Jonas") {
		t.Errorf("logged %s", log)
	}
}

func TestLocaleChain(t *testing.T) {
	for _, c := range []struct {
		customer, business string
		want               []string
	}{
		{"pt-BR", "fr-CA", []string{"pt-br", "pt", "fr-ca", "fr", "en"}}, {"", "", []string{"en"}}, {"zh_Hant_TW", "", []string{"zh-hant-tw", "zh-hant", "zh", "en"}},
		{"../../etc", "x", []string{"en"}}, {strings.Repeat("a-", 40), "de", []string{"de", "en"}},
	} {
		if got := localeChain(c.customer, c.business); !slices.Equal(got, c.want) {
			t.Errorf("%q, %q: %q", c.customer, c.business, got)
		}
	}
	if htmlLang("zh-hant-tw") != "zh-Hant-TW" || direction("he-il") != "rtl" || direction("fr") != "ltr" {
		t.Error(htmlLang("zh-hant-tw"), direction("he-il"), direction("fr"))
	}
}
