package mailout_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"renewd/internal/mailout"
	"renewd/internal/testkit"
)

// outcome is what a server does to one message, and what that is called.
type outcome struct {
	name     string
	stage    testkit.Stage
	reply    testkit.Reply
	outcome  mailout.Outcome
	about    mailout.About
	code     int
	enhanced string
	away     bool // and with it an error
	streamed bool // the contents were announced
	kept     int  // letters that the server has
	noBox    bool // NoSuchMailbox
	same     bool // the connection carries the next message
}

func line(s string) testkit.Reply { return testkit.Reply{Line: s} }

var (
	drop          = testkit.Reply{Drop: testkit.DropBefore}
	acceptAndDrop = testkit.Reply{Keep: true, Drop: testkit.DropBefore}
)

var outcomes = []outcome{
	{name: "all is well", outcome: mailout.Accepted, code: 250, enhanced: "2.0.0", streamed: true, kept: 1, same: true},
	{name: "421 greeting", stage: testkit.StageGreeting, reply: testkit.Reply{Line: "421 4.3.2 closing", Drop: testkit.DropAfter}, outcome: mailout.Deferred, about: mailout.AboutTransport, code: 421, enhanced: "4.3.2", away: true},
	{name: "554 greeting", stage: testkit.StageGreeting, reply: line("554 no service"), outcome: mailout.Deferred, about: mailout.AboutTransport, code: 554, away: true},
	{name: "no greeting", stage: testkit.StageGreeting, reply: drop, outcome: mailout.Deferred, about: mailout.AboutTransport, away: true},
	{name: "EHLO and HELO refused", stage: testkit.StageEHLO, reply: line("502 what?"), outcome: mailout.Deferred, about: mailout.AboutTransport, code: 502, away: true},
	{name: "421 at MAIL", stage: testkit.StageMail, reply: line("421 4.3.2 too busy"), outcome: mailout.Deferred, about: mailout.AboutTransport, code: 421, enhanced: "4.3.2", away: true},
	{name: "421 at RCPT", stage: testkit.StageRcpt, reply: testkit.Reply{Line: "421 bye", Drop: testkit.DropAfter}, outcome: mailout.Deferred, about: mailout.AboutTransport, code: 421, away: true},
	{name: "421 at DATA", stage: testkit.StageData, reply: line("421 bye"), outcome: mailout.Deferred, about: mailout.AboutTransport, code: 421, away: true},
	{name: "530 at MAIL", stage: testkit.StageMail, reply: line("530 5.7.0 log in"), outcome: mailout.Deferred, about: mailout.AboutTransport, code: 530, enhanced: "5.7.0", away: true},
	{name: "drop at MAIL", stage: testkit.StageMail, reply: drop, outcome: mailout.Deferred, about: mailout.AboutTransport, away: true},
	{name: "drop at RCPT", stage: testkit.StageRcpt, reply: drop, outcome: mailout.Deferred, about: mailout.AboutTransport, away: true},
	{name: "drop at DATA", stage: testkit.StageData, reply: drop, outcome: mailout.Deferred, about: mailout.AboutTransport, away: true},
	{name: "nonsense at MAIL", stage: testkit.StageMail, reply: line("hello"), outcome: mailout.Deferred, about: mailout.AboutTransport, away: true},
	{name: "354 at RCPT", stage: testkit.StageRcpt, reply: line("354 go"), outcome: mailout.Deferred, about: mailout.AboutTransport, away: true},
	{name: "550 at MAIL", stage: testkit.StageMail, reply: line("550 5.7.1 not from here"), outcome: mailout.Rejected, about: mailout.AboutSender, code: 550, enhanced: "5.7.1", same: true},
	{name: "550 at MAIL, no code", stage: testkit.StageMail, reply: line("550 who are you?"), outcome: mailout.Rejected, about: mailout.AboutSender, code: 550, same: true},
	{name: "5.1.3 at MAIL is ours", stage: testkit.StageMail, reply: line("553 5.1.3 bad address"), outcome: mailout.Rejected, about: mailout.AboutSender, code: 553, enhanced: "5.1.3", same: true},
	{name: "too large at MAIL", stage: testkit.StageMail, reply: line("552 5.3.4 too large"), outcome: mailout.Rejected, about: mailout.AboutMessage, code: 552, enhanced: "5.3.4", same: true},
	{name: "too large at MAIL, no code", stage: testkit.StageMail, reply: line("552 too large"), outcome: mailout.Rejected, about: mailout.AboutMessage, code: 552, same: true},
	{name: "451 at MAIL", stage: testkit.StageMail, reply: line("451 4.3.0 later"), outcome: mailout.Deferred, about: mailout.AboutTransport, code: 451, enhanced: "4.3.0", same: true},
	{name: "450 at RCPT", stage: testkit.StageRcpt, reply: line("450 4.2.1 busy"), outcome: mailout.Deferred, about: mailout.AboutMailbox, code: 450, enhanced: "4.2.1", same: true},
	{name: "450 at RCPT, no code", stage: testkit.StageRcpt, reply: line("450 busy"), outcome: mailout.Deferred, about: mailout.AboutMailbox, code: 450, same: true},
	{name: "greylisted", stage: testkit.StageRcpt, reply: line("451 4.7.1 come back"), outcome: mailout.Deferred, about: mailout.AboutSender, code: 451, enhanced: "4.7.1", same: true},
	{name: "550 at RCPT", stage: testkit.StageRcpt, reply: line("550 5.1.1 no such user"), outcome: mailout.Rejected, about: mailout.AboutMailbox, code: 550, enhanced: "5.1.1", noBox: true, same: true},
	{name: "550 at RCPT in lines", stage: testkit.StageRcpt, reply: line("550-5.1.1 no such\r\n550 5.1.1 user"), outcome: mailout.Rejected, about: mailout.AboutMailbox, code: 550, enhanced: "5.1.1", noBox: true, same: true},
	{name: "550 at RCPT, no code", stage: testkit.StageRcpt, reply: line("550 no such user"), outcome: mailout.Rejected, about: mailout.AboutMailbox, code: 550, same: true},
	{name: "550 at RCPT, about us", stage: testkit.StageRcpt, reply: line("550 5.7.1 relaying denied"), outcome: mailout.Rejected, about: mailout.AboutSender, code: 550, enhanced: "5.7.1", same: true},
	{name: "null MX", stage: testkit.StageRcpt, reply: line("556 5.1.10 takes no mail"), outcome: mailout.Rejected, about: mailout.AboutMailbox, code: 556, enhanced: "5.1.10", noBox: true, same: true},
	{name: "full mailbox", stage: testkit.StageRcpt, reply: line("552 5.2.2 full"), outcome: mailout.Rejected, about: mailout.AboutMailbox, code: 552, enhanced: "5.2.2", same: true},
	{name: "no domain", stage: testkit.StageRcpt, reply: line("550 5.1.2 host unknown"), outcome: mailout.Rejected, about: mailout.AboutMailbox, code: 550, enhanced: "5.1.2", same: true},
	{name: "550 at RCPT, then drop", stage: testkit.StageRcpt, reply: testkit.Reply{Line: "550 5.1.1 no such user", Drop: testkit.DropAfter}, outcome: mailout.Rejected, about: mailout.AboutMailbox, code: 550, enhanced: "5.1.1", noBox: true},
	{name: "451 at DATA", stage: testkit.StageData, reply: line("451 4.3.0 later"), outcome: mailout.Deferred, about: mailout.AboutTransport, code: 451, enhanced: "4.3.0", same: true},
	{name: "554 at DATA, no code", stage: testkit.StageData, reply: line("554 no"), outcome: mailout.Rejected, about: mailout.AboutSender, code: 554, same: true},
	{name: "250 at DATA", stage: testkit.StageData, reply: line("250 ok"), outcome: mailout.Deferred, about: mailout.AboutTransport, away: true},
	{name: "451 after the dot", stage: testkit.StageDot, reply: line("451 4.3.0 later"), outcome: mailout.Deferred, about: mailout.AboutTransport, code: 451, enhanced: "4.3.0", streamed: true, same: true},
	{name: "452 4.3.1 after the dot", stage: testkit.StageDot, reply: line("452 4.3.1 no space"), outcome: mailout.Deferred, about: mailout.AboutTransport, code: 452, enhanced: "4.3.1", streamed: true, same: true},
	{name: "554 5.7.1 after the dot", stage: testkit.StageDot, reply: line("554 5.7.1 blocked"), outcome: mailout.Rejected, about: mailout.AboutSender, code: 554, enhanced: "5.7.1", streamed: true, same: true},
	{name: "550 after the dot, no code", stage: testkit.StageDot, reply: line("550 spam"), outcome: mailout.Rejected, about: mailout.AboutSender, code: 550, streamed: true, same: true},
	{name: "552 after the dot, no code", stage: testkit.StageDot, reply: line("552 too large"), outcome: mailout.Rejected, about: mailout.AboutMessage, code: 552, streamed: true, same: true},
	{name: "contents refused", stage: testkit.StageDot, reply: line("554 5.6.0 bad form"), outcome: mailout.Rejected, about: mailout.AboutMessage, code: 554, enhanced: "5.6.0", streamed: true, same: true},
	{name: "too large for the mailbox", stage: testkit.StageDot, reply: line("552 5.2.3 too large"), outcome: mailout.Rejected, about: mailout.AboutMessage, code: 552, enhanced: "5.2.3", streamed: true, same: true},
	{name: "5.1.1 after the dot", stage: testkit.StageDot, reply: line("550 5.1.1 no such user"), outcome: mailout.Rejected, about: mailout.AboutMailbox, code: 550, enhanced: "5.1.1", noBox: true, streamed: true, same: true},
	{name: "554 5.3.0 after the dot", stage: testkit.StageDot, reply: line("554 5.3.0 trouble here"), outcome: mailout.Rejected, about: mailout.AboutTransport, code: 554, enhanced: "5.3.0", streamed: true, same: true},
	{name: "421 after the dot", stage: testkit.StageDot, reply: line("421 4.3.2 closing"), outcome: mailout.Deferred, about: mailout.AboutTransport, code: 421, enhanced: "4.3.2", away: true, streamed: true},
	{name: "drops after the dot", stage: testkit.StageDot, reply: drop, outcome: mailout.Uncertain, about: mailout.AboutTransport, streamed: true},
	{name: "accepts and drops after the dot", stage: testkit.StageDot, reply: acceptAndDrop, outcome: mailout.Uncertain, about: mailout.AboutTransport, streamed: true, kept: 1},
	{name: "nonsense after the dot", stage: testkit.StageDot, reply: testkit.Reply{Line: "well", Keep: true}, outcome: mailout.Uncertain, about: mailout.AboutTransport, streamed: true, kept: 1},
	{name: "354 after the dot", stage: testkit.StageDot, reply: line("354 more"), outcome: mailout.Uncertain, about: mailout.AboutTransport, streamed: true},
	{name: "250 after the dot, then drops", stage: testkit.StageDot, reply: testkit.Reply{Drop: testkit.DropAfter}, outcome: mailout.Accepted, code: 250, enhanced: "2.0.0", streamed: true, kept: 1},
}

