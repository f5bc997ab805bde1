package compose

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	gomail "github.com/wneessen/go-mail"
	"pgregory.net/rapid"

	"renewd/internal/renewal"
)

// byLibrary composes a message with go-mail, which writes the same bytes in several
// times the time.
func byLibrary(t testing.TB, l Letter, e Envelope) []byte {
	t.Helper()
	address := func(s string) *mail.Address {
		a, err := parseAddress(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	boundary := sha256.Sum256([]byte(e.MessageID + "\x00" + l.Text + "\x00" + l.HTML))
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("renewd-"+hex.EncodeToString(boundary[:16])))
	m.FromMailAddress(address(e.From))
	m.ToMailAddress(&mail.Address{Name: displayName(e.ToName), Address: address(e.To).Address})
	answers := address(e.From)
	if e.ReplyTo != "" {
		answers = address(e.ReplyTo)
		m.ReplyToMailAddress(answers)
	}
	m.Subject(headerText(l.Subject))
	m.SetMessageIDWithValue(e.MessageID)
	m.SetDateWithValue(e.Date)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	if l.Locale != "" {
		m.SetGenHeader(gomail.HeaderContentLang, l.Locale)
	}
	if e.Class == renewal.Commercial {
		m.SetListUnsubscribe(unsubscribeMailto(answers.Address, e.UnsubscribeToken))
	}
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	var out bytes.Buffer
	if _, err := m.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestMessageAsLibrary holds the bytes of messages against those of a library that
// many others use: whatever names, subjects and bodies contain.
func TestMessageAsLibrary(t *testing.T) {
	compare := func(l Letter, e Envelope) {
		t.Helper()
		got, err := Message(l, e)
		if err != nil {
			t.Fatal(err)
		}
		if want := byLibrary(t, l, e); !bytes.Equal(got, want) {
			t.Fatalf("got\n%q\nwant\n%q", got, want)
		}
	}
	values := append([]string{"", "Élodie", strings.Repeat("é", 300), strings.Repeat("word ", 60), strings.Repeat("x", 70) + " y", "Müller, Jörg", "李小龍", " a  b "}, hostile...)
	for _, lang := range languages {
		base := letter(t, lang)
		for _, value := range values {
			l, e := base, envelope()
			l.Subject, e.ToName = value, value
			l.Text = value + "\n" + l.Text + " "
			compare(l, e)
		}
	}
	l, e := letter(t, "en"), envelope()
	e.Class, e.ReplyTo, l.Locale = renewal.Notice, "", ""
	compare(l, e)
	e.MessageID, e.From = strings.Repeat("x", 200)+"@parc.example", "Café Zoé <zoe@café.example>"
	compare(l, e)
	e.To, e.ToName = `"a  b c"@`+strings.Repeat("long.", 12)+"example", "Zoé"
	compare(l, e)
}

// TestSubjects holds folding and encoding of any subject against the library.
func TestSubjects(t *testing.T) {
	base := letter(t, "en")
	base.Text, base.HTML = "text", "html"
	rapid.Check(t, func(rt *rapid.T) {
		l, e := base, envelope()
		l.Subject, e.ToName = rapid.String().Draw(rt, "subject"), rapid.String().Draw(rt, "name")
		got, err := Message(l, e)
		if want := byLibrary(t, l, e); err != nil || !bytes.Equal(got, want) {
			rt.Fatalf("got\n%q, %v\nwant\n%q", got, err, want)
		}
	})
}

// TestQuotedPrintable holds the encoding against that of the standard library.
func TestQuotedPrintable(t *testing.T) {
	check := func(s string) (got, want string) {
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		if _, err := w.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return string(appendQuotedPrintable([]byte("before"), s)), "before" + b.String()
	}
	for n := 70; n < 80; n++ {
		for _, tail := range []string{"", " ", "\t", "é", "=", " \n", "\r\n", " \r\n.", "\n.\n", "é \n x", "  x", " é"} {
			if got, want := check(strings.Repeat("x", n) + tail); got != want {
				t.Errorf("%d and %q:\ngot  %q\nwant %q", n, tail, got, want)
			}
		}
	}
	piece := rapid.SampledFrom([]string{"x", " ", "\t", "=", "é", "€", "\n", "\r\n", ".", "\x00", "\xff", strings.Repeat("y", 30), strings.Repeat("z ", 20)})
	rapid.Check(t, func(rt *rapid.T) {
		s := strings.Join(rapid.SliceOf(piece).Draw(rt, "pieces"), "")
		if got, want := check(s); got != want {
			rt.Fatalf("%q:\ngot  %q\nwant %q", s, got, want)
		}
	})
	if got := string(appendQuotedPrintable(nil, "a\ré\nb\r")); got != "a\r\n=C3=A9\r\nb\r\n" {
		t.Errorf("line breaks of an old Macintosh: %q", got)
	}
}
