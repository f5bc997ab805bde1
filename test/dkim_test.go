package test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"renewd/internal/compose"
	"renewd/internal/mailout"
	"renewd/internal/renewal"
	"renewd/templates"
)

// verifyDKIM has dkimpy verify the messages of a directory, with the record in
// NAME.record for all that begin with NAME, and prints each name and the verdict.
const verifyDKIM = `
import dkim, os, sys
d = sys.argv[1]
records = {n[:-7]: open(os.path.join(d, n), 'rb').read() for n in os.listdir(d) if n.endswith('.record')}
for name in sorted(n for n in os.listdir(d) if n.endswith('.eml')):
    host, text = records[name.split('-')[0]].split(b'\n', 1)
    def lookup(asked, timeout=5):
        assert asked.rstrip(b'.') == host, asked
        return text
    try:
        good = dkim.verify(open(os.path.join(d, name), 'rb').read(), dnsfunc=lookup, minkey=1024)
    except dkim.DKIMException as e:
        good = False
    print(name, good)
`

// dkimSigners are one with an RSA key and one with an Ed25519 key.
func dkimSigners(t *testing.T) map[string]*mailout.Signer {
	t.Helper()
	long, err1 := rsa.GenerateKey(rand.Reader, 2048)
	_, edwards, err2 := ed25519.GenerateKey(rand.Reader)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	signers := map[string]*mailout.Signer{}
	for kind, key := range map[string]any{"rsa": long, "ed25519": edwards} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if signers[kind], err = mailout.NewSigner("parc-aurore.test", "renewd", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
			t.Fatal(err)
		}
	}
	return signers
}

// verdicts has the other verifier look at messages by name and returns those of
// which it said something else than wanted.
func verdicts(t *testing.T, signers map[string]*mailout.Signer, messages map[string][]byte, want func(name string) bool) {
	t.Helper()
	files := map[string][]byte{}
	for kind, s := range signers {
		name, text := s.Record()
		files[kind+".record"] = []byte(name + "\n" + text)
	}
	for name, raw := range messages {
		files[name+".eml"] = raw
	}
	lines := python(t, verifyDKIM, files)
	if len(lines) != len(messages) {
		t.Fatalf("%d verdicts on %d messages:\n%s", len(lines), len(messages), strings.Join(lines, "\n"))
	}
	for _, line := range lines {
		file, said, _ := strings.Cut(line, " ")
		name := strings.TrimSuffix(file, ".eml")
		if wanted := want(name); said != "True" && said != "False" || (said == "True") != wanted {
			t.Errorf("%s: verified %s, want %v\n%.1500s", name, said, wanted, messages[name])
		}
	}
}

// randomLetters are commercial letters and notices about made-up people and things,
// some with very long names and links.
func randomLetters(t *testing.T, n int) [][]byte {
	t.Helper()
	set := compose.Load(templates.FS, nil, compose.Business{Name: "Parc Aurore", Email: shop, PostalAddress: "1 rue des Lilas\n69001 Lyon", Locale: "fr"})
	random := mathrand.New(mathrand.NewPCG(3, 4))
	words := []string{"Zoë", "Müller", "李小龍", "a", ".", "  ", "\"x\"", "(y)", "<b>", "=", ";", "é", "O’Neil", strings.Repeat("long", 30), "\t", "From", "=?utf-8?q?=41?="}
	text := func() string {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteString(words[random.IntN(len(words))] + " ")
		}
		return b.String()
	}
	locales := []string{"de", "en", "es", "fr", "pt"}
	var out [][]byte
	for i := range n {
		data := compose.Sample(1 + random.IntN(4))
		data.Customer.Name = text()
		data.Agreements[0].Ref, data.Agreements[0].AutoRenew = text(), true
		e := compose.Envelope{From: "Parc Aurore <" + shop + ">", To: "anna@client.test", ToName: data.Customer.Name,
			MessageID: fmt.Sprintf("r%d.x@parc-aurore.test", i), Date: time.Date(2026, 3, 1+i, 8, 0, 0, 0, time.UTC), Class: renewal.Commercial,
			UnsubscribeToken: "c1." + strings.Repeat("Zm9v", random.IntN(30)), UnsubscribeURL: "https://renew.parc-aurore.test/u/" + strings.Repeat("x", 1+random.IntN(500))}
		if random.IntN(2) == 0 {
			e.ReplyTo = "Réception " + strings.Repeat("Parc ", random.IntN(20)) + "<accueil@parc-aurore.test>"
		}
		name := "pass-renewal"
		if i%4 == 0 {
			name, e.Class = "auto-renewal-notice", renewal.Notice
		}
		letter, err := set.Render(name, locales[i%len(locales)], false, data)
		if err != nil {
			t.Fatal(err)
		}
		letter.Subject = text() + letter.Subject
		raw, err := compose.Message(letter, e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, raw)
	}
	return out
}

