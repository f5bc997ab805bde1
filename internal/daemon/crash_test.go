package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/testkit"
)

// once lets one thing go wrong, with the next message.
func (s *scene) once(fault testkit.Fault) {
	done := false
	s.Post.Next = func(string) testkit.Fault {
		if done {
			return testkit.NoFault
		}
		done = true
		return fault
	}
}

// TestKilled ends the process at each point of a send, and says what the next
// process does: a commercial message never leaves twice, a notice leaves at least
// once, and the maildir never has the same Message-ID twice.
func TestKilled(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   testkit.Fault
		want    string // the pass after the next start
		wantNot string // the same for a notice
		letters int
	}{
		{"before the first byte", testkit.DieBeforeStreaming, "sent due", "sent due", 1},
		{"after the first byte", testkit.DieAfterStreaming, "uncertain in_doubt", "sent due", 0},
		{"after the last byte", testkit.DieAfterRename, "uncertain in_doubt", "sent due", 1},
		{"the reply got lost", testkit.LoseReply, "uncertain in_doubt", "sent due", 1},
	} {
		t.Run(c.name+", commercial", func(t *testing.T) {
			s := newScene(t)
			s.pass("C1", "ann@x.example", "A1", "2027-03-31")
			s.killedOnce(c.fault)
			s.want("reminders", s.reminders(), "A1 before_end:P30D "+c.want)
			s.wantLetters(c.letters)
			tasks := ""
			if c.want != "sent due" {
				tasks = "uncertain"
			}
			s.want("tasks", s.tasks(), tasks)
			tries := s.Post.Tries
			for range 3 { // never again by itself
				s.now = s.now.Add(2 * time.Hour)
				s.Pass(s.Engine())
			}
			if s.Post.Tries != tries {
				t.Errorf("tried %d times more", s.Post.Tries-tries)
			}
		})
		t.Run(c.name+", notice", func(t *testing.T) {
			s := newScene(t)
			s.subscription("C1", "ann@x.example", "A1", "2027-03-31")
			s.killedOnce(c.fault)
			s.want("reminders", s.reminders(), "A1 notice "+c.wantNot)
			s.wantLetters(1)
			s.want("messages", s.Text(`SELECT count(*) FROM messages`), "1")
			s.want("tasks", s.tasks(), "")
		})
	}
}

// killedOnce makes a pass in which something goes wrong, and another one by the
// next process.
func (s *scene) killedOnce(fault testkit.Fault) {
	s.t.Helper()
	s.once(fault)
	_, killed, err := s.PassUntilKilled(s.Engine())
	if err != nil {
		s.t.Fatal(err)
	}
	claimed := s.Text(`SELECT rfc822_id FROM messages`)
	if claimed == "" || !killed && fault != testkit.LoseReply {
		s.t.Fatalf("claimed %q, killed %v", claimed, killed)
	}
	s.restart(time.Minute)
	s.Pass(s.Engine())
	s.want("Message-ID", s.Text(`SELECT rfc822_id FROM messages`), claimed)
}

// TestKilledAgainAndAgain: a notice that kills its process each time is tried
// again three times and then left to a person.
func TestKilledAgainAndAgain(t *testing.T) {
	s := newScene(t)
	s.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	s.Post.Next = func(string) testkit.Fault { return testkit.DieAfterStreaming }
	for range 8 {
		if _, _, err := s.PassUntilKilled(s.Engine()); err != nil {
			t.Fatal(err)
		}
		s.restart(time.Hour)
	}
	s.want("reminders", s.reminders(), "A1 notice uncertain in_doubt")
	s.want("tasks", s.tasks(), "uncertain")
	if s.Post.Tries != 4 {
		t.Errorf("%d tries, want 1 and 3 again", s.Post.Tries)
	}
}

