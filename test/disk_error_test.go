package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mostSyncs is more than a pass over a handful of reminders ever needs.
const mostSyncs = 200

// oneSyncFails lets the first sync of the disk fail, then the second, and so on
// until a pass needs no more of them; allSyncsFail also all that come after it.
// Nothing leaves that is not known to be on the disk, and it is said aloud.
func oneSyncFails(t *testing.T, program string) { syncsFail(t, program, "%d") }

func allSyncsFail(t *testing.T, program string) { syncsFail(t, program, "%d+") }

func syncsFail(t *testing.T, program, when string) {
	need(t, "strace")
	f := newStudio(t, program, "", nil)
	everybody := append(people(0, 3, false), people(0, 2, true)...)
	f.customers(everybody...)
	pristine := filepath.Join(t.TempDir(), "pristine")
	copyFolder(t, f.data, pristine)
	trace := filepath.Join(t.TempDir(), "trace")
	for n := 1; ; n++ {
		if n > mostSyncs {
			t.Fatalf("%d syncs and no end", n)
		}
		if err := os.RemoveAll(f.data); err != nil {
			t.Fatal(err)
		}
		copyFolder(t, pristine, f.data)
		f.sink.Forget()
		f.before = []string{"strace", "-f", "-qq", "-o", trace, "-e", "trace=fsync,fdatasync",
			"-e", "inject=fsync,fdatasync:error=EIO:when=" + fmt.Sprintf(when, n)}
		said, code := f.try("run")
		f.before = nil
		f.intact()
		counts := f.truth()
		if counts["sent"] < len(everybody) && (code != 1 || !strings.Contains(said, "the disk that holds") && !strings.Contains(said, "input/output error")) {
			t.Errorf("it ended with %d and does not say that the disk is to blame: %v\n%s", code, counts, said)
		}
		if code != 1 && code != 0 {
			t.Errorf("it ended with %d:\n%s", code, said)
		}
		if _, code := f.try("run"); code != 0 && code != 3 {
			t.Errorf("the next pass ended with %d", code)
		}
		f.finished(len(everybody), len(everybody))
		if t.Failed() {
			t.Fatalf("when sync %d failed:\n%s", n, readText(t, trace))
		}
		if !strings.Contains(readText(t, trace), "INJECTED") {
			t.Logf("%d syncs", n-1)
			return
		}
	}
}

// copyFolder copies the files of a folder.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
