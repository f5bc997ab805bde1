package mailout_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"renewd/internal/mailout"
	"renewd/internal/testkit"
)

// BenchmarkDeliver sends 3 kB letters to a sink in the same process, beside a
// bare loop with one reply per command, which knows neither faults nor deadlines.
func BenchmarkDeliver(b *testing.B) {
	raw := append(letter("bench@shop.example"), bytes.Repeat([]byte("A line of an ordinary letter, of ordinary length.\r\n"), 60)...)
	for _, rtt := range []time.Duration{0, 10 * time.Millisecond} {
		for _, connections := range []int{1, 4, 16} {
			for _, how := range []string{"bare", "plain", "pipelined"} {
				b.Run(fmt.Sprintf("rtt=%v/connections=%d/%s", rtt, connections, how), func(b *testing.B) {
					options := testkit.SinkOptions{RTT: rtt, LowMemory: true}
					if how == "plain" {
						options.Extensions = []string{"8BITMIME"}
					}
					sink := testkit.NewSink(b, options)
					o := plain(sink)
					o.Connections = connections
					s := newSMTP(b, o)
					b.ReportAllocs()
					b.ResetTimer()
					parallel(b, connections, func(next func() bool) error {
						if how == "bare" {
							return testkit.BareLoop(sink.Addr, sender, recipient, raw, next)
						}
						for next() {
							if a, err := s.Deliver(context.Background(), sender, recipient, raw, func() error { return nil }); a.Outcome != mailout.Accepted {
								return fmt.Errorf("%+v: %w", a, err)
							}
						}
						return nil
					})
					b.StopTimer()
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
					if sink.Count() != b.N {
						b.Errorf("%d letters of %d", sink.Count(), b.N)
					}
				})
			}
		}
	}
}

// parallel shares b.N messages among goroutines.
func parallel(b *testing.B, workers int, work func(next func() bool) error) {
	var sent atomic.Int64
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			if err := work(func() bool { return sent.Add(1) <= int64(b.N) }); err != nil {
				b.Error(err)
			}
		})
	}
	running.Wait()
}
