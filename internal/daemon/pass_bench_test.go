package daemon_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/testkit"
)

// BenchmarkIdlePass is the pass of a quiet minute: at most 1 ms, whatever the size
// of the file. x/small is the ratio to the smaller business.
func BenchmarkIdlePass(b *testing.B) {
	small := 0.0
	for _, n := range []int{10_000, size(100_000, 1_000_000)} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := bigShop(b, n, true)
			e := s.Engine()
			s.Pass(e)
			b.ResetTimer()
			for b.Loop() {
				if summary := s.Pass(e); summary.Households != 0 {
					b.Fatalf("not idle: %+v", summary)
				}
			}
			each := float64(b.Elapsed()) / float64(b.N)
			if small == 0 {
				small = each
			}
			b.ReportMetric(each/small, "x/small")
		})
	}
}

// BenchmarkPlanDue plans 10,000 households that are due among others: at most 2 s.
func BenchmarkPlanDue(b *testing.B) {
	s := bigShop(b, size(20_000, 1_000_000), true)
	e := s.Engine()
	s.Pass(e)
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		s.Exec(`UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z' WHERE id % 2 = 0 AND id <= 20000`)
		b.StartTimer()
		summary, err := e.PlanOnly(context.Background())
		if err != nil || summary.Households != 10_000 {
			b.Fatalf("%d households, %v", summary.Households, err)
		}
	}
}

// BenchmarkFirstPlanning plans everybody after an import and has the burst guard
// hold what is due; nothing is sent. ms-longest is the longest time between two
// commits, and so at least that of the longest transaction: at most 1 s, so that
// others get their turn to write.
func BenchmarkFirstPlanning(b *testing.B) {
	n := size(20_000, 1_000_000)
	var most time.Duration
	for b.Loop() {
		b.StopTimer()
		s := bigShop(b, n, false)
		s.Instance.Machine = "another" // a copy, which plans and sends nothing
		s.Exec(`INSERT INTO meta(key, value) VALUES ('owner', 'somebody else')`)
		e := s.Engine()
		stop, longest := make(chan struct{}), make(chan time.Duration)
		b.StartTimer()
		go func() { longest <- longestGap(s, stop) }()
		summary := s.Pass(e)
		close(stop)
		most = max(most, <-longest)
		if summary.Households < n {
			b.Fatalf("%d households", summary.Households)
		}
		s.Close()
	}
	b.ReportMetric(float64(most.Milliseconds()), "ms-longest")
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "households/s")
}

// longestGap watches commits until stop is closed.
func longestGap(s *testkit.Shop, stop chan struct{}) time.Duration {
	var most time.Duration
	version, last := "", time.Now()
	for {
		select {
		case <-stop:
			return max(most, time.Since(last))
		case <-time.After(time.Millisecond):
		}
		if now := s.Text(`PRAGMA data_version`); now != version {
			most = max(most, time.Since(last))
			version, last = now, time.Now()
		}
	}
}

// BenchmarkForecastYear plays 100,000 customers a year forward: at most 20 s.
func BenchmarkForecastYear(b *testing.B) {
	s := bigShop(b, size(10_000, 100_000), true)
	b.ResetTimer()
	for b.Loop() {
		lines := 0
		span := plan.Span{Now: benchNow, From: benchNow, To: benchNow.AddDate(1, 0, 0)}
		sim := plan.NewSimulation(span, &s.Settings)
		err := s.DB.Read(context.Background(), func(tx *store.Tx) error {
			return tx.EachDossier(time.Time{}, func(d *renewal.Dossier) error {
				sim.Add(d)
				return nil
			})
		})
		if err == nil {
			err = sim.Run(func(plan.Line) error { lines++; return nil })
		}
		if err != nil || lines == 0 {
			b.Fatalf("%d lines, %v", lines, err)
		}
	}
}

// BenchmarkExplain opens a database and answers what explain asks: at most 100 ms.
func BenchmarkExplain(b *testing.B) {
	n := size(100_000, 1_000_000)
	s := bigShop(b, n, true)
	s.Close()
	ctx := context.Background()
	b.ResetTimer()
	for b.Loop() {
		db, err := store.Open(ctx, s.Path, store.Options{ReadOnly: true, Now: benchNow, Zone: s.Settings.Zone})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := store.CheckInstance(ctx, db, s.Instance); err != nil {
			b.Fatal(err)
		}
		lines := 0
		err = db.Read(ctx, func(tx *store.Tx) error {
			found, err := tx.FindRef(fmt.Sprintf("c%d@x.example", n/2))
			if err != nil || len(found) != 1 {
				return fmt.Errorf("found %v: %w", found, err)
			}
			d, err := tx.Dossier(found[0].CustomerID, time.Time{})
			if err != nil {
				return err
			}
			span := plan.Span{Now: benchNow, From: benchNow, To: benchNow.AddDate(0, 0, 400)}
			if span.Standing.RulesSince, err = daemon.RulesSince(tx, s.Fingerprint(), benchNow); err != nil {
				return err
			}
			return plan.Forecast(span, &s.Settings, []*renewal.Dossier{d}, func(plan.Line) error { lines++; return nil })
		})
		if err != nil || lines == 0 {
			b.Fatalf("%d lines, %v", lines, err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
