package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/testkit"
)

// staffAddress is where the staff of a simulated business read their mail.
const staffAddress = "staff@parc-aurore.example"

// morning is half a minute before the business opens, on the first Monday of the
// time in a bubble. Passes come with the full minutes and tests act at the half
// ones, so that the two never meet.
var morning = time.Date(2000, time.January, 3, 7, 59, 30, 0, time.UTC)

// house is a daemon with all that surrounds it, in a bubble of simulated time: a
// real database, a mail server in memory, a service manager that listens.
type house struct {
	*testkit.Shop
	t    *testing.T
	mail *server
	// tune changes the options of every start and reload; nil changes nothing.
	tune func(o *daemon.ServeOptions)
	// sound reads the whole database at a start; nil finds nothing wrong.
	sound func(ctx context.Context) error
	// reload is what a hangup leads to; nil means the same options again.
	reload func() (daemon.ServeOptions, error)
	grace  time.Duration

	offset   atomic.Int64 // of the wall clock, in nanoseconds
	began    time.Time    // by the clock that only counts
	hangup   chan struct{}
	process  *process
	watchdog time.Duration

	mu   sync.Mutex
	said []saying
	log  bytes.Buffer
}

// process is one life of the daemon.
type process struct {
	server *daemon.Server
	line   *line
	stop   context.CancelFunc
	done   chan error
}

// saying is what the service manager was told.
type saying struct {
	at   time.Time
	text string
}

// simulate runs a test in a bubble, from the morning on. The daemon is not yet
// started.
func simulate(t *testing.T, test func(t *testing.T, h *house), rules ...renewal.Rule) {
	t.Helper()
	t.Parallel()
	simulateAlone(t, test, rules...)
}

// simulateAlone is simulate with no other test beside it.
func simulateAlone(t *testing.T, test func(t *testing.T, h *house), rules ...renewal.Rule) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if len(rules) == 0 {
			rules = []renewal.Rule{testkit.PassRule(), testkit.NoticeRule(), testkit.ReceiptRule()}
		}
		time.Sleep(time.Until(morning))
		h := &house{t: t, mail: newServer(), began: time.Now(), hangup: make(chan struct{}), grace: time.Minute}
		set := testkit.Settings(t, rules...)
		set.Burst = 0
		h.Shop = testkit.NewShop(t, set, h.now)
		t.Cleanup(func() {
			h.end()
			if log := h.logged(); t.Failed() && log != "" {
				t.Logf("the log ends with\n%s", log[max(0, len(log)-1200):])
			}
		})
		test(t, h)
	})
}

// notUnderRace leaves a test out that is about long times.
func notUnderRace(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("hundreds of passes take half a minute under the race detector, and the same code runs in shorter tests")
	}
}

// now is what the clock on the wall shows.
func (h *house) now() time.Time {
	return time.Now().Add(time.Duration(h.offset.Load())).UTC().Truncate(time.Second)
}

// counted is the clock that only counts.
func (h *house) counted() time.Duration { return time.Since(h.began) }

func (h *house) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(p)
}

func (h *house) logged() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.String()
}

func (h *house) notify(state string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = append(h.said, saying{time.Now().UTC(), state})
}

// options are what the daemon is made of.
func (h *house) options(l *line) daemon.ServeOptions {
	o := daemon.ServeOptions{Engine: h.Options(), Pass: h.schedule("* * * * *"), Staff: []string{staffAddress}}
	o.Engine.Transport, o.Engine.Connections = l, 4
	if h.tune != nil {
		h.tune(&o)
	}
	return o
}

