package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"
)

// auth answers AUTH.
func (c *sinkConn) auth(rest string) bool {
	if !c.TLS {
		c.sink.count(func(s *SinkStats) { s.AuthInClear++ })
	}
	mechanism, initial, _ := strings.Cut(rest, " ")
	mechanism = strings.ToUpper(mechanism)
	if !slices.Contains(c.sink.options.Mechanisms, mechanism) {
		c.say("504 5.5.4 unknown mechanism")
		return true
	}
	user, right, ok := c.credentials(mechanism, initial)
	if !ok {
		return false
	}
	usual := "235 2.7.0 welcome"
	if !right {
		usual = "535 5.7.8 authentication failed"
	}
	c.User = user
	said, goesOn := c.answer(StageAuth, usual)
	if said == '2' {
		c.sink.count(func(s *SinkStats) { s.Logins++ })
	} else {
		c.User = ""
	}
	return goesOn
}

// credentials takes the client through a mechanism and says who it is and
// whether the secret is right; ok is false where the dialogue broke off.
func (c *sinkConn) credentials(mechanism, initial string) (user string, right, ok bool) {
	var secret string
	switch mechanism {
	case "SCRAM-SHA-256":
		return c.scram(initial)
	case "PLAIN":
		initial, ok = c.challenge(initial, "")
		if parts := strings.Split(initial, "\x00"); len(parts) == 3 {
			user, secret = parts[1], parts[2]
		}
	case "LOGIN":
		if user, ok = c.challenge(initial, "Username:"); ok {
			secret, ok = c.challenge("", "Password:")
		}
	case "XOAUTH2":
		initial, ok = c.challenge(initial, "")
		user, secret, _ = strings.Cut(initial, "\x01")
		user, secret = strings.TrimPrefix(user, "user="), strings.TrimRight(strings.TrimPrefix(secret, "auth=Bearer "), "\x01")
	}
	known, exists := c.sink.options.Users[user]
	right = ok && exists && known == secret
	if ok && !right && mechanism == "XOAUTH2" {
		// The error comes as a challenge, which the client answers with an empty line.
		_, ok = c.challenge("", `{"status":"401"}`)
	}
	return user, right, ok
}

// challenge returns the decoded given response or, where there is none, asks for
// one.
func (c *sinkConn) challenge(given, question string) (string, bool) {
	if given == "" {
		c.say("334 " + base64.StdEncoding.EncodeToString([]byte(question)))
		line, ok := c.line()
		if !ok {
			return "", false
		}
		given = string(line)
	}
	if given == "=" {
		return "", true
	}
	plain, err := base64.StdEncoding.DecodeString(given)
	return string(plain), err == nil
}

// sinkCertificate makes an authority and a certificate of its own for name (the
// loopback address and localhost where it is empty). It lasts for the century,
// so that it also holds under a test's own clock, unless it is to have expired.
func sinkCertificate(name string, expired bool) (*tls.Config, []byte, error) {
	from, until := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Sink Authority"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, nil, err
	}
	if expired {
		until = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "sink.example"}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	switch ip := net.ParseIP(name); {
	case name == "":
		leaf.IPAddresses, leaf.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	case ip != nil:
		leaf.IPAddresses = []net.IP{ip}
	default:
		leaf.DNSNames = []string{name}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return nil, nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return config, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), nil
}
