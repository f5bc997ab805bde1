package compose

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"renewd/internal/renewal"
)

func envelope() Envelope {
	return Envelope{
		From: "Parc Aurore <bonjour@parc-aurore.example>", ReplyTo: "accueil@parc-aurore.example", To: "alex@customer.example", ToName: "Alex Martin",
		MessageID: "r17.k3j2@parc-aurore.example", Date: time.Date(2027, 3, 1, 9, 0, 0, 0, time.FixedZone("", 3600)), Class: renewal.Commercial, UnsubscribeToken: "c1.Zm9v_-",
	}
}

func letter(t testing.TB, lang string) Letter {
	t.Helper()
	l, err := builtIn(t).Render("pass-renewal", lang, false, Sample(3))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// parsed is a message as a mail program reads it.
type parsed struct {
	header     mail.Header
	text, html string
}

func parseMessage(t testing.TB, raw []byte) parsed {
	t.Helper()
	if bytes.Contains(bytes.ReplaceAll(raw, []byte("\r\n"), nil), []byte("\n")) || bytes.Contains(bytes.ReplaceAll(raw, []byte("\r\n"), nil), []byte("\r")) {
		t.Error("a line does not end in CRLF")
	}
	for line := range strings.Lines(string(raw)) {
		if len(line) > 200 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("Content-Type %s, %v", kind, err)
	}
	p := parsed{header: m.Header}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for i, want := range []string{"text/plain", "text/html"} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || kind != want || !strings.EqualFold(params["charset"], "utf-8") || part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Errorf("part %d: %v", i, part.Header)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(string(body), "\r\n", "\n"); i == 0 {
			p.text = got
		} else {
			p.html = got
		}
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("a third part, or no end: %v", err)
	}
	return p
}

func decoded(t testing.TB, header string) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMessage(t *testing.T) {
	for _, lang := range languages {
		l := letter(t, lang)
		raw, err := Message(l, envelope())
		if err != nil {
			t.Fatal(err)
		}
		p := parseMessage(t, raw)
		if p.text != l.Text || p.html != l.HTML {
			t.Errorf("%s: the parts differ from the letter", lang)
		}
		for name, want := range map[string]string{
			"From": `"Parc Aurore" <bonjour@parc-aurore.example>`, "Reply-To": "<accueil@parc-aurore.example>", "To": `"Alex Martin" <alex@customer.example>`,
			"Message-ID": "<r17.k3j2@parc-aurore.example>", "Date": "Mon, 01 Mar 2027 09:00:00 +0100", "Auto-Submitted": "auto-generated", "Content-Language": lang, "Mime-Version": "1.0",
			"List-Unsubscribe": "<mailto:accueil@parc-aurore.example?subject=unsubscribe%20c1.Zm9v_->", "List-Unsubscribe-Post": "", "Precedence": "", "User-Agent": "", "X-Mailer": "", "Bcc": "",
		} {
			if got := p.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", lang, name, got, want)
			}
		}
		if got := decoded(t, p.header.Get("Subject")); got != l.Subject {
			t.Errorf("%s: subject %q, want %q", lang, got, l.Subject)
		}
		for name, values := range p.header {
			if len(values) != 1 {
				t.Errorf("%s: %d headers %s", lang, len(values), name)
			}
		}
		again, err := Message(l, envelope())
		if err != nil || !bytes.Equal(raw, again) {
			t.Errorf("%s: the same message has other bytes: %v", lang, err)
		}
	}
}

func TestOnlyCommercialMailOffersToUnsubscribe(t *testing.T) {
	for _, class := range []renewal.Class{renewal.Notice, renewal.Transactional} {
		e := envelope()
		e.Class, e.ReplyTo = class, ""
		raw, err := Message(letter(t, "en"), e)
		if err != nil {
			t.Fatal(err)
		}
		if p := parseMessage(t, raw); p.header.Get("List-Unsubscribe") != "" || p.header.Get("Reply-To") != "" {
			t.Errorf("%s: %v", class, p.header)
		}
	}
	e := envelope()
	e.ReplyTo = ""
	raw, err := Message(letter(t, "en"), e)
	if err != nil {
		t.Fatal(err)
	}
	if got := parseMessage(t, raw).header.Get("List-Unsubscribe"); got != "<mailto:bonjour@parc-aurore.example?subject=unsubscribe%20c1.Zm9v_->" {
		t.Errorf("without reply_to: %s", got)
	}
	if got := UnsubscribeMailto(e.From, "", "t o"); got != "mailto:bonjour@parc-aurore.example?subject=unsubscribe%20t%20o" {
		t.Errorf("link %s", got)
	}
	e.UnsubscribeToken = ""
	if _, err := Message(letter(t, "en"), e); err == nil {
		t.Error("a commercial message without a way to unsubscribe")
	}
}

