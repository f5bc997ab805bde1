package daemon_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/testkit"
)

// TestYear plays one year in the life of a small business, with everything that
// can go wrong in it, and after each pass asks a judge who knows the
// specification and not the code. It runs in a bubble in which the clock starts
// on 1 January 2000 and jumps; 2000 has a leap day.
func TestYear(t *testing.T) {
	years := uint64(2)
	if text := os.Getenv("RENEWD_YEARS"); text != "" { // for a long night
		var err error
		if years, err = strconv.ParseUint(text, 10, 16); err != nil {
			t.Fatal(err)
		}
	}
	if testing.Short() || raceDetector {
		years = 1
	}
	counts := map[string]int{}
	for seed := range years {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newYear(t, seed, counts).live() })
		})
	}
	for _, want := range []string{"sent due", "sent released", "skipped renewed", "skipped corrected", "skipped cancelled",
		"skipped superseded", "skipped too_late", "skipped unsubscribed", "skipped bounced", "skipped spam_report", "skipped complaint",
		"uncertain in_doubt", "failed rejected", "killed", "released", "in doubt after the restore"} {
		if counts[want] == 0 && years > 1 {
			t.Errorf("the years had no %q: %v", want, counts)
		}
	}
}

// year is a business, its customers and its troubles.
type year struct {
	t     *testing.T
	rnd   *rand.Rand
	shop  *testkit.Shop
	e     *daemon.Engine
	judge *judge
	end   time.Time
	// troubles lie ahead, in order of their instant.
	troubles []trouble
	// asleep: no passes before this instant.
	asleep time.Time
	// awayUntil: there is no transport before this instant.
	awayUntil time.Time
	// busyUntil: a pass every seven minutes until this instant.
	busyUntil time.Time
	// mayDie: one message in so many meets a fault; 0 means none does.
	mayDie int
	// refs numbers new customers and agreements.
	refs int
	// lost are the facts typed since the last backup, as SQL.
	journal  []typed
	backup   string
	restored bool
	// counts tell what happened, in all years together.
	counts map[string]int
}

// typed is a statement that a person typed.
type typed struct {
	statement string
	args      []any
}

// trouble is something that happens at an instant.
type trouble struct {
	at   time.Time
	what func(*year)
}

func bubbleClock() time.Time { return time.Now().UTC().Truncate(time.Second) }

func newYear(t *testing.T, seed uint64, counts map[string]int) *year {
	set := testkit.Settings(t, yearRules()...)
	set.Hours.Holidays[renewal.NewDate(2000, time.May, 1)] = true
	set.Hours.Holidays[renewal.NewDate(2000, time.December, 25)] = true
	y := &year{t: t, rnd: rand.New(rand.NewPCG(seed, 2000)), shop: testkit.NewShop(t, set, bubbleClock), counts: counts}
	y.shop.Letters = fstest.MapFS{"cancelled.en.md": &fstest.MapFile{Data: []byte(
		"---\nsubject: Your cancellation\n---\nWe confirm it for {{(index .Agreements 0).Ref}}.\n")}}
	y.end = time.Date(2001, time.January, 5, 0, 0, 0, 0, time.UTC)
	if raceDetector { // up to the day after the backup was adopted
		y.end = time.Date(2000, time.May, 14, 0, 0, 0, 0, time.UTC)
	}
	y.judge = newJudge(t, y.shop)
	y.shop.Post.Next = y.fault
	y.plan()
	y.open()
	y.e = y.shop.Engine()
	return y
}

// yearRules are the rules of the business.
func yearRules() []renewal.Rule {
	return []renewal.Rule{
		testkit.PassRule(),
		{Name: "contract", Template: "contract-renewal", Audience: renewal.Audience{Kind: []string{renewal.KindContract}, AutoRenew: []bool{false}},
			BeforeEnd: testkit.Periods("P60D", "P30D", "P10D")},
		{Name: "goods", Template: "goods-renewal", Audience: renewal.Audience{Kind: []string{renewal.KindGoods}},
			BeforeEnd: testkit.Periods("P7D"), AfterEnd: testkit.Periods("P10D")},
		{Name: "farewell", Template: "win-back", Audience: renewal.Audience{Cancelled: []bool{true}}, AfterEnd: testkit.Periods("P14D")},
		testkit.NoticeRule(),
		testkit.ReceiptRule(),
		{Name: "cancellation", Class: renewal.Transactional, Template: "cancelled", On: renewal.Cancel, Audience: renewal.Audience{Cancelled: []bool{true}}},
	}
}

