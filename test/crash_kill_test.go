package test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"renewd/internal/testkit"
)

// seed is that of the plan of a test, said so that a failure can be played again
// with RENEWD_TEST_SEED.
func seed(t *testing.T) *rand.Rand {
	t.Helper()
	n, err := strconv.ParseUint(os.Getenv("RENEWD_TEST_SEED"), 10, 64)
	if err != nil {
		n = 20270301
	}
	t.Logf("RENEWD_TEST_SEED=%d", n)
	return rand.New(rand.NewPCG(n, n))
}

// TestCrash kills the real program, in a real dialogue with a server that goes on.
func TestCrash(t *testing.T) {
	program := buildForCrashes(t)
	t.Run("killed at random", func(t *testing.T) { t.Parallel(); killedAtRandom(t, program) })
	t.Run("killed before the reply", func(t *testing.T) { t.Parallel(); killedBeforeReply(t, program) })
	t.Run("asked to end", func(t *testing.T) { t.Parallel(); askedToEnd(t, program) })
}

// killedAtRandom kills the daemon a hundred times while it has about a thousand
// letters to send, at random steps of its dialogues and at random moments.
func killedAtRandom(t *testing.T, program string) {
	const connections = 8
	kills := 100
	if longTest {
		kills = 1000
	}
	random := seed(t)
	w := newWorkshop(t, program, workshopSettings{mail: "rate = 0\nconnections = 8"})
	w.mix(800, 150, 50)
	for range kills {
		if w.untouched() < 100 {
			w.mix(200, 38, 12)
		}
		s := w.serve()
		var moment <-chan time.Time
		step := w.after(1 + random.IntN(90))
		if random.IntN(4) == 0 {
			moment, step = time.After(time.Duration(random.Int64N(int64(300*time.Millisecond)))), nil
		}
		select {
		case <-step:
		case <-moment:
		case <-time.After(mostPatience):
			t.Fatal("the daemon sends nothing")
		}
		s.kill()
	}
	w.renewd("0 3", "run") // one that nobody disturbs does all the rest
	doubtful := w.judge()
	if len(doubtful) > kills*connections {
		t.Errorf("%d in doubt after %d kills", len(doubtful), kills)
	}
	// A notice that was in doubt four times waits for a person's word.
	others := map[string]outcome{}
	for email, o := range doubtful {
		if o.class != "commercial" {
			others[email] = o
		}
	}
	w.retry(others)
	t.Logf("%d customers, %d letters, %d in doubt, of which %d are notices or receipts", w.customersSoFar, w.sink.Count(), len(doubtful), len(others))
}

// killedBeforeReply kills the daemon whenever a letter was accepted and its reply
// is not yet out: the window that no sender can close.
func killedBeforeReply(t *testing.T, program string) {
	w := newWorkshop(t, program, workshopSettings{mail: "rate = 0\nconnections = 1"})
	const passes, others, tries = 60, 10, 4
	w.mix(passes, others-2, 2)
	held := make(chan struct{}, 1)
	never := make(chan struct{})
	w.setScript(func(stage testkit.Stage, _ testkit.Dialogue) testkit.Reply {
		if stage != testkit.StageDot {
			return testkit.Reply{}
		}
		held <- struct{}{}
		return testkit.Reply{Keep: true, Hang: never}
	})
	for kill := range passes + others*tries {
		s := w.serve()
		select {
		case <-held:
		case <-time.After(mostPatience):
			t.Fatalf("after %d kills no further letter comes", kill)
		}
		s.kill()
	}
	w.setScript(nil)
	w.renewd("3", "run")
	doubtful := w.judge()
	if len(doubtful) != passes+others || w.sink.Count() != passes+others*tries {
		t.Errorf("%d in doubt, %d letters", len(doubtful), w.sink.Count())
	}
	for id, n := range w.sink.ByMessageID() {
		if n != 1 && n != tries {
			t.Errorf("%s came %d times", id, n)
		}
	}
	w.retry(doubtful)
}

// askedToEnd asks the daemon fifty times to end while it sends: it finishes the
// dialogues and leaves no doubt.
func askedToEnd(t *testing.T, program string) {
	random := seed(t)
	w := newWorkshop(t, program, workshopSettings{mail: "rate = 0\nconnections = 8"})
	w.mix(400, 75, 25)
	for range 50 {
		if w.untouched() < 100 {
			w.mix(80, 15, 5)
		}
		s := w.serve()
		select {
		case <-w.after(1 + random.IntN(60)):
		case <-time.After(mostPatience):
			t.Fatal("the daemon sends nothing")
		}
		s.stop()
	}
	w.renewd("0", "run")
	if doubtful := w.judge(); len(doubtful) > 0 {
		t.Errorf("%d in doubt: %v", len(doubtful), doubtful)
	}
	if w.sink.Count() != w.customersSoFar {
		t.Errorf("%d letters for %d customers", w.sink.Count(), w.customersSoFar)
	}
}
