package test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// diskFull fills the disk of the database in the middle of sending: nothing
// leaves that cannot be written down, somebody can see why, and once there is
// space again everything goes on by itself.
func diskFull(t *testing.T, program string) {
	const commercial, notices = 500, 100
	d := newLoopDisk(t, 32)
	f := newStudio(t, program, d.data, slowly(20*time.Millisecond))
	f.customers(append(people(0, commercial, false), people(0, notices, true)...)...)
	s := f.start()
	s.until("the first letters", func() bool { return f.sink.Count() >= 50 })
	d.fill()
	s.unwell(http.StatusServiceUnavailable, "pass", "the disk that holds", "is full")
	s.says("free some space")

	// What was under way has landed when the next pass fails.
	s.failsAgain()
	before := f.sink.Count()
	s.failsAgain()
	if n := f.sink.Count(); n != before {
		t.Errorf("%d letters left while the disk was full", n-before)
	}
	if before == commercial+notices {
		t.Error("everything was sent before the disk was full: nothing was looked at")
	}
	f.truth()

	d.free()
	freed := time.Now()
	s.until("an end", func() bool { return f.sink.Count() >= commercial+notices })
	s.well()
	if took := time.Since(freed); took > time.Minute {
		t.Errorf("it took %v to go on", took)
	}
	s.says("passes succeed again")
	s.stop()
	f.intact()
	f.finished(commercial+notices, 0)
	if n := f.sink.Count(); n != commercial+notices {
		t.Errorf("%d letters for %d reminders", n, commercial+notices)
	}
}

// importOnFullDisk fills the disk before an import: it says so, nothing of it is
// stored, and it works once there is space, all of it beside the daemon.
func importOnFullDisk(t *testing.T, program string) {
	d := newLoopDisk(t, 32)
	f := newStudio(t, program, d.data, nil)
	f.customers(people(0, 3, false)...)
	s := f.start()
	s.until("3 letters", func() bool { return f.sink.Count() >= 3 })
	s.well()

	before := strings.Join(f.rows(`SELECT count(*), (SELECT count(*) FROM imports) FROM customers`), "")
	f.write("many.csv", passes(people(100, 5000, false)...))
	d.fill()
	if said := f.run(1, "import", f.dir+"/many.csv"); !strings.Contains(said, "no space left") {
		t.Errorf("the import, which cannot put its rows aside, does not say why it failed: %s", said)
	}
	d.leave(3 << 20)
	if said := f.run(1, "import", f.dir+"/many.csv"); !strings.Contains(said, "is full") || !strings.Contains(said, f.db()) {
		t.Errorf("the import, which cannot write to the database, does not say why it failed: %s", said)
	}
	if after := strings.Join(f.rows(`SELECT count(*), (SELECT count(*) FROM imports) FROM customers`), ""); after != before {
		t.Errorf("the import failed and %s became %s", before, after)
	}
	d.free()
	f.intact()
	for _, line := range strings.Split(strings.TrimSpace(d.sizes()), "\n") {
		if name, _, _ := strings.Cut(line, " "); !strings.HasPrefix(name, "renewd.db") && name != "instance" {
			t.Errorf("the failed import left %s behind", line)
		}
	}
	f.run(0, "import", f.dir+"/many.csv")
	if n := f.rows(`SELECT count(*) FROM customers`)[0]; n != "5003" {
		t.Errorf("%s customers after the second import", n)
	}
	s.well()
	s.stop()
	f.truth()
}

var failedPasses = regexp.MustCompile(`renewd_passes_total\{ok="no"\} (\d+)`)

// failsAgain waits until one more pass has failed.
func (s *studioDaemon) failsAgain() {
	s.f.t.Helper()
	failed := func() int {
		_, text := s.get("/metrics")
		found := failedPasses.FindStringSubmatch(text)
		if found == nil {
			return 0
		}
		n, err := strconv.Atoi(found[1])
		if err != nil {
			s.f.t.Fatal(err)
		}
		return n
	}
	first := failed()
	s.until("another pass fails", func() bool { return failed() > first })
}
