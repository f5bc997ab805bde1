package test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// long reports whether somebody has the time for the long form of these tests.
func long() bool { return os.Getenv("RENEWD_TEST_LONG") == "1" }

// TestDisk fails the disk of the database in the ways in which disks fail.
func TestDisk(t *testing.T) {
	t.Parallel()
	program := studioProgram(t)
	for name, test := range map[string]func(*testing.T, string){
		"power loss": powerLoss, "full": diskFull, "full before an import": importOnFullDisk,
		"one sync fails": oneSyncFails, "all syncs fail": allSyncsFail, "no trouble": noTrouble,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, program) })
	}
}

// powerLoss cuts the power in the middle of sending, again and again: what a mail
// server accepted never looks unsent afterwards, so nobody gets a commercial
// letter twice, and nothing is lost.
func powerLoss(t *testing.T, program string) {
	const connections, chunk = 4, 20 // mail.connections is 4 where nothing is written
	cuts := 20
	if long() {
		cuts = 30
	}
	d := newLoopDisk(t, 64)
	f := newStudio(t, program, d.data, slowly(3*time.Millisecond))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	all := 0
	for cut := range cuts {
		f.customers(append(people(cut*chunk, chunk, false), people(cut*chunk, chunk/2, true)...)...)
		all += chunk + chunk/2
		enough := f.sink.Count() + 1 + random.IntN(chunk)
		s := f.start()
		s.until("letters", func() bool { return f.sink.Count() >= enough })
		s.freeze()
		d.cutPower()
		s.kill()
		d.restorePower()
		f.intact()
		f.truth()
		if t.Failed() {
			t.Fatalf("after power loss %d", cut+1)
		}
	}
	s := f.start()
	s.until("an end", func() bool {
		return len(f.rows(`SELECT 1 FROM reminders WHERE state NOT IN ('sent', 'uncertain')`)) == 0
	})
	s.stop()
	f.intact()
	f.finished(all, cuts*connections)
	t.Logf("%d letters for %d reminders: %v", f.sink.Count(), all, f.truth())
}

// freeze stops the daemon where it is, without its notice. Without power a
// processor stops, too: nothing may act on what the disk answers after the cut,
// and ext4 may then take a sync for done that was not.
func (s *studioDaemon) freeze() {
	s.f.t.Helper()
	if err := s.c.Process.Signal(syscall.SIGSTOP); err != nil {
		s.f.t.Fatalf("the daemon ended by itself: %v", err)
	}
	s.until("every thread stands still", func() bool {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.c.Process.Pid))
		if err != nil {
			s.f.t.Fatal(err)
		}
		for _, task := range tasks {
			text, err := os.ReadFile(task)
			// Stopped, or waiting for the disk, after which it stops.
			if _, state, _ := bytes.Cut(text, []byte(") ")); err != nil || state[0] != 'T' && state[0] != 'D' {
				return false
			}
		}
		return true
	})
}