func (h *house) schedule(text string) *daemon.Schedule {
	h.t.Helper()
	s, err := daemon.ParseSchedule(text, h.Settings.Zone, strings.HasSuffix(text, "* * * *"))
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// start starts the daemon and lets it make its first pass.
func (h *house) start() {
	h.t.Helper()
	p := &process{line: &line{server: h.mail, cut: make(chan struct{})}, done: make(chan error, 1)}
	at := daemon.Surroundings{
		Sound: h.sound, Hangup: h.hangup, Notify: h.notify, Watchdog: h.watchdog, Counted: h.counted, Grace: h.grace,
		Log: slog.New(slog.NewTextHandler(h, nil)),
		Reload: func() (daemon.ServeOptions, error) {
			if h.reload != nil {
				return h.reload()
			}
			return h.options(p.line), nil
		},
	}
	var err error
	if p.server, err = daemon.NewServer(h.options(p.line), at); err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	go func() { p.done <- p.server.Run(ctx) }()
	h.process = p
	synctest.Wait()
}

// end ends the daemon as the service manager does, and waits for it.
func (h *house) end() {
	h.t.Helper()
	if h.process == nil {
		return
	}
	h.process.stop()
	if err := <-h.process.done; err != nil {
		h.t.Errorf("the daemon ended with %v", err)
	}
	h.process = nil
}

// kill is the sudden death of the process: what the next one finds is the
// database as it was at this instant, and nothing that the dead one still does
// counts.
func (h *house) kill() {
	h.t.Helper()
	names := []string{"renewd.db", "renewd.db-wal", "instance"}
	found := map[string][]byte{}
	release := h.Hold()
	h.process.line.die()
	for _, name := range names {
		contents, err := os.ReadFile(filepath.Join(h.Dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			h.t.Fatal(err)
		}
		found[name] = contents
	}
	release()
	h.process.stop()
	<-h.process.done // whatever it says
	h.process = nil
	h.Close()
	for _, name := range names {
		// Into the same file: it is not another database that somebody put there.
		if err := os.WriteFile(filepath.Join(h.Dir, name), found[name], 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	h.Open()
}

// pass lets time pass, and waits until nothing happens any more at that moment.
func (h *house) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// until lets time pass until an instant.
func (h *house) until(at time.Time) { h.pass(time.Until(at)) }

// turn sets the clock on the wall.
func (h *house) turn(by time.Duration) { h.offset.Add(int64(by)) }

// heard returns what the service manager was told that begins so.
func (h *house) heard(prefix string) []saying {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []saying
	for _, s := range h.said {
		if strings.HasPrefix(s.text, prefix) {
			out = append(out, s)
		}
	}
	return out
}

// last returns what the service manager was told last.
func (h *house) last(prefix string) string {
	all := h.heard(prefix)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].text
}

func (h *house) want(what, got, want string) {
	h.t.Helper()
	if got != want {
		h.t.Errorf("%s, %s:\n got %s\nwant %s", h.now().Format(time.DateTime), what, got, want)
	}
}

// term adds a customer with an agreement that ends so many days from today: a
// pass, or a subscription that renews by itself.
func (h *house) term(n int, kind string, days int) {
	h.t.Helper()
	ref := fmt.Sprintf("%03d", n)
	ends := renewal.LocalDate(h.now(), h.Settings.Zone) + renewal.Date(days)
	h.AddCustomer(testkit.Customer{Ref: "C" + ref, Name: "Customer " + ref, Email: "c" + ref + "@customer.example"})
	h.AddAgreement(testkit.Agreement{Ref: "A" + ref, Customer: "C" + ref, Kind: kind, EndsOn: ends.String(), Term: "P1Y",
		AutoRenew: kind == renewal.KindSubscription})
}

// terms adds several such customers.
func (h *house) terms(from, to int, kind string, days int) {
	h.t.Helper()
	h.Exec("BEGIN")
	for n := from; n <= to; n++ {
		h.term(n, kind, days)
	}
	h.Exec("COMMIT")
}

// states counts the reminders whose moment has come, by state and reason.
func (h *house) states() string {
	h.t.Helper()
	return strings.ReplaceAll(h.Text(`SELECT count(*) || ' ' || state || ' ' || reason FROM reminders
		WHERE state <> 'planned' GROUP BY state, reason ORDER BY state, reason`), "\n", ", ")
}

// open writes the kinds of the open tasks with their number.
func (h *house) open() string {
	h.t.Helper()
	return strings.ReplaceAll(h.Text(`SELECT count(*) || ' ' || kind FROM staff_tasks WHERE done_at IS NULL GROUP BY kind ORDER BY kind`), "\n", ", ")
}

// release is renewd release.
func (h *house) release() int {
	h.t.Helper()
	n := 0
	err := h.DB.Write(context.Background(), func(tx *store.Tx) (err error) {
		n, err = tx.Release("", h.now())
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// onceEach checks that no message was taken twice and none left for a key that
// another one had left for.
func (h *house) onceEach() {
	h.t.Helper()
	h.mail.mu.Lock()
	defer h.mail.mu.Unlock()
	for id, n := range h.mail.taken {
		if n != 1 {
			h.t.Errorf("message %s was taken %d times", id, n)
		}
	}
}

// subjects returns the subjects of tries, with the times at which they came.
func subjects(tries []try) string {
	var lines []string
	for _, t := range tries {
		lines = append(lines, t.at.Format("02 15:04 ")+subjectOf(t.raw))
	}
	return strings.Join(lines, "\n")
}

// subjectOf is the subject of a mail in plain words.
func subjectOf(raw string) string {
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return err.Error()
	}
	text, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err.Error()
	}
	return text
}
