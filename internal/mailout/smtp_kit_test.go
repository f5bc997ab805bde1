package mailout_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"renewd/internal/mailout"
	"renewd/internal/testkit"
)

const (
	sender    = "bonjour@shop.example"
	recipient = "ada@customer.example"
)

// letter is a message with an id of its own.
func letter(id string) []byte {
	return []byte("From: <" + sender + ">\r\nTo: <" + recipient + ">\r\nMessage-ID: <" + id + ">\r\nSubject: Your pass\r\n\r\nIt ends soon.\r\n")
}

// plain are the options for a sink without TLS.
func plain(sink *testkit.Sink) mailout.SMTPOptions {
	return mailout.SMTPOptions{Host: sink.Host, Port: sink.Port, TLS: mailout.TLSNone, Connections: 1}
}

func newSMTP(tb testing.TB, o mailout.SMTPOptions) *mailout.SMTP {
	tb.Helper()
	s, err := mailout.NewSMTP(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// deliver sends one letter and reports how often streaming was called.
func deliver(tb testing.TB, s *mailout.SMTP, id string) (mailout.Answer, int, error) {
	tb.Helper()
	calls := 0
	answer, err := s.Deliver(context.Background(), sender, recipient, letter(id), func() error { calls++; return nil })
	return answer, calls, err
}

// mustAccept sends a letter that has to arrive.
func mustAccept(tb testing.TB, s *mailout.SMTP, id string) {
	tb.Helper()
	if answer, calls, err := deliver(tb, s, id); answer.Outcome != mailout.Accepted || err != nil || calls != 1 {
		tb.Fatalf("%s: %+v, streaming called %d times, error %v", id, answer, calls, err)
	}
}

// once holds a sink to letters that must be there exactly once.
func once(tb testing.TB, sink *testkit.Sink, ids ...string) {
	tb.Helper()
	times := sink.ByMessageID()
	if len(times) != len(ids) || sink.Count() != len(ids) {
		tb.Errorf("the sink has %d letters: %v, want %v", sink.Count(), times, ids)
	}
	for _, id := range ids {
		if times[id] != 1 {
			tb.Errorf("the sink has %s %d times", id, times[id])
		}
	}
}

// at makes a script that replies at one stage.
func at(stage testkit.Stage, reply testkit.Reply) func(testkit.Stage, testkit.Dialogue) testkit.Reply {
	return func(s testkit.Stage, _ testkit.Dialogue) testkit.Reply {
		if s == stage {
			return reply
		}
		return testkit.Reply{}
	}
}

// pipelines runs a test with and without PIPELINING.
func pipelines(t *testing.T, test func(t *testing.T, extensions []string)) {
	for _, extensions := range [][]string{{"PIPELINING", "8BITMIME", "SIZE 100000"}, {"8BITMIME"}} {
		t.Run(fmt.Sprint("extensions ", strings.Join(extensions, " ")), func(t *testing.T) { test(t, extensions) })
	}
}
