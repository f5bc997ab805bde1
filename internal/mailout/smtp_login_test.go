package mailout_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"renewd/internal/mailout"
	"renewd/internal/testkit"
)

const (
	user   = "bonjour@shop.example"
	secret = "correct horse battery"
)

func password(context.Context) (string, error) { return secret, nil }

var users = map[string]string{user: secret}

// trial is a mail server, how we are set up, and what comes of it.
type trial struct {
	name    string
	server  testkit.SinkOptions
	set     func(*mailout.SMTPOptions)
	wrong   []string // parts of the error; none is success
	cause   error    // what the error wraps
	auth    string
	clearly bool // the dialogue is in clear on purpose
}

func withPassword(auth string) func(*mailout.SMTPOptions) {
	return func(o *mailout.SMTPOptions) { o.Auth, o.User, o.Password = auth, user, password }
}

var trials = []trial{
	{name: "STARTTLS and PLAIN", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: users}, set: withPassword(""), auth: "PLAIN"},
	{name: "implicit TLS and LOGIN", server: testkit.SinkOptions{TLS: testkit.SinkImplicit, Users: users}, set: withPassword("login"), auth: "LOGIN"},
	{name: "only LOGIN is offered", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: users, Mechanisms: []string{"CRAM-MD5", "LOGIN"}}, set: withPassword("auto"), auth: "LOGIN"},
	{name: "XOAUTH2", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: users, Mechanisms: []string{"PLAIN", "XOAUTH2"}}, set: withPassword("xoauth2"), auth: "XOAUTH2"},
	{name: "SCRAM is the best", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: users, Mechanisms: []string{"PLAIN", "SCRAM-SHA-256"}}, set: withPassword(""), auth: "SCRAM-SHA-256"},
	{name: "SCRAM refused", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: map[string]string{user: "another"}, Mechanisms: []string{"SCRAM-SHA-256"}}, set: withPassword("auto"),
		wrong: []string{"refuses the login", `auth = "plain" helps`}},
	{name: "no login", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS}},
	{name: "auth none", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS}, set: withPassword("none")},
	{name: "a password in clear on loopback", server: testkit.SinkOptions{Users: users}, set: func(o *mailout.SMTPOptions) { withPassword("")(o); o.TLS = mailout.TLSNone }, auth: "PLAIN", clearly: true},
	{name: "token refused", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: map[string]string{user: "another"}, Mechanisms: []string{"XOAUTH2"}}, set: withPassword("xoauth2"),
		wrong: []string{"access token", user, "535 5.7.8"}},
	{name: "password refused", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: map[string]string{user: "another"}}, set: withPassword(""),
		wrong: []string{"refuses the login", user, "app password", "535 5.7.8"}},
	{name: "password refused by LOGIN", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: map[string]string{user: "another"}}, set: withPassword("login"),
		wrong: []string{"refuses the login", "535 5.7.8"}},
	{name: "the refusal repeats the password", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: users, Script: at(testkit.StageAuth, line("535 5.7.8 "+secret+" is wrong"))}, set: withPassword(""),
		wrong: []string{"535 5.7.8 (password) is wrong"}},
	{name: "the login cannot be checked now", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: users, Script: at(testkit.StageAuth, line("454 4.7.0 later"))}, set: withPassword(""),
		wrong: []string{"cannot check the login now", "454 4.7.0"}},
	{name: "encryption demanded", server: testkit.SinkOptions{Users: users, Script: at(testkit.StageAuth, line("538 5.7.11 encrypt first"))}, set: func(o *mailout.SMTPOptions) { withPassword("")(o); o.TLS = mailout.TLSNone },
		wrong: []string{"without encryption", "starttls"}, clearly: true},
	{name: "no login offered", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS}, set: withPassword(""), wrong: []string{"offers no login", "587"}},
	{name: "other ways offered", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: users, Mechanisms: []string{"CRAM-MD5", "NTLM"}}, set: withPassword(""), wrong: []string{"none of the ways", "CRAM-MD5 NTLM"}},
	{name: "STARTTLS stripped", server: testkit.SinkOptions{Users: users}, set: withPassword(""), wrong: []string{"does not offer STARTTLS", `tls = "implicit"`}},
	{name: "STARTTLS refused", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Script: at(testkit.StageSTARTTLS, line("454 4.7.0 no TLS today"))}, wrong: []string{"refuses the encryption", "454 4.7.0"}},
	{name: "expired", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, CertExpired: true, Users: users}, set: withPassword(""), wrong: []string{"valid only", "1999-01-01"}},
	{name: "expired, implicit", server: testkit.SinkOptions{TLS: testkit.SinkImplicit, CertExpired: true, Users: users}, set: withPassword(""), wrong: []string{"valid only", "1999-01-01"}},
	{name: "another name", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, CertName: "mx.other.example", Users: users}, set: withPassword(""), wrong: []string{"another name", "mx.other.example", "set host"}},
	{name: "unknown authority", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: users}, set: func(o *mailout.SMTPOptions) { withPassword("")(o); o.CAFile = "" }, wrong: []string{"authority", "ca_file"}},
	{name: "TLS first, the server in clear", server: testkit.SinkOptions{}, set: func(o *mailout.SMTPOptions) { o.TLS = mailout.TLSImplicit }, wrong: []string{"does not speak TLS from the first byte", `tls = "starttls"`}},
	{name: "in clear first, the server with TLS", server: testkit.SinkOptions{TLS: testkit.SinkImplicit}, set: func(o *mailout.SMTPOptions) { o.TLS, o.Commands = mailout.TLSStartTLS, 100*time.Millisecond },
		wrong: []string{"greeting", `tls = "implicit"`}, cause: context.DeadlineExceeded},
	{name: "refuses to talk", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Script: at(testkit.StageGreeting, line("554 5.7.1 dynamic address"))}, wrong: []string{"refuses to talk", "554 5.7.1"}},
	{name: "not now", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Script: at(testkit.StageGreeting, line("421 4.7.0 too many"))}, wrong: []string{"no messages now", "421 4.7.0"}},
	{name: "no greeting", server: testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Script: at(testkit.StageGreeting, drop)}, wrong: []string{"does not greet"}},
}

