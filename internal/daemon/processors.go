package daemon

import (
	"os"
	"runtime"
)

// SpareProcessor gives Go one processor more than there are cores, unless
// GOMAXPROCS says how many, and returns what takes it back. The system calls of
// the one who writes to the database (a sync takes as long as a letter) keep a
// processor until the scheduler notices: on a small machine half of them, while
// letters wait for nothing but their turn.
func SpareProcessor() (restore func()) {
	if os.Getenv("GOMAXPROCS") != "" {
		return func() {}
	}
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(before + 1)
	return func() { runtime.GOMAXPROCS(before) }
}
