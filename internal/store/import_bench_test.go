package store

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"renewd/internal/ingest"
)

// BenchmarkImport imports agreements with their customers into an empty
// database and once more into the full one: 100,000 of them, or
// RENEWD_BENCH_ROWS. It reports rows a second over all, seconds under the
// write lock, and the peak of memory of the whole process up to then.
func BenchmarkImport(b *testing.B) {
	rows := 100_000
	if text := os.Getenv("RENEWD_BENCH_ROWS"); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	path := filepath.Join(b.TempDir(), "agreements.csv")
	writeAgreements(b, path, rows)
	for b.Loop() {
		bench := newImportBench(b)
		for _, pass := range []string{"first", "again"} {
			var locked time.Time
			start := time.Now()
			file, err := ingest.OpenPath(path, ingest.Options{})
			if err != nil {
				b.Fatal(err)
			}
			result, err := Import(b.Context(), bench.db, file, ImportOptions{File: path, Now: bench.now, Progress: func(done, total int) {
				if total > 0 && done == 0 {
					locked = time.Now()
				}
			}})
			if err != nil || len(result.Faults) > 0 || result.Added+result.Unchanged != rows {
				b.Fatalf("%+v, %v", result, err)
			}
			b.ReportMetric(float64(rows)/time.Since(start).Seconds(), pass+"_rows/s")
			b.ReportMetric(peakMemory(b), pass+"_peak_MB")
			if !locked.IsZero() {
				b.ReportMetric(time.Since(locked).Seconds(), pass+"_locked_s")
			}
		}
	}
}

func writeAgreements(b *testing.B, path string, rows int) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "ref;customer;kind;product;starts_on;ends_on;term;auto_renew;price;currency;customer_name;customer_email;customer_locale")
	for i := range rows {
		fmt.Fprintf(w, "A%07d;C%07d;pass;Annual pass %d;15/02/2026;14/02/2027;P1Y;yes;49,90;EUR;Customer Number %d;customer%d@example.org;fr\n",
			i, i, i%20, i, i)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// peakMemory is the peak resident size of this process in MB, on Linux; the
// memory that Go holds elsewhere.
func peakMemory(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.Sys) / 1e6
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb / 1000
		}
	}
	b.Fatal("the system does not say how much memory this process had")
	return 0
}
