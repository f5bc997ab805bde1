package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"renewd/internal/renewal"
)

// fill makes n customers with one agreement, one term, two uses and one
// reminder each, as a business of that size has them.
func fill(b *testing.B, db *DB, n int) {
	b.Helper()
	run(b, db, fmt.Sprintf(`BEGIN IMMEDIATE;
		INSERT INTO products(id, ref, name, term) VALUES (1, 'year', 'Year pass', 'P1Y');
		CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n;
		INSERT INTO customers(id, ref, name, email, locale, time_zone) SELECT i, 'C' || i, 'Customer ' || i, 'c' || i || '@x.example', 'fr', 'Europe/Paris' FROM n;
		INSERT INTO agreements(id, ref, customer_id, product_id, kind, starts_on, ends_on, price_minor, currency)
		  SELECT i, 'A' || i, i, 1, 'pass', '2026-04-01', '2027-03-31', 12000, 'EUR' FROM n;
		INSERT INTO terms(agreement_id, starts_on, ends_on, known_at, cause, in_force_at, place)
		  SELECT i, '2026-04-01', '2027-03-31', '2026-04-02T08:00:00Z', 'import', '2026-04-02T08:00:00Z', 1 FROM n;
		INSERT INTO events(type, at, customer_id, agreement_id) SELECT 'use', '2026-06-01T10:00:00Z', i, i FROM n UNION ALL SELECT 'use', '2027-02-01T10:00:00Z', i, i FROM n;
		INSERT INTO reminders(customer_id, agreement_id, rule, step, class, ends_on, due_at, not_after, state, planned_at, decided_at)
		  SELECT i, i, 'pass', 'before_end:P30D', 'commercial', '2027-03-31', '2027-03-01T08:00:00Z', '2027-03-24T07:59:59Z', 'planned', '2026-04-02T08:00:00Z', '2026-04-02T08:00:00Z' FROM n;
		COMMIT`, n))
}

// BenchmarkLook plans households as a pass does: read, change one reminder, say
// when to look again, five hundred a transaction. Customers without an address
// make no household, and cost no more than others.
func BenchmarkLook(b *testing.B) {
	b.Run("with addresses", func(b *testing.B) { benchmarkLook(b, `SELECT 1`) })
	b.Run("without addresses", func(b *testing.B) { benchmarkLook(b, `UPDATE customers SET email = ''`) })
}

func benchmarkLook(b *testing.B, change string) {
	db := newDB(b)
	fill(b, db, 10_000)
	run(b, db, change)
	b.ResetTimer()
	households := 0
	for round := 0; b.Loop(); round++ {
		at := now.Add(time.Duration(round) * time.Hour)
		for {
			var ids []int64
			write(b, db, func(tx *Tx) (err error) {
				if ids, err = tx.DueHouseholds(at, 500); err != nil {
					return err
				}
				for _, id := range ids {
					d, err := tx.Dossier(id, time.Time{})
					if err != nil {
						return err
					}
					r := d.Reminders[0]
					r.State, r.Reason, r.DecidedAt = renewal.Due, renewal.IsDue, at
					if err := tx.ApplySettlement(d, renewal.Settle(d, at, time.UTC, renewal.Conditions{}), at); err != nil {
						return err
					}
					if err := tx.ApplyDecisions(d, []renewal.Reminder{r}, at.Add(time.Hour)); err != nil {
						return err
					}
				}
				return nil
			})
			if len(ids) == 0 {
				break
			}
			households += len(ids)
		}
	}
	b.ReportMetric(float64(households)/b.Elapsed().Seconds(), "households/s")
}

// BenchmarkEachDossier sweeps over 100,000 households.
func BenchmarkEachDossier(b *testing.B) {
	db := newDB(b)
	fill(b, db, 100_000)
	b.ResetTimer()
	for b.Loop() {
		n := 0
		read(b, db, func(tx *Tx) error {
			return tx.EachDossier(time.Time{}, func(d *renewal.Dossier) error {
				n += len(d.Agreements)
				return nil
			})
		})
		if n != 100_000 {
			b.Fatalf("%d agreements", n)
		}
	}
}

// BenchmarkOpenAndOneDossier opens a large database to look at one household.
// RENEWD_BENCH_AGREEMENTS sets the number of agreements, 100,000 otherwise.
func BenchmarkOpenAndOneDossier(b *testing.B) {
	n := 100_000
	if text := os.Getenv("RENEWD_BENCH_AGREEMENTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	path := filepath.Join(b.TempDir(), "renewd.db")
	fill(b, openDB(b, path), n)
	b.ResetTimer()
	for b.Loop() {
		db, err := Open(context.Background(), path, Options{Now: now, ReadOnly: true})
		if err != nil {
			b.Fatal(err)
		}
		if d := dossier(b, db, int64(n/2), time.Time{}); len(d.Agreements) != 1 {
			b.Fatalf("%d agreements", len(d.Agreements))
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
