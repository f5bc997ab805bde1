package mailout

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TLSMode says how a connection to the mail server is encrypted.
type TLSMode string

// The modes. In the first two the server's certificate is checked and nothing,
// neither password nor letter, goes out before the encryption stands.
const (
	TLSStartTLS TLSMode = "starttls" // begin in clear, then STARTTLS, without which nothing is sent
	TLSImplicit TLSMode = "implicit" // TLS from the first byte
	TLSNone     TLSMode = "none"     // in clear, for a server on this machine
)

// The ways to log in.
const (
	authAuto        = "auto" // the best that the server offers
	authNone        = "none"
	authPlain       = "plain"
	authLogin       = "login"
	authScram       = "scram" // the better of the two that the server offers
	authScramSHA1   = "scram-sha-1"
	authScramSHA256 = "scram-sha-256"
	authXOAUTH2     = "xoauth2"
)

// Defaults of SMTPOptions, and bounds that nobody needs to set.
const (
	defaultConnections = 4
	defaultGrace       = time.Minute
	defaultDial        = 30 * time.Second
	defaultCommands    = 2 * time.Minute  // between RFC 5321 4.5.3.2's five minutes and a person's patience
	defaultDot         = 10 * time.Minute // RFC 5321 4.5.3.2.6; shorter makes duplicates out of slow servers
	idleTimeout        = time.Minute      // servers close idle connections not much later
	quitTimeout        = 5 * time.Second
	retryDialAfter     = time.Minute // after the server refused one more connection
	messagesPerConn    = 100
	maxReplaced        = 3 // old connections in a row that one message may find dead
)

// SMTPOptions say how to reach a mail server. Zero values are the defaults named
// at the fields.
type SMTPOptions struct {
	Host string
	Port int     // 587 for starttls, 465 for implicit, 25 for none
	TLS  TLSMode // starttls
	// CAFile is a PEM file with the certificates to trust in place of the
	// system's own.
	CAFile string
	// Auth is "plain", "login", "scram" (or one of it: "scram-sha-256",
	// "scram-sha-1"), "xoauth2", "none", or "auto" or empty for the best that the
	// server offers.
	Auth string
	User string
	// Password is asked anew at each login; with xoauth2 it returns the access
	// token. nil means that nobody logs in.
	Password func(ctx context.Context) (string, error)
	// HELO is the name we give ourselves: a domain name or an address in square
	// brackets; "[127.0.0.1]", which gives nothing of the machine away.
	HELO string
	// Connections is how many there are at most at a time; 4.
	Connections int
	// Grace is how long a dialogue that has begun its contents may go on after
	// the context has ended; a minute.
	Grace time.Duration
	// Dial bounds the way to an open connection (30 s), Commands the greeting and
	// login together and each later exchange (2 min), Dot the contents and the
	// reply to them (10 min).
	Dial, Commands, Dot time.Duration
}

// SMTP is a transport to a mail server over a few persistent connections. It is
// safe for many goroutines at once; the caller closes it at the end.
type SMTP struct {
	o       SMTPOptions
	tls     *tls.Config // nil with TLSNone
	address string      // host:port
	pool    *smtpPool
}

// NewSMTP returns a transport as the options say, or an error of one sentence
// about an option. It does not connect.
func NewSMTP(options SMTPOptions) (*SMTP, error) {
	o := options
	o.Host = strings.Trim(strings.TrimSuffix(o.Host, "."), "[]") // brackets around an IPv6 address
	if o.Host == "" || strings.ContainsAny(o.Host, " \t\r\n") {
		return nil, fmt.Errorf("the mail server needs a host name: %q is none", options.Host)
	}
	if o.TLS == "" {
		o.TLS = TLSStartTLS
	}
	ports := map[TLSMode]int{TLSStartTLS: 587, TLSImplicit: 465, TLSNone: 25}
	if ports[o.TLS] == 0 {
		return nil, fmt.Errorf("tls = %q is none of starttls, implicit, none", o.TLS)
	}
	if o.Port == 0 {
		o.Port = ports[o.TLS]
	}
	if o.Port < 1 || o.Port > 65535 {
		return nil, fmt.Errorf("the mail server's port %d is not between 1 and 65535", o.Port)
	}
	if err := checkLogin(&o); err != nil {
		return nil, err
	}
	if o.HELO == "" {
		o.HELO = "[127.0.0.1]"
	}
	if strings.ContainsFunc(o.HELO, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, fmt.Errorf("the name for HELO must be plain ASCII without blanks, not %q", o.HELO)
	}
	orDefault(&o.Connections, defaultConnections)
	orDefault(&o.Grace, defaultGrace)
	orDefault(&o.Dial, defaultDial)
	orDefault(&o.Commands, defaultCommands)
	orDefault(&o.Dot, defaultDot)
	s := &SMTP{o: o, address: net.JoinHostPort(o.Host, strconv.Itoa(o.Port))}
	if o.TLS != TLSNone {
		s.tls = &tls.Config{ServerName: o.Host, MinVersion: tls.VersionTLS12}
		if o.CAFile != "" {
			roots, err := readRoots(o.CAFile)
			if err != nil {
				return nil, err
			}
			s.tls.RootCAs = roots
		}
	}
	s.pool = newSMTPPool(o.Connections, s.dial)
	return s, nil
}