// TestOutcomes goes through what a server can do to a message on a fresh
// connection, and sees that the next message is none the worse for it.
func TestOutcomes(t *testing.T) {
	pipelines(t, func(t *testing.T, extensions []string) {
		for _, want := range outcomes {
			t.Run(want.name, func(t *testing.T) {
				t.Parallel()
				sink := testkit.NewSink(t, testkit.SinkOptions{Extensions: extensions,
					Script: func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
						if s == want.stage && d.Conn == 1 && d.Message <= 1 {
							return want.reply
						}
						return testkit.Reply{}
					}})
				s := newSMTP(t, plain(sink))
				answer, calls, err := deliver(t, s, "one")
				want.check(t, answer, calls, err)
				if sink.Count() != want.kept {
					t.Errorf("the server has %d letters, want %d", sink.Count(), want.kept)
				}
				mustAccept(t, s, "two")
				if n := sink.Stats().Connections; (n == 1) != want.same {
					t.Errorf("%d connections for both messages, want the same one: %v", n, want.same)
				}
				if got := sink.ByMessageID(); got["two"] != 1 || got["one"] != want.kept {
					t.Errorf("the server has %v", got)
				}
			})
		}
	})
}

func (want outcome) check(t *testing.T, answer mailout.Answer, calls int, err error) {
	t.Helper()
	if answer.Outcome != want.outcome || answer.About != want.about || answer.Code != want.code || answer.Enhanced != want.enhanced ||
		answer.Away != want.away || answer.NoSuchMailbox() != want.noBox {
		t.Errorf("answer %+v (no such mailbox: %v), want %+v", answer, answer.NoSuchMailbox(), want)
	}
	if (err != nil) != want.away {
		t.Errorf("error %v, want one: %v", err, want.away)
	}
	if (calls == 1) != want.streamed || calls > 1 {
		t.Errorf("streaming called %d times, want it: %v", calls, want.streamed)
	}
	if answer.Text == "" || strings.ContainsAny(answer.Text, "\r\n") {
		t.Errorf("the text is %q", answer.Text)
	}
}

