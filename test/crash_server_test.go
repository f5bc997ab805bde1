package test

import (
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"renewd/internal/testkit"
)

// TestCrashServer has the mail server, or the machine, be what breaks.
func TestCrashServer(t *testing.T) {
	program := buildForCrashes(t)
	t.Run("ten letters a connection", func(t *testing.T) { t.Parallel(); tenLetters(t, program) })
	t.Run("dropped after the dot", func(t *testing.T) { t.Parallel(); droppedAfterDot(t, program) })
	t.Run("reset after the reply", func(t *testing.T) { t.Parallel(); resetAfterReply(t, program) })
	t.Run("one hangs", func(t *testing.T) { t.Parallel(); oneHangs(t, program) })
	t.Run("frozen", func(t *testing.T) { t.Parallel(); frozen(t, program) })
	t.Run("down for weeks", func(t *testing.T) { t.Parallel(); downForWeeks(t, program) })
}

// tenLetters: a server that says goodbye after ten letters on each connection is
// no reason to charge a letter with a try, or to wait.
func tenLetters(t *testing.T, program string) {
	w := newWorkshop(t, program, workshopSettings{mail: "rate = 0\nconnections = 8"})
	w.mix(160, 30, 10)
	w.setScript(func(stage testkit.Stage, d testkit.Dialogue) testkit.Reply {
		if stage == testkit.StageMail && d.Message > 10 {
			return testkit.Reply{Line: "421 4.7.0 too many messages on this connection", Drop: testkit.DropAfter}
		}
		return testkit.Reply{}
	})
	w.renewd("0", "run")
	w.judge()
	for email, o := range w.outcomes() {
		if o.state != "sent" || o.attempts != 1 {
			t.Errorf("%s: %+v", email, o)
		}
	}
}

// droppedAfterDot: the connection breaks after the whole letter, of which the
// server keeps every other one. Nobody can know; nobody is to blame.
func droppedAfterDot(t *testing.T, program string) {
	w := newWorkshop(t, program, workshopSettings{mail: "rate = 0\nconnections = 4"})
	w.mix(40, 8, 2)
	var mu sync.Mutex
	tries := map[string]int{}
	w.setScript(func(stage testkit.Stage, d testkit.Dialogue) testkit.Reply {
		if stage != testkit.StageDot {
			return testkit.Reply{}
		}
		mu.Lock()
		defer mu.Unlock()
		tries[d.To]++
		return testkit.Reply{Drop: testkit.DropBefore, Keep: len(tries)%2 == 0}
	})
	w.renewd("3", "run")
	w.renewd("0", "run")
	doubtful := w.judge()
	if len(doubtful) != 50 {
		t.Errorf("%d in doubt", len(doubtful))
	}
	for email, o := range doubtful {
		if want := map[bool]int{true: 1, false: 4}[o.class == "commercial"]; tries[email] != want {
			t.Errorf("%s was tried %d times, want %d", email, tries[email], want)
		}
	}
	w.setScript(nil)
	w.retry(doubtful)
}

// resetAfterReply: what the server has taken is sent, whatever comes after.
func resetAfterReply(t *testing.T, program string) {
	w := newWorkshop(t, program, workshopSettings{mail: "rate = 0\nconnections = 4"})
	w.mix(40, 8, 2)
	w.setScript(func(stage testkit.Stage, _ testkit.Dialogue) testkit.Reply {
		if stage == testkit.StageDot {
			return testkit.Reply{Drop: testkit.DropAfter}
		}
		return testkit.Reply{}
	})
	w.renewd("0", "run")
	if doubtful := w.judge(); len(doubtful) != 0 || w.sink.Count() != 50 {
		t.Errorf("%d in doubt, %d letters", len(doubtful), w.sink.Count())
	}
}

// oneHangs: while one connection waits for the reply to its letter, the others go
// on, and what becomes due meanwhile leaves.
func oneHangs(t *testing.T, program string) {
	w := newWorkshop(t, program, workshopSettings{mail: "rate = 0\nconnections = 3"})
	w.mix(60, 0, 0)
	goOn, first := make(chan struct{}), sync.Once{}
	w.setScript(func(stage testkit.Stage, _ testkit.Dialogue) (r testkit.Reply) {
		if stage == testkit.StageDot {
			first.Do(func() { r.Hang = goOn })
		}
		return r
	})
	s := w.serve()
	w.waitFor(59)
	w.mix(0, 5, 2)
	w.waitFor(59 + 7)
	close(goOn)
	w.waitFor(60 + 7)
	s.stop()
	if doubtful := w.judge(); len(doubtful) != 0 || w.sink.Count() != 67 {
		t.Errorf("%d in doubt, %d letters", len(doubtful), w.sink.Count())
	}
}

// frozen: a process that the machine stops for a while goes on as if nothing had
// been.
func frozen(t *testing.T, program string) {
	w := newWorkshop(t, program, workshopSettings{mail: "rate = 0\nconnections = 4"})
	w.mix(240, 45, 15)
	s := w.serve()
	<-w.after(200)
	for _, which := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := s.c.Process.Signal(which); err != nil {
			t.Fatal(err)
		}
		if which == syscall.SIGSTOP {
			<-time.After(5 * time.Second) // this is what is tried
		}
	}
	w.waitFor(300)
	s.stop()
	if doubtful := w.judge(); len(doubtful) != 0 || w.sink.Count() != 300 {
		t.Errorf("%d in doubt, %d letters", len(doubtful), w.sink.Count())
	}
}

// downForWeeks: of all that became due while nothing ran, each customer gets the
// one letter that is right today, and nothing about an end that is over.
func downForWeeks(t *testing.T, program string) {
	w := newWorkshop(t, program, workshopSettings{mail: "rate = 0", steps: `["P90D", "P60D", "P30D", "P25D", "P3D"]`})
	w.mix(40, 0, 0)
	rows := "ref,customer,kind,ends_on,customer_email\n"
	for i := range 10 {
		rows += fmt.Sprintf("A-over%d,over%d,pass,%s,over%d@client.test\n", i, i, time.Now().AddDate(0, 0, -3).Format(time.DateOnly), i)
	}
	w.importFile("over.csv", rows)
	s := w.serve()
	<-w.after(60)
	s.kill()
	s = w.serve()
	s.says("msg=pass ")
	s.stop()
	w.renewd("0 3", "run")
	w.query(`SELECT c.email, count(*) FILTER (WHERE r.state IN ('sent', 'uncertain') AND r.step = 'before_end:P25D'),
			count(*) FILTER (WHERE r.state NOT IN ('skipped', 'planned'))
		FROM customers AS c LEFT JOIN reminders AS r ON r.customer_id = c.id GROUP BY c.id`, func(rows *sql.Rows) error {
		var email string
		var right, any int
		err := rows.Scan(&email, &right, &any)
		want := 1
		if strings.HasPrefix(email, "over") {
			want = 0
		}
		if right != want || any != want {
			t.Errorf("%s: %d right letters, %d in all, want %d", email, right, any, want)
		}
		return err
	})
	for id, n := range w.sink.ByMessageID() {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	if n := w.sink.Count(); n > 40 {
		t.Errorf("%d letters for 40 customers", n)
	}
}
