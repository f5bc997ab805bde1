package compose

import (
	"slices"
	"strings"
	"testing"
)

// FuzzTemplate feeds whole files to Load: no file panics or hangs, and one with a
// fault says where.
func FuzzTemplate(f *testing.F) {
	f.Add(everywhere)
	f.Add("---\nsubject: x\n---\n{{range .Agreements}}\n- {{.Ref}}\n{{end}}\n| a |\n|---|\n| {{.Customer.Name}} |\n")
	f.Add("---\nsubject:\n  {{if .Event}}a{{else}}b{{end}}\n---\n[x][{{.Customer.Name}}]\n\n[x]: {{.Links.Manage}}\n")
	f.Add("---\n: \n---")
	f.Fuzz(func(t *testing.T, file string) {
		if strings.Contains(file, "range") && strings.ContainsAny(file, "0123456789") {
			t.Skip("a loop over a number may be long and means nothing in a letter")
		}
		s := alone(t, map[string]string{"test.en.md": file})
		err := s.Broken("test", "en", false)
		letter, renderErr := s.Render("test", "en", false, Sample(2))
		if err != nil && renderErr == nil {
			t.Errorf("a broken letter renders: %v", err)
		}
		if renderErr == nil && (letter.Subject == "" || strings.ContainsAny(letter.Subject+letter.Preheader, "\r\n\x00") || strings.Contains(letter.Text, markOpen)) {
			t.Errorf("letter %+v", letter)
		}
	})
}

// FuzzValue puts any value into every place of a letter: the elements of the page
// and the headers of the message stay the same.
func FuzzValue(f *testing.F) {
	for _, value := range hostile {
		f.Add(value)
	}
	s := alone(f, map[string]string{"everywhere.en.md": everywhere})
	plain, err := s.Render("everywhere", "en", false, hostileData(2, "Plain"))
	if err != nil {
		f.Fatal(err)
	}
	want := skeleton(f, plain.HTML)
	f.Fuzz(func(t *testing.T, value string) {
		letter, err := s.Render("everywhere", "en", false, hostileData(2, "v"+value))
		if err != nil {
			t.Fatal(err)
		}
		got := skeleton(t, letter.HTML)
		for i, line := range got {
			got[i] = queried.ReplaceAllString(line, "/?q=Plain")
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q changes the elements of the page: %s", value, firstDifference(got, want))
		}
		e := envelope()
		e.ToName = value
		raw, err := Message(letter, e)
		if err != nil {
			t.Fatal(err)
		}
		if p := parseMessage(t, raw); len(p.header.Get("Bcc")) != 0 || p.header.Get("To") == "" {
			t.Errorf("%q: %v", value, p.header)
		}
	})
}
