package compose

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"renewd/internal/renewal"
	"renewd/templates"
)

// TestFaults: every mistake in a letter is told with its place in the file as an
// editor counts it, and holds that letter alone.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ title, file, want string }{
		{"no front matter", "Hello\n", "test.fr.md:1:1: a letter begins with a line ---"},
		{"an empty file", "", "test.fr.md:1:1: the front matter has no end"},
		{"no end of the front matter", "---\nsubject: x\nHello\n", "test.fr.md:3:1: the front matter knows subject, preheader and calendar, not \"Hello\""},
		{"only a beginning", "---\nsubject: x\n", "test.fr.md:1:1: the front matter has no end"},
		{"an unknown key", "---\nsubject: x\npriority: high\n---\nHello\n", "test.fr.md:3:1: the front matter knows subject, preheader and calendar, not \"priority\""},
		{"a key twice", "---\nsubject: x\nsubject: y\n---\n", "test.fr.md:3:1: subject stands here for the second time"},
		{"no colon", "---\nsubject\n---\n", "test.fr.md:2:8: a colon is missing after subject"},
		{"no subject", "---\npreheader: x\n---\nHello\n", "test.fr.md:1:1: the front matter has no subject"},
		{"nothing to continue", "---\n  x\n---\nHello\n", "test.fr.md:2:1: this line continues no other"},
		{"not UTF-8", "---\nsubject: \xe9t\xe9\n---\n", "test.fr.md:1:1: the file is not UTF-8"},
		{"private use", "---\nsubject: x\n---\nHé \ue000\n", "test.fr.md:4:4: a character here has no meaning"},
		{"an action without end", "---\nsubject: x\n---\nHello\n{{if .Customer.Name}}\n", "test.fr.md:6:1: unexpected EOF"},
		{"an unclosed action", "---\nsubject: x\n---\nHello {{.Customer.Name\n", "test.fr.md:5:1: unclosed action started at test.fr.md:4"},
		{"an unknown function", "---\nsubject: x\n---\nHello\n\n {{shout .Customer.Name}}\n", "test.fr.md:6:2: there is no function \"shout\""},
		{"an unknown field", "---\nsubject: x\n---\nHello\n\nAch, é {{.Custmer.Name}}\n", "test.fr.md:6:10: there is no .Custmer in data"},
		{"an unknown field in the subject", "---\nsubject: Hi {{.Custmer}}\n---\nHello\n", "test.fr.md:2:15: there is no .Custmer in data"},
		{"an unknown field in a continued line", "---\nsubject:\n  Hi\n  {{.Custmer}}\n---\nHello\n", "test.fr.md:4:5: there is no .Custmer in data"},
		{"an unknown field of an agreement", "---\nsubject: x\npreheader: y\n---\n{{range .Agreements}}\n- {{.EndOn}}\n{{end}}\n", "test.fr.md:6:5: there is no .EndOn in agreement"},
		{"a method of a type inside", "---\nsubject: x\n---\n{{.Business.Phone}}\n", "test.fr.md:4:12: there is no .Phone in business"},
		{"the wrong type", "---\nsubject: x\n---\n{{date .Customer.Name}}\n", "test.fr.md:4:17: <.Customer.Name>: wrong type for value; expected Date; got string"},
		{"money of a name", "---\nsubject: x\n---\n{{money .Customer.Name}}\n", "test.fr.md:4:3: <money .Customer.Name>: money wants a price, not a string"},
		{"a whole thing printed", "---\nsubject: x\n---\n{{.Links}}\n", "test.fr.md:4:3: a Links cannot be printed as a whole: name one of its fields"},
		{"HTML", "---\nsubject: x\n---\nHello\n\n<div>x</div>\n", "test.fr.md:6:1: a letter is Markdown and has no HTML such as <div>x</div>"},
		{"HTML in a line", "---\nsubject: x\n---\nHello <b>{{.Customer.Name}}</b>\n", "test.fr.md:4:7: a letter is Markdown and has no HTML such as <b>"},
		{"an empty subject", "---\nsubject: '{{with .Event}}{{with .Note}}{{.}}{{end}}{{end}}'\n---\nHello\n", "test.fr.md:1:1: the subject is empty for this customer"},
		{"without end", "---\nsubject: x\n---\n{{range 100000000}}more and more text{{end}}\n", "test.fr.md: the letter is longer than 1 MB"},
		{"itself for ever", "---\nsubject: x\n---\n{{define \"a\"}}{{template \"a\"}}{{end}}{{template \"a\"}}\n", "test.fr.md:4:26: <{{template \"a\"}}>: exceeded maximum template depth"},
	} {
		t.Run(c.title, func(t *testing.T) {
			s := alone(t, map[string]string{"test.fr.md": c.file, "good.fr.md": small("good")})
			err := s.Broken("test", "fr", false)
			var f Fault
			if !errors.As(err, &f) || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			if _, renderErr := s.Render("test", "fr", false, Sample(1)); renderErr == nil || renderErr.Error() != err.Error() {
				t.Errorf("Render says %v", renderErr)
			}
			if faults := s.Check(); len(faults) != 1 || faults[0] != f || faults[0].BuiltIn {
				t.Errorf("Check says %v", faults)
			}
			if err := s.Broken("good", "fr", false); err != nil {
				t.Errorf("another letter is held too: %v", err)
			}
		})
	}
}

