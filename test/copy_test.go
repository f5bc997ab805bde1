package test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// olderBackup puts an older backup in the place of the database: reminders
// sent since look unsent in it, so nothing leaves before a person has decided
// about them.
func olderBackup(t *testing.T, program string) {
	f := newStudio(t, program, "", nil)
	f.customers(people(0, 3, false)...)
	f.run(0, "run")
	gap := append(people(10, 3, false), people(10, 1, true)...)
	f.customers(gap...)
	f.run(0, "backup", filepath.Join(f.dir, "older.db"))
	f.run(0, "run")
	if n := f.sink.Count(); n != 7 {
		t.Fatalf("%d letters before the backup is restored, want 7", n)
	}
	if err := os.Rename(filepath.Join(f.dir, "older.db"), f.db()); err != nil {
		t.Fatal(err)
	}

	f.silent("older than what was last sent")
	if said := f.run(0, "explain", "c10"); !strings.Contains(said, "P-c10") {
		t.Errorf("it does not show what it would send:\n%s", said)
	}
	f.run(3, "adopt")
	states := f.states()
	for _, email := range gap {
		if states[email] != "uncertain" {
			t.Errorf("the reminder of %s is %s after adopting", email, states[email])
		}
	}
	f.customers(people(20, 2, false)...)
	s := f.start()
	s.until("2 letters more", func() bool { return f.sink.Count() >= 9 })
	s.stop()
	f.onlyOnce()
	f.truth()
}

// copiedFolder starts a copy of everything in another place: it is silent
// until somebody adopts it.
func copiedFolder(t *testing.T, program string) {
	f := newStudio(t, program, "", nil)
	f.customers(people(0, 2, false)...)
	f.run(0, "run")
	f.customers(people(10, 3, false)...)
	other := *f
	other.dir = t.TempDir()
	other.data = filepath.Join(other.dir, "data")
	copyFolder(t, f.dir, other.dir)
	if err := os.Chmod(filepath.Join(other.dir, "password"), 0o600); err != nil {
		t.Fatal(err)
	}
	other.configure()
	other.silent("belongs to another instance")
	other.run(0, "adopt")
	s := other.start()
	s.until("3 letters more", func() bool { return f.sink.Count() >= 5 })
	s.well()
	s.stop()
	other.finished(5, 0)
}

// otherMachine starts the same folder on a machine with another identity.
func otherMachine(t *testing.T, program string) {
	const identity = "/etc/machine-id"
	needRoot(t)
	need(t, "unshare")
	if _, err := os.Stat(identity); err != nil {
		t.Skipf("this machine has no identity (%v), so another one was not tried", err)
	}
	f := newStudio(t, program, "", nil)
	f.customers(people(0, 2, false)...)
	f.run(0, "run")
	f.customers(people(10, 3, false)...)
	f.write("machine-id", "0123456789abcdef0123456789abcdef\n")
	f.before = []string{"unshare", "--mount", "sh", "-c", `mount --bind "$0" ` + identity + ` && exec "$@"`, filepath.Join(f.dir, "machine-id")}
	f.silent("belongs to another instance")
	f.before = nil
	s := f.start() // back at home
	s.until("3 letters more", func() bool { return f.sink.Count() >= 5 })
	s.stop()
	f.finished(5, 0)
}

// silent says that the daemon plans, tells why in /healthz and in the tasks, and
// calls no mail server.
func (f *studio) silent(why string) {
	f.t.Helper()
	calls := f.sink.Stats().Connections
	s := f.start().ready()
	s.unwell(http.StatusServiceUnavailable, "copy", why, "renewd adopt")
	if tasks := f.run(0, "tasks"); !strings.Contains(tasks, "copy") || !strings.Contains(tasks, why) {
		f.t.Errorf("the tasks do not say it:\n%s", tasks)
	}
	if planned := f.rows(`SELECT 1 FROM reminders WHERE state = 'waiting' AND reason = 'copy'`); len(planned) == 0 {
		f.t.Error("nothing is planned")
	}
	s.stop()
	if n := f.sink.Stats().Connections; n != calls {
		f.t.Errorf("the mail server was called %d times", n-calls)
	}
}
