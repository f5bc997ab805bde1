package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeKey writes a new private key and returns its file's name.
func writeKey(t *testing.T, dir string, bits int) string {
	t.Helper()
	var key any
	var err error
	if bits == 0 {
		_, key, err = ed25519.GenerateKey(rand.Reader)
	} else {
		key, err = rsa.GenerateKey(rand.Reader, bits)
	}
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "dkim.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// signing is a configuration with these lines more.
func signing(t *testing.T, dir, lines string) *Config {
	t.Helper()
	c, problems := parseConfig(filepath.Join(dir, "config.toml"), []byte(docBusiness+lines), "", nil)
	if c == nil {
		t.Fatal(problems)
	}
	return c
}

const signedHere = "[dkim]\ndomain = \"parc-aurore.example\"\nselector = \"renewd\"\n"

// TestCheckSigning: every key that cannot be used, and what mailbox providers do
// not like, is said with what to do.
func TestCheckSigning(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		bits        int
		prepare     func(t *testing.T, file string)
		want        []string // none: nothing to complain about
	}{
		{"good", signedHere + "key_file = \"dkim.pem\"\n", 2048, nil, nil},
		{"not signed, no pages", "", 0, nil, nil},
		{"not signed, in a folder", "[web]\nbase_url = \"https://renew.example\"\n", 0, nil, nil},
		{"not signed", "[mail]\ntransport = \"smtp\"\n[web]\nbase_url = \"https://renew.example\"\n", 0, nil, []string{"warning: dkim: messages are not signed here", "List-Unsubscribe-Post"}},
		{"short", signedHere + "key_file = \"dkim.pem\"\n", 1024, nil, []string{"warning: dkim: the RSA key has 1024 bits"}},
		{"ed25519", signedHere + "key_file = \"dkim.pem\"\n", 0, nil, []string{"warning: dkim: the key is Ed25519"}},
		{"another domain", strings.ReplaceAll(signedHere, "parc-aurore", "www.parc-aurore") + "key_file = \"dkim.pem\"\n", 2048, nil,
			[]string{"warning: dkim.domain: business.from is an address of parc-aurore.example, which is neither www.parc-aurore.example nor below it"}},
		{"no file", signedHere + "key_file = \"other.pem\"\n", 2048, nil, []string{"dkim: there is no DKIM key at ", "other.pem"}},
		{"for everybody", signedHere + "key_file = \"dkim.pem\"\n", 2048, func(t *testing.T, file string) {
			if err := os.Chmod(file, 0o644); err != nil {
				t.Fatal(err)
			}
		}, []string{"dkim: everybody can read the DKIM key in ", "run chmod o= on it"}},
		{"no key", signedHere + "key_file = \"dkim.pem\"\n", 2048, func(t *testing.T, file string) {
			if err := os.WriteFile(file, []byte("a secret\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"dkim.pem: it holds no private key in PEM form"}},
		{"a credential", signedHere, 2048, nil, []string{"warning: dkim: the key was not looked at, because the credential dkim-key is the service's alone"}},
		{"no domain", strings.ReplaceAll(signedHere, "parc-aurore.example", "parc aurore") + "key_file = \"dkim.pem\"\n", 2048, nil, []string{"is not the name of a domain"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("CREDENTIALS_DIRECTORY", "")
			dir := t.TempDir()
			file := writeKey(t, dir, c.bits)
			if c.prepare != nil {
				c.prepare(t, file)
			}
			got := problemLines(checkSigning(t.Context(), signing(t, dir, c.lines)))
			if len(c.want) == 0 && got != "" {
				t.Errorf("complains: %s", got)
			}
			wantAll(t, got, c.want...)
			if strings.Contains(got, "a secret") {
				t.Errorf("tells the secret: %s", got)
			}
		})
	}
}

// TestSigningCredential: under systemd the key is a credential, and where there is
// none nothing is sent unsigned.
func TestSigningCredential(t *testing.T) {
	dir := t.TempDir()
	c := signing(t, dir, signedHere)
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	if sign, err := c.sign(); err == nil || sign != nil || !strings.Contains(err.Error(), "there is no DKIM key at "+dir) {
		t.Errorf("without the credential: %v", err)
	}
	if err := os.Rename(writeKey(t, dir, 2048), filepath.Join(dir, "dkim-key")); err != nil {
		t.Fatal(err)
	}
	sign, err := c.sign()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := sign([]byte("From: a@parc-aurore.example\r\n\r\nx\r\n"))
	if err != nil || !bytes.HasPrefix(signed, []byte("DKIM-Signature: v=1; a=rsa-sha256;")) {
		t.Errorf("%s, %v", signed, err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	if _, err := c.sign(); err == nil || !strings.Contains(err.Error(), "hand over the credential dkim-key") {
		t.Errorf("without credentials: %v", err)
	}
}

// fakeDNS answers every question with the same texts or error.
type fakeDNS struct {
	texts []string
	err   error
	asked []string
}

func (f *fakeDNS) LookupTXT(_ context.Context, name string) ([]string, error) {
	f.asked = append(f.asked, name)
	return f.texts, f.err
}

// TestPublishedKey: check --online says whether the DNS has the key, and check
// says which record it has to have.
func TestPublishedKey(t *testing.T) {
	dir := t.TempDir()
	writeKey(t, dir, 2048)
	c := signing(t, dir, signedHere+"key_file = \"dkim.pem\"\n")
	signer, err := c.signer()
	if err != nil {
		t.Fatal(err)
	}
	name, record := signer.Record()
	for _, each := range []struct {
		dns        fakeDNS
		told, want string
	}{
		{fakeDNS{texts: []string{record}}, "The DNS has the key that signs, at " + name + ".\n", ""},
		{fakeDNS{texts: []string{"v=DKIM1; p="}}, "", "dkim: " + name + " in the DNS: the key is revoked"},
		{fakeDNS{err: &net.DNSError{IsNotFound: true}}, "", "there is no DKIM record: publish the record that check shows"},
		{fakeDNS{err: errors.New("no way to the DNS")}, "", "warning: dkim: the record " + name + " could not be looked up"},
	} {
		var out bytes.Buffer
		s := &Session{Err: newPrinter(&out, false)}
		got := problemLines(checkPublished(t.Context(), s, c, &each.dns))
		if out.String() != each.told || !strings.Contains(got, each.want) || each.want == "" && got != "" {
			t.Errorf("told %q, problems %q, want %q and %q", out.String(), got, each.told, each.want)
		}
		if len(each.dns.asked) != 1 || each.dns.asked[0] != name {
			t.Errorf("asked for %q", each.dns.asked)
		}
	}
	var out bytes.Buffer
	if err := tellRecord(&Session{Err: newPrinter(&out, false)}, c); err != nil || !strings.HasSuffix(out.String(), name+". TXT \""+record+"\"\n") {
		t.Errorf("%q, %v", out.String(), err)
	}
}
