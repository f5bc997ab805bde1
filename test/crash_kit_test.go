package test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"renewd/internal/testkit"
)

// longTest asks for the long variants of these tests: more kills, longer locks.
var longTest = os.Getenv("RENEWD_TEST_LONG") == "1"

// mostPatience bounds every wait of these tests; only a defect comes near it.
const mostPatience = 90 * time.Second

// workshop is a small business with the real program and the real clock, and a mail
// server with a script, which lives on whenever the program is killed.
type workshop struct {
	*business
	sink *testkit.Sink
	// public is where the public pages are; nil for nowhere. The listener is handed
	// over as systemd does it, so no port can be taken away meanwhile.
	public net.Listener

	customersSoFar int
	latest         *working

	mu     sync.Mutex // guards what follows
	script func(testkit.Stage, testkit.Dialogue) testkit.Reply
	steps  int // that the dialogues went so far
	waits  []stepWait
	asked  map[string]bool // the addresses that were named as recipients
}

// stepWait is closed once the dialogues went so many steps.
type stepWait struct {
	steps int
	done  chan struct{}
}

// buildForCrashes builds the program, which is killed and locked out here. What
// these tests do happens in other processes, so the race detector sees nothing.
func buildForCrashes(t *testing.T) string {
	t.Helper()
	if underRace {
		t.Skip("the race detector does not look into the program that these tests start; the tests without it run them")
	}
	return buildProgram(t)
}

// workshopSettings are the parts of a configuration that a test may choose.
type workshopSettings struct {
	mail  string // lines more in [mail]
	send  string // lines more in [send]
	web   bool   // public pages
	steps string // of the commercial rule; empty means one, 30 days before the end
}

func newWorkshop(t *testing.T, program string, s workshopSettings) *workshop {
	t.Helper()
	w := &workshop{business: &business{t: t, program: program, dir: t.TempDir()}, asked: map[string]bool{}}
	w.sink = testkit.NewSink(t, testkit.SinkOptions{Script: w.answer})
	if s.web {
		var err error
		if w.public, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.public.Close() })
	}
	w.configure(s)
	return w
}

// configure writes the configuration: sending at every hour, and nothing but
// passes.
func (w *workshop) configure(s workshopSettings) {
	w.t.Helper()
	web := ""
	if w.public != nil {
		web = "base_url = \"https://pages.parc-aurore.test\"\n" // somebody else speaks TLS for renewd
	}
	if s.steps == "" {
		s.steps = `["P30D"]`
	}
	w.write("config.toml", fmt.Sprintf(`database = "renewd.db"

[business]
name = "Parc Aurore"
from = "Parc Aurore <%s>"
postal_address = "1 rue des Lilas, 69001 Lyon, France"
time_zone = "Europe/Paris"
locale = "fr"

[mail]
transport = "smtp"
host = "%s"
port = %d
tls = "none"
%s

[send]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
hours = "00:00-24:00"
burst = 0
%s

[cron]
pass = "* * * * *"
backup = ""
purge = ""

[web]
public = ""
admin = ""
%s
[[rule]]
name = "annual-pass"
kind = "pass"
before_end = %s
template = "pass-renewal"

[[rule]]
name = "contract"
kind = "contract"
auto_renew = false
before_end = ["P30D"]
template = "contract-renewal"

[[rule]]
name = "auto-renewal-notice"
auto_renew = true
notice = { anchor = "renews_on", earliest = "P45D", latest = "P15D" }
class = "notice"
template = "auto-renewal-notice"

[[rule]]
name = "renewal-confirmation"
on = "renewal"
class = "transactional"
template = "renewal-confirmation"
`, shop, w.sink.Host, w.sink.Port, s.mail, s.send, web, s.steps))
}