func orDefault[T int | time.Duration](value *T, usual T) {
	if *value <= 0 {
		*value = usual
	}
}

// checkLogin holds the options about the login against each other.
func checkLogin(o *SMTPOptions) error {
	o.Auth = strings.ToLower(o.Auth)
	if o.Auth == "" {
		o.Auth = authAuto
	}
	known := []string{authAuto, authNone, authPlain, authLogin, authScram, authScramSHA1, authScramSHA256, authXOAUTH2}
	if !slices.Contains(known, o.Auth) {
		return fmt.Errorf("auth = %q is none of %s", o.Auth, strings.Join(known, ", "))
	}
	if o.Auth == authNone {
		o.Password = nil
	}
	if o.Password == nil {
		return nil
	}
	if o.User == "" {
		return errors.New("a password for the mail server needs a user")
	}
	if o.TLS == TLSNone && !isLoopback(o.Host) {
		return fmt.Errorf("a password is not sent to %s in clear: set tls to \"starttls\" or \"implicit\"", o.Host)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func readRoots(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file: there is no certificate in PEM form in %s", path)
	}
	return roots, nil
}

// Deliver sends a message with CRLF line ends, exactly as it is, from one address
// to one other. It waits for a free connection. streaming (nil for none) is
// called when the server waits for the contents and before their first byte; it
// may take long. Where it fails, nothing was sent.
//
// When ctx ends before streaming was called, nothing is sent and Deliver returns
// at once; after that it finishes within the options' Grace. What the outcomes
// mean stands at Outcome. Uncertain is only a message that was handed to the
// kernel with its final dot and got no reply.
//
// The error, one sentence, is not nil exactly when nobody's message would fare
// better now (Answer.Away), when ctx ended before the contents, or when streaming
// failed; it wraps the cause. A server that refuses a message is no error.
func (s *SMTP) Deliver(ctx context.Context, from, to string, raw []byte, streaming func() error) (Answer, error) {
	l, refused, ok := newLetter(from, to, raw)
	if !ok {
		return refused, nil
	}
	c, err := s.pool.get(ctx)
	replaced, yielded := 0, false
	for {
		if err != nil {
			return s.noConnection(ctx, err)
		}
		fresh := c.begun == 0
		v := c.transact(ctx, l, streaming)
		if !v.gone {
			s.pool.put(c, v.keep)
			return v.answer, v.err
		}
		switch {
		case !fresh && replaced < maxReplaced:
			// Servers close connections that they have had enough of: that says
			// nothing about a new one. More than once it happens only where no new
			// one was to be had, and the old one that came in its place was such
			// a connection too.
			replaced++
			c, err = s.pool.replace(ctx, c)
		case fresh && !yielded && s.pool.others():
			// It lets us have fewer connections than we would like.
			yielded = true
			c, err = s.pool.yield(ctx, c)
		default:
			s.pool.put(c, false)
			return v.answer, v.err
		}
	}
}

// noConnection is the answer where there was no connection to be had.
func (s *SMTP) noConnection(ctx context.Context, err error) (Answer, error) {
	if ctx.Err() != nil {
		v := interrupted(ctx)
		return v.answer, v.err
	}
	a := Answer{Outcome: Deferred, About: AboutTransport, Away: true, Text: oneLine(err.Error())}
	if t, ok := errors.AsType[*trouble](err); ok {
		a.Code, a.Enhanced = t.reply.code, t.reply.enhanced
	}
	return a, err
}

// Close takes leave of the server on every idle connection and waits until that
// is done. Connections in use are closed when their message is through; later
// messages get an error.
func (s *SMTP) Close() error {
	s.pool.close()
	return nil
}
