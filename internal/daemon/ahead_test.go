package daemon_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

// TestFactsBetweenLookAndClaim: what is committed on another connection after a
// household was read and decided about, and before its message is claimed, still
// stops the message; and a household about which nothing came is not read again.
func TestFactsBetweenLookAndClaim(t *testing.T) {
	for _, c := range []struct {
		name     string
		fact     func(s *scene)
		messages int
		want     string
	}{
		{"nothing", func(*scene) {}, 1, "due due"},
		{"complaint", func(s *scene) { s.AddEvent(testkit.Event{Type: renewal.ComplaintEvent, Customer: "C1"}) }, 0, "waiting complaint"},
		{"complaint of somebody new at the same address", func(s *scene) {
			s.AddCustomer(testkit.Customer{Ref: "C2", Email: "ANN@x.example "})
			s.AddEvent(testkit.Event{Type: renewal.ComplaintEvent, Customer: "C2"})
		}, 0, "waiting complaint"},
		{"complaint of somebody who moves to the address", func(s *scene) {
			s.AddEvent(testkit.Event{Type: renewal.ComplaintEvent, Customer: "C3"})
			s.Exec(`UPDATE customers SET next_look_at = NULL WHERE ref = 'C3'`)
			s.Exec(`UPDATE customers SET email = 'ann@x.example' WHERE ref = 'C3'`)
		}, 0, "waiting complaint"},
		{"cancel", func(s *scene) { s.AddEvent(testkit.Event{Type: renewal.Cancel, Agreement: "A1"}) }, 0, "skipped cancelled"},
		{"a new end", func(s *scene) { s.Exec(`UPDATE agreements SET ends_on = '2028-03-31'`) }, 0, "skipped renewed"},
		{"payment", func(s *scene) { s.AddEvent(testkit.Event{Type: renewal.Payment, Agreement: "A1", Until: "2028-03-31"}) }, 0, "skipped renewed"},
		{"another address", func(s *scene) { s.Exec(`UPDATE customers SET email = '' WHERE ref = 'C1'`) }, 0, "skipped no_address"},
		{"a look by another process", func(s *scene) {
			s.Exec(`UPDATE customers SET next_look_at = '2027-03-02T00:00:00Z' WHERE ref = 'C1'`)
			s.Exec(`UPDATE reminders SET state = 'waiting', reason = 'burst', burst = 2 WHERE state = 'due'`)
		}, 0, "waiting burst"},
		{"a second goes by", func(s *scene) { s.now = s.now.Add(time.Second) }, 1, "due due"},
		{"the night comes", func(s *scene) { s.now = s.now.Add(10 * time.Hour) }, 0, "waiting outside_hours"},
		{"the moment goes by and the next comes", func(s *scene) { s.now = s.now.AddDate(0, 0, 29) }, 1, "skipped too_late"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.AddCustomer(testkit.Customer{Ref: "C3", Email: "cleo@x.example"})
			s.pass("C1", "ann@x.example", "A1", "2027-03-31")
			e := s.Engine()
			if _, err := e.PlanOnly(context.Background()); err != nil {
				t.Fatal(err)
			}
			seen, messages, err := e.ClaimAround(context.Background(), func() { c.fact(s) })
			if err != nil || seen != 1 || messages != c.messages {
				t.Errorf("%d households seen, %d messages, %v", seen, messages, err)
			}
			s.want("the reminder", s.Text(`SELECT state || ' ' || reason FROM reminders WHERE step = 'before_end:P30D' AND ends_on = '2027-03-31'`), c.want)
		})
	}
}

// TestDeletedBetweenLookAndClaim: a customer who is gone by the time of the claim
// keeps nobody else's message back.
func TestDeletedBetweenLookAndClaim(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.pass("C2", "bea@x.example", "A2", "2027-03-31")
	e := s.Engine()
	if _, err := e.PlanOnly(context.Background()); err != nil {
		t.Fatal(err)
	}
	_, messages, err := e.ClaimAround(context.Background(), func() {
		s.Exec(`DELETE FROM agreements WHERE ref = 'A1'`)
		s.Exec(`DELETE FROM customers WHERE ref = 'C1'`)
	})
	if err != nil || messages != 1 {
		t.Errorf("%d messages, %v", messages, err)
	}
}

// TestFactsWhileOthersLeave: the next households are looked at while the messages
// of the last claim leave; a complaint that comes with the first of those stops
// all that are not claimed yet.
func TestFactsWhileOthersLeave(t *testing.T) {
	s := newScene(t)
	for n := range 60 {
		s.pass(fmt.Sprintf("C%02d", n), fmt.Sprintf("c%02d@x.example", n), fmt.Sprintf("A%02d", n), "2027-03-31")
	}
	options := s.Options()
	complained := 0
	options.Sent = func(daemon.Report) {
		if complained > 0 {
			return
		}
		for _, row := range s.Rows(`SELECT c.ref FROM reminders AS r JOIN customers AS c ON c.id = r.customer_id WHERE r.state = 'due'`) {
			s.AddEvent(testkit.Event{Type: renewal.ComplaintEvent, Customer: row[0]})
			complained++
		}
	}
	e, err := daemon.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Pass(e)
	if complained == 0 || complained == 60 {
		t.Errorf("%d complaints", complained)
	}
	s.wantLetters(60 - complained)
	s.want("held", s.Text(`SELECT count(*) FROM reminders WHERE state = 'waiting' AND reason = 'complaint'`), fmt.Sprint(complained))
}

// TestStateFileMended: while the state file cannot be written nothing leaves; once
// it is there again no pass complains of it, not even one that has nothing to
// write, and everything leaves.
func TestStateFileMended(t *testing.T) {
	s := newScene(t)
	for _, n := range []string{"1", "2", "3"} {
		s.pass("C"+n, "c"+n+"@x.example", "A"+n, "2027-03-31")
	}
	e, path := s.Engine(), s.Options().Instance.StateFile
	var kept []byte
	s.onClock = func() { // from the claim's taking over on
		if kept != nil || s.Text(`SELECT value FROM meta WHERE key = 'owner'`) == "" {
			return
		}
		var err error
		if kept, err = os.ReadFile(path); err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := e.Pass(context.Background()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("without its state file: %v", err)
	}
	s.wantLetters(0)
	s.onClock = nil
	if err := os.WriteFile(path, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(12 * time.Hour) // in the night there is nothing to claim, and nothing to write
	if summary, err := e.Pass(context.Background()); err != nil || summary.Messages != 0 {
		t.Errorf("in the night: %d messages, %v", summary.Messages, err)
	}
	s.now = s.now.Add(12 * time.Hour)
	if summary, err := e.Pass(context.Background()); err != nil || summary.Messages != 3 {
		t.Errorf("with its state file again: %d messages, %v", summary.Messages, err)
	}
	s.wantLetters(3)
}
