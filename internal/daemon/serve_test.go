package daemon_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
)

// TestServe: the daemon says that it is ready, looks every minute, says what is
// due and what comes next, and says that it stops.
func TestServe(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.term(1, renewal.KindPass, 30) // due at nine, half a minute from now
		h.term(2, renewal.KindPass, 31)
		if len(h.said) > 0 {
			t.Errorf("said before the start: %v", h.said)
		}
		h.start()
		if all := h.heard(""); !strings.HasPrefix(all[0].text, "READY=1\n") || len(h.heard("READY=1")) != 1 {
			t.Errorf("at the start the service manager was told %v", all)
		}
		h.want("status", h.last("STATUS="), "STATUS=0 due, 0 waiting, next look 2000-01-03 09:00")
		h.pass(time.Minute)
		h.want("reminders", h.states(), "1 sent due")
		h.want("status", h.last("STATUS="), "STATUS=0 due, 0 waiting, next look 2000-01-04 09:00")
		if tries, _ := h.mail.seen(); len(tries) != 1 || tries[0].at.Format(time.DateTime) != "2000-01-03 08:00:00" {
			t.Errorf("tries: %v", tries)
		}
		passes := len(h.heard("STATUS="))
		h.pass(time.Hour)
		if n := len(h.heard("STATUS=")) - passes; n != 60 {
			t.Errorf("%d passes in an hour, want 60", n)
		}
		if health := h.process.server.Health(t.Context()); !health.OK || len(health.Problems) > 0 {
			t.Errorf("health: %+v", health)
		}
		h.end()
		h.want("last words", h.last(""), "STOPPING=1\nSTATUS=Ending the messages that are under way")
		if strings.Contains(h.logged(), "@") {
			t.Error("an address is in the log")
		}
	})
}

// TestServeLands: at the end messages whose contents have begun get their reply,
// and what came of them is written down; those that had not begun are given back.
func TestServeLands(t *testing.T) {
	for _, c := range []struct {
		name   string
		grace  time.Duration
		atEnd  string
		after  string
		log    string
		twice  int // how often the one that was cut off is taken
		stalls reply
	}{
		{"in time", 10 * time.Minute, "1 sent due", "1 sent due", "", 1, slow},
		{"not in time", time.Minute, "1 sending due", "1 uncertain in_doubt", "did not end in time", 1, slow},
		{"before the first byte", time.Minute, "1 due due", "1 sent due", "", 1, stall},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(t *testing.T, h *house) {
				h.term(1, renewal.KindPass, 30)
				h.grace = c.grace
				h.mail.replies(always(c.stalls))
				h.start()
				h.pass(time.Minute)
				begun := time.Now()
				p := h.process
				h.end()
				if took := time.Since(begun); took > c.grace {
					t.Errorf("the end took %s", took)
				}
				h.want("at the end", h.states(), c.atEnd)
				if !strings.Contains(h.logged(), c.log) {
					t.Errorf("the log says nothing of %q", c.log)
				}
				h.mail.replies(nil)
				close(p.line.cut)
				h.pass(time.Second)
				h.start()
				h.pass(time.Minute)
				h.want("after the next start", h.states(), c.after)
				for id, n := range h.mail.taken {
					if n != c.twice {
						t.Errorf("%s was taken %d times, want %d", id, n, c.twice)
					}
				}
			})
		})
	}
}