// TestBrokenOwnLetterHidesNothing: while the admin's letter is broken, neither
// the built-in one nor another language goes out in its place.
func TestBrokenOwnLetterHidesNothing(t *testing.T) {
	s := own(map[string]string{"pass-renewal.fr.md": "---\nsubject: {{\n---\n"})
	if letter, err := s.Render("pass-renewal", "fr-FR", false, Sample(1)); err == nil {
		t.Errorf("%s went out", letter.File)
	}
	if err := s.Broken("pass-renewal", "de", false); err != nil {
		t.Errorf("German is held too: %v", err)
	}
}

// TestFaultsOfSomeData: a letter that fails for some customers only is no broken
// letter, but Check tells.
func TestFaultsOfSomeData(t *testing.T) {
	s := alone(t, map[string]string{"test.fr.md": "---\nsubject: x\n---\n{{(index .Agreements 1).Ref}}\n"})
	if err := s.Broken("test", "fr", false); err != nil {
		t.Errorf("broken: %v", err)
	}
	faults := s.Check()
	if len(faults) != 1 || !strings.Contains(faults[0].Text, "index out of range") || faults[0].Line != 4 {
		t.Errorf("faults %v", faults)
	}
	if _, err := s.Render("test", "fr", false, Sample(1)); err == nil {
		t.Error("it renders for one agreement")
	}
	if _, err := s.Render("test", "fr", false, Sample(2)); err != nil {
		t.Errorf("it does not render for two: %v", err)
	}
}

// TestMissingAttribute: a customer without the attribute that a letter names is
// a fault of that message, not of the letter.
func TestMissingAttribute(t *testing.T) {
	s := alone(t, map[string]string{"test.fr.md": "---\nsubject: x\n---\nSeat {{.Customer.Attributes.seat}}{{index .Customer.Attributes \"row\"}}\n"})
	if faults := s.Check(); len(faults) != 0 {
		t.Errorf("faults %v", faults)
	}
	_, err := s.Render("test", "fr", false, Sample(1))
	if err == nil || err.Error() != `test.fr.md:4:28: this customer has no attribute "seat"` {
		t.Errorf("error %v", err)
	}
	data := Sample(1)
	data.Customer.Attributes["seat"] = "12"
	if letter, err := s.Render("test", "fr", false, data); err != nil || textBody(letter) != "Seat 12" {
		t.Errorf("%q, %v", letter.Text, err)
	}
}

