package daemon_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

// TestTransportAway: with nobody at the post one message is tried at a time, at
// growing distances and whatever the number of passes; there is one task, and
// everything leaves once the post is back, which also closes the task.
func TestTransportAway(t *testing.T) {
	s := newScene(t)
	for _, n := range []string{"1", "2", "3", "4", "5"} {
		s.pass("C"+n, "c"+n+"@x.example", "A"+n, "2027-03-31")
	}
	// A file in the place of the maildir, as after a mount that failed.
	if err := os.WriteFile(s.Post.Maildir.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e := s.Engine()
	var tried []int
	for minute := range 4 * 60 {
		before := s.Post.Tries
		s.Pass(e)
		if s.Post.Tries > before {
			tried = append(tried, minute)
		}
		if minute == 100 {
			e = s.Engine() // a restart is no reason to try earlier
		}
		s.now = s.now.Add(time.Minute)
	}
	if want := []int{0, 1, 6, 21, 51, 111, 231}; !slices.Equal(tried, want) || s.Post.Tries != len(want) {
		t.Errorf("tried in the minutes %v (%d tries), want %v", tried, s.Post.Tries, want)
	}
	s.want("tasks", s.tasks(), "server_away")
	s.want("attempts", s.Text(`SELECT sum(attempts) FROM messages`), "0")
	s.want("no longer due", s.Text(`SELECT count(*) FROM reminders WHERE state NOT IN ('due', 'waiting', 'planned')`), "0")
	if e.Paused() == nil || e.Paused().Reason != renewal.ServerAway {
		t.Errorf("the pause: %+v", e.Paused())
	}

	if err := os.Remove(s.Post.Maildir.Dir); err != nil {
		t.Fatal(err)
	}
	s.now = e.Paused().ProbeAt
	s.Pass(e)
	s.wantLetters(5)
	s.want("messages", s.Text(`SELECT count(*), count(DISTINCT rfc822_id) FROM messages WHERE state = 'sent'`), "5|5")
	s.want("tasks", s.tasks(), "")
	if e.Paused() != nil {
		t.Errorf("the pause: %+v", e.Paused())
	}
}

// TestTransportAwayTooLong: what the absence kept beyond its last moment says so,
// and a notice that missed its window is a task of its own.
func TestTransportAwayTooLong(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "c1@x.example", "A1", "2027-03-31")
	s.pass("C2", "c2@x.example", "A2", "2027-03-31")
	s.subscription("C3", "c3@x.example", "A3", "2027-03-31")
	s.Post.Next = func(string) testkit.Fault { return testkit.Away }
	e := s.Engine()
	for range 40 {
		s.Pass(e)
		s.now = s.now.Add(24 * time.Hour)
	}
	s.Post.Next = nil
	s.Pass(e)
	s.want("reminders", s.Text(`SELECT a.ref, r.state, r.reason FROM reminders AS r JOIN agreements AS a ON a.id = r.agreement_id
		WHERE r.step LIKE 'before_end%' OR r.step = 'notice' ORDER BY 1, r.due_at`), strings.Join([]string{
		"A1|skipped|server_away", "A1|skipped|server_away", "A2|skipped|server_away", "A2|skipped|server_away", "A3|skipped|missed"}, "\n"))
	s.want("tasks", s.tasks(), "missed")
}

// TestRefused: a recipient whom the server refuses concerns nobody else; for a
// notice a person is told.
func TestRefused(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.subscription("C2", "bob@x.example", "A2", "2027-03-31")
	s.pass("C3", "cleo@x.example", "A3", "2027-03-31")
	s.Post.Next = func(to string) testkit.Fault {
		if to == "cleo@x.example" {
			return testkit.NoFault
		}
		return testkit.Refuse
	}
	s.Pass(s.Engine())
	s.want("reminders", s.reminders(), "A1 before_end:P30D failed rejected\nA2 notice failed rejected\nA3 before_end:P30D sent due")
	s.want("tasks", s.tasks(), "failed")
	s.now = s.now.Add(48 * time.Hour)
	s.Pass(s.Engine())
	if s.Post.Tries != 3 {
		t.Errorf("%d tries, want 3", s.Post.Tries)
	}
}