// TestRetry: what is in doubt goes again, under the same Message-ID, when a
// person says so.
func TestRetry(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.killedOnce(testkit.DieAfterStreaming)
	err := s.DB.Write(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Retry(1, s.now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Pass(s.Engine())
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due")
	s.want("tasks", s.tasks(), "")
	s.wantLetters(1)
}

// TestStopped: a pass that is asked to stop gives back what it claimed, blames
// nobody, and the next one sends it.
func TestStopped(t *testing.T) {
	s := newScene(t)
	for _, n := range []string{"1", "2", "3"} {
		s.pass("C"+n, "c"+n+"@x.example", "A"+n, "2027-03-31")
	}
	ctx, stop := context.WithCancel(context.Background())
	s.Post.Next = func(to string) testkit.Fault {
		if to == "c2@x.example" {
			stop()
		}
		return testkit.NoFault
	}
	e := s.Engine()
	if _, err := e.Pass(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("the pass ended with %v", err)
	}
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due\nA2 before_end:P30D due due\nA3 before_end:P30D due due")
	s.want("tasks", s.tasks(), "")
	s.Pass(e)
	s.wantLetters(3)
	s.want("messages", s.Text(`SELECT count(*) FROM messages`), "3")
}

// TestOutcomeThatCannotBeWrittenDown: a message left, and from then on the
// database refuses everything about messages. The next pass writes down what came
// of that one, and sends those that were claimed with it.
func TestOutcomeThatCannotBeWrittenDown(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.pass("C2", "bob@x.example", "A2", "2027-03-31")
	s.Exec(`CREATE TRIGGER refused BEFORE UPDATE ON messages WHEN NEW.state <> 'sending' BEGIN SELECT RAISE(ABORT, 'not now'); END`)
	e := s.Engine()
	if _, err := e.Pass(context.Background()); err == nil || !strings.Contains(err.Error(), "not now") {
		t.Fatalf("the pass ended with %v", err)
	}
	s.want("messages", s.Text(`SELECT group_concat(state, ' ') FROM messages`), "sending sending")
	s.wantLetters(1)
	s.Exec(`DROP TRIGGER refused`)
	s.Pass(e)
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due\nA2 before_end:P30D sent due")
	s.want("tasks", s.tasks(), "")
	s.wantLetters(2)
}

// TestLockedForAWhile: another connection writes for a while; the pass waits.
func TestLockedForAWhile(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	release := s.Hold()
	asked := make(chan struct{})
	s.onClock = func() {
		s.onClock = nil
		close(asked)
	}
	done := make(chan error)
	go func() {
		_, err := s.Engine().Pass(context.Background())
		done <- err
	}()
	<-asked
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	s.wantLetters(1)
}

// TestDiskFull: while nothing can be written the pass fails with a sentence and
// sends nothing; afterwards everything goes on.
func TestDiskFull(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	e := s.Engine()
	s.Exec(`CREATE TRIGGER full BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
	if _, err := e.Pass(context.Background()); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Fatalf("the pass ended with %v", err)
	}
	s.wantLetters(0)
	s.Exec(`DROP TRIGGER full`)
	s.Exec(`CREATE TRIGGER full BEFORE UPDATE OF sent_at ON messages WHEN NEW.sent_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
	if _, err := e.Pass(context.Background()); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Fatalf("the pass ended with %v", err)
	}
	s.wantLetters(1)
	s.Exec(`DROP TRIGGER full`)
	s.Pass(e)
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due")
	s.wantLetters(1)
	for id, raw := range s.Post.Letters(t) {
		err := s.DB.Read(context.Background(), func(tx *store.Tx) error {
			kept, err := tx.Contents(1)
			if err == nil && !bytes.Equal(kept, raw) {
				t.Errorf("message %s: the bytes kept are not those sent", id)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestWalkResumesAfterACrash: the process dies in the middle of waking everybody
// after the rules changed; the next one wakes the rest.
func TestWalkResumesAfterACrash(t *testing.T) {
	s := newScene(t)
	for _, n := range []string{"1", "2", "3", "4"} {
		s.pass("C"+n, "c"+n+"@x.example", "A"+n, "2027-04-30")
	}
	s.Pass(s.Engine())
	s.wantLetters(0)
	s.Settings.Rules = []renewal.Rule{testkit.PassRule()}
	s.Settings.Rules[0].BeforeEnd = testkit.Periods("P61D", "P7D")
	fingerprint := s.Fingerprint()
	err := s.DB.Write(context.Background(), func(tx *store.Tx) error {
		if changed, err := tx.WakeChangedRules(fingerprint); err != nil || !changed {
			t.Errorf("the rules changed: %v, %v", changed, err)
		}
		_, err := tx.WalkRules(2)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.want("woken", s.Text(`SELECT count(*) FROM customers WHERE next_look_at = '1970-01-01T00:00:00Z'`), "2")
	s.restart(0)
	s.Pass(s.Engine())
	s.wantLetters(4)
}
