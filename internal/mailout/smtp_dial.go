package mailout

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// dial opens a connection and logs in. Its error is a *trouble.
func (s *SMTP) dial(ctx context.Context) (*smtpConn, error) {
	c, _, err := s.connect(ctx)
	return c, err
}

// connect is dial that also returns how it logged in ("" for not at all).
func (s *SMTP) connect(ctx context.Context) (*smtpConn, string, error) {
	raw, conn, err := s.open(ctx)
	if err != nil {
		return nil, "", err
	}
	setup, cancel := context.WithTimeout(ctx, s.o.Commands)
	defer cancel()
	stopped := context.AfterFunc(setup, func() { _ = raw.Close() })
	client, mechanism, err := s.introduce(setup, conn)
	if err == nil && !stopped() {
		err = context.Cause(setup)
	}
	if err != nil {
		_ = raw.Close()
		t, ok := errors.AsType[*trouble](err)
		if !ok {
			t = s.trouble(err, "the dialogue with the mail server %s broke off", s.address)
		}
		if setup.Err() != nil {
			t.cause = context.Cause(setup) // the closed connection is only its effect
			t.sentence = fmt.Sprintf("the mail server %s did not get through greeting and login within %v: %s", s.address, s.o.Commands, s.portHint())
		}
		return nil, "", t
	}
	c := &smtpConn{client: client, raw: raw, limits: &s.o, server: s.address}
	c.pipelining, _ = client.Extension("PIPELINING")
	c.eightBit, _ = client.Extension("8BITMIME")
	c.size, _ = client.Extension("SIZE")
	c.utf8, _ = client.Extension("SMTPUTF8")
	return c, mechanism, nil
}

// open connects, with TLS where it comes first. raw is the TCP connection under
// conn.
func (s *SMTP) open(ctx context.Context) (raw, conn net.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Dial)
	defer cancel()
	raw, err = new(net.Dialer).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, nil, s.unreachable(err)
	}
	if s.o.TLS != TLSImplicit {
		return raw, raw, nil
	}
	encrypted := tls.Client(raw, s.tls)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, nil, s.tlsTrouble(err)
	}
	return raw, encrypted, nil
}

// introduce takes an open connection through greeting, EHLO, STARTTLS and login.
func (s *SMTP) introduce(ctx context.Context, conn net.Conn) (*smtp.Client, string, error) {
	client, err := smtp.NewClient(conn, s.o.Host)
	if err != nil {
		return nil, "", s.notGreeted(err)
	}
	if err := client.Hello(s.o.HELO); err != nil {
		return nil, "", s.trouble(err, "the mail server %s refuses our greeting", s.address)
	}
	if s.o.TLS == TLSStartTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return nil, "", s.trouble(errNoSTARTTLS, "the mail server %s does not offer STARTTLS, so nothing is sent to it: "+
				"use tls = \"implicit\" with port 465 if it has that, and tls = \"none\" only for a server on this machine", s.address)
		}
		if err := client.StartTLS(s.tls); err != nil {
			return nil, "", s.tlsTrouble(err)
		}
	}
	mechanism, err := s.login(ctx, client)
	return client, mechanism, err
}

var (
	errNoSTARTTLS = errors.New("STARTTLS is not offered")
	errNoAUTH     = errors.New("the way to log in is not offered")
)

// login logs in where a password is configured.
func (s *SMTP) login(ctx context.Context, client *smtp.Client) (string, error) {
	if s.o.Password == nil {
		return "", nil
	}
	_, offered := client.Extension("AUTH")
	mechanism := chooseMechanism(s.o.Auth, strings.Fields(strings.ToUpper(offered)))
	switch {
	case offered == "" && s.o.TLS == TLSNone:
		return "", s.trouble(errNoAUTH, "the mail server %s offers no login without encryption: set tls to \"starttls\" or \"implicit\", or leave out user", s.address)
	case offered == "":
		return "", s.trouble(errNoAUTH, "the mail server %s offers no login on this port: mail programs log in on port 587 or 465; without a login leave out user", s.address)
	case mechanism == "":
		return "", s.trouble(errNoAUTH, "the mail server %s offers none of the ways to log in that auth = %q allows, but: %s", s.address, s.o.Auth, oneLine(offered))
	}
	password, err := s.o.Password(ctx)
	if err != nil {
		return "", s.trouble(err, "the password for the mail server cannot be had")
	}
	if err := client.Auth(authenticator(mechanism, s.o.User, password, s.o.Host)); err != nil {
		return "", s.refusedLogin(err, mechanism, password)
	}
	return mechanism, nil
}

// chooseMechanism returns the best of what is both offered and allowed, or "".
// CRAM-MD5 and NTLM are never used.
func chooseMechanism(auth string, offered []string) string {
	allowed := map[string][]string{
		authAuto:        {"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"},
		authPlain:       {"PLAIN"},
		authLogin:       {"LOGIN"},
		authScram:       {"SCRAM-SHA-256", "SCRAM-SHA-1"},
		authScramSHA256: {"SCRAM-SHA-256"},
		authScramSHA1:   {"SCRAM-SHA-1"},
		authXOAUTH2:     {"XOAUTH2"},
	}
	for _, mechanism := range allowed[auth] {
		if slices.Contains(offered, mechanism) {
			return mechanism
		}
	}
	return ""
}

// authenticator is for a connection that is encrypted or stays on this machine:
// NewSMTP has seen to that.
func authenticator(mechanism, user, password, host string) smtp.Auth {
	switch mechanism {
	case "SCRAM-SHA-256":
		return smtp.ScramSHA256Auth(user, password)
	case "SCRAM-SHA-1":
		return smtp.ScramSHA1Auth(user, password)
	case "LOGIN":
		return smtp.LoginAuth(user, password, host, true)
	case "XOAUTH2":
		return smtp.XOAuth2Auth(user, password)
	}
	return smtp.PlainAuth("", user, password, host, true)
}