// plan lays out the troubles of the year.
func (y *year) plan() {
	at := func(month time.Month, day, hour int, what func(*year)) {
		y.troubles = append(y.troubles, trouble{time.Date(2000, month, day, hour, y.rnd.IntN(60), 0, 0, time.UTC), what})
	}
	busy := func(span time.Duration) func(*year) { return func(y *year) { y.busyUntil = time.Now().Add(span) } }
	down := func(span time.Duration) func(*year) { return func(y *year) { y.asleep = time.Now().Add(span) } }
	at(time.January, 12, 6, busy(4*time.Hour))
	at(time.January, 20, 9, down(5*time.Hour))
	at(time.February, 1, 0, func(y *year) { y.mayDie = 12 })
	at(time.February, 28, 20, busy(36*time.Hour)) // the leap day
	at(time.March, 8, 3, down(3*24*time.Hour))
	at(time.March, 14, 9, (*year).breakLetter)
	at(time.March, 18, 9, (*year).mendLetter)
	at(time.March, 25, 20, busy(12*time.Hour)) // summer time begins in Paris
	at(time.April, 1, 12, busy(10*time.Hour))  // it ends on Lord Howe
	at(time.April, 10, 9, (*year).changeRules)
	at(time.April, 13, 11, (*year).release)
	at(time.May, 5, 4, (*year).backUp)
	at(time.May, 12, 4, (*year).restore)
	at(time.May, 13, 12, (*year).adopt)
	at(time.May, 20, 0, func(y *year) { y.mayDie = 12 })
	at(time.June, 3, 8, func(y *year) { y.awayUntil = time.Now().Add(30 * time.Hour) })
	at(time.June, 20, 8, (*year).restart)
	at(time.July, 5, 2, down(31*24*time.Hour))
	at(time.August, 26, 10, busy(10*time.Hour)) // summer time begins on Lord Howe (the year of the Olympic games)
	at(time.October, 28, 20, busy(12*time.Hour))
	at(time.December, 31, 20, busy(8*time.Hour))
}

// live plays the year: facts come at all hours, a pass comes when something is
// due, and otherwise now and then.
func (y *year) live() {
	y.pass() // the rules come into force before the customers arrive
	for time.Now().Before(y.end) {
		y.sleep()
		now := time.Now()
		for len(y.troubles) > 0 && !y.troubles[0].at.After(now) {
			what := y.troubles[0].what
			y.troubles = y.troubles[1:]
			what(y)
		}
		if y.rnd.IntN(3) == 0 || !y.busyUntil.After(now) {
			y.something()
		}
		if !now.Before(y.asleep) {
			y.pass()
		}
	}
	y.mayDie = 0
	y.pass()
	y.judge.sum()
	y.count()
}

// sleep waits for what comes first: a moment of some household, the next
// trouble, or just a while.
func (y *year) sleep() {
	now := time.Now()
	while := time.Duration(1+y.rnd.IntN(10*60)) * time.Minute
	if y.busyUntil.After(now) {
		while = 7 * time.Minute
	}
	next := now.Add(while)
	var look time.Time
	err := y.shop.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		look, err = tx.NextLook()
		return err
	})
	if err != nil {
		y.t.Fatal(err)
	}
	if look.After(now) && look.Before(next) && !y.asleep.After(now) {
		next = look
	}
	if len(y.troubles) > 0 && y.troubles[0].at.Before(next) {
		next = y.troubles[0].at
	}
	time.Sleep(max(next.Sub(now), time.Second))
}

// pass makes a pass, and where the process is killed in the middle of it, a
// second one by its successor.
func (y *year) pass() {
	summary, killed, err := y.shop.PassUntilKilled(y.e)
	away := time.Now().Before(y.awayUntil)
	if err != nil && !away {
		y.t.Fatalf("pass at %s: %v", time.Now().UTC(), err)
	}
	y.counts["passes"]++
	y.judge.look(!away, summary.Households == 0 && !killed)
	if killed {
		y.counts["killed"]++
		y.restart()
		y.pass()
	}
}

