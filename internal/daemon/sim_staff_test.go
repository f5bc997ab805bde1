package daemon_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
)

func slowly60(o *daemon.ServeOptions) { o.Engine.Rate = 60 }

// TestSimulatedStaff: for each cause staff get one mail, in the business's
// language, and about further tasks of the same cause one an hour at most.
func TestSimulatedStaff(t *testing.T) {
	for _, c := range []struct {
		name, subject string
		// cause leads to the k-th task.
		cause func(h *house, k int)
		again bool // further causes are further tasks
	}{
		{"burst", "renewd : des messages attendent votre accord", func(h *house, k int) {
			h.Settings.Burst = 5
			h.hangup <- struct{}{}
			h.terms(20*k, 20*k+10, renewal.KindPass, 10)
		}, false},
		{"missed", "renewd : un avis n’est pas parti à temps", func(h *house, k int) {
			h.mail.replies(func(t try) reply {
				if t.to == staffAddress {
					return take
				}
				return busy
			})
			h.term(k, renewal.KindSubscription, 14) // the window closes today
			h.until(time.Date(2000, time.January, 3, 22, 59, 30, 0, time.UTC))
		}, false},
		{"failed", "renewd : un avis a été refusé", func(h *house, k int) {
			h.mail.replies(func(t try) reply {
				if t.to == staffAddress {
					return take
				}
				return unknown
			})
			h.term(k, renewal.KindSubscription, 30)
		}, true},
		{"template_error", "renewd : un modèle de lettre contient une erreur", func(h *house, k int) {
			h.Letters = fstest.MapFS{"pass-renewal.fr.md": &fstest.MapFile{Data: []byte("---\nsubject: {{.Nonsense}}\n---\nBonjour\n")}}
			h.hangup <- struct{}{}
			h.term(k, renewal.KindPass, 30)
		}, false},
		{"copy", "renewd : rien ne part avant votre décision", func(h *house, k int) {
			h.term(k, renewal.KindPass, 30)
			h.pass(time.Minute)
			h.Instance.Name = "another"
			h.hangup <- struct{}{}
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(t *testing.T, h *house) {
				h.Settings.Locale = "fr"
				if c.name == "missed" { // which takes until midnight
					h.tune = func(o *daemon.ServeOptions) { o.Pass = h.schedule("*/10 * * * *") }
				}
				h.start()
				h.pass(time.Minute)
				c.cause(h, 1)
				h.pass(2 * time.Minute)
				_, staff := h.mail.seen()
				if got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(subjects(staff)); len(staff) != 1 || !strings.HasSuffix(got, c.subject) {
					t.Fatalf("staff were mailed\n%s\nopen: %s, %s", got, h.open(), h.states())
				}
				for k := 2; c.again && k < 5; k++ {
					c.cause(h, k)
					h.pass(10 * time.Minute)
				}
				_, staff = h.mail.seen()
				h.want("mails within the hour", fmt.Sprint(len(staff)), "1")
				h.pass(2 * time.Hour)
				_, staff = h.mail.seen()
				want := 1
				if c.again {
					want = 2
				}
				h.want("mails in the end", fmt.Sprint(len(staff)), fmt.Sprint(want))
			})
		})
	}
}

// TestSimulatedStaffLater: a mail to staff that the server does not take is
// tried again at growing distances, and told once.
func TestSimulatedStaffLater(t *testing.T) {
	for name, r := range map[string]reply{"busy": busy, "away": away} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, h *house) {
				h.Settings.Burst = 5
				h.tune = func(o *daemon.ServeOptions) { o.Pass = h.schedule("*/5 * * * *") }
				h.start()
				h.mail.replies(always(r))
				h.terms(1, 10, renewal.KindPass, 10)
				h.pass(6 * time.Hour)
				_, staff := h.mail.seen()
				if len(staff) < 5 || len(staff) > 10 {
					t.Errorf("%d tries in six hours", len(staff))
				}
				so := len(staff)
				h.mail.replies(nil)
				h.pass(6 * time.Hour)
				_, staff = h.mail.seen()
				h.want("mails after that", fmt.Sprint(len(staff)-so), "1")
			})
		})
	}
}

// TestSimulatedStaffSlowly: a mail to staff that takes 100 seconds holds up no
// notice, and staff hear of what happened meanwhile in the next one; one that is
// under way at the end is waited for.
func TestSimulatedStaffSlowly(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.watchdog = 30 * time.Second
		h.mail.replies(func(t try) reply {
			switch {
			case t.to == staffAddress:
				return late
			case t.to < "c005":
				return unknown
			}
			return take
		})
		h.start()
		h.term(1, renewal.KindSubscription, 30) // fails at nine
		h.pass(time.Minute)
		_, staff := h.mail.seen()
		h.want("under way", fmt.Sprint(len(staff)), "1")
		begun := staff[0].at

		h.term(2, renewal.KindSubscription, 30) // fails while staff are mailed
		h.term(5, renewal.KindSubscription, 30)
		fed := len(h.heard("WATCHDOG=1"))
		h.pass(time.Minute)
		h.want("reminders", h.states(), "2 failed rejected, 1 sent due")
		customers, staff := h.mail.seen()
		for _, try := range customers {
			if try.to == "c005@customer.example" && try.at.Sub(begun) > 61*time.Second {
				t.Errorf("a notice left %s after the mail to staff", try.at.Sub(begun))
			}
		}
		h.want("mails to staff, one at most", fmt.Sprint(len(staff)), "1")
		if n := len(h.heard("WATCHDOG=1")) - fed; n < 5 {
			t.Errorf("the watchdog was fed %d times in a minute", n)
		}

		h.pass(65 * time.Minute) // the next one is under way
		h.end()
		_, staff = h.mail.seen()
		h.want("mails to staff in the end", fmt.Sprint(len(staff)), "2")
		h.want("told", h.Text(`SELECT count(*), count(told_at), count(DISTINCT told_at) FROM staff_tasks`), "2|2|2")
	})
}