// A server that says 354 though it refused the recipient gets nothing but a lone
// dot, and the connection is kept only if it then refuses.
func TestRefusedRecipientAnd354(t *testing.T) {
	for _, c := range []struct {
		name, rcpt, dot string
		mail            string
		dots, conns     int
	}{
		{name: "the dot is refused", rcpt: "550 5.1.1 no", dots: 1, conns: 1},
		{name: "the nothing is accepted", rcpt: "550 5.1.1 no", dot: "250 thank you", dots: 1, conns: 2},
		{name: "MAIL refused, recipient not", mail: "451 4.3.0 later", rcpt: "250 fine", dots: 0, conns: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var dots atomic.Int32
			sink := testkit.NewSink(t, testkit.SinkOptions{Script: func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
				switch {
				case d.Conn > 1 || d.Message > 1:
				case s == testkit.StageMail:
					return line(c.mail)
				case s == testkit.StageRcpt:
					return line(c.rcpt)
				case s == testkit.StageData:
					return line("354 go ahead")
				case s == testkit.StageDot:
					dots.Add(1)
					if len(d.Raw) > 0 {
						t.Errorf("contents went out: %q", d.Raw)
					}
					return line(c.dot)
				}
				return testkit.Reply{}
			}})
			s := newSMTP(t, plain(sink))
			answer, calls, err := deliver(t, s, "one")
			if answer.Outcome == mailout.Accepted || answer.Outcome == mailout.Uncertain || calls != 0 || err != nil {
				t.Errorf("%+v, streaming called %d times, error %v", answer, calls, err)
			}
			mustAccept(t, s, "two")
			if sink.ByMessageID()["two"] != 1 || sink.ByMessageID()["one"] != 0 {
				t.Errorf("the server has %v", sink.ByMessageID())
			}
			if n := sink.Stats().Connections; n != c.conns || int(dots.Load()) != c.dots {
				t.Errorf("%d connections and %d lone dots, want %d and %d", n, dots.Load(), c.conns, c.dots)
			}
		})
	}
}