// TestServeTriesAgain: a pass that fails is tried again within seconds, says so,
// and says so when it is over.
func TestServeTriesAgain(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.start()
		h.term(1, renewal.KindPass, 30)
		h.Exec(`CREATE TRIGGER refused BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
		h.pass(10 * time.Minute)
		if got := h.last("STATUS="); !strings.HasPrefix(got, "STATUS=Passes fail since 09:00: ") || !strings.Contains(got, "disk is full") {
			t.Errorf("status: %s", got)
		}
		if health := h.process.server.Health(t.Context()); health.OK || health.Problems[0].Kind != "pass" {
			t.Errorf("health: %+v", health)
		}
		if n := strings.Count(h.logged(), "a pass failed"); n != 1 {
			t.Errorf("%d lines about the same trouble", n)
		}
		h.want("tries", fmt.Sprint(len(h.mail.tries)), "0")
		h.Exec(`DROP TRIGGER refused`)
		h.pass(11 * time.Second)
		h.want("reminders", h.states(), "1 sent due")
		if !strings.Contains(h.logged(), "passes succeed again") {
			t.Error("the log does not say that it is over")
		}
		h.want("status", h.last("STATUS="), "STATUS=0 due, 0 waiting, next look "+h.Text(`SELECT substr(min(due_at), 1, 10) FROM reminders WHERE state = 'planned'`)+" 09:00")
	})
}

// TestServeWatchdog: the service manager gets its sign of life while nothing
// happens, while messages leave slowly, and while every connection stalls; and
// none when the passes hang.
func TestServeWatchdog(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		hang := make(chan struct{})
		close(hang)
		rate := 0
		h.watchdog = 30 * time.Second
		h.tune = func(o *daemon.ServeOptions) {
			o.Engine.Rate = rate
			o.Refresh = func() (*daemon.Edited, error) { <-hang; return nil, nil }
		}
		h.start()
		fed := func(what string, d time.Duration, want bool) {
			t.Helper()
			before := len(h.heard("WATCHDOG=1"))
			h.pass(d)
			got := len(h.heard("WATCHDOG=1")) - before
			if least := int(d/(10*time.Second)) - 1; want && got < least || !want && got > 6 {
				t.Errorf("%s: fed %d times in %s", what, got, d)
			}
		}
		fed("idle", 10*time.Minute, true)

		rate = 6
		h.hangup <- struct{}{}
		h.terms(1, 60, renewal.KindPass, 30)
		fed("slow", 8*time.Minute, true)
		if n := len(h.mail.tries); n < 40 || n > 50 {
			t.Errorf("%d tries in eight minutes at six a minute", n)
		}
		rate = 0
		h.hangup <- struct{}{}
		h.pass(time.Minute)
		h.want("reminders", h.states(), "60 sent due")

		h.mail.replies(always(stall))
		h.terms(61, 80, renewal.KindPass, 30)
		fed("all stalled", 9*time.Minute, true)
		h.mail.replies(nil)
		fed("and on", 12*time.Minute, true)
		h.want("reminders", h.states(), "80 sent due")

		hang = make(chan struct{})
		fed("hanging", 10*time.Minute, false)
		if !strings.Contains(h.logged(), "the watchdog is not fed") {
			t.Error("the log does not say why")
		}
		close(hang)
		h.pass(time.Minute)
		fed("freed", 5*time.Minute, true)
	})
}

// TestServeReload: a good configuration is followed at once, also in the middle of
// a long run; a broken one leaves the old one running.
func TestServeReload(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		rate := 6
		h.tune = func(o *daemon.ServeOptions) { o.Engine.Rate = rate }
		h.start()
		h.terms(1, 300, renewal.KindPass, 30)
		h.pass(10 * time.Minute)
		if n := len(h.mail.tries); n < 50 || n > 60 {
			t.Errorf("%d tries in ten minutes at six a minute", n)
		}
		rate = 600
		h.hangup <- struct{}{}
		h.pass(2 * time.Minute)
		h.want("reminders", h.states(), "300 sent due")
		h.want("said", h.last("READY=1"), "READY=1\nSTATUS=The configuration was read again")
		reloading := h.heard("RELOADING=1")
		if len(reloading) != 1 || !strings.Contains(reloading[0].text, "\nSTATUS=") {
			t.Errorf("said: %v", reloading)
		}
		h.onceEach()

		h.reload = func() (daemon.ServeOptions, error) {
			return daemon.ServeOptions{}, errors.New("config.toml:3:1: no key \"nonsense\"\nand more")
		}
		h.hangup <- struct{}{}
		h.terms(301, 310, renewal.KindPass, 30)
		h.pass(time.Minute)
		h.want("said", h.last("READY=1"), "READY=1\nSTATUS=The new configuration is broken, the old one goes on: config.toml:3:1: no key \"nonsense\"")
		h.want("reminders", h.states(), "310 sent due")
		if got := h.last("STATUS="); !strings.HasPrefix(got, "STATUS=The new configuration is broken, the old one goes on; 0 due") {
			t.Errorf("status: %s", got)
		}
		if health := h.process.server.Health(t.Context()); !health.OK || len(health.Problems) != 1 || health.Problems[0].Kind != "configuration" {
			t.Errorf("health: %+v", health)
		}

		// Other rules: the ten days before are a moment now.
		h.reload = nil
		h.Settings.Rules[0].BeforeEnd = append(h.Settings.Rules[0].BeforeEnd, renewal.Days(3))
		h.term(400, renewal.KindPass, 3)
		h.hangup <- struct{}{}
		h.pass(time.Minute)
		h.want("step", h.Text(`SELECT step FROM reminders AS r JOIN agreements AS a ON a.id = r.agreement_id WHERE a.ref = 'A400' AND r.state = 'sent'`), "before_end:P3D")
		if health := h.process.server.Health(t.Context()); len(health.Problems) > 0 {
			t.Errorf("health: %+v", health)
		}
	})
}

// TestServeStalledConnection: a connection that does not get on holds up neither
// the other messages nor what becomes due meanwhile.
func TestServeStalledConnection(t *testing.T) {
	for name, r := range map[string]reply{"before the contents": stall, "after the last byte": slow} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, h *house) {
				h.mail.replies(func(t try) reply {
					if t.to == "c007@customer.example" {
						return r
					}
					return take
				})
				h.start()
				h.terms(1, 50, renewal.KindPass, 30)
				h.pass(time.Minute)
				h.want("reminders", h.states(), "1 sending due, 49 sent due")
				if got := h.last("STATUS="); !strings.Contains(got, "1 under way") {
					t.Errorf("status: %s", got)
				}
				h.term(60, renewal.KindSubscription, 30)
				h.pass(time.Minute)
				h.want("reminders", h.states(), "1 sending due, 50 sent due")
				h.pass(9 * time.Minute)
				h.want("reminders", h.states(), "51 sent due")
				h.onceEach()
			})
		})
	}
}
