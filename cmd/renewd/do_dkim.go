package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"time"

	"renewd/internal/compose"
	"renewd/internal/mailout"
)

// signer is what signs messages; nil where they are not signed here.
func (c *Config) signer() (*mailout.Signer, error) {
	if c.DKIM.Domain == "" {
		return nil, nil
	}
	key, err := readSecret(c.DKIM.KeyFile, dkimKey, "DKIM key")
	if errors.Is(err, errNoSecret) {
		return nil, fmt.Errorf("domain is set, and there is no key: write key_file, or hand over the credential %s by systemd: %w", dkimKey, err)
	}
	if err != nil {
		return nil, err
	}
	signer, err := mailout.NewSigner(c.DKIM.Domain, c.DKIM.Selector, key)
	if err != nil && c.DKIM.KeyFile != "" {
		return nil, fmt.Errorf("%s: %w", c.DKIM.KeyFile, err)
	}
	return signer, err
}

// sign returns what signs the bytes of a message; nil where they leave as they are.
func (c *Config) sign() (func(raw []byte) ([]byte, error), error) {
	signer, err := c.signer()
	switch {
	case err != nil:
		return nil, &exitError{exitUsage, fmt.Errorf("%s: [dkim]: %w", c.File, err)}
	case signer == nil:
		return nil, nil
	}
	return signer.Sign, nil
}

// checkSigning looks at the key, and at what mailbox providers want of signatures.
func checkSigning(_ context.Context, c *Config) []Problem {
	problems := &problemList{file: c.File}
	at := func(key string) place { return c.keyAt("dkim", key) }
	signer, err := c.signer()
	switch {
	case err != nil && c.DKIM.KeyFile == "" && (errors.Is(err, errNoSecret) || errors.Is(err, fs.ErrNotExist)):
		problems.warnf(at("domain"), "dkim: the key was not looked at, because the credential %s is the service's alone: "+
			"write key_file where there is none, else see \"Commands that need the password\" in the guide to mail", dkimKey)
	case err != nil:
		problems.errorf(at("domain"), "dkim: %v", err)
	case signer == nil:
		if c.Web.BaseURL != "" && c.Mail.Transport != "maildir" { // which is for a look, or for a program of one's own
			problems.warnf(c.keyAt("web", "base_url"), "dkim: messages are not signed here: your relay has to, and its signature has to cover both "+
				"List-Unsubscribe and List-Unsubscribe-Post (RFC 8058), or mail programs show no button to unsubscribe")
		}
	default:
		if weakness := signer.Weakness(); weakness != "" {
			problems.warnf(at("domain"), "dkim: %s", weakness)
		}
		if from := domainOf(c.Business.From.Address); from != signer.Domain() && !strings.HasSuffix(from, "."+signer.Domain()) {
			problems.warnf(at("domain"), "dkim.domain: business.from is an address of %s, which is neither %s nor below it: "+
				"to DMARC such a signature counts for nothing; sign for the domain of from", from, signer.Domain())
		}
	}
	return problems.found
}

// domainOf is the domain of a bare address, as the wire has it.
func domainOf(address string) string {
	if wire, err := compose.Mailbox(address); err == nil {
		address = wire
	}
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// tellRecord says which record has to stand in the DNS, where messages are signed
// here.
func tellRecord(s *Session, c *Config) error {
	signer, err := c.signer()
	if err != nil || signer == nil {
		return nil // what is wrong is told as a problem
	}
	name, text := signer.Record()
	return s.Err.Line("Messages are signed. This record has to stand in the DNS:\n%s. TXT %q", name, text)
}

// txtResolver looks TXT records up; the pieces of one record come as one text.
type txtResolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// dnsTime bounds a look into the DNS.
const dnsTime = 30 * time.Second

// checkPublished looks whether the DNS has the key that signs.
func checkPublished(ctx context.Context, s *Session, c *Config, dns txtResolver) []Problem {
	signer, err := c.signer()
	if err != nil || signer == nil {
		return nil // what is wrong is told by checkSigning
	}
	problems := &problemList{file: c.File}
	at := c.keyAt("dkim", "domain")
	name, _ := signer.Record()
	ctx, cancel := context.WithTimeout(ctx, dnsTime)
	defer cancel()
	texts, err := dns.LookupTXT(ctx, name)
	var lookup *net.DNSError
	switch {
	case errors.As(err, &lookup) && lookup.IsNotFound:
		texts = nil
	case err != nil:
		problems.warnf(at, "dkim: the record %s could not be looked up, so nobody knows whether it fits: %v", name, err)
		return problems.found
	}
	if err := signer.CheckRecords(texts); err != nil {
		problems.errorf(at, "dkim: %s in the DNS: %v: publish the record that check shows; a change may take a day to be seen", name, err)
		return problems.found
	}
	if err := s.Err.Line("The DNS has the key that signs, at %s.", name); err != nil {
		problems.errorf(at, "%v", err)
	}
	return problems.found
}

// lookOnline is what check --online does: it tries the transport, and looks for the
// key in the DNS.
func lookOnline(ctx context.Context, s *Session, c *Config) []Problem {
	return append(checkOnline(ctx, s, c), checkPublished(ctx, s, c, net.DefaultResolver)...)
}