// answer is the script of the sink: that of the test, else a server that takes
// everything and a millisecond or three for a reply.
func (w *workshop) answer(stage testkit.Stage, d testkit.Dialogue) testkit.Reply {
	w.mu.Lock()
	w.steps++
	if stage == testkit.StageRcpt {
		w.asked[d.To] = true
	}
	w.waits = slices.DeleteFunc(w.waits, func(wait stepWait) bool {
		if wait.steps > w.steps {
			return false
		}
		close(wait.done)
		return true
	})
	script := w.script
	w.mu.Unlock()
	if script != nil {
		return script(stage, d)
	}
	switch stage {
	case testkit.StageEHLO, testkit.StageData, testkit.StageDot:
		return testkit.Reply{Delay: time.Millisecond + rand.N(2*time.Millisecond)}
	}
	return testkit.Reply{}
}

// setScript has the server do something else from here on.
func (w *workshop) setScript(script func(testkit.Stage, testkit.Dialogue) testkit.Reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.script = script
}

// after returns what is closed once the dialogues went n steps more.
func (w *workshop) after(n int) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait := stepWait{w.steps + n, make(chan struct{})}
	w.waits = append(w.waits, wait)
	return wait.done
}

// untouched returns how many customers the server has not heard of yet. While
// there are some, the daemon has something to do.
func (w *workshop) untouched() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.customersSoFar - len(w.asked)
}

// waitFor waits until n letters were accepted.
func (w *workshop) waitFor(n int) {
	w.t.Helper()
	came := make(chan bool, 1)
	go func() { came <- w.sink.WaitFor(n) }()
	select {
	case <-came:
	case <-time.After(mostPatience):
		w.t.Fatalf("%d letters came, not the %d that were waited for", w.sink.Count(), n)
	}
}

// renewd runs the program, which has to end with one of these codes ("0 3"), and
// returns all that it said.
func (w *workshop) renewd(codes string, args ...string) string {
	w.t.Helper()
	out, err := w.command(w.t.Context(), args...).CombinedOutput()
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		w.t.Fatal(err)
	}
	if !slices.Contains(strings.Fields(codes), strconv.Itoa(got)) {
		w.t.Fatalf("renewd %s ended with %d, want %s:\n%s", strings.Join(args, " "), got, codes, out)
	}
	return string(out)
}

// mix imports customers to whom something is due: passes that end, contracts that
// renew themselves, and receipts for payments. Their addresses begin with c, n
// and r.
func (w *workshop) mix(passes, notices, receipts int) {
	w.t.Helper()
	today := time.Now().UTC()
	soon, late := today.AddDate(0, 0, 20).Format(time.DateOnly), today.AddDate(0, 0, 200).Format(time.DateOnly)
	agreements := "ref,customer,kind,ends_on,auto_renew,price,currency,customer_name,customer_email\n"
	payments := "id,type,at,agreement,amount,currency,until\n"
	add := func(letter, kind, ends, auto string) string {
		w.customersSoFar++
		ref := fmt.Sprintf("%s%d", letter, w.customersSoFar)
		agreements += fmt.Sprintf("A-%s,%s,%s,%s,%s,49.50,EUR,Zoé,%s@client.test\n", ref, ref, kind, ends, auto, ref)
		return ref
	}
	for range passes {
		add("c", "pass", soon, "no")
	}
	for range notices {
		add("n", "subscription", soon, "yes")
	}
	for range receipts {
		ref := add("r", "subscription", late, "no")
		payments += fmt.Sprintf("P-%s,payment,%s,A-%s,49.50,EUR,%s\n", ref, today.Format(time.RFC3339), ref,
			today.AddDate(0, 0, 565).Format(time.DateOnly))
	}
	w.importFile("agreements.csv", agreements)
	if receipts > 0 {
		w.importFile("payments.csv", payments)
	}
}

func (w *workshop) importFile(name, rows string) {
	w.t.Helper()
	w.write(name, rows)
	w.renewd("0", "import", filepath.Join(w.dir, name))
}

// typed changes a fact as somebody with the sqlite3 shell does, who waits for
// others. It may be called from any goroutine.
func (w *workshop) typed(statement string, args ...any) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.dir, "renewd.db")+"?_pragma=busy_timeout(30000)")
	if err == nil {
		_, err = db.Exec(statement, args...)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		w.t.Errorf("%s: %v", statement, err)
	}
}
