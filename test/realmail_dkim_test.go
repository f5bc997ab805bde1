package test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renewd/internal/mailout"
)

// TestRealMailDKIM: the program signs what it sends, and what comes out of a mailbox
// behind a real mail server still verifies, elsewhere; the database keeps the signed
// bytes.
func TestRealMailDKIM(t *testing.T) {
	needPython(t, "dkim", "python3-dkim")
	b := newBusiness(t, buildProgram(t), "rate = 0")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	b.write("dkim.pem", string(text))
	signer, err := mailout.NewSigner("parc-aurore.test", "s1", text)
	if err != nil {
		t.Fatal(err)
	}
	name, record := signer.Record()
	config, err := os.ReadFile(filepath.Join(b.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	config = append(config, "\n[dkim]\ndomain = \"parc-aurore.test\"\nselector = \"s1\"\nkey_file = \"dkim.pem\"\n"+`
[[rule]]
name = "notice"
kind = "subscription"
class = "notice"
auto_renew = true
notice = { anchor = "renews_on", earliest = "P30D", latest = "P2D" }
template = "auto-renewal-notice"
`...)
	b.write("config.toml", strings.Replace(string(config), "[web]\n", "[web]\nbase_url = \"https://renew.parc-aurore.test\"\n", 1))
	if said := b.run("0", "check"); !strings.Contains(said, name+". TXT \""+record+"\"") || strings.Contains(said, "dkim") {
		t.Errorf("check says\n%s", said)
	}
	b.customers(reachable...)
	b.exec(`UPDATE agreements SET kind = 'subscription', auto_renew = 1 WHERE id % 2 = 0`)
	b.run("0", "run")
	messages := map[string][]byte{}
	oneClick, calendars := 0, 0
	for email, r := range b.reminders() {
		b.received(email, r)
		if t.Failed() {
			return
		}
		whole := b.s.Letters(email)[0] // with what the servers put above it
		messages["rsa-"+email] = whole
		oneClick += strings.Count(string(whole), "\r\nList-Unsubscribe-Post: ")
		calendars += strings.Count(string(whole), "\r\nContent-Type: text/calendar")
	}
	b.run("0", "send-test", "pass-renewal", "--to", "direction@client.test")
	messages["rsa-test"] = b.s.WaitLetters(t.Context(), "direction@client.test", 1)[0]
	if oneClick < 10 || calendars < 10 || len(messages) != len(reachable)+1 {
		t.Errorf("%d messages, %d with one click, %d with a calendar", len(messages), oneClick, calendars)
	}
	verdicts(t, map[string]*mailout.Signer{"rsa": signer}, messages, func(string) bool { return true })

	b.write("dkim.pem", "no key\n")
	if said := b.run("2", "send-test", "pass-renewal", "--to", "direction@client.test"); !strings.Contains(said, "dkim.pem: it holds no private key") {
		t.Errorf("with a broken key: %s", said)
	}
	if n := len(b.s.Letters("direction@client.test")); n != 1 {
		t.Errorf("%d test letters, one of them not signed", n)
	}
}
