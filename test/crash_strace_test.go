package test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"renewd/internal/testkit"
)

// TestCrashAtSyscalls kills a pass at its first call of the kernel of one kind,
// at its second, and so on, until a pass ends without having come so far.
func TestCrashAtSyscalls(t *testing.T) {
	program := buildForCrashes(t)
	need(t, "strace")
	for _, c := range []struct {
		name, calls string
		// connections bounds how many of the five letters may be in doubt, step is
		// how fast the numbers grow where there are many of these calls.
		connections, step int
	}{
		{"connect", "connect", 1, 1},
		{"written to the server", "write,sendto,writev,sendmsg", 4, 1},
		{"synced", "fsync,fdatasync", 4, 1},
		{"written to the file", "pwrite64", 4, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			killedAtCalls(t, program, c.calls, c.connections, c.step)
		})
	}
}

func killedAtCalls(t *testing.T, program, calls string, connections, step int) {
	w := newWorkshop(t, program, workshopSettings{mail: fmt.Sprintf("rate = 0\nconnections = %d", connections)})
	w.mix(3, 1, 1)
	fresh := w.dir
	if calls == "connect" {
		// Every letter takes a connection of its own.
		w.setScript(func(stage testkit.Stage, _ testkit.Dialogue) testkit.Reply {
			if stage == testkit.StageDot {
				return testkit.Reply{Drop: testkit.DropAfter}
			}
			return testkit.Reply{}
		})
	}
	if longTest {
		step = 1
	}
	kills := 0
	for n := 1; ; n += step {
		w.dir = filepath.Join(t.TempDir(), fmt.Sprint(n))
		if err := os.CopyFS(w.dir, os.DirFS(fresh)); err != nil {
			t.Fatal(err)
		}
		w.sink.Forget()
		killed, most := w.killedAt(calls, n), connections
		if calls == "connect" && n == 1 {
			most = 0 // nothing has left
		}
		if killed {
			kills++
			w.renewd("0 3", "run")
		}
		if doubtful := w.judge(); len(doubtful) > most || !killed && len(doubtful) > 0 {
			t.Errorf("%d in doubt: %v", len(doubtful), doubtful)
		}
		if t.Failed() {
			t.Fatalf("that was after a kill at call %d of %s (%v)", n, calls, killed)
		}
		if !killed {
			break
		}
	}
	if kills == 0 {
		t.Errorf("no pass was killed at a call of %s", calls)
	}
	t.Logf("killed %d times at calls of %s", kills, calls)
}

// killedAt makes a pass that is killed where one of its threads makes the n-th
// call of these, and reports whether it came so far.
func (w *workshop) killedAt(calls string, n int) bool {
	w.t.Helper()
	plain := w.command(w.t.Context(), "run")
	traced := exec.CommandContext(w.t.Context(), "strace", append([]string{"-f", "-qq", "-o", os.DevNull,
		"-e", "trace=" + calls, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", calls, n), "--"}, plain.Args...)...)
	// strace counts for each thread by itself: the fewer there are, the better.
	traced.Dir, traced.Env = plain.Dir, append(plain.Env, "GOMAXPROCS=1")
	out, err := traced.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return false
	case ok && exit.ExitCode() == -1: // strace ends as what it traces did
		return true
	}
	w.t.Fatalf("strace: %v\n%s", err, out)
	return false
}