// TestLetterThatFailsForOne: a letter that fails with one customer's own data
// holds that one alone.
func TestLetterThatFailsForOne(t *testing.T) {
	s := newScene(t)
	s.Letters["pass-renewal.en.md"] = &fstest.MapFile{Data: []byte("---\nsubject: Your pass\n---\nYour locker: {{.Customer.Attributes.locker}}\n")}
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.pass("C2", "bob@x.example", "A2", "2027-03-31")
	s.Exec(`UPDATE customers SET attributes = '{"locker":"17"}' WHERE ref = 'C2'`)
	e := s.Engine()
	s.Pass(e)
	s.want("reminders", s.reminders(), "A1 before_end:P30D waiting template_error\nA2 before_end:P30D sent due")
	s.want("tasks", s.tasks(), "template_error")
	s.Exec(`UPDATE customers SET attributes = '{"locker":"18"}' WHERE ref = 'C1'`)
	s.now = s.now.Add(15 * time.Minute)
	s.Pass(e)
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due\nA2 before_end:P30D sent due")
	s.want("tasks", s.tasks(), "")
}

// TestBrokenLetter: while a letter does not render its reminders wait, and the
// pass after its mending sends them.
func TestBrokenLetter(t *testing.T) {
	s := newScene(t)
	s.Letters["pass-renewal.en.md"] = &fstest.MapFile{Data: []byte("---\nsubject: {{.Nonsense}}\n---\nHello\n")}
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.subscription("C2", "bob@x.example", "A2", "2027-03-31")
	for range 3 {
		s.Pass(s.Engine())
		s.now = s.now.Add(24 * time.Hour)
	}
	s.want("reminders", s.reminders(), "A1 before_end:P30D waiting template_error\nA2 notice sent due")
	s.want("tasks", s.tasks(), "template_error")
	s.Letters["pass-renewal.en.md"].Data = []byte("---\nsubject: Your pass\n---\nHello\n")
	s.Pass(s.Engine())
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due\nA2 notice sent due")
	s.want("tasks", s.tasks(), "")
}

// TestFamily: the passes of a household are one message; one that is not due yet
// where its customer lives, or that is cancelled, stays out of it.
func TestFamily(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.pass("C2", "Ann@X.example ", "A2", "2027-03-31")
	s.pass("C3", "ann@x.example", "A3", "2027-03-31")
	s.pass("C4", "ann@x.example", "A4", "2027-03-31")
	s.Exec(`UPDATE customers SET time_zone = 'Pacific/Pago_Pago' WHERE ref = 'C3'`) // where it is the night before
	s.AddEvent(testkit.Event{Type: renewal.Cancel, Agreement: "A4"})
	s.Pass(s.Engine())
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due\nA2 before_end:P30D sent due")
	s.want("messages", s.Text(`SELECT count(*) FROM messages`), "1")
	s.now = time.Date(2027, time.March, 1, 20, 0, 0, 0, time.UTC) // nine in the morning there
	s.Pass(s.Engine())
	s.want("the third", s.Text(`SELECT r.state, r.reason, r.until FROM reminders AS r JOIN agreements AS a ON a.id = r.agreement_id
		WHERE a.ref = 'A3' AND r.due_at <= '2027-03-01T20:00:00Z'`), "waiting|frequency_cap|2027-03-03T20:00:00Z") // the first left on 28 February, by his clock
	s.now = time.Date(2027, time.March, 3, 20, 0, 0, 0, time.UTC)
	s.Pass(s.Engine())
	s.wantLetters(2)
}