// TestLogin goes through the ways to a connection, in Deliver and in Probe, and
// sees that neither password nor letter ever goes out in clear.
func TestLogin(t *testing.T) {
	for _, c := range trials {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sink := testkit.NewSink(t, c.server)
			o := mailout.SMTPOptions{Host: sink.Host, Port: sink.Port, TLS: mailout.TLSMode(c.server.TLS), CAFile: sink.CAFile(t)}
			if c.server.TLS == "" {
				o.CAFile = ""
			}
			if c.set != nil {
				c.set(&o)
			}
			s := newSMTP(t, o)
			answer, calls, err := deliver(t, s, "one")
			report, probeErr := s.Probe(t.Context(), sender)
			if c.wrong == nil {
				c.succeeded(t, sink, answer, err, report, probeErr)
			} else {
				if answer.Outcome != mailout.Deferred || !answer.Away || calls != 0 || sink.Count() != 0 {
					t.Errorf("%+v, streaming called %d times, %d letters", answer, calls, sink.Count())
				}
				for _, err := range []error{err, probeErr, errors.New(answer.Text)} {
					c.explains(t, err)
				}
			}
			if stats := sink.Stats(); !c.clearly && (stats.AuthInClear > 0 || stats.MailInClear > 0) {
				t.Errorf("in clear: %+v", stats)
			}
		})
	}
}

func (c trial) succeeded(t *testing.T, sink *testkit.Sink, answer mailout.Answer, err error, report mailout.Report, probeErr error) {
	t.Helper()
	if answer.Outcome != mailout.Accepted || err != nil || probeErr != nil {
		t.Fatalf("%+v, error %v, probe %v", answer, err, probeErr)
	}
	once(t, sink, "one") // and nothing from the probe
	got := sink.Accepted()[0]
	if got.TLS == c.clearly || got.From != sender || got.To != recipient || (got.User == user) != (c.auth != "") {
		t.Errorf("the server has %+v", got)
	}
	if report.Auth != c.auth || report.Port != sink.Port || report.Host != sink.Host || report.SizeLimit != 35882577 ||
		!strings.Contains(strings.Join(report.Extensions, " "), "PIPELINING") {
		t.Errorf("report %+v", report)
	}
	if !c.clearly && (report.TLS != "TLS 1.3" || report.Cipher == "" || !strings.Contains(report.Certificate, "localhost") || report.CertificateExpires.Year() != 2100) {
		t.Errorf("report %+v", report)
	}
}

func (c trial) explains(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("no error")
		return
	}
	for _, part := range c.wrong {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
	if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%q has the password or a line break", err)
	}
}

