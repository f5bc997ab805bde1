package mailout

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// The sizes of RSA keys, in bits: nobody accepts a signature of a smaller one
// than the first (RFC 8301, 3.2), and everybody should have the second.
const (
	leastRSA = 1024
	goodRSA  = 2048
)

// howToMakeKey is the cure for most keys that cannot be used.
const howToMakeKey = "make one with: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out dkim.pem"

// NewSigner returns a Signer for a domain. The public key stands in the DNS below
// selector (see Record). keyPEM is the private key in PEM form: RSA (PKCS #1 or
// PKCS #8, 1024 bits or more) or Ed25519 (PKCS #8). Its errors are sentences about
// the domain, the selector or the key that say what to do.
func NewSigner(domain, selector string, keyPEM []byte) (*Signer, error) {
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
	if err != nil || !isDNSName(ascii) || !strings.Contains(ascii, ".") {
		return nil, fmt.Errorf("%q is not the name of a domain: write one such as parc-aurore.example", domain)
	}
	if !isDNSName(selector) {
		return nil, fmt.Errorf("%q is not a selector: write letters, digits and - only, such as renewd", selector)
	}
	key, err := parseKey(keyPEM)
	if err != nil {
		return nil, err
	}
	return &Signer{domain: strings.ToLower(ascii), selector: strings.ToLower(selector), key: key}, nil
}

// isDNSName reports whether name is labels of letters, digits and hyphens.
func isDNSName(name string) bool {
	if len(name) > 200 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			return false
		}
		for _, r := range label {
			if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
				return false
			}
		}
	}
	return true
}

// parseKey reads the first private key of a PEM file.
func parseKey(text []byte) (crypto.Signer, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("it is empty: it has to hold a private key; " + howToMakeKey)
	}
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, errors.New("it holds no private key in PEM form (-----BEGIN PRIVATE KEY-----): " + howToMakeKey)
		}
		text = rest
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return nil, errors.New("the key is locked with a passphrase, which nobody is there to type: take it away with: openssl pkey -in OLD -out dkim.pem")
		case block.Type == "PUBLIC KEY" || block.Type == "RSA PUBLIC KEY":
			return nil, errors.New("it is a public key, which belongs into the DNS: name the file of the private key")
		case block.Type == "RSA PRIVATE KEY":
			return usableKey(x509.ParsePKCS1PrivateKey(block.Bytes))
		case block.Type == "PRIVATE KEY":
			return usableKey(x509.ParsePKCS8PrivateKey(block.Bytes))
		case block.Type == "EC PRIVATE KEY" || block.Type == "OPENSSH PRIVATE KEY" || block.Type == "DSA PRIVATE KEY":
			return nil, fmt.Errorf("it holds an %q, which DKIM does not know: RSA and Ed25519 in PKCS #8 are; %s", block.Type, howToMakeKey)
		}
	}
}

// usableKey accepts the kinds and sizes of keys that verifiers accept.
func usableKey[K any](parsed K, err error) (crypto.Signer, error) {
	if err != nil {
		if strings.Contains(err.Error(), "insecure") {
			return nil, tooShort("less than 1024")
		}
		return nil, fmt.Errorf("the private key is damaged (%w): copy the whole file again, or %s", err, howToMakeKey)
	}
	switch key := any(parsed).(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < leastRSA {
			return nil, tooShort(fmt.Sprint(key.N.BitLen()))
		}
		return key, nil
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, errors.New("the key is neither RSA nor Ed25519, and DKIM knows no others: " + howToMakeKey)
}

func tooShort(bits string) error {
	return fmt.Errorf("the RSA key has %s bits, and nobody accepts what it signs: %s", bits, howToMakeKey)
}

// Domain is the domain that answers for the messages, in lower case ASCII.
func (s *Signer) Domain() string { return s.domain }

// Weakness says what is wrong with a key that can be used all the same, and what
// to do; empty for a good key.
func (s *Signer) Weakness() string {
	switch key := s.key.(type) {
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits < goodRSA {
			return fmt.Sprintf("the RSA key has %d bits, which some providers no longer trust: take %d; %s", bits, goodRSA, howToMakeKey)
		}
	case ed25519.PrivateKey:
		return "the key is Ed25519, which some large providers do not check yet: to them the message is not signed; take RSA, or let your relay sign as well"
	}
	return ""
}

// Record is what has to stand in the DNS: the name of a TXT record, without a dot
// at its end, and its text.
func (s *Signer) Record() (name, text string) {
	return s.selector + "._domainkey." + s.domain, "v=DKIM1; k=" + s.algorithm() + "; p=" + base64.StdEncoding.EncodeToString(s.public())
}

// public is the public key as the record has it: of RSA its PKIX form, of Ed25519
// the key itself (RFC 8463, 4).
func (s *Signer) public() []byte {
	switch key := s.key.(type) {
	case ed25519.PrivateKey:
		return []byte(key.Public().(ed25519.PublicKey))
	default:
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			return nil // never for an RSA key
		}
		return der
	}
}

// CheckRecords says what is wrong with the TXT records found at the name of
// Record, nil where verifiers find the key of this Signer in them. What is wrong
// is a sentence without the name.
func (s *Signer) CheckRecords(texts []string) error {
	var keys []map[string]string
	for _, text := range texts {
		tags := recordTags(text)
		if _, ok := tags["p"]; ok && (tags["v"] == "" || tags["v"] == "DKIM1") {
			keys = append(keys, tags)
		}
	}
	switch {
	case len(keys) == 0:
		return errors.New("there is no DKIM record")
	case len(keys) > 1:
		return fmt.Errorf("there are %d DKIM records where verifiers expect one: remove the others", len(keys))
	}
	tags := keys[0]
	if tags["p"] == "" {
		return errors.New("the key is revoked (p= is empty)")
	}
	if k := tags["k"]; k != s.algorithm() && (k != "" || s.algorithm() != "rsa") {
		return fmt.Errorf("the record is for a key of another kind (k=%s instead of k=%s)", k, s.algorithm())
	}
	published, err := base64.StdEncoding.DecodeString(tags["p"])
	if err != nil {
		return errors.New("the key in the record is damaged: a character is missing or too many")
	}
	if !bytes.Equal(published, s.public()) {
		return errors.New("the record has another key than the one that signs")
	}
	if hashes := tags["h"]; hashes != "" && !hasWord(hashes, "sha256") {
		return fmt.Errorf("the record allows the hash %s alone: remove h= from it", hashes)
	}
	if services := tags["s"]; services != "" && !hasWord(services, "*") && !hasWord(services, "email") {
		return fmt.Errorf("the record is not for mail (s=%s): remove s= from it", services)
	}
	if hasWord(tags["t"], "y") {
		return errors.New("the record says that the domain only tests DKIM (t=y), so the signature counts for nothing: remove t= from it")
	}
	return nil
}

// recordTags reads the tags of a record; blanks do not count.
func recordTags(text string) map[string]string {
	tags := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		if name, value, found := strings.Cut(part, "="); found {
			tags[strings.TrimSpace(name)] = strings.Join(strings.Fields(value), "")
		}
	}
	return tags
}

func hasWord(list, word string) bool {
	for each := range strings.SplitSeq(list, ":") {
		if each == word {
			return true
		}
	}
	return false
}
