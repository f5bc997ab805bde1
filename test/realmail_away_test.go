package test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"renewd/internal/mailout"
	"renewd/internal/testkit/realmail"
)

// TestRealMailSendsNothingUnsafely: with a wrong password, without TLS or with
// a certificate that nobody vouches for, nothing goes out, and the sentence says
// what to do.
func TestRealMailSendsNothingUnsafely(t *testing.T) {
	s := realmail.Start(t)
	for name, c := range map[string]struct {
		change func(*mailout.SMTPOptions)
		says   []string
	}{
		"wrong password": {func(o *mailout.SMTPOptions) {
			o.Password = func(context.Context) (string, error) { return "not the password", nil }
		}, []string{"535", "password"}},
		"wrong user":          {func(o *mailout.SMTPOptions) { o.User = "nobody@shop.test" }, []string{"535", "password"}},
		"unknown authority":   {func(o *mailout.SMTPOptions) { o.CAFile = "" }, []string{"certificate", "ca_file"}},
		"no STARTTLS offered": {func(o *mailout.SMTPOptions) { o.Port = s.Plain }, []string{"STARTTLS"}},
		"STARTTLS on the port that begins with TLS": {func(o *mailout.SMTPOptions) {
			o.Port, o.Commands = s.Implicit, time.Second // both sides wait for the other
		}, []string{"implicit"}},
		"TLS at once on the port for STARTTLS": {func(o *mailout.SMTPOptions) { o.TLS = mailout.TLSImplicit }, []string{"starttls"}},
		"a password in clear":                  {func(o *mailout.SMTPOptions) { o.TLS = mailout.TLSNone }, []string{"encryption"}},
		"in clear without a password": {func(o *mailout.SMTPOptions) {
			o.TLS, o.Password = mailout.TLSNone, nil
		}, []string{"530", "STARTTLS"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := login(s)
			c.change(&o)
			m := transport(t, o)
			answer, err := m.Deliver(t.Context(), shop, "anna@client.test", small("anna@client.test", "unsafe"), func() error {
				t.Error("the contents were begun")
				return nil
			})
			if err == nil || !answer.Away || answer.Outcome != mailout.Deferred {
				t.Fatalf("%+v, %v", answer, err)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not speak of %s", err, want)
				}
			}
			if strings.Contains(err.Error(), s.Password) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("no sentence for a log: %q", err)
			}
			if _, err := m.Probe(t.Context(), shop); err == nil {
				t.Error("a look at the server finds nothing wrong")
			}
		})
	}
	// One that went before would be there before this one.
	deliver(t, transport(t, login(s)), "last@client.test", small("last@client.test", "last"))
	arrived(t, s, "last@client.test", small("last@client.test", "last"))
	if n := s.Total("client.test"); n != 1 {
		t.Errorf("%d letters in the mailboxes, want 1", n)
	}
}

// TestRealMailNeedsALogin: without one, the server takes the sender for a
// stranger, and nobody's address is at fault.
func TestRealMailNeedsALogin(t *testing.T) {
	s := realmail.Start(t)
	o := login(s)
	o.User, o.Password = "", nil
	answer, err := transport(t, o).Deliver(t.Context(), shop, "anna@client.test", small("anna@client.test", "stranger"), nil)
	if err != nil || answer.Outcome != mailout.Rejected || answer.About != mailout.AboutSender || answer.Code != 554 || answer.NoSuchMailbox() {
		t.Errorf("%+v, %v", answer, err)
	}
}

// TestRealMailAway stops the servers under a transport that has connections.
func TestRealMailAway(t *testing.T) {
	s := realmail.Start(t)
	m := transport(t, login(s))
	try := func(to string) (mailout.Answer, error) {
		return m.Deliver(t.Context(), shop, to, small(to, to), func() error {
			t.Errorf("%s: the contents were begun", to)
			return nil
		})
	}
	deliver(t, m, "one@client.test", small("one@client.test", "one@client.test"))

	s.StopPostfix()
	for range 3 {
		if answer, err := try("away@client.test"); err == nil || !answer.Away || answer.Outcome != mailout.Deferred {
			t.Errorf("without a server: %+v, %v", answer, err)
		}
	}
	s.StartPostfix()
	deliver(t, m, "two@client.test", small("two@client.test", "two@client.test"))

	// The connection from before the restart is gone, and nobody notices.
	s.StopPostfix()
	s.StartPostfix()
	deliver(t, m, "three@client.test", small("three@client.test", "three@client.test"))

	// Who is logged in already can go on; the letter waits at Postfix.
	s.StopDovecot()
	deliver(t, m, "four@client.test", small("four@client.test", "four@client.test"))
	fresh := transport(t, login(s))
	answer, err := fresh.Deliver(t.Context(), shop, "away@client.test", small("away@client.test", "away"), nil)
	if err == nil || !answer.Away || answer.Outcome != mailout.Deferred {
		t.Errorf("nobody can check the password: %+v, %v", answer, err)
	}
	s.StartDovecot()
	deliver(t, fresh, "five@client.test", small("five@client.test", "five@client.test"))

	for _, to := range []string{"one", "two", "three", "four", "five"} {
		arrived(t, s, to+"@client.test", small(to+"@client.test", to+"@client.test"))
	}
	if n := s.Total("client.test"); n != 5 {
		t.Errorf("%d letters in the mailboxes, want 5", n)
	}
}

// TestRealMailProbe looks at a server as `check --online` does.
func TestRealMailProbe(t *testing.T) {
	s := realmail.Start(t)
	report, err := transport(t, login(s)).Probe(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	if report.Host != s.Host || report.Port != s.Submission || !strings.HasPrefix(report.TLS, "TLS 1.") || report.Auth == "" ||
		!strings.Contains(report.Certificate, "localhost") || report.CertificateExpires.Before(time.Now()) ||
		!slices.Contains(report.Extensions, "PIPELINING") || report.SizeLimit < 1<<20 {
		t.Errorf("%+v", report)
	}
	deliver(t, transport(t, login(s)), "last@client.test", small("last@client.test", "last"))
	arrived(t, s, "last@client.test", small("last@client.test", "last"))
	if n := s.Total("client.test"); n != 1 {
		t.Errorf("a look at the server sent a letter: %d are there", n)
	}
}
