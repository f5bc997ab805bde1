package daemon_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

// TestServeBackups: a backup every night, the next start makes up for a missed
// one, and only as many as asked for stay.
func TestServeBackups(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		dir := filepath.Join(t.TempDir(), "backups")
		h.tune = func(o *daemon.ServeOptions) {
			o.Pass, o.Backup = h.schedule("0 * * * *"), h.schedule("30 2 * * *")
			o.Backups = daemon.BackupPlan{Dir: dir, Keep: 2}
		}
		made := func() string {
			t.Helper()
			paths, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for i := range paths {
				paths[i] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(paths[i]), "renewd-"), ".backup.db")
			}
			return strings.Join(paths, " ")
		}
		h.start()
		h.want("at the first start", made(), "")
		h.pass(24 * time.Hour) // to Tuesday
		h.want("after a night", made(), "20000104T013000Z")
		h.end()
		h.pass(72 * time.Hour) // to Friday
		h.want("while it is off", made(), "20000104T013000Z")
		h.start()
		h.want("back after three days", made(), "20000104T013000Z 20000107T075930Z")
		h.end()
		h.start()
		h.want("a start without anything missed", made(), "20000104T013000Z 20000107T075930Z")
		h.pass(24 * time.Hour)
		h.want("after another night", made(), "20000107T075930Z 20000108T013000Z")

		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir, nil, 0o600); err != nil { // in the place of the folder
			t.Fatal(err)
		}
		h.pass(24 * time.Hour)
		if health := h.process.server.Health(t.Context()); health.OK || len(health.Problems) != 1 || health.Problems[0].Kind != "backup" {
			t.Errorf("health: %+v", health)
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		h.pass(24 * time.Hour)
		h.want("after the folder is back", made(), "20000110T013000Z")
		if health := h.process.server.Health(t.Context()); len(health.Problems) > 0 {
			t.Errorf("health: %+v", health)
		}
	})
}

// TestServePurge: what was sent is kept to the day, and removed on the next one;
// the row with its hash stays.
func TestServePurge(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.tune = func(o *daemon.ServeOptions) {
			o.Pass, o.Purge = h.schedule("0 * * * *"), h.schedule("0 4 * * *")
			o.Keeping = daemon.Keeping{Commercial: renewal.Days(90), Notices: renewal.MustPeriod("P3Y"), Events: renewal.Days(30)}
		}
		h.term(1, renewal.KindPass, 30)
		h.term(2, renewal.KindSubscription, 30)
		h.AddEvent(testkit.Event{Type: renewal.Use, Customer: "C001", Agreement: "A001"})
		h.AddEvent(testkit.Event{Type: renewal.ComplaintEvent, Customer: "C001"})
		h.start()
		h.pass(time.Hour)
		h.AddEvent(testkit.Event{Type: renewal.ComplaintResolved, Customer: "C001"})
		h.pass(8 * 24 * time.Hour) // the pass left after the complaint was resolved
		kept := func() string {
			return h.Text(`SELECT class, substr(sent_at, 1, 10), EXISTS (SELECT 1 FROM message_contents AS k WHERE k.id = m.contents_id), length(sha256) FROM messages AS m ORDER BY class`) + " " +
				h.Text(`SELECT group_concat(type, ' ') FROM (SELECT type FROM events ORDER BY id)`)
		}
		h.want("kept at first", kept(), "commercial|2000-01-10|1|64\nnotice|2000-01-03|1|64 use complaint complaint_resolved")
		h.end()
		h.until(time.Date(2000, time.April, 9, 12, 0, 30, 0, time.UTC))
		h.start()
		h.want("on the ninetieth day", kept(), "commercial|2000-01-10|1|64\nnotice|2000-01-03|1|64 complaint complaint_resolved")
		h.pass(24 * time.Hour)
		h.want("on the day after", kept(), "commercial|2000-01-10|0|64\nnotice|2000-01-03|1|64 complaint complaint_resolved")
	})
}
