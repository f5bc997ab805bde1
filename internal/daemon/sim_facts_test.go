package daemon_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

// stops are the facts that keep a commercial message back at the last moment.
var stops = []renewal.EventType{renewal.Unsubscribe, renewal.ComplaintEvent, renewal.SpamReport, renewal.Cancel}

// stopped types a fact that stops the n-th customer's messages.
func (h *house) stopped(n int) {
	ref := fmt.Sprintf("%03d", n)
	h.AddEvent(testkit.Event{Type: stops[n%len(stops)], Customer: "C" + ref, Agreement: "A" + ref})
}

// tried tells which customers a message was tried for since the n-th try.
func (h *house) tried(since int) map[string]bool {
	tries, _ := h.mail.seen()
	to := map[string]bool{}
	for _, try := range tries[since:] {
		to[try.to] = true
	}
	return to
}

// TestSimulatedLateFacts: whoever unsubscribes, complains or cancels while a
// message waits gets none, however late that is: before it is claimed, between
// the claim and the first byte, or while a second try waits.
func TestSimulatedLateFacts(t *testing.T) {
	t.Run("in a long queue", func(t *testing.T) {
		simulate(t, func(t *testing.T, h *house) {
			h.tune = func(o *daemon.ServeOptions) { o.Engine.Rate = 60 }
			h.terms(1, 300, renewal.KindPass, 30)
			h.start()
			h.pass(2 * time.Minute)
			so := len(h.tried(0))
			for n := 261; n <= 280; n++ {
				h.stopped(n)
			}
			h.pass(5 * time.Minute)
			to := h.tried(0)
			for n := 261; n <= 280; n++ {
				if to[fmt.Sprintf("c%03d@customer.example", n)] {
					t.Errorf("customer %d was written to", n)
				}
			}
			if so < 80 || so > 100 || len(to) != 280 {
				t.Errorf("%d messages at first, %d in the end", so, len(to))
			}
			h.onceEach()
		})
	})
	t.Run("claimed and not begun", func(t *testing.T) {
		simulate(t, func(t *testing.T, h *house) {
			h.tune = func(o *daemon.ServeOptions) { o.Engine.Rate = 60 }
			h.terms(1, 60, renewal.KindPass, 30)
			h.start()
			h.pass(31 * time.Second)
			stopped := 0
			for range 20 {
				h.pass(1500 * time.Millisecond)
				for _, row := range h.Rows(`SELECT substr(to_address, 2, 3) FROM messages WHERE state = 'sending' AND streaming_at IS NULL`) {
					n, err := strconv.Atoi(row[0])
					if err != nil {
						t.Fatal(err)
					}
					h.stopped(n)
					stopped++
				}
			}
			h.pass(5 * time.Minute)
			sent := len(h.mail.taken)
			if stopped < 15 || sent != 60-stopped {
				t.Errorf("%d stopped, %d of 60 sent", stopped, sent)
			}
		})
	})
	t.Run("connected and not begun", func(t *testing.T) {
		simulate(t, func(t *testing.T, h *house) {
			h.mail.replies(always(stall))
			h.terms(1, 4, renewal.KindPass, 30)
			h.start()
			h.pass(5 * time.Minute)
			for n := 1; n <= 4; n++ {
				h.stopped(n)
			}
			h.pass(10 * time.Minute)
			if len(h.mail.tries) != 4 || len(h.mail.taken) != 0 {
				t.Errorf("%d tries, %d taken", len(h.mail.tries), len(h.mail.taken))
			}
		})
	})
	t.Run("while a second try waits", func(t *testing.T) {
		notUnderRace(t)
		simulate(t, func(t *testing.T, h *house) {
			h.mail.replies(always(busy))
			h.terms(1, 20, renewal.KindPass, 30)
			h.start()
			h.pass(30 * time.Minute)
			h.mail.replies(nil)
			so := len(h.mail.tries)
			for n := 1; n <= 20; n++ {
				h.stopped(n)
			}
			h.pass(3 * time.Hour)
			if len(h.mail.tries) > so || so != 80 {
				t.Errorf("%d tries at first, %d in the end", so, len(h.mail.tries))
			}
		})
	})
}

// TestSimulatedOrder: notices leave before receipts and those before commercial
// messages, the longest due first, and what becomes due in the middle of a long
// run does not wait for its end.
func TestSimulatedOrder(t *testing.T) {
	notUnderRace(t)
	simulate(t, func(t *testing.T, h *house) {
		h.tune = func(o *daemon.ServeOptions) { o.Engine.Rate, o.Engine.Connections = 60, 1 }
		h.terms(1, 500, renewal.KindPass, 30)
		h.terms(901, 905, renewal.KindPass, 27) // due since Friday
		h.start()
		h.end() // while the server was away, say
		h.terms(911, 920, renewal.KindSubscription, 5)
		for n := 911; n <= 920; n++ {
			h.AddEvent(testkit.Event{Type: renewal.Payment, Customer: fmt.Sprintf("C%03d", n), Agreement: fmt.Sprintf("A%03d", n)})
		}
		h.terms(921, 930, renewal.KindSubscription, 30)
		h.pass(time.Minute)
		h.start()
		h.pass(90 * time.Second)
		tries, _ := h.mail.seen()
		order := ""
		for _, try := range tries {
			switch {
			case try.to >= "c921":
				order += "n"
			case try.to >= "c911":
				order += "r"
			case try.to >= "c901":
				order += "o"
			default:
				order += "c"
			}
		}
		if len(order) < 50 || order[:26] != "nnnnnnnnnnrrrrrrrrrrooooocc"[:26] {
			t.Errorf("the order was %s", order)
		}
		for n := range 3 {
			h.term(940+n, renewal.KindSubscription, 30)
			so := len(tries)
			h.pass(time.Minute)
			if !h.tried(so)[fmt.Sprintf("c%03d@customer.example", 940+n)] {
				t.Errorf("a notice that was due in the %d. minute of the run has not left within a minute", n+2)
			}
			h.pass(2 * time.Minute)
			tries, _ = h.mail.seen()
		}
		h.pass(3 * time.Minute)
		h.want("left", h.Text(`SELECT count(*) FROM reminders WHERE state IN ('due', 'waiting', 'sending')`), "0")
		h.onceEach()
	})
}
