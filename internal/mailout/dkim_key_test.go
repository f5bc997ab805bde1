package mailout_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"renewd/internal/mailout"
)

// shortKey is an RSA key of 512 bits, as openssl once made them.
const shortKey = `-----BEGIN RSA PRIVATE KEY-----
MIIBOwIBAAJBALUZpoSIZ6VWOSg7TRX1CWjMEEyDYxAHttBtks7rhiZfXMlzZTti
l76LrhEe+MyM0G8Tglxa0vJlR4WAMgpjbukCAwEAAQJBAICkJNW18zHN6rH6VcqI
EdQASH+hQMgNQr4RZ5xWTyeHmUK3Cn6nm0U40g8kXhDEjtiMFdf9wjZQIaHitT5k
T6UCIQDm7GAqjeGVHE7CpzkuEsjAGTcvfbEhf4KibCA11G4H0wIhAMjEM3Ps1izm
nQalPHTqtFrgDyIheUW7Wcck3b/E/5TTAiAFJ6ux537srDgZ4k/Fdofiue1gcwbc
P5Nz+sPxT6+xHwIgOqL7OB9zClgsgpVeC/PEy0nngZtvNQucFArTbUAXOZsCIQCc
qiO49JWTNqeYLg2x8HE74doJUlMlkx06a78C53CNiQ==
-----END RSA PRIVATE KEY-----
`

// TestKeyFaults: each key that cannot be used says why, and what to do.
func TestKeyFaults(t *testing.T) {
	good := pemOf(t, rsaKey(t, 2048))
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(curve.Public())
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, contents []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: contents})
	}
	for _, c := range []struct {
		domain, selector string
		key              []byte
		want             string
	}{
		{"parc-aurore.example", "renewd", good, ""},
		{"Pärc.example.", "R1.a", append(block("CERTIFICATE", []byte("x")), good...), ""},
		{"parc-aurore.example", "renewd", nil, "it is empty"},
		{"parc-aurore.example", "renewd", []byte("secret\n"), "it holds no private key in PEM form"},
		{"parc-aurore.example", "renewd", good[:len(good)/2], "it holds no private key in PEM form"},
		{"parc-aurore.example", "renewd", block("PRIVATE KEY", []byte("x")), "the private key is damaged"},
		{"parc-aurore.example", "renewd", block("PUBLIC KEY", public), "it is a public key"},
		{"parc-aurore.example", "renewd", block("ENCRYPTED PRIVATE KEY", []byte("x")), "openssl pkey -in"},
		{"parc-aurore.example", "renewd", block("EC PRIVATE KEY", sec1), "DKIM does not know"},
		{"parc-aurore.example", "renewd", pemOf(t, curve), "neither RSA nor Ed25519"},
		{"parc-aurore.example", "renewd", []byte(shortKey), "nobody accepts what it signs"},
		{"parc aurore", "renewd", good, "is not the name of a domain"},
		{"example", "renewd", good, "is not the name of a domain"},
		{"parc-aurore.example", "renewd; x", good, "is not a selector"},
		{"parc-aurore.example", "", good, "is not a selector"},
		{"parc-aurore.example\r\n", "a", good, "is not the name of a domain"},
	} {
		s, err := mailout.NewSigner(c.domain, c.selector, c.key)
		if c.want == "" {
			if err != nil || s == nil {
				t.Errorf("%s %s: %v", c.domain, c.selector, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q, got %v", c.want, err)
		}
		if err != nil && bytes.Contains(c.key, []byte("secret")) && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the key: %v", err)
		}
	}
}

func TestWeakKeys(t *testing.T) {
	weak := map[string]bool{"rsa": false, "rsa, PKCS #1": true, "ed25519": true}
	for kind, s := range signers(t) {
		if got := s.Weakness(); (got != "") != weak[kind] {
			t.Errorf("%s: %q", kind, got)
		}
	}
}

// TestRecords: what stands in the DNS fits, or it is said what is wrong.
func TestRecords(t *testing.T) {
	all := signers(t)
	for kind, s := range all {
		name, record := s.Record()
		if name != "renewd._domainkey.parc-aurore.example" || !strings.HasPrefix(record, "v=DKIM1; k="+kind[:3]) {
			t.Errorf("%s: %s %s", kind, name, record)
		}
		if err := s.CheckRecords([]string{"v=spf1 -all", record}); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	s := all["rsa"]
	_, record := s.Record()
	_, other := newSigner(t, pemOf(t, rsaKey(t, 1024))).Record()
	_, edwards := all["ed25519"].Record()
	key := strings.TrimPrefix(record, "v=DKIM1; k=rsa; p=")
	for _, c := range []struct {
		texts []string
		want  string
	}{
		{[]string{"p=" + key}, ""},
		{[]string{"v=DKIM1;k=rsa;h=sha1:sha256;s=email:x;t=s;p=" + key[:100] + " " + key[100:] + ";"}, ""},
		{nil, "there is no DKIM record"},
		{[]string{"v=spf1 -all"}, "there is no DKIM record"},
		{[]string{record, other}, "there are 2 DKIM records"},
		{[]string{"v=DKIM1; p="}, "revoked"},
		{[]string{edwards}, "a key of another kind (k=ed25519 instead of k=rsa)"},
		{[]string{other}, "another key"},
		{[]string{record[:len(record)-3]}, "damaged"},
		{[]string{record + "; h=sha1"}, "remove h="},
		{[]string{record + "; s=web"}, "remove s="},
		{[]string{record + "; t=y"}, "remove t="},
	} {
		err := s.CheckRecords(c.texts)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%.80q: %v, want %q", c.texts, err, c.want)
		}
	}
}