// fault is what goes wrong with the next message.
func (y *year) fault(string) testkit.Fault {
	if time.Now().Before(y.awayUntil) {
		return testkit.Away
	}
	if y.restored {
		y.t.Errorf("%s: a restored backup sends before it is adopted", time.Now().UTC())
	}
	if y.mayDie == 0 || y.rnd.IntN(y.mayDie) > 0 {
		return testkit.NoFault
	}
	return []testkit.Fault{testkit.DieBeforeStreaming, testkit.DieAfterStreaming, testkit.DieAfterRename, testkit.Refuse}[y.rnd.IntN(4)]
}

// restart is the end of one process and the start of the next.
func (y *year) restart() {
	y.shop.Close()
	y.shop.Open()
	y.e = y.shop.Engine()
}

func (y *year) breakLetter() {
	y.shop.Letters["pass-renewal.en.md"] = &fstest.MapFile{Data: []byte("---\nsubject: {{.Nonsense}}\n---\nHello\n")}
	y.judge.broken = true
	y.restart()
}

func (y *year) mendLetter() {
	y.shop.Letters["pass-renewal.en.md"] = &fstest.MapFile{Data: []byte(
		"---\nsubject: Your pass\n---\nHello {{.Customer.Name}},\n\n{{range .Agreements}}\n- {{.Ref}} ends on {{date .EndsOn}}\n{{end}}\n")}
	y.judge.broken = false
	y.restart()
}

// changeRules gives the passes a much earlier reminder, which makes many due at
// once; the burst guard is set low.
func (y *year) changeRules() {
	y.shop.Settings.Rules[0].BeforeEnd = testkit.Periods("P200D", "P30D", "P7D")
	y.shop.Settings.Burst = 3
	y.judge.rulesChanged(true)
	y.restart()
	y.pass()
	if y.shop.Text(`SELECT count(*) > 3 FROM reminders WHERE burst = 2 AND state = 'waiting'`) != "1" {
		y.t.Errorf("no burst after the rules changed")
	}
}

func (y *year) release() {
	err := y.shop.DB.Write(context.Background(), func(tx *store.Tx) error {
		n, err := tx.Release("", time.Now().UTC())
		y.counts["released"] += n
		return err
	})
	if err != nil {
		y.t.Fatal(err)
	}
	y.judge.rulesChanged(false)
	y.shop.Settings.Burst = 1000
	y.restart()
}

func (y *year) backUp() {
	y.backup = filepath.Join(y.shop.Dir, "backup.db")
	if err := y.shop.DB.Backup(context.Background(), y.backup); err != nil {
		y.t.Fatal(err)
	}
	y.journal = nil
}

// restore puts the backup in the place of the database.
func (y *year) restore() {
	y.mayDie = 0
	y.shop.Close()
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(y.shop.Path + suffix); err != nil && !os.IsNotExist(err) {
			y.t.Fatal(err)
		}
	}
	if err := os.Rename(y.backup, y.shop.Path); err != nil {
		y.t.Fatal(err)
	}
	y.shop.Open()
	y.e = y.shop.Engine()
	y.restored = true
	y.judge.restore()
	for _, s := range y.journal { // people type in again what got lost
		y.shop.Exec(s.statement, s.args...)
	}
}

func (y *year) adopt() {
	if _, err := y.e.PlanOnly(context.Background()); err != nil {
		y.t.Fatal(err)
	}
	n, err := store.Adopt(context.Background(), y.shop.DB, y.shop.Instance, time.Now().UTC())
	if err != nil {
		y.t.Fatal(err)
	}
	y.counts["in doubt after the restore"] += n
	y.restored = false
	y.judge.silent = false
}

// count adds up what became of the reminders, so that nobody praises a year in
// which nothing happened.
func (y *year) count() {
	for _, row := range y.shop.Rows(`SELECT state || ' ' || reason, count(*) FROM reminders GROUP BY 1`) {
		n, err := strconv.Atoi(row[1])
		if err != nil {
			y.t.Fatal(err)
		}
		y.counts[row[0]] += n
	}
}
