package daemon_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/mailout"
	"renewd/internal/testkit"
)

// dueShop is a business with n customers, half of whose passes are due to be
// reminded of now: planned, in state due, nothing sent.
func dueShop(b *testing.B, n int) *testkit.Shop {
	b.Helper()
	s := bigShop(b, n, true)
	for _, statement := range []string{
		`UPDATE agreements SET ends_on = '2027-03-28', auto_renew = 0 WHERE id % 2 = 0`,
		`UPDATE terms SET ends_on = '2027-03-28' WHERE agreement_id % 2 = 0`,
		`UPDATE reminders SET step = 'before_end:P30D', ends_on = '2027-03-28', due_at = '2027-03-01T08:00:00Z', not_after = '2027-03-21T22:59:59Z',
		   state = 'due', reason = 'due' WHERE customer_id % 2 = 0`,
		`UPDATE customers SET time_zone = ''`,
		`UPDATE customers SET next_look_at = iif(id % 2 = 0, '1970-01-01T00:00:00Z', NULL)`,
	} {
		s.Exec(statement)
	}
	if _, err := s.Engine().PlanOnly(context.Background()); err != nil { // moments and next looks are as a pass has them
		b.Fatal(err)
	}
	return s
}

// sendAll sends what is due with a transport and returns the time from the first
// claim until everything was written down.
func sendAll(b *testing.B, s *testkit.Shop, transport daemon.Transport, connections, messages int) time.Duration {
	b.Helper()
	options := s.Options()
	options.Transport, options.Connections, options.Watch = transport, connections, nil
	e, err := daemon.New(options)
	if err != nil {
		b.Fatal(err)
	}
	defer daemon.SpareProcessor()()
	begun := time.Now()
	b.StartTimer()
	summary, err := e.Pass(context.Background())
	b.StopTimer()
	took := time.Since(begun)
	if err != nil || summary.Messages != messages {
		b.Fatalf("%+v, %v", summary, err)
	}
	return took
}

// trip is one way of sending to be measured.
type trip struct {
	messages, connections int
	rtt                   time.Duration
	hasty                 bool
}

// send sends what is due in a new business to a new server on the same cores and
// returns how long that took, and what this process (with the server in it) used
// of the processors.
func (t trip) send(b *testing.B) (took, work time.Duration) {
	b.Helper()
	sink := testkit.NewSink(b, testkit.SinkOptions{LowMemory: true, RTT: t.rtt})
	defer sink.Stop()
	smtp, err := mailout.NewSMTP(mailout.SMTPOptions{Host: sink.Host, Port: sink.Port, TLS: mailout.TLSNone, Connections: t.connections})
	if err != nil {
		b.Fatal(err)
	}
	s := dueShop(b, 2*t.messages)
	defer s.Close()
	if t.hasty {
		s.Close()
		s.Hasty = true
		s.Open()
	}
	before := processorTime(b)
	took = sendAll(b, s, smtp, t.connections, t.messages)
	work = processorTime(b) - before
	if err := smtp.Close(); err != nil || sink.Count() != t.messages {
		b.Fatalf("%d letters, %v", sink.Count(), err)
	}
	return took, work
}

// perSecond is a rate.
func perSecond(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }

// BenchmarkSend is the full path: claim, decide again, render, SMTP, record, all
// durable, and the decision about what comes next, with the server on the same
// cores. bare/s is a bare loop in the same run.
func BenchmarkSend(b *testing.B) {
	for _, connections := range []int{1, 4, 16} {
		b.Run(fmt.Sprint(connections), func(b *testing.B) {
			t := trip{messages: size(2000, 20_000), connections: connections}
			var took, work, bare time.Duration
			for b.Loop() {
				b.StopTimer()
				bare += bareLoop(b, t)
				oneTook, oneWork := t.send(b)
				took, work = took+oneTook, work+oneWork
				b.StartTimer()
			}
			b.ReportMetric(perSecond(t.messages*b.N, took), "messages/s")
			b.ReportMetric(perSecond(t.messages*b.N, bare), "bare/s")
			b.ReportMetric(float64(work.Microseconds())/float64(t.messages*b.N), "cpu-µs/message")
		})
	}
}

// BenchmarkSendFar is a server ten milliseconds away, where round trips decide:
// share is that of connections / (4 × round trip), at least 0.8.
func BenchmarkSendFar(b *testing.B) {
	t := trip{messages: 3000, connections: 16, rtt: 10 * time.Millisecond}
	var took time.Duration
	for b.Loop() {
		b.StopTimer()
		one, _ := t.send(b)
		took += one
		b.StartTimer()
	}
	rate := perSecond(t.messages*b.N, took)
	b.ReportMetric(rate, "messages/s")
	b.ReportMetric(rate*4*t.rtt.Seconds()/float64(t.connections), "share")
}

// BenchmarkSendDurable compares commits that survive a loss of power with those
// that do not, the median of five alternating runs each: at least 0.8.
func BenchmarkSendDurable(b *testing.B) {
	t := trip{messages: size(2000, 10_000), connections: 16}
	for b.Loop() {
		b.StopTimer()
		var rates [2][]float64
		for range 5 {
			for i := range rates {
				t.hasty = i == 1
				took, _ := t.send(b)
				rates[i] = append(rates[i], perSecond(t.messages, took))
			}
		}
		b.StartTimer()
		full, normal := median(rates[0]), median(rates[1])
		b.ReportMetric(full, "full/s")
		b.ReportMetric(normal, "normal/s")
		b.ReportMetric(full/normal, "full/normal")
	}
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// bareLoop sends as many letters of an ordinary size over as many connections.
func bareLoop(b *testing.B, t trip) time.Duration {
	b.Helper()
	sink := testkit.NewSink(b, testkit.SinkOptions{LowMemory: true})
	defer sink.Stop()
	raw := append([]byte("Subject: x\r\n\r\n"), bytes.Repeat([]byte("A line of an ordinary letter, of ordinary length.\r\n"), 120)...)
	var sent atomic.Int64
	var running sync.WaitGroup
	begun := time.Now()
	for range t.connections {
		running.Go(func() {
			err := testkit.BareLoop(sink.Addr, "shop@shop.example", "customer@client.example", raw, func() bool { return sent.Add(1) <= int64(t.messages) })
			if err != nil {
				b.Error(err)
			}
		})
	}
	running.Wait()
	return time.Since(begun)
}

// processorTime is what this process has used of the processors, which says more
// than the clock on a machine that others use too.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
