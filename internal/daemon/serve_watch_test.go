package daemon_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
)

// gauge returns what a scrape finds under a name with its labels; the empty text
// where it finds nothing.
func (h *house) gauge(series string) string {
	h.t.Helper()
	found, err := h.process.server.Standing()
	if err != nil {
		h.t.Fatal(err)
	}
	return found[series]
}

// unixOf is an instant as a gauge has it.
func unixOf(t *testing.T, stamp string) string {
	t.Helper()
	at, err := renewal.ParseStamp(stamp)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(at.Unix())
}

// problems writes what Health lists, with its verdict.
func (h *house) problems() string {
	health := h.process.server.Health(h.t.Context())
	kinds := []string{fmt.Sprint(health.OK)}
	for _, p := range health.Problems {
		kinds = append(kinds, p.Kind)
	}
	return strings.Join(kinds, " ")
}

// TestServeChoreFails: a backup that failed is a problem until one succeeds,
// whatever else succeeds in between, and a new configuration does not hide it; the
// instant of the last good one stays. Without backups there is no such problem.
func TestServeChoreFails(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		const lastBackup, lastPurge = "renewd_last_backup_timestamp_seconds", "renewd_last_purge_timestamp_seconds"
		dir := filepath.Join(t.TempDir(), "backups")
		plan := daemon.BackupPlan{Dir: dir, Keep: 2}
		h.tune = func(o *daemon.ServeOptions) {
			o.Pass, o.Backup, o.Purge, o.Backups = h.schedule("0 * * * *"), h.schedule("30 2 * * *"), h.schedule("0 4 * * *"), plan
		}
		h.start()
		h.want("no chore so far", h.gauge(lastBackup)+h.gauge(lastPurge), "")
		h.pass(day)
		h.want("backup", h.gauge(lastBackup), unixOf(t, "2000-01-04T01:30:00Z"))
		h.want("purge", h.gauge(lastPurge), unixOf(t, "2000-01-04T03:00:00Z"))
		h.end()
		h.start()
		h.want("backup, after a restart", h.gauge(lastBackup), unixOf(t, "2000-01-04T01:30:00Z"))

		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir, nil, 0o600); err != nil { // in the place of the folder
			t.Fatal(err)
		}
		for range 2 {
			h.pass(day)
			h.want("problems", h.problems(), "false backup")
		}
		health := h.process.server.Health(t.Context())
		h.want("since", health.Problems[0].Since.Format(time.DateTime), "2000-01-05 01:30:00")
		h.want("backup", h.gauge(lastBackup), unixOf(t, "2000-01-04T01:30:00Z"))
		h.want("purge", h.gauge(lastPurge), unixOf(t, "2000-01-06T03:00:00Z"))

		h.hangup <- struct{}{}
		h.pass(time.Second)
		h.want("after a reload", h.problems(), "false backup")
		plan.Dir = ""
		h.hangup <- struct{}{}
		h.pass(time.Second)
		h.want("without backups", h.problems(), "true")
		plan.Dir = dir
		h.hangup <- struct{}{}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		h.pass(day)
		h.want("after the folder is back", h.problems(), "true")
		h.want("backup", h.gauge(lastBackup), unixOf(t, "2000-01-07T01:30:00Z"))
	})
}

// TestServeUnsettled: reminders in doubt and those that failed are counted; a task
// about doubt is listed, staff are mailed about it once, and the daemon is well.
func TestServeUnsettled(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.start()
		h.term(1, renewal.KindPass, 30)
		h.term(2, renewal.KindPass, 30)
		h.mail.replies(func(t try) reply {
			switch t.to {
			case "c001@customer.example":
				return lost
			case "c002@customer.example":
				return unknown
			}
			return take
		})
		h.pass(3 * time.Minute)
		h.want("reminders", h.states(), "1 failed rejected, 1 uncertain in_doubt")
		h.want("uncertain", h.gauge("renewd_reminders reason=in_doubt state=uncertain"), "1")
		h.want("failed", h.gauge("renewd_reminders reason=rejected state=failed"), "1")
		h.want("problems", h.problems(), "true uncertain")
		_, staff := h.mail.seen()
		if len(staff) != 1 || subjectOf(staff[0].raw) != "renewd: a message may not have arrived" {
			t.Errorf("staff were mailed %s", subjects(staff))
		}
	})
}

// TestServeNotes: what a reload could not follow is listed until it is gone.
func TestServeNotes(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		var notes []string
		h.tune = func(o *daemon.ServeOptions) { o.Notes = notes }
		h.start()
		h.want("at first", h.problems(), "true")
		notes = []string{"that takes a restart"}
		h.hangup <- struct{}{}
		h.pass(2 * time.Minute)
		h.want("noted", h.problems(), "true configuration")
		h.want("text", h.process.server.Health(t.Context()).Problems[0].Text, "that takes a restart")
		notes = nil
		h.hangup <- struct{}{}
		h.pass(2 * time.Minute)
		h.want("gone", h.problems(), "true")
	})
}

// TestServeJumpNotRecorded: a jump of the clock that cannot be recorded is not
// forgotten: until it is, nothing leaves and nothing is decided.
func TestServeJumpNotRecorded(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.start()
		h.term(1, renewal.KindPass, 40)
		h.pass(time.Minute)
		h.want("at first", h.states(), "")
		h.Exec(`CREATE TRIGGER refused BEFORE INSERT ON meta WHEN NEW.key = 'clock_jumped' BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
		h.turn(10 * day)
		h.pass(10 * time.Minute)
		h.want("problems", h.problems(), "false pass")
		h.hangup <- struct{}{} // another engine knows it as well
		h.pass(10 * time.Minute)
		h.want("while it is not recorded", h.states(), "")
		h.Exec(`DROP TRIGGER refused`)
		h.pass(10 * time.Minute)
		h.want("once it is", h.open(), "1 burst")
		if tries, _ := h.mail.seen(); len(tries) > 0 {
			t.Errorf("%d messages left", len(tries))
		}
		h.release()
		h.pass(time.Minute)
		h.want("released", h.states(), "1 sent released")
	})
}
