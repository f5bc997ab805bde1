package mailout_test

import (
	"bytes"
	"context"
	"testing"

	"renewd/internal/mailout"
	"renewd/internal/testkit/realmail"
)

// TestRealServer goes the whole way to a Postfix and the Dovecot behind it, with
// TLS and login: what their words mean, and that what arrives is what was sent.
func TestRealServer(t *testing.T) {
	servers := realmail.Start(t)
	s := newSMTP(t, mailout.SMTPOptions{Host: servers.Host, Port: servers.Submission, CAFile: servers.CAFile, Connections: 3,
		User: servers.User, Password: func(context.Context) (string, error) { return servers.Password, nil }})
	if report, err := s.Probe(t.Context(), "bonjour@shop.test"); err != nil || report.TLS == "" || report.Auth == "" || report.SizeLimit == 0 {
		t.Errorf("%+v, %v", report, err)
	}
	for to, want := range map[string]mailout.Answer{
		"hard@client.test": {Outcome: mailout.Rejected, About: mailout.AboutMailbox, Code: 550, Enhanced: "5.1.1"},
		"soft@client.test": {Outcome: mailout.Deferred, About: mailout.AboutMailbox, Code: 450, Enhanced: "4.2.1"},
		"spam@client.test": {Outcome: mailout.Rejected, About: mailout.AboutSender, Code: 554, Enhanced: "5.7.1"},
		"grey@client.test": {Outcome: mailout.Deferred, About: mailout.AboutSender, Code: 451, Enhanced: "4.7.1"},
	} {
		got, err := s.Deliver(t.Context(), "bonjour@shop.test", to, letter("refused"), func() error { t.Error("streaming called"); return nil })
		want.Text = got.Text
		if got != want || err != nil || got.NoSuchMailbox() != (to == "hard@client.test") {
			t.Errorf("%s: %+v, %v", to, got, err)
		}
	}
	raw := append(letter("dots"), ".\r\n..\r\n.x\r\n\r\n.\r\n"...)
	answer, err := s.Deliver(t.Context(), "bonjour@shop.test", "dots@client.test", raw, nil)
	if answer.Outcome != mailout.Accepted || err != nil {
		t.Fatalf("%+v, %v", answer, err)
	}
	arrived := servers.WaitLetters(t.Context(), "dots@client.test", 1)[0]
	_, wantBody, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	if _, body, _ := bytes.Cut(arrived, []byte("\r\n\r\n")); !bytes.Equal(body, wantBody) {
		t.Errorf("arrived as %q", body)
	}
	// More letters than a connection carries, from more goroutines than there are
	// connections.
	for i, answer := range many(s, 8, 250) {
		if answer.Outcome != mailout.Accepted {
			t.Errorf("m%d: %+v", i, answer)
		}
	}
	servers.WaitLetters(t.Context(), recipient, 250)
}
