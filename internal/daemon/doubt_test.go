package daemon_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/mailout"
	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

// TestSwallowedLetters: a server that takes letters and never answers does not get
// thousands of them.
func TestSwallowedLetters(t *testing.T) {
	s := newScene(t)
	s.Settings.Burst = 0
	for n := range 120 {
		s.pass(fmt.Sprintf("C%d", n), fmt.Sprintf("c%d@x.example", n), fmt.Sprintf("A%d", n), "2027-03-31")
	}
	s.Post.Next = func(string) testkit.Fault { return testkit.LoseReply }
	e := s.Engine()
	s.Pass(e)
	const states = `SELECT state, count(*) FROM reminders WHERE step = 'before_end:P30D' GROUP BY 1`
	s.want("reminders", s.Text(states), "due|20\nuncertain|100")
	s.want("pause", s.Text(`SELECT count(*) FROM tasks WHERE kind = 'server_away'`), "1")
	s.Post.Next = nil
	s.now = e.Paused().ProbeAt
	s.Pass(e)
	s.want("after it is back", s.Text(states), "sent|20\nuncertain|100")
}

// TestDoubtfulNoticeStaysItself: a notice that may have arrived goes again as the
// same message, and what has come since goes apart.
func TestDoubtfulNoticeStaysItself(t *testing.T) {
	s := newScene(t)
	s.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	tries := 0
	s.Post.Next = func(string) testkit.Fault {
		if tries++; tries == 1 {
			return testkit.DieAfterRename
		}
		return testkit.NoFault
	}
	if _, killed, err := s.PassUntilKilled(s.Engine()); !killed || err != nil {
		t.Fatalf("killed: %v, %v", killed, err)
	}
	s.AddAgreement(testkit.Agreement{Ref: "A2", Customer: "C1", Kind: renewal.KindSubscription, StartsOn: "2026-04-01", EndsOn: "2027-03-31", AutoRenew: true})
	id := s.Text(`SELECT rfc822_id FROM messages`)
	s.Pass(s.Engine())
	s.want("reminders", s.reminders(), "A1 notice sent due\nA2 notice sent due")
	s.want("the first one's message", s.Text(`SELECT m.rfc822_id FROM messages AS m JOIN reminders AS r ON r.message_id = m.id
		JOIN agreements AS a ON a.id = r.agreement_id WHERE a.ref = 'A1'`), id)
	s.wantLetters(2)
}

// later is a server that puts everything off after it has read it.
type later struct {
	off bool
	got [][]byte
}

func (l *later) Deliver(_ context.Context, _, _ string, raw []byte, streaming func() error) (mailout.Answer, error) {
	if err := streaming(); err != nil {
		return mailout.Answer{Outcome: mailout.Deferred}, err
	}
	l.got = append(l.got, bytes.Clone(raw))
	if l.off {
		return mailout.Answer{Outcome: mailout.Deferred, About: mailout.AboutMailbox, Code: 451, Text: "451 4.3.0 later"}, nil
	}
	return mailout.Answer{Outcome: mailout.Accepted, Code: 250, Text: "250 ok"}, nil
}

// TestDeferredNoticeIsWrittenAnew: what the server only put off never arrived, so
// the next try says what is right then: without offers after a complaint.
func TestDeferredNoticeIsWrittenAnew(t *testing.T) {
	s := newScene(t)
	s.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	server := &later{off: true}
	o := s.Options()
	o.Transport = server
	e, err := daemon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Pass(e)
	s.AddEvent(testkit.Event{Type: renewal.ComplaintEvent, Customer: "C1"})
	server.off = false
	s.now = s.now.Add(time.Minute)
	s.Pass(e)
	s.want("reminders", s.reminders(), "A1 notice sent due")
	if len(server.got) != 2 {
		t.Fatalf("%d tries", len(server.got))
	}
	first, second := server.got[0], server.got[1]
	if bytes.Equal(first, second) {
		t.Error("the second try has the words of the first, although there is a complaint")
	}
	header := func(raw []byte) string {
		for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
			if bytes.HasPrefix(line, []byte("Message-ID:")) {
				return string(line)
			}
		}
		return ""
	}
	if header(first) == "" || header(first) != header(second) {
		t.Errorf("%q became %q", header(first), header(second))
	}
}

// refuser refuses everything for our sake, but what goes to one address.
type refuser struct{ but string }

func (r *refuser) Deliver(_ context.Context, _, to string, _ []byte, streaming func() error) (mailout.Answer, error) {
	if err := streaming(); err != nil {
		return mailout.Answer{Outcome: mailout.Deferred}, err
	}
	if to == r.but {
		return mailout.Answer{Outcome: mailout.Accepted, Code: 250, Text: "250 ok"}, nil
	}
	return mailout.Answer{Outcome: mailout.Rejected, About: mailout.AboutSender, Code: 554, Enhanced: "5.7.1", Text: "554 5.7.1 no"}, nil
}

// TestNoticeRefusedAlone: a notice that the server refuses although it takes others
// waits, and asks nothing of a person that no task says.
func TestNoticeRefusedAlone(t *testing.T) {
	s := newScene(t)
	s.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	o := s.Options()
	o.Transport, o.AtOnce = &refuser{but: "bob@x.example"}, true
	e, err := daemon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Pass(e)
	s.pass("C2", "bob@x.example", "A2", "2027-03-31")
	s.now = s.now.Add(time.Minute)
	if summary := s.Pass(e); summary.Tasks != 0 {
		t.Errorf("%d tasks are told of, there are: %s", summary.Tasks, s.tasks())
	}
	s.want("reminders", s.reminders(), "A1 notice waiting sender_refused\nA2 before_end:P30D sent due")
	s.want("tasks", s.tasks(), "")
}
