package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renewd/internal/renewal"
)

// TestPagesAreChecked: a fault in a customer page is named with its file and
// line; the built-in ones have none.
func TestPagesAreChecked(t *testing.T) {
	dir := t.TempDir()
	c := &Config{Templates: dir}
	if problems := checkPages(context.Background(), c); len(problems) != 0 {
		t.Fatalf("%v", problems)
	}
	for file, text := range map[string]string{
		"manage.fr.html":      "{{define \"cancel\"}}\n<p>Write to us</p>{{end}}",
		"reason.de.html":      "{{define \"thanks\"}}\n{{.Nobody}}{{end}}",
		"unsubscribe.en.html": "{{define \"ask\"}}<p>no button</p>{{end}}",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var all strings.Builder
	for _, p := range checkPages(context.Background(), c) {
		all.WriteString(p.String() + "\n")
	}
	for _, want := range []string{filepath.Join(dir, "manage.fr.html"), `lacks a button: <form method="post"><button name="do" value="cancel">`,
		filepath.Join(dir, "reason.de.html") + ":2", filepath.Join(dir, "unsubscribe.en.html")} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no word of %s:\n%s", want, all.String())
		}
	}
}

// TestPagesAreCopied: a page comes in every language, the layout alone, and a
// copy is right as it is.
func TestPagesAreCopied(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]int{"manage": 5, "reason": 5, "unsubscribe": 5, "page": 1} {
		if files, err := copyTemplate(name, dir); err != nil || len(files) != want {
			t.Errorf("%s: %v, %v", name, files, err)
		}
	}
	if problems := checkPages(context.Background(), &Config{Templates: dir}); len(problems) != 0 {
		t.Errorf("%v", problems)
	}
	if _, err := copyTemplate("nothing", dir); err == nil || !strings.Contains(err.Error(), "manage, reason, unsubscribe, page") {
		t.Errorf("%v", err)
	}
}

// TestPagesDocument: its example of a rule is one, and its example of a letter
// names what letters have.
func TestPagesDocument(t *testing.T) {
	blocks := fenced(t, "../../docs/pages.md", "toml")
	if len(blocks) != 1 {
		t.Fatalf("%d configurations", len(blocks))
	}
	if c := mustParse(t, docBusiness+blocks[0], t.TempDir()); len(c.Rules) != 1 || c.Rules[0].On != renewal.Cancel {
		t.Errorf("%+v", c.Rules)
	}
	for _, name := range pageNames {
		if !strings.Contains(docText(t, "pages.md"), name) {
			t.Errorf("docs/pages.md does not name %s", name)
		}
	}
}

// TestPreviewsLeadToPages: a preview links where the letter will, and without
// base_url nowhere.
func TestPreviewsLeadToPages(t *testing.T) {
	c := &Config{Templates: t.TempDir()}
	for _, base := range []string{"", "https://renew.example"} {
		c.Web.BaseURL = base
		c.Rules = []renewal.Rule{{Template: "auto-renewal-notice", Class: renewal.Notice}}
		letter, data, err := c.renderFor(context.Background(), PreviewOptions{Template: "auto-renewal-notice", Locale: "en"})
		if err != nil {
			t.Fatal(err)
		}
		leads := strings.Contains(letter.Text, "https://renew.example/m/"+previewToken+"?cancel")
		if a := data.Agreements[0]; leads != (base != "") || (a.Manage != "") != (base != "") || a.Cancel != data.Links.Cancel {
			t.Errorf("with %q: %+v\n%s", base, data.Links, letter.Text)
		}
	}
}