// TestTwoRulesOnOneDay: the cap lets the first rule's message go, and the second
// one's three days later.
func TestTwoRulesOnOneDay(t *testing.T) {
	offer := testkit.PassRule()
	offer.Name, offer.AfterUse = "offer", nil
	s := newScene(t, testkit.PassRule(), offer)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.Pass(s.Engine())
	rows := func() string {
		return s.Text(`SELECT rule, state, reason, until FROM reminders WHERE step = 'before_end:P30D' ORDER BY rule`)
	}
	s.want("on the day", rows(), "annual-pass|sent|due|\noffer|waiting|frequency_cap|2027-03-04T08:00:00Z")
	s.now = time.Date(2027, time.March, 4, 7, 59, 59, 0, time.UTC)
	s.Pass(s.Engine())
	s.wantLetters(1)
	s.now = s.now.Add(time.Second)
	s.Pass(s.Engine())
	s.want("three days later", rows(), "annual-pass|sent|due|\noffer|sent|due|")
}

// TestBeforeAndAfterTheEndAtOnce: of two messages that may leave at one pass the
// one before the end goes first, and the cap holds the other.
func TestBeforeAndAfterTheEndAtOnce(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.pass("C1", "ann@x.example", "A2", "2027-02-22")
	s.Pass(s.Engine())
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due\nA2 after_end:P7D waiting frequency_cap")
	s.now = s.now.Add(72 * time.Hour)
	s.Pass(s.Engine())
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due\nA2 after_end:P7D sent due")
	s.wantLetters(2)
}

// TestSecondSender: the lock is held by one process alone.
func TestSecondSender(t *testing.T) {
	s := newScene(t)
	first, err := daemon.Lock(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := daemon.Lock(s.Path); !errors.Is(err, daemon.ErrRunning) {
		t.Fatalf("a second lock: %v", err)
	}
	if err := first.Unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := daemon.Lock(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Unlock(); err != nil {
		t.Fatal(err)
	}
}

// TestSecondSenderByAnotherName: a symbolic link to the database, or to its folder,
// is no second database.
func TestSecondSenderByAnotherName(t *testing.T) {
	s := newScene(t)
	other := t.TempDir()
	names := []string{filepath.Join(other, "link.db"), filepath.Join(other, "folder", filepath.Base(s.Path))}
	if err := errors.Join(os.Symlink(s.Path, names[0]), os.Symlink(s.Dir, filepath.Join(other, "folder"))); err != nil {
		t.Fatal(err)
	}
	for _, there := range []bool{true, false} {
		if !there { // before the first opening
			names = names[1:]
			s.Close()
			if err := os.Remove(s.Path); err != nil {
				t.Fatal(err)
			}
		}
		first, err := daemon.Lock(s.Path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if _, err := daemon.Lock(name); !errors.Is(err, daemon.ErrRunning) {
				t.Errorf("a second lock, by the name %s: %v", name, err)
			}
		}
		if err := first.Unlock(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestIdlePassWritesNothing: with nothing due not a byte of the database changes.
func TestIdlePassWritesNothing(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.subscription("C2", "bob@x.example", "A2", "2027-03-31")
	s.Exec(`INSERT INTO customers(ref, time_zone) VALUES ('C3', 'Mars/Olympus')`) // a task that stays open
	e := s.Engine()
	s.Pass(e)
	version, wal := s.Text(`PRAGMA data_version`), s.contents("-wal")
	for range 3 {
		s.now = s.now.Add(10 * time.Minute)
		if summary := s.Pass(e); summary.Households+summary.Messages+summary.Tasks != 0 {
			t.Errorf("an idle pass did something: %+v", summary)
		}
	}
	s.want("data_version", s.Text(`PRAGMA data_version`), version)
	if s.contents("-wal") != wal {
		t.Error("the write-ahead log changed")
	}
}

func (s *scene) contents(suffix string) string {
	s.t.Helper()
	text, err := os.ReadFile(s.Path + suffix)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// TestPlanOnlySendsNothing: it writes down what is due and sends nothing.
func TestPlanOnlySendsNothing(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	e := s.Engine()
	for range 2 {
		if _, err := e.PlanOnly(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	s.want("reminders", s.reminders(), "A1 before_end:P30D due due")
	s.want("messages", s.Text(`SELECT count(*) FROM messages`), "0")
	if s.Post.Tries != 0 {
		t.Errorf("%d tries", s.Post.Tries)
	}
}
