package mailout_test

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
	"sync"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"renewd/internal/mailout"
)

const signedLetter = "Auto-Submitted: auto-generated\r\nContent-Language: fr\r\nDate: Mon, 01 Mar 2027 09:00:00 +0100\r\nMIME-Version: 1.0\r\n" +
	"Message-ID: <r1@parc-aurore.example>\r\nSubject: =?UTF-8?q?Votre_carte?=\r\n =?UTF-8?q?_annuelle?=\r\n" +
	"List-Unsubscribe: <https://renew.example/u/c1>,\r\n <mailto:a@parc-aurore.example?subject=unsubscribe%20c1>\r\n" +
	"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nFrom: Parc Aurore <a@parc-aurore.example>\r\nTo: \"Zoe\" <z@client.example>\r\n" +
	"Reply-To: b@parc-aurore.example\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\nX-Not-Signed: x\r\n\r\nBonjour,  \r\n\r\n\tvotre  carte\t\r\n\r\n\r\n"

// pemOf writes a private key as PKCS #8.
func pemOf(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newSigner(t testing.TB, key []byte) *mailout.Signer {
	t.Helper()
	s, err := mailout.NewSigner("Parc-Aurore.example", "renewd", key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signers are one of each kind of key.
func signers(t testing.TB) map[string]*mailout.Signer {
	t.Helper()
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	short := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey(t, 1024))})
	return map[string]*mailout.Signer{"rsa": newSigner(t, pemOf(t, rsaKey(t, 2048))), "rsa, PKCS #1": newSigner(t, short), "ed25519": newSigner(t, pemOf(t, edwards))}
}

// verify has another program's authors check the signature.
func verify(t testing.TB, s *mailout.Signer, raw []byte) error {
	t.Helper()
	name, record := s.Record()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(asked string) ([]string, error) {
		if asked != name {
			return nil, fmt.Errorf("asked for %s instead of %s", asked, name)
		}
		return []string{record}, nil
	}})
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return fmt.Errorf("%d signatures", len(found))
	}
	return found[0].Err
}

func sign(t testing.TB, s *mailout.Signer, raw []byte) []byte {
	t.Helper()
	signed, err := s.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(signed, raw) {
		t.Fatal("the message is not below its signature as it was")
	}
	return signed
}

func TestSignature(t *testing.T) {
	for kind, s := range signers(t) {
		signed := sign(t, s, []byte(signedLetter))
		if err := verify(t, s, signed); err != nil {
			t.Errorf("%s: %v\n%s", kind, err, signed)
		}
		field := string(signed[:len(signed)-len(signedLetter)])
		for line := range strings.SplitAfterSeq(field, "\r\n") {
			if len(line) > 80 || line != "" && !strings.HasSuffix(line, "\r\n") {
				t.Errorf("%s: the line %q", kind, line)
			}
		}
		for _, want := range []string{"d=parc-aurore.example; s=renewd;", "c=relaxed/relaxed", "h=From:From:To:To:Subject:Subject:", "List-Unsubscribe-Post:List-Unsubscribe-Post"} {
			if !strings.Contains(strings.NewReplacer("\r\n\t ", "").Replace(field), want) {
				t.Errorf("%s: no %s in\n%s", kind, want, field)
			}
		}
		if strings.Contains(field, "t=") {
			t.Errorf("%s: there is a time in\n%s", kind, field)
		}
	}
}

