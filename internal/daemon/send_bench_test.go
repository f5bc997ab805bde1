package daemon_test

import (
	"context"
	"fmt"
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
		`UPDATE customers SET next_look_at = NULL`,
	} {
		s.Exec(statement)
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

// BenchmarkSend is the full path: claim, decide again, render, SMTP, record, all
// durable, and the look at what comes next, with the server on the same cores.
func BenchmarkSend(b *testing.B) {
	messages := size(2000, 20_000)
	for _, connections := range []int{1, 4, 16} {
		b.Run(fmt.Sprint(connections), func(b *testing.B) {
			var took, work time.Duration
			for b.Loop() {
				b.StopTimer()
				sink := testkit.NewSink(b, testkit.SinkOptions{LowMemory: true})
				smtp, err := mailout.NewSMTP(mailout.SMTPOptions{Host: sink.Host, Port: sink.Port, TLS: mailout.TLSNone, Connections: connections})
				if err != nil {
					b.Fatal(err)
				}
				s := dueShop(b, 2*messages)
				before := processorTime(b)
				took += sendAll(b, s, smtp, connections, messages)
				work += processorTime(b) - before
				if err := smtp.Close(); err != nil || sink.Count() != messages {
					b.Fatalf("%d letters, %v", sink.Count(), err)
				}
				s.Close()
				b.StartTimer()
			}
			b.ReportMetric(float64(messages)*float64(b.N)/took.Seconds(), "messages/s")
			b.ReportMetric(float64(work.Microseconds())/float64(messages*b.N), "cpu-µs/message")
		})
	}
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