// TestHeaderInjection: whatever a name or a subject contains, the message has the
// headers that it should have, each once, and readers see the value as typed.
func TestHeaderInjection(t *testing.T) {
	plain, err := Message(letter(t, "en"), envelope())
	if err != nil {
		t.Fatal(err)
	}
	want := headerNames(parseMessage(t, plain).header)
	values := append(slices.Clone(hostile), "a\r\n\r\n<html>", "a\r\n Bcc: x@evil.example", "x\" <victim@evil.example>, \"y", strings.Repeat("é", 500), strings.Repeat("x", 2000), "Müller, Jörg", "李小龍", "a@b", "\\", "\"")
	for _, value := range values {
		l, e := letter(t, "en"), envelope()
		l.Subject, e.ToName, e.From = value, value, (&mail.Address{Name: cleanValue(value), Address: "bonjour@parc-aurore.example"}).String()
		raw, err := Message(l, e)
		if err != nil {
			t.Errorf("%q: %v", value, err)
			continue
		}
		p := parseMessage(t, raw)
		if got := headerNames(p.header); !slices.Equal(got, want) {
			t.Errorf("%q: headers %v", value, got)
		}
		if got := decoded(t, p.header.Get("Subject")); got != oneLine(value) {
			t.Errorf("%q: subject %q", value, got)
		}
		to, err := p.header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != "alex@customer.example" || to[0].Name != displayName(value) {
			t.Errorf("%q: To %v, %v", value, to, err)
		}
	}
}

func headerNames(h mail.Header) []string {
	var names []string
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestAddresses(t *testing.T) {
	for given, want := range map[string]string{
		"alex@customer.example": "alex@customer.example", "alex@bücher.example": "alex@xn--bcher-kva.example", "jörg@bücher.example": "jörg@xn--bcher-kva.example",
		"Alex@Customer.Example": "Alex@Customer.Example", `"a b"@x.example`: "a b@x.example", "Alex <alex@x.example>": "alex@x.example",
	} {
		if got, err := Mailbox(given); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", given, got, err, want)
		}
	}
	for _, bad := range []string{"", "alex", "alex@", "@x", "a@b\r\nBcc: c@d", "a@b, c@d", "a b@c.example", "a@\u200d.example", "a@b@c", "a@x\x00"} {
		if got, err := Mailbox(bad); err == nil {
			t.Errorf("%q is taken for %s", bad, got)
		}
		e := envelope()
		e.To = bad
		if _, err := Message(letter(t, "en"), e); err == nil {
			t.Errorf("a message to %q", bad)
		}
		e = envelope()
		e.From = bad
		if _, err := Message(letter(t, "en"), e); err == nil {
			t.Errorf("a message from %q", bad)
		}
	}
	e := envelope()
	e.From, e.ToName, e.To = "Café Zoé <zoe@café.example>", "Zoé", "zoé@café.example"
	raw, err := Message(letter(t, "fr"), e)
	if err != nil {
		t.Fatal(err)
	}
	from, err := parseMessage(t, raw).header.AddressList("From")
	if err != nil || from[0].Name != "Café Zoé" || from[0].Address != "zoe@xn--caf-dma.example" {
		t.Errorf("From %v, %v", from, err)
	}
	for _, id := range []string{"", "x", "a@", "@b", "<a@b>", "a b@c", "a@b@c", "a@b\r\nx", "é@x"} {
		e := envelope()
		e.MessageID = id
		if _, err := Message(letter(t, "en"), e); err == nil {
			t.Errorf("a message with the id %q", id)
		}
	}
}