// The contents break off in the middle: nothing is in doubt, and the half letter
// is not ended by anything.
func TestContentsBreakOff(t *testing.T) {
	pipelines(t, func(t *testing.T, extensions []string) {
		sink := testkit.NewSink(t, testkit.SinkOptions{Extensions: extensions, Script: at(testkit.StageContents, drop)})
		s := newSMTP(t, plain(sink))
		big := append(letter("big"), bytes.Repeat([]byte("0123456789abcdef\r\n"), 2<<20)...)
		answer, err := s.Deliver(context.Background(), sender, recipient, big, nil)
		if answer.Outcome != mailout.Deferred || answer.About != mailout.AboutTransport || answer.Away || err != nil {
			t.Errorf("%+v, error %v", answer, err)
		}
		sink.Stop()
		once(t, sink)
		if n := sink.Seen(testkit.StageDot); n != 0 {
			t.Errorf("%d final dots", n)
		}
	})
}

// While streaming commits, the server gives up: nothing is written into the dead
// connection, so nothing is in doubt.
func TestServerLeavesDuringStreaming(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{})
	s := newSMTP(t, plain(sink))
	answer, err := s.Deliver(context.Background(), sender, recipient, letter("one"), func() error {
		sink.Stop() // returns when the connection is closed
		return nil
	})
	if answer.Outcome != mailout.Deferred || answer.Away || err != nil {
		t.Errorf("%+v, error %v", answer, err)
	}
	once(t, sink)
}

// streaming that fails leaves no message, not even half of one.
func TestStreamingFails(t *testing.T) {
	pipelines(t, func(t *testing.T, extensions []string) {
		sink := testkit.NewSink(t, testkit.SinkOptions{Extensions: extensions})
		s := newSMTP(t, plain(sink))
		locked := errors.New("the database is locked")
		answer, err := s.Deliver(context.Background(), sender, recipient, letter("one"), func() error { return locked })
		if !errors.Is(err, locked) || answer.Outcome != mailout.Deferred || answer.Away {
			t.Errorf("%+v, error %v", answer, err)
		}
		mustAccept(t, s, "two")
		sink.Stop()
		once(t, sink, "two")
		if dots, quits := sink.Seen(testkit.StageDot), sink.Seen(testkit.StageQuit); dots != 1 || quits != 0 {
			t.Errorf("%d final dots and %d QUITs", dots, quits)
		}
	})
}

// A server that says nothing is away.
func TestTimeouts(t *testing.T) {
	for _, stage := range []testkit.Stage{testkit.StageGreeting, testkit.StageRcpt} {
		t.Run(string(stage), func(t *testing.T) {
			t.Parallel()
			sink := testkit.NewSink(t, testkit.SinkOptions{Script: at(stage, testkit.Reply{Hang: make(chan struct{})})})
			o := plain(sink)
			o.Commands = 100 * time.Millisecond
			answer, calls, err := deliver(t, newSMTP(t, o), "one")
			if answer.Outcome != mailout.Deferred || !answer.Away || err == nil || calls != 0 {
				t.Errorf("%+v, streaming called %d times, error %v", answer, calls, err)
			}
		})
	}
}
