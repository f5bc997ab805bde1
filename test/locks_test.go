package test

import (
	"bufio"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"renewd/internal/testkit"
)

// TestLocks: the database has one writer at a time, and other programs are among
// them.
func TestLocks(t *testing.T) {
	program := buildForCrashes(t)
	t.Run("held by a shell", func(t *testing.T) { t.Parallel(); heldByShell(t, program) })
	t.Run("two daemons", func(t *testing.T) { t.Parallel(); twoDaemons(t, program) })
}

// hold has the sqlite3 shell keep the right to write, as an administrator does
// who went to lunch. It returns once it has it; the returned channel is closed
// when it lets go.
func (w *workshop) hold(seconds int) <-chan struct{} {
	w.t.Helper()
	c := exec.CommandContext(w.t.Context(), "sqlite3", "-bail", filepath.Join(w.dir, "renewd.db"))
	c.Stdin = strings.NewReader(fmt.Sprintf(".timeout 30000\nBEGIN IMMEDIATE;\n.shell echo held; sleep %d\nCOMMIT;\n", seconds))
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "held" {
	}
	released := make(chan struct{})
	go func() {
		defer close(released)
		if err := c.Wait(); err != nil {
			w.t.Errorf("the shell: %v", err)
		}
	}()
	return released
}

// heldByShell holds the database for longer than the daemon waits in one go.
func heldByShell(t *testing.T, program string) {
	need(t, "sqlite3")
	seconds := 15
	if longTest {
		seconds = 30
	}
	const customers, connections = 400, 8
	w, links := linked(t, program, customers, "rate = 0\nconnections = 8")
	w.setScript(func(stage testkit.Stage, _ testkit.Dialogue) testkit.Reply {
		if stage == testkit.StageDot {
			return testkit.Reply{Delay: 100 * time.Millisecond}
		}
		return testkit.Reply{}
	})
	s := w.serve()
	w.waitFor(50)
	released := w.hold(seconds)
	before := w.sink.Count()

	var work sync.WaitGroup
	rows := "ref,name\n"
	for i := range 20000 {
		rows += fmt.Sprintf("later%d,Later\n", i)
	}
	w.write("later.csv", rows)
	work.Go(func() {
		if out, err := w.command(t.Context(), "import", filepath.Join(w.dir, "later.csv")).CombinedOutput(); err != nil {
			t.Errorf("an import beside it: %v\n%s", err, out)
		}
	})
	asked := map[string]int{} // who wants no more letters, and what was answered
	var mu sync.Mutex
	for i := range 5 {
		email := fmt.Sprintf("c%d@client.test", customers-i)
		work.Go(func() {
			status, again, err := unsubscribe(links[email])
			if err != nil || status != http.StatusOK && (status != http.StatusServiceUnavailable || again == "") {
				t.Errorf("unsubscribing meanwhile: %d, Retry-After %q, %v", status, again, err)
			}
			mu.Lock()
			defer mu.Unlock()
			asked[email] = status
		})
	}
	<-released
	at, after := time.Now(), w.sink.Count()
	if after-before > connections {
		t.Errorf("%d letters were begun that could not be written down", after-before-connections)
	}
	w.waitFor(after + connections + 1)
	took := time.Since(at)
	t.Logf("it went on %v after the release", took)
	if took > 20*time.Second { // 10, on a machine with nothing else to do
		t.Errorf("it went on %v after the release", took)
	}
	work.Wait()
	s.says("is locked") // the log says why it waited
	s.says("passes succeed again")
	s.stop()
	w.renewd("0", "run")
	refused := 0
	for email, status := range asked {
		t.Logf("unsubscribing was answered %d", status)
		if status == http.StatusOK {
			refused++
		}
		if got := strings.Join(query(t, filepath.Join(w.dir, "renewd.db"), fmt.Sprintf(`SELECT r.state || ' ' || r.reason FROM reminders r
			JOIN customers c ON c.id = r.customer_id WHERE r.rule = 'contract' AND c.email = '%s'`, email)), "; "); status == http.StatusOK && got != "skipped unsubscribed" {
			t.Errorf("%s unsubscribed, was told so, and is %s", email, got)
		}
	}
	w.second(customers - refused)
}

// twoDaemons: a second sender is turned away, everything else works beside the
// first.
func twoDaemons(t *testing.T, program string) {
	w := newWorkshop(t, program, workshopSettings{mail: "rate = 0\nconnections = 4"})
	w.mix(400, 75, 25)
	s := w.serve()
	s.says("msg=ready")
	<-w.after(100)
	for _, command := range []string{"serve", "run"} {
		if out := w.renewd("1", command); !strings.Contains(out, "another renewd is at work") {
			t.Errorf("a second %s: %s", command, out)
		}
	}
	w.mix(20, 0, 0)
	w.renewd("0", "record", "use", "--customer", "c1")
	w.renewd("0", "tasks")
	w.renewd("0", "explain", "c1")
	w.renewd("0", "forecast")
	w.renewd("0", "release")
	w.renewd("0", "audit")
	w.renewd("0", "check")
	w.renewd("0", "backup", filepath.Join(w.dir, "copy.db"))
	s.says("msg=pass ")
	s.stop()
	w.renewd("0", "run")
	if doubtful := w.judge(); len(doubtful) != 0 || w.sink.Count() != w.customersSoFar {
		t.Errorf("%d in doubt, %d letters for %d customers", len(doubtful), w.sink.Count(), w.customersSoFar)
	}
}
