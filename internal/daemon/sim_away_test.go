package daemon_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
)

// TestSimulatedAbsence: the mail server is away for three days, in which three
// hundred reminders become due. One message at a time is tried, no message is
// charged with that, and a person is asked once. When it is back, what still
// makes sense leaves once and at the rate; what became stale says why.
func TestSimulatedAbsence(t *testing.T) {
	notUnderRace(t)
	simulate(t, func(t *testing.T, h *house) {
		h.tune = func(o *daemon.ServeOptions) { o.Engine.Rate, o.Pass = 60, h.schedule("*/10 * * * *") }
		h.terms(1, 100, renewal.KindPass, 30)
		h.terms(101, 200, renewal.KindPass, 31)
		h.terms(201, 280, renewal.KindPass, 32)
		h.terms(281, 285, renewal.KindPass, 1)          // over tomorrow
		h.terms(286, 290, renewal.KindSubscription, 15) // their window closes tomorrow
		h.terms(291, 300, renewal.KindSubscription, 30)
		h.mail.replies(always(away))
		h.start()
		h.until(morning.Add(60 * time.Hour))
		h.want("tasks", h.open(), "5 missed, 1 server_away")
		if got := h.last("STATUS="); !strings.HasPrefix(got, "STATUS=Sending is paused (server_away), next try ") {
			t.Errorf("status: %s", got)
		}
		h.end()
		h.start() // a restart is no reason to try earlier
		h.until(morning.Add(72 * time.Hour))
		tries, staff := h.mail.seen()
		days := map[string]int{}
		for _, try := range tries {
			days[try.at.Format("02")]++
		}
		for day, n := range days {
			if n > 20 {
				t.Errorf("%d tries on 2000-01-%s", n, day)
			}
		}
		if len(days) != 3 || len(staff) > 0 || h.mail.most > 1 {
			t.Errorf("tries on %v, %d mails to staff, %d at once", days, len(staff), h.mail.most)
		}
		h.want("attempts", h.Text(`SELECT sum(attempts), count(*) > 0 FROM messages`), "0|1")
		h.want("in the end", h.Text(`SELECT count(*), state, reason FROM reminders WHERE state = 'skipped' GROUP BY 2, 3`), "5|skipped|missed\n5|skipped|server_away")

		h.mail.replies(nil)
		h.pass(3 * time.Hour)
		h.want("reminders", h.states(), "290 sent due, 5 skipped missed, 5 skipped server_away")
		h.want("messages", h.Text(`SELECT count(*), max(attempts) FROM messages WHERE state = 'sent'`), "290|1")
		h.onceEach()
		all, staff := h.mail.seen()
		byMinute := map[string]int{}
		for _, try := range all[len(tries):] {
			byMinute[try.at.Format("15:04")]++
		}
		for minute, n := range byMinute {
			if n > 61 {
				t.Errorf("%d messages at %s with a rate of 60", n, minute)
			}
		}
		if got := subjects(staff); len(staff) != 2 || strings.Count(got, "renewd: your messages are going out again") != 1 {
			t.Errorf("staff were mailed\n%s", got)
		}
		h.want("tasks", h.open(), "5 missed")
		h.want("how often it was asked", h.Text(`SELECT count(*) FROM staff_tasks WHERE kind = 'server_away'`), "1")
	})
}

// TestSimulatedShortAbsence: nobody is mailed about a server that was away for
// ten minutes.
func TestSimulatedShortAbsence(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.terms(1, 20, renewal.KindPass, 30)
		h.mail.replies(always(away))
		h.start()
		h.pass(10 * time.Minute)
		h.mail.replies(nil)
		h.pass(15 * time.Minute)
		h.want("reminders", h.states(), "20 sent due")
		_, staff := h.mail.seen()
		h.want("staff", subjects(staff), "")
		h.want("tasks", h.open(), "")
		h.want("task that was", h.Text(`SELECT count(*) FROM staff_tasks WHERE kind = 'server_away' AND done_at IS NOT NULL`), "1")
	})
}

// TestSimulatedDaemonAway: the daemon itself is off over the moments; what still
// makes sense leaves once at its return.
func TestSimulatedDaemonAway(t *testing.T) {
	for _, c := range []struct {
		off  time.Duration
		want string
	}{
		{time.Hour, "10 sent due"},
		{3 * 24 * time.Hour, "10 sent due"},
		{40 * 24 * time.Hour, "20 sent due, 30 skipped too_late"},
	} {
		t.Run(fmt.Sprint(c.off), func(t *testing.T) {
			simulate(t, func(t *testing.T, h *house) {
				h.terms(1, 10, renewal.KindPass, 30)
				h.terms(11, 20, renewal.KindPass, 45) // in the window of its second reminder when 40 days are over
				h.start()
				h.end()
				h.pass(c.off)
				h.start()
				h.pass(2 * time.Minute)
				h.want("reminders", h.states(), c.want)
				h.onceEach()
			})
		})
	}
}