// What the causes are, for callers that look at them.
func TestTroubleWrapsItsCause(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, CertName: "other.example"})
	s := newSMTP(t, mailout.SMTPOptions{Host: sink.Host, Port: sink.Port, CAFile: sink.CAFile(t)})
	_, _, err := deliver(t, s, "one")
	if _, ok := errors.AsType[x509.HostnameError](err); !ok {
		t.Errorf("%v is no x509.HostnameError", err)
	}
	noPassword := errors.New("the file is empty")
	inClear := testkit.NewSink(t, testkit.SinkOptions{Users: users})
	s = newSMTP(t, mailout.SMTPOptions{Host: inClear.Host, Port: inClear.Port, TLS: mailout.TLSNone, User: user, Password: func(context.Context) (string, error) { return "", noPassword }})
	if answer, _, err := deliver(t, s, "one"); !errors.Is(err, noPassword) || !answer.Away {
		t.Errorf("%+v, error %v", answer, err)
	}
}

// The password is asked anew at each login, so a token may change.
func TestPasswordIsAskedAnew(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: users, Script: at(testkit.StageDot, testkit.Reply{Drop: testkit.DropAfter})})
	asked := 0
	s := newSMTP(t, mailout.SMTPOptions{Host: sink.Host, Port: sink.Port, CAFile: sink.CAFile(t), User: user, Connections: 1,
		Password: func(context.Context) (string, error) { asked++; return secret, nil }})
	mustAccept(t, s, "one")
	mustAccept(t, s, "two")
	once(t, sink, "one", "two")
	if logins := sink.Stats().Logins; asked != 2 || logins != 2 {
		t.Errorf("asked %d times for %d logins", asked, logins)
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]mailout.SMTPOptions{
		"no mail server listens":     {Host: "127.0.0.1", Port: number},
		"does not answer within 1ns": {Host: "127.0.0.1", Port: number, Dial: 1},
	} {
		answer, calls, err := deliver(t, newSMTP(t, o), "one")
		if err == nil || !strings.Contains(err.Error(), name) || !answer.Away || answer.Outcome != mailout.Deferred || calls != 0 {
			t.Errorf("%s: %+v, error %v", name, answer, err)
		}
	}
}

func TestProbeAsksAboutTheSender(t *testing.T) {
	for reply, want := range map[string]string{
		"550 5.7.1 not yours":  "does not let bonjour@shop.example send",
		"451 4.3.0 later":      "now: 451 4.3.0 later",
		"530 5.7.0 log in pls": "demands a login",
	} {
		sink := testkit.NewSink(t, testkit.SinkOptions{Script: at(testkit.StageMail, line(reply))})
		_, err := newSMTP(t, plain(sink)).Probe(t.Context(), sender)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), reply) {
			t.Errorf("%s: %v", reply, err)
		}
	}
	sink := testkit.NewSink(t, testkit.SinkOptions{})
	if _, err := newSMTP(t, plain(sink)).Probe(t.Context(), sender); err != nil {
		t.Error(err)
	}
	sink.Stop()
	if sink.Seen(testkit.StageRcpt) != 0 || sink.Seen(testkit.StageRset) != 1 || sink.Seen(testkit.StageQuit) != 1 {
		t.Error("the probe did more or less than MAIL, RSET and QUIT")
	}
}

func TestOptions(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]mailout.SMTPOptions{
		"needs a host name":         {},
		"none of starttls":          {Host: "h", TLS: "ssl"},
		"not between 1 and 65535":   {Host: "h", Port: 70000},
		"none of auto":              {Host: "h", Auth: "cram-md5"},
		"needs a user":              {Host: "h", Password: password},
		"is not sent to mx.example": {Host: "mx.example", TLS: mailout.TLSNone, User: user, Password: password},
		"name for HELO":             {Host: "h", HELO: "a\r\nMAIL FROM:<x>"},
		"no such file":              {Host: "h", CAFile: filepath.Join(t.TempDir(), "none.pem")},
		"no certificate":            {Host: "h", CAFile: empty},
	} {
		if _, err := mailout.NewSMTP(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
	for _, o := range []mailout.SMTPOptions{{Host: "mx.example."}, {Host: "localhost", TLS: mailout.TLSNone, User: user, Password: password}, {Host: "mx.example", TLS: mailout.TLSNone}} {
		if _, err := mailout.NewSMTP(o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