func TestFileNames(t *testing.T) {
	s := own(map[string]string{
		"README.md": "# Our letters\n", "notes.txt": "x", "pass-renewal.md": small("x"), "auto-renewal-notice.sober.md": small("y"), "..md": "x",
	})
	faults := s.Check()
	if len(faults) != 2 || faults[0].Error() != "auto-renewal-notice.sober.md: the file's name has no language: auto-renewal-notice.sober.en.md, for example" || faults[1].File != "pass-renewal.md" {
		t.Errorf("faults %v", faults)
	}
	for file, want := range map[string]string{"a.fr.md": "a fr false true", "a.sober.pt-br.md": "a pt-BR true true", "a.b.fr.md": "a.b fr false true", "a.md": "false", ".fr.md": "false", "a.fr.txt": "false", "a.français.md": "false"} {
		name, locale, sober, ok := fileName(file)
		got := strings.TrimSpace(strings.Join([]string{name, locale, map[bool]string{true: "true", false: "false"}[sober], map[bool]string{true: "true", false: ""}[ok]}, " "))
		if !ok {
			got = "false"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}

func TestNoOwnDirectory(t *testing.T) {
	s := Load(templates.FS, missingDir{}, business)
	if err := s.Broken("pass-renewal", "fr", false); err != nil {
		t.Error(err)
	}
	if faults := s.Check(); len(faults) != 0 {
		t.Errorf("faults %v", faults)
	}
	unreadable := Load(templates.FS, lockedDir{}, business)
	if faults := unreadable.Check(); len(faults) != 1 || !strings.Contains(faults[0].Text, "cannot be read") {
		t.Errorf("faults %v", faults)
	}
}

// TestFilesOfNoLanguage: a copy of a letter in a language that does not exist
// reaches nobody, and is told; the letters themselves go out.
func TestFilesOfNoLanguage(t *testing.T) {
	s := own(map[string]string{
		"pass-renewal.english.md": small("x"), "pass-renewal.sober.xx.md": small("x"), "note.xx.md": small("x"),
		"note.pt_BR.md": small("x"), "note.zh-Hant-TW.md": small("x"), "note.fil.md": small("x"), "read.me.english.md": "what is where",
	})
	want := []string{
		`note.xx.md: "xx" is no language, so no customer gets this letter: note.en.md, for example`,
		`pass-renewal.english.md: "english" is no language, so no customer gets this letter: pass-renewal.en.md, for example`,
		`pass-renewal.sober.xx.md: "xx" is no language, so no customer gets this letter: pass-renewal.sober.en.md, for example`,
	}
	var got []string
	for _, f := range s.Check() {
		got = append(got, f.Error())
		if !f.Harmless {
			t.Errorf("%v is no harm", f)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if _, err := s.Render("pass-renewal", "en", false, Sample(1)); err != nil {
		t.Error(err)
	}
}

// TestCheckWithoutAgreement: a letter that answers an event about a customer
// alone has to render without any agreement, in every language.
func TestCheckWithoutAgreement(t *testing.T) {
	s := own(map[string]string{
		"hello.en.md": "---\nsubject: Hello\n---\n{{range .Agreements}}{{.}}{{end}}On {{date .Event.On}}, {{.Customer.Attributes.shoe}}\n",
		"hello.fr.md": "---\nsubject: Salut\n---\n{{(index .Agreements 0).Ref}}\n",
		"hello.de.md": "---\nsubject: Hallo\n---\n{{nonsense}}\n",
	})
	faults := s.CheckWithoutAgreement("hello", renewal.SignUp)
	if len(faults) != 1 || faults[0].File != "hello.fr.md" || faults[0].Line != 4 {
		t.Errorf("%v", faults)
	}
	if faults := s.CheckWithoutAgreement("nothing", renewal.SignUp); faults != nil {
		t.Errorf("%v", faults)
	}
}