// TestSignatureBreaks: whoever changes, takes away or adds a signed field, or
// changes the body, breaks the signature; what servers may do on the way does not.
func TestSignatureBreaks(t *testing.T) {
	for kind, s := range signers(t) {
		signed := string(sign(t, s, []byte(signedLetter)))
		header, body, _ := strings.Cut(signedLetter, "\r\n\r\n")
		above := strings.TrimSuffix(signed, signedLetter)
		fields := strings.Split(strings.ReplaceAll(strings.ReplaceAll(header, "\r\n ", "\x00 "), "\r\n\t", "\x00\t"), "\r\n")
		covered := 0
		for i, f := range fields {
			name, value, _ := strings.Cut(f, ":")
			for what, tampered := range map[string][]string{
				"changed": slices.Replace(slices.Clone(fields), i, i+1, name+": x"+strings.TrimSpace(value)),
				"gone":    slices.Delete(slices.Clone(fields), i, i+1),
				"doubled": slices.Insert(slices.Clone(fields), 0, name+": something else"),
			} {
				raw := above + strings.ReplaceAll(strings.Join(tampered, "\r\n"), "\x00", "\r\n") + "\r\n\r\n" + body
				broken := verify(t, s, []byte(raw)) != nil
				// Of what is not sealed the lower one counts, which is ours.
				want := name != "X-Not-Signed" && (what != "doubled" || name != "Auto-Submitted" && name != "Content-Language")
				if broken != want {
					t.Errorf("%s: %s %s: broken %v", kind, name, what, broken)
				}
			}
			covered++
		}
		if covered != 13 {
			t.Errorf("%s: %d fields were tampered with", kind, covered)
		}
		if verify(t, s, []byte(strings.Replace(signed, "votre", "notre", 1))) == nil {
			t.Errorf("%s: another body has the same signature", kind)
		}
		harmless := strings.Replace(strings.Replace(signed, "votre  carte\t", "votre carte", 1), "annuelle?=\r\n", "annuelle?= \r\n", 1) + "\r\n"
		if err := verify(t, s, []byte("Received: from here\r\n\tby there\r\n"+harmless)); err != nil {
			t.Errorf("%s: blanks on the way broke it: %v", kind, err)
		}
	}
}

// TestSealedWhereAbsent: nobody adds a way to unsubscribe, or another address for
// answers, to a letter that has none.
func TestSealedWhereAbsent(t *testing.T) {
	s := signers(t)["ed25519"]
	raw := []byte("Subject: x\r\nFrom: a@parc-aurore.example\r\n\r\nx\r\n")
	signed := sign(t, s, raw)
	if err := verify(t, s, signed); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"List-Unsubscribe", "List-Unsubscribe-Post", "Reply-To", "To"} {
		if verify(t, s, append([]byte(name+": <https://evil.example>\r\n"), signed...)) == nil {
			t.Errorf("%s was added", name)
		}
	}
}

// TestSignRandom: whatever the header and the body look like, the signature is
// right, and it is the same when several sign at once.
func TestSignRandom(t *testing.T) {
	random := mathrand.New(mathrand.NewPCG(1, 2))
	pieces := []string{" ", "  ", "\t", "\r\n", "\r\n\r\n", "a", "é", ".", "\r\n.", "word", ":", ";", "=", strings.Repeat("x", 200), " \r\n", "\t \r\n\r\n"}
	made := func(n int, without string) string {
		var b strings.Builder
		for range random.IntN(n) {
			if p := pieces[random.IntN(len(pieces))]; without == "" || !strings.Contains(p, without) {
				b.WriteString(p)
			}
		}
		return b.String()
	}
	for kind, s := range signers(t) {
		for i := range 100 {
			var header strings.Builder
			for range random.IntN(8) {
				names := []string{"subject", "SUBJECT ", "To", "List-Unsubscribe", "X-Long", "Reply-To"}
				fmt.Fprintf(&header, "%s:%s\r\n", names[random.IntN(len(names))], strings.ReplaceAll(made(20, "\r\n"), "word", "w\r\n w"))
			}
			raw := []byte(header.String() + "From: a@parc-aurore.example\r\n\r\n" + made(30, ""))
			want := sign(t, s, raw)
			if err := verify(t, s, want); err != nil {
				t.Fatalf("%s, %d: %v\n%q", kind, i, err, want)
			}
			if i > 5 {
				continue
			}
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					if again, err := s.Sign(raw); err != nil || !bytes.Equal(again, want) {
						t.Errorf("%s: the same message has another signature: %v", kind, err)
					}
				})
			}
			all.Wait()
		}
	}
}

func TestSignRefuses(t *testing.T) {
	s := signers(t)["ed25519"]
	for _, raw := range []string{"", "From: a@x.example\r\n", "Subject: x\r\n\r\nbody\r\n"} {
		if signed, err := s.Sign([]byte(raw)); err == nil {
			t.Errorf("%q became %q", raw, signed)
		}
	}
}