// TestDKIMVerifiesElsewhere: a verifier that others wrote accepts what we sign,
// whatever the letter, and what servers add above it does no harm.
func TestDKIMVerifiesElsewhere(t *testing.T) {
	needPython(t, "dkim, nacl", "python3-dkim with python3-nacl")
	signers := dkimSigners(t)
	messages := map[string][]byte{}
	calendars := 0
	for i, raw := range randomLetters(t, 100) {
		calendars += bytes.Count(raw, []byte("text/calendar"))
		for kind, s := range signers {
			signed, err := s.Sign(raw)
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.Sign(raw)
			if err != nil || !bytes.Equal(again, signed) {
				t.Fatalf("the same letter has another signature: %v", err)
			}
			if i%3 == 0 {
				signed = append([]byte("Received: from [127.0.0.1] by mx.client.test;\r\n\tMon, 1 Mar 2027 09:00:00 +0100\r\n"), signed...)
			}
			messages[fmt.Sprintf("%s-%d", kind, i)] = signed
		}
	}
	if calendars == 0 {
		t.Error("no letter has a calendar: this proves less than it should")
	}
	verdicts(t, signers, messages, func(string) bool { return true })
}

// TestDKIMTampering: whatever is done to a signed field or to a body, the other
// verifier refuses the message.
func TestDKIMTampering(t *testing.T) {
	needPython(t, "dkim, nacl", "python3-dkim with python3-nacl")
	signers := dkimSigners(t)
	raw := randomLetters(t, 2)[1] // a commercial one
	header, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	fields := strings.Split(strings.ReplaceAll(header, "\r\n ", "\x00 "), "\r\n")
	messages := map[string][]byte{}
	covered := map[string]bool{}
	for kind, s := range signers {
		signed, err := s.Sign(raw)
		if err != nil {
			t.Fatal(err)
		}
		signature := strings.TrimSuffix(string(signed), string(raw))
		put := func(name string, fields []string, body string) {
			messages[kind+"-"+name] = []byte(signature + strings.ReplaceAll(strings.Join(fields, "\r\n"), "\x00", "\r\n") + "\r\n\r\n" + body)
		}
		put("good", fields, body)
		put("body", fields, strings.Replace(body, "renewd-", "renewd_", 1))
		put("longer", fields, body+"More.\r\n")
		for i, f := range fields {
			name, value, _ := strings.Cut(f, ":")
			covered[name] = true
			put("changed-"+name, slices.Replace(slices.Clone(fields), i, i+1, name+": x"+value), body)
			put("gone-"+name, slices.Delete(slices.Clone(fields), i, i+1), body)
			if name != "Auto-Submitted" && name != "Content-Language" { // which mean nothing dangerous
				put("above-"+name, slices.Insert(slices.Clone(fields), 0, name+": x"), body)
			}
		}
	}
	for _, name := range []string{"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Content-Language"} {
		if !covered[name] {
			t.Errorf("there was no %s to tamper with", name)
		}
	}
	verdicts(t, signers, messages, func(name string) bool { return strings.HasSuffix(name, "-good") })
}
