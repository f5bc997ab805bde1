package daemon_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

const day = 24 * time.Hour

// TestSimulatedClock: the clock on the wall jumps. By more than a day, nothing
// leaves and a person is asked; after the correction and a release everything
// that still makes sense leaves once. By less than a day nothing is held. Nothing
// is sent twice in any case.
func TestSimulatedClock(t *testing.T) {
	jumps := []time.Duration{3650 * day, 365 * day, 25 * time.Hour, day, 5 * time.Minute, -time.Hour, -day, -25 * time.Hour, -365 * day}
	if raceDetector {
		jumps = []time.Duration{365 * day}
	}
	for _, by := range jumps {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			simulate(t, func(t *testing.T, h *house) {
				h.tune = func(o *daemon.ServeOptions) { o.Pass = h.schedule("*/15 * * * *") }
				h.terms(1, 10, renewal.KindPass, 30)
				h.terms(11, 20, renewal.KindPass, 32) // due on Wednesday
				h.terms(21, 25, renewal.KindSubscription, 46)
				h.start()
				h.pass(time.Minute)
				h.want("at first", h.states(), "10 sent due")

				h.turn(by)
				h.pass(2 * time.Hour)
				held := by.Abs() > day
				if tries, _ := h.mail.seen(); held && len(tries) > 10 {
					t.Errorf("%d messages left while the clock was wrong", len(tries)-10)
				}
				wants := ""
				if held {
					wants = "1 burst"
				}
				h.want("tasks", burstTasks(h), wants)
				if held {
					_, staff := h.mail.seen()
					h.want("mails to staff", fmt.Sprint(len(staff)), "1")
				}

				h.turn(-by)
				h.pass(time.Hour)
				if held {
					if tries, _ := h.mail.seen(); len(tries) > 10 {
						t.Errorf("%d messages left before they were released", len(tries)-10)
					}
					h.release()
				}
				h.pass(3 * day)
				h.want("tasks", burstTasks(h), "")
				h.want("in the end", h.Text(`SELECT state, count(*) FROM reminders WHERE state <> 'planned' GROUP BY 1`), "sent|25")
				h.onceEach()
				h.want("to each customer", h.Text(`SELECT max(n) FROM (SELECT count(*) AS n FROM messages GROUP BY customer_id)`), "1")

				if held { // staff hear of the next jump as they did of this one
					h.turn(2 * day)
					h.pass(time.Hour)
					_, staff := h.mail.seen()
					h.want("mails to staff", fmt.Sprint(len(staff)), "2")
				}
			})
		})
	}
}

func burstTasks(h *house) string {
	if strings.Contains(h.open(), "burst") {
		return "1 burst"
	}
	return ""
}

// TestSimulatedClockInALongRun: the clock jumps while messages leave slowly: the
// next year's reminders do not.
func TestSimulatedClockInALongRun(t *testing.T) {
	notUnderRace(t)
	simulate(t, func(t *testing.T, h *house) {
		h.tune = slowly60
		h.terms(1, 200, renewal.KindPass, 30)
		h.terms(201, 400, renewal.KindPass, 200)
		h.start()
		h.pass(90 * time.Second)
		h.turn(170 * day)
		h.pass(90 * time.Second)
		tries, _ := h.mail.seen()
		h.pass(30 * time.Minute)
		all, _ := h.mail.seen()
		if len(all) != len(tries) || len(tries) > 130 {
			t.Errorf("%d messages left, then %d", len(tries), len(all))
		}
		for _, try := range all {
			if try.to >= "c201" {
				t.Errorf("%s was written to because the clock was wrong", try.to)
			}
		}
	})
}

// TestSimulatedClockUnderWay: the clock jumps while a message is on its way; what
// comes after that message is not decided by the wrong clock.
func TestSimulatedClockUnderWay(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.term(1, renewal.KindPass, 30)
		h.mail.replies(always(slow))
		h.start()
		h.pass(time.Minute)
		h.turn(365 * day)
		h.pass(20 * time.Minute)
		h.want("held", h.open(), "1 burst")
		h.turn(-365 * day)
		h.pass(time.Hour)
		h.release()
		h.pass(time.Hour)
		h.want("reminders", h.Text(`SELECT step, state, substr(due_at, 1, 10) FROM reminders ORDER BY due_at`),
			"before_end:P30D|sent|2000-01-03\nbefore_end:P7D|planned|2000-01-26")
	})
}

// TestSimulatedSummerTime: on the days on which the clocks change, the passes go
// on and every reminder leaves once, on its date.
func TestSimulatedSummerTime(t *testing.T) {
	notUnderRace(t)
	for _, c := range []struct{ name, zone, from string }{
		{"Paris, forward", "Europe/Paris", "2000-03-25"}, {"Paris, back", "Europe/Paris", "2000-10-28"},
		{"Lord Howe, forward", "Australia/Lord_Howe", "2000-08-26"}, {"Sydney, back", "Australia/Sydney", "2000-03-25"},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(t *testing.T, h *house) {
				h.tune = func(o *daemon.ServeOptions) { o.Pass = h.schedule("*/30 * * * *") }
				h.Settings.Zone = testkit.Zone(t, c.zone)
				h.Settings.Hours.Open, h.Settings.Hours.Close = 2*60+30, 4*60 //from the hour on that is not there, or is there twice
				h.Settings.Hours.Days = [7]bool{true, true, true, true, true, true, true}
				from, err := time.ParseInLocation("2006-01-02 15:04:05", c.from+" 12:00:30", h.Settings.Zone)
				if err != nil {
					t.Fatal(err)
				}
				h.until(from)
				for n := range 2 {
					h.terms(10*n+1, 10*n+5, renewal.KindPass, 30+n+1)
				}
				h.start()
				passes := len(h.heard("STATUS="))
				h.pass(2 * day)
				if n := len(h.heard("STATUS=")) - passes; n != 2*24*2 {
					t.Errorf("%d passes in two days, want %d", n, 2*24*2)
				}
				h.want("sent", h.states(), "10 sent due")
				h.onceEach()
				tries, _ := h.mail.seen()
				for _, try := range tries {
					at := renewal.LocalDate(try.at, h.Settings.Zone)
					n := int(try.to[2]-'0')*10 + int(try.to[3]-'0')
					if wanted := renewal.LocalDate(from, h.Settings.Zone) + 1 + renewal.Date(n/10); at != wanted {
						t.Errorf("%s was written to at %s (%s), want %s", try.to, try.at, at, wanted)
					}
				}
			})
		})
	}
}
