package daemon_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/plan"
	"renewd/internal/renewal"
)

// odd reports whether a simulated customer has an odd number.
func odd(to string) bool { return strings.ContainsAny(to[3:4], "13579") }

// TestSimulatedDeferrals: the server does not take messages for half of the
// recipients, ever. The others do not notice. Those are tried at growing
// distances with the same Message-ID up to their last moment, and nobody is
// suppressed.
func TestSimulatedDeferrals(t *testing.T) {
	notUnderRace(t)
	simulate(t, func(t *testing.T, h *house) {
		h.Settings.Hours = plan.Hours{Close: 24 * 60, Days: [7]bool{true, true, true, true, true, true, true}}
		h.mail.replies(func(t try) reply {
			if odd(t.to) {
				return busy
			}
			return take
		})
		h.start()
		h.terms(1, 40, renewal.KindPass, 0) // over tonight
		h.pass(time.Minute)
		h.want("the first minute", h.states(), "20 sent due, 20 waiting deferred")
		h.until(morning.Add(15 * time.Hour))
		h.want("in their last minute", h.states(), "20 sent due, 20 waiting deferred")
		h.pass(2 * time.Minute)
		h.want("in the end", h.states(), "20 sent due, 20 skipped deferred")
		h.want("tasks", h.open(), "")
		h.want("suppressed", h.Text(`SELECT count(*) FROM suppressions`), "0")
		tries, staff := h.mail.seen()
		at, ids := map[string][]string{}, map[string]string{}
		for _, try := range tries {
			at[try.to] = append(at[try.to], try.at.Format("02 15:04"))
			if id := ids[try.to]; id != "" && id != try.id {
				t.Errorf("%s: tried as %s and as %s", try.to, id, try.id)
			}
			ids[try.to] = try.id
		}
		// 1, 5, 15, 30, 60, 120 minutes later, and then every four hours.
		const want = "[03 08:00 03 08:01 03 08:06 03 08:21 03 08:51 03 09:51 03 11:51 03 15:51 03 19:51]"
		for to, times := range at {
			if got := fmt.Sprint(times); odd(to) && got != want || !odd(to) && got != "[03 08:00]" {
				t.Errorf("%s was tried at %s", to, got)
			}
		}
		if len(at) != 40 || len(staff) > 0 {
			t.Errorf("%d recipients, %d mails to staff", len(at), len(staff))
		}
		h.onceEach()
	})
}

// TestSimulatedGreylisting: who is turned away at first and knocks again is let
// in.
func TestSimulatedGreylisting(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		known := map[string]bool{}
		h.mail.replies(func(t try) reply {
			defer func() { known[t.id] = true }()
			if known[t.id] {
				return take
			}
			return busy
		})
		h.terms(1, 50, renewal.KindPass, 30)
		h.terms(51, 60, renewal.KindSubscription, 30)
		h.start()
		h.pass(2 * time.Minute)
		h.want("reminders", h.states(), "60 sent due")
		h.want("messages", h.Text(`SELECT count(*), min(attempts), max(attempts) FROM messages`), "60|2|2")
		h.onceEach()
	})
}

// TestSimulatedRefusal: the server wants nothing of ours. After a few messages
// nothing more is tried but one an hour, each time another one; nobody is
// suppressed; a person is asked once. `renewd release` tries at once.
func TestSimulatedRefusal(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.terms(1, 100, renewal.KindPass, 30)
		h.mail.replies(always(notYou))
		h.start()
		h.pass(time.Minute)
		tries, _ := h.mail.seen()
		if len(tries) > 4 {
			t.Errorf("%d messages were refused before sending stopped", len(tries))
		}
		h.pass(3 * time.Hour)
		all, _ := h.mail.seen()
		if n := len(all) - len(tries); n != 3 {
			t.Errorf("%d probes in three hours", n)
		}
		seen := map[string]bool{}
		for _, try := range all {
			if seen[try.id] {
				t.Errorf("%s was tried twice, with others there", try.id)
			}
			seen[try.id] = true
		}
		h.want("tasks", h.open(), "1 sender_refused")
		h.want("suppressed", h.Text(`SELECT count(*) FROM suppressions`), "0")
		h.release()
		h.pass(time.Minute)
		if again, _ := h.mail.seen(); len(again) == len(all) || len(again) > len(all)+4 {
			t.Errorf("%d tries after the release", len(again)-len(all))
		}
		h.want("nothing left", h.Text(`SELECT count(*) FROM reminders WHERE state IN ('sent', 'failed', 'uncertain')`), "0")

		h.mail.replies(nil)
		h.pass(time.Hour)
		h.want("reminders", h.states(), "100 sent due")
		h.want("tasks", h.open(), "")
		_, staff := h.mail.seen()
		if len(staff) != 1 || !strings.Contains(subjects(staff), "your messages are going out again") {
			t.Errorf("staff were mailed\n%s", subjects(staff))
		}
		h.onceEach()
	})
}

// TestSimulatedPoison: one message that the server refuses for what it is does
// not keep back the others, and fails in the end.
func TestSimulatedPoison(t *testing.T) {
	for _, connections := range []int{1, 4} {
		t.Run(fmt.Sprint(connections, " connections"), func(t *testing.T) {
			simulate(t, func(t *testing.T, h *house) {
				h.tune = func(o *daemon.ServeOptions) { o.Engine.Connections = connections }
				h.mail.replies(func(t try) reply {
					if t.to == "c007@customer.example" {
						return notYou
					}
					return take
				})
				h.terms(1, 100, renewal.KindPass, 30)
				h.terms(101, 110, renewal.KindPass, 31) // due tomorrow
				h.start()
				h.pass(90 * time.Minute)
				h.want("reminders", h.states(), "99 sent due, 1 waiting sender_refused")
				h.pass(3 * day)
				h.want("reminders, in the end", h.states(), "1 failed rejected, 109 sent due")
				h.want("suppressed", h.Text(`SELECT count(*) FROM suppressions`), "0")
				h.want("tasks", h.open(), "")
				h.onceEach()
			})
		})
	}
}

// TestSimulatedReplies: a mailbox that does not exist is suppressed and concerns
// nobody else; a lost reply leaves a commercial message in doubt, and sends a
// notice again as the same message; a connection that breaks within the contents
// leaves no doubt.
func TestSimulatedReplies(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		first := map[string]reply{
			"c001@customer.example": unknown, "c002@customer.example": lost, "c003@customer.example": breakOff, "c004@customer.example": slow,
			"c011@customer.example": unknown, "c012@customer.example": lost, "c013@customer.example": breakOff, "c014@customer.example": slow}
		h.mail.replies(func(t try) reply {
			defer delete(first, t.to)
			return first[t.to]
		})
		h.terms(1, 5, renewal.KindPass, 30)
		h.terms(11, 15, renewal.KindSubscription, 30)
		h.start()
		h.pass(time.Hour)
		h.want("reminders", h.states(), "2 failed rejected, 7 sent due, 1 uncertain in_doubt")
		h.want("suppressed", h.Text(`SELECT group_concat(address, ' ') FROM (SELECT address FROM suppressions ORDER BY 1)`), "c001@customer.example c011@customer.example")
		h.want("tasks", h.open(), "1 failed, 1 uncertain")
		h.want("taken twice", h.Text(`SELECT to_address FROM messages WHERE doubts > 0 AND state = 'sent'`), "c012@customer.example")
		if n := h.mail.timesTaken(h.Text(`SELECT rfc822_id FROM messages WHERE to_address = 'c012@customer.example'`)); n != 2 {
			t.Errorf("the notice whose reply got lost was taken %d times", n)
		}
	})
}
