package daemon_test

import (
	"bytes"
	"testing"
	"testing/fstest"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

// betweenPlanAndClaim has f called once, when the first pass has planned what is
// due, has looked in vain for more, and has claimed nothing yet. Once something is
// due the engine asks for the time when it looks for more, and then just before it
// takes over the database, which is nobody's until the first claim.
func (s *scene) betweenPlanAndClaim(f func()) {
	called, asked := false, 0
	s.onClock = func() {
		if called || s.Text(`SELECT 1 FROM reminders WHERE state = 'due' LIMIT 1`) == "" {
			return
		}
		if asked++; asked < 2 {
			return
		}
		called = true
		if s.Text(`SELECT count(*) FROM messages`) != "0" {
			s.t.Error("too late: something is claimed")
		}
		f()
	}
	s.t.Cleanup(func() {
		if !called {
			s.t.Error("no reminder was planned before the claim")
		}
	})
}

// TestFactsBetweenPlanAndClaim: what is committed on another connection after a
// message was planned, and before it is claimed, still stops it.
func TestFactsBetweenPlanAndClaim(t *testing.T) {
	for _, c := range []struct {
		name string
		fact func(s *scene)
		want string
	}{
		{"nothing", func(*scene) {}, "A1 before_end:P30D sent due"},
		{"complaint", func(s *scene) { s.AddEvent(testkit.Event{Type: renewal.ComplaintEvent, Customer: "C1"}) },
			"A1 before_end:P30D waiting complaint"},
		{"complaint while the claim waits for its turn", func(s *scene) {
			s.now = s.now.Add(2 * time.Second)
			s.AddEvent(testkit.Event{Type: renewal.ComplaintEvent, Customer: "C1"})
		}, "A1 before_end:P30D waiting complaint"},
		{"complaint of somebody at the same address", func(s *scene) {
			s.AddCustomer(testkit.Customer{Ref: "C2", Email: "ANN@x.example "})
			s.AddEvent(testkit.Event{Type: renewal.ComplaintEvent, Customer: "C2"})
		}, "A1 before_end:P30D waiting complaint"},
		{"cancel", func(s *scene) { s.AddEvent(testkit.Event{Type: renewal.Cancel, Agreement: "A1"}) }, "A1 before_end:P30D skipped cancelled"},
		{"cancelled_on", func(s *scene) { s.Exec(`UPDATE agreements SET cancelled_on = '2027-03-01'`) }, "A1 before_end:P30D skipped cancelled"},
		{"payment", func(s *scene) { s.AddEvent(testkit.Event{Type: renewal.Payment, Agreement: "A1", Until: "2028-03-31"}) },
			"A1 before_end:P30D skipped renewed"},
		{"a new end", func(s *scene) { s.Exec(`UPDATE agreements SET ends_on = '2028-03-31'`) }, "A1 before_end:P30D skipped renewed"},
		{"unsubscribe", func(s *scene) { s.AddEvent(testkit.Event{Type: renewal.Unsubscribe, Customer: "C1"}) }, "A1 before_end:P30D skipped unsubscribed"},
		{"spam report", func(s *scene) { s.AddEvent(testkit.Event{Type: renewal.SpamReport, Customer: "C1"}) }, "A1 before_end:P30D skipped spam_report"},
		{"bounce", func(s *scene) { s.AddEvent(testkit.Event{Type: renewal.Bounce, Customer: "C1"}) }, "A1 before_end:P30D skipped bounced"},
		{"no address", func(s *scene) { s.Exec(`UPDATE customers SET email = ''`) }, "A1 before_end:P30D skipped no_address"},
		{"a zone that is none", func(s *scene) { s.Exec(`UPDATE customers SET time_zone = 'Mars/Olympus'`) }, "A1 before_end:P30D waiting bad_data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.pass("C1", "ann@x.example", "A1", "2027-03-31")
			s.betweenPlanAndClaim(func() { c.fact(s) })
			summary := s.Pass(s.Engine())
			s.want("reminders", s.reminders(), c.want)
			if c.name != "nothing" && summary.Households != 1 {
				t.Errorf("%d households were planned, so the fact did not come between plan and claim", summary.Households)
			}
			letters := 0
			if c.name == "nothing" {
				letters = 1
			}
			s.wantLetters(letters)
		})
	}
}

// TestComplaintLeavesNoticesAndReceipts: a complaint between planning and
// claiming stops no notice, which then is the sober one, and no receipt.
func TestComplaintLeavesNoticesAndReceipts(t *testing.T) {
	s := newScene(t)
	for name, subject := range map[string]string{"auto-renewal-notice.en.md": "With offers", "auto-renewal-notice.sober.en.md": "Sober", "renewal-confirmation.en.md": "Receipt"} {
		s.Letters[name] = &fstest.MapFile{Data: []byte("---\nsubject: " + subject + "\n---\nHello\n")}
	}
	s.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	s.subscription("C1", "ann@x.example", "A2", "2027-03-01")
	s.pass("C1", "ann@x.example", "A3", "2027-03-31")
	s.AddEvent(testkit.Event{Type: renewal.Payment, Agreement: "A2"})
	s.betweenPlanAndClaim(func() { s.AddEvent(testkit.Event{Type: renewal.ComplaintEvent, Customer: "C1"}) })
	s.Pass(s.Engine())
	s.want("reminders", s.Text(`SELECT a.ref || ' ' || r.step || ' ' || r.state || ' ' || r.reason FROM reminders AS r
		JOIN agreements AS a ON a.id = r.agreement_id WHERE r.state <> 'planned' AND r.reason <> 'before_our_time' ORDER BY a.ref, r.step`),
		"A1 notice sent due\nA2 on:renewal sent due\nA3 before_end:P30D waiting complaint")
	sober, receipts := 0, 0
	for _, raw := range s.Post.Letters(t) {
		if bytes.Contains(raw, []byte("Subject: Sober")) {
			sober++
		}
		if bytes.Contains(raw, []byte("Subject: Receipt")) {
			receipts++
		}
	}
	if sober != 1 || receipts != 1 {
		t.Errorf("%d sober notices and %d receipts", sober, receipts)
	}
}
