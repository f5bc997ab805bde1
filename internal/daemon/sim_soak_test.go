package daemon_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/testkit"
)

// TestSimulatedMonth lets the daemon live for thirty days with everything that
// goes wrong in the long run: replies of every kind, a server that is away or
// refuses us, kills in the middle of messages, restarts, reloads, a clock that is
// put right by minutes. In the end every reminder that a forecast at the start
// named is in a state that explains itself by what the server did, nothing else
// left, nothing commercial left twice, and the process has not grown.
func TestSimulatedMonth(t *testing.T) {
	simulateAlone(t, func(t *testing.T, h *house) {
		m := &month{house: h, replied: map[string]map[reply]int{}}
		m.mail.lean = true
		m.tune = func(o *daemon.ServeOptions) {
			o.Pass, o.Engine.Rate = h.schedule("*/15 * * * *"), 600
		}
		m.people()
		m.foretold = m.forecast(morning.Add(30*day - time.Second))
		m.mail.replies(m.reply)
		m.start()
		var early footprint
		days := 30
		if raceDetector || testing.Short() {
			days = 4 // with a day away, and one with a kill
		}
		for d := range days {
			m.day(d, d >= days-2)
			if d == 5 {
				early = m.measure()
			}
		}
		if days == 30 {
			early.compare(t, m.measure())
			m.account()
		}
		m.once()
	})
}

// month is the house over thirty days.
type month struct {
	*house
	// foretold are the decisions of the forecast by agreement and step.
	foretold map[string]plan.Line
	// calm: nothing goes wrong any more; the others hold while they are true.
	calm, gone, refusing, heavy bool
	// replied counts the replies by recipient.
	replied map[string]map[reply]int
}

// people are those whose passes and subscriptions end within the next months,
// evenly spread; most subscriptions are paid for on the day after.
func (m *month) people() {
	m.Exec("BEGIN")
	for n := 1; n <= 240; n++ {
		m.term(n, []string{renewal.KindPass, renewal.KindPass, renewal.KindSubscription}[n%3], 1+n%80)
		if n%3 == 2 && n%5 > 0 {
			m.AddEvent(testkit.Event{Type: renewal.Payment, Agreement: fmt.Sprintf("A%03d", n), At: morning.Add(time.Duration(2+n%80)*day + time.Hour)})
		}
	}
	m.Exec("COMMIT")
}

// reply is the server's; it is called with its lock held. Chance decides, but the
// same try meets the same in every run, in whatever order they come.
func (m *month) reply(t try) reply {
	before := 0
	for _, n := range m.replied[t.to] {
		before += n
	}
	hash := fnv.New64a()
	fmt.Fprint(hash, t.to, before)
	r := take
	switch chance := rand.New(rand.NewPCG(hash.Sum64(), 2000)).IntN(100); {
	case m.gone:
		r = away
	case t.to == staffAddress || m.calm:
	case m.refusing:
		r = notYou
	case m.heavy:
		r = []reply{slow, stall, take}[chance%3]
	case chance < 12:
		r = busy
	case chance < 15:
		r = unknown
	case chance < 19:
		r = lost
	case chance < 24:
		r = breakOff
	case chance < 28:
		r = slow
	case chance < 32:
		r = stall
	}
	if m.replied[t.to] == nil {
		m.replied[t.to] = map[reply]int{}
	}
	m.replied[t.to][r]++
	return r
}

// set changes what the server does.
func (m *month) set(which *bool, to bool) {
	m.mail.mu.Lock()
	defer m.mail.mu.Unlock()
	*which = to
}

// day is one of the thirty, from half a minute before the opening on.
func (m *month) day(d int, calm bool) {
	begins := morning.Add(time.Duration(d) * day)
	m.set(&m.calm, calm)
	if calm {
		m.offset.Store(0)
	} else {
		switch {
		case d%7 == 1:
			m.set(&m.gone, true)
		case d%7 == 3:
			m.set(&m.heavy, true)
			m.until(begins.Add(2 * time.Minute))
			m.kill()
			m.set(&m.heavy, false)
			m.start()
		case d%11 == 5:
			m.set(&m.refusing, true)
		case d%4 == 2:
			m.until(begins.Add(30*time.Second + 500*time.Millisecond))
			m.hangup <- struct{}{}
		}
		m.until(begins.Add(4 * time.Hour))
		m.set(&m.refusing, false)
		switch d % 5 {
		case 2:
			m.turn(5 * time.Minute)
		case 3:
			m.turn(-5 * time.Minute)
		case 4:
			m.end()
			m.until(begins.Add(6 * time.Hour))
			m.start()
		}
		m.until(begins.Add(22 * time.Hour))
	}
	m.until(begins.Add(23 * time.Hour))
	if d%7 != 1 {
		m.set(&m.gone, false) // back in the second night
	}
	m.until(begins.Add(day))
}

// forecast is what a forecast says of every reminder that has its moment by an
// instant: whether it is sent or skipped.
func (m *month) forecast(until time.Time) map[string]plan.Line {
	set := m.Settings
	sim := plan.NewSimulation(plan.Span{Now: m.now(), From: m.now(), To: until, Standing: plan.Standing{RulesSince: m.now()}}, &set)
	out := map[string]plan.Line{}
	err := m.DB.Read(context.Background(), func(tx *store.Tx) error {
		return tx.EachDossier(time.Time{}, func(d *renewal.Dossier) error {
			sim.Add(d)
			return nil
		})
	})
	if err == nil {
		err = sim.Run(func(l plan.Line) error {
			for _, r := range l.Reminders {
				out[r.Agreement+" "+r.Step] = l
			}
			return nil
		})
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// account compares what was due with what became of it.
func (m *month) account() {
	counts := map[string]int{}
	found := map[string]bool{}
	for _, row := range m.Rows(`SELECT a.ref || ' ' || r.step, r.state, r.reason, coalesce(c.email, ''), coalesce(m.rfc822_id, '')
		FROM reminders AS r JOIN agreements AS a ON a.id = r.agreement_id JOIN customers AS c ON c.id = r.customer_id
		LEFT JOIN messages AS m ON m.id = r.message_id WHERE r.state <> 'planned' ORDER BY r.id`) {
		key, state, to, id := row[0], row[1]+" "+row[2], row[3], row[4]
		line, foretold := m.foretold[key]
		if !foretold {
			m.t.Errorf("%s is %s, and no forecast named it", key, state)
			continue
		}
		found[key] = true
		counts[state]++
		replied := m.replied[to]
		explained := false
		switch state {
		case "sent due":
			explained = line.Decision == "send" && m.mail.taken[id] > 0
		case "failed rejected":
			explained = line.Decision == "send" && (replied[unknown] > 0 || replied[notYou] > 1)
		case "uncertain in_doubt":
			explained = line.Decision == "send" && m.mail.doubted[id]
		case "skipped bounced":
			explained = replied[unknown] > 0
		default:
			explained = line.Decision == "skip" && state == "skipped "+string(line.Reason)
		}
		if !explained {
			m.t.Errorf("%s (%s) is %s; foretold was %s %s at %s; the server said %v", key, to, state, line.Decision, line.Reason, line.At, replied)
		}
	}
	for key, line := range m.foretold {
		if !found[key] {
			m.t.Errorf("%s: a forecast named it (%s %s at %s), and nothing is known of it", key, line.Decision, line.Reason, line.At)
		}
	}
	for _, want := range []string{"sent due", "failed rejected", "uncertain in_doubt"} {
		if counts[want] == 0 {
			m.t.Errorf("a month without %q: %v", want, counts)
		}
	}
	m.want("tasks about what is over", m.Text(`SELECT kind, text FROM staff_tasks WHERE done_at IS NULL AND kind NOT IN ('failed', 'bounced', 'renewed?', 'uncertain')`), "")
}

// once checks that the server took a commercial message once at most, a reminder
// never in two messages, and nothing that the database does not know of.
func (m *month) once() {
	class := map[string]string{}
	for _, row := range m.Rows(`SELECT rfc822_id, class, state FROM messages`) {
		class[row[0]] = row[1]
	}
	staff := map[string]bool{}
	for _, try := range m.mail.tries {
		staff[try.id] = try.to == staffAddress
	}
	for id, n := range m.mail.taken {
		switch {
		case staff[id]:
		case class[id] == "":
			m.t.Errorf("the server took %s, which the database does not know", id)
		case n > 1 && class[id] == string(renewal.Commercial):
			m.t.Errorf("the server took the commercial message %s %d times", id, n)
		case n > 4:
			m.t.Errorf("the server took %s %d times", id, n)
		}
	}
	m.want("reminders in two messages that left", m.Text(`SELECT count(*) FROM (SELECT customer_id, rule, template, claimed_at FROM messages
		WHERE state IN ('sent', 'uncertain') GROUP BY 1, 2, 3, substr(claimed_at, 1, 10) HAVING count(*) > 1)`), "0")
}

// footprint is what a process takes.
type footprint struct{ goroutines, descriptors, heap int }

// measure measures, after throwing away what the test itself gathers.
func (m *month) measure() footprint {
	m.t.Helper()
	m.mu.Lock()
	m.said, m.log = nil, bytes.Buffer{}
	m.mu.Unlock()
	synctest.Wait()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		m.t.Fatal(err)
	}
	runtime.GC()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return footprint{runtime.NumGoroutine(), len(files), int(memory.HeapAlloc)}
}

func (early footprint) compare(t *testing.T, late footprint) {
	t.Helper()
	if late.goroutines != early.goroutines {
		t.Errorf("%d goroutines, then %d", early.goroutines, late.goroutines)
	}
	if late.descriptors != early.descriptors {
		t.Errorf("%d descriptors, then %d", early.descriptors, late.descriptors)
	}
	if late.heap > early.heap*6/5 {
		t.Errorf("%d bytes of heap, then %d", early.heap, late.heap)
	}
}
