package daemon_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/testkit"
	"renewd/migrations"
)

// benchNow is the instant at which the benchmarks play: a Monday morning.
var benchNow = time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)

// benchClock goes on from there as the benchmark runs.
func benchClock() time.Time { return benchNow.Add(time.Since(benchBegun)) }

var benchBegun = time.Now()

// size is the number of agreements of a benchmark: a small one, or with
// BENCH_BIG=1 the one that the targets are about.
func size(small, big int) int {
	if os.Getenv("BENCH_BIG") == "1" {
		return big
	}
	return small
}

// benchRules are the rules of the README.
func benchRules() []renewal.Rule {
	return []renewal.Rule{testkit.PassRule(), testkit.NoticeRule(), testkit.ReceiptRule()}
}

// bigShop opens a copy of a business with n customers, each with one agreement
// that ends within the year after benchNow, two terms' worth of facts, and nothing
// due. The business is made once and kept in the temporary directory of the
// machine under a name that changes with the schema. With planned it has the rows
// that a planning leaves; without, it is as an import leaves it, everybody due.
func bigShop(b *testing.B, n int, planned bool) *testkit.Shop {
	b.Helper()
	made := filepath.Join(os.TempDir(), fmt.Sprintf("renewd-bench-%s-%d-%v.db", schemaVersion(b), n, planned))
	if _, err := os.Stat(made); err != nil {
		makeShop(b, made, n, planned)
	}
	dir := b.TempDir()
	copyFile(b, made, filepath.Join(dir, "renewd.db"))
	return testkit.NewShopIn(b, dir, testkit.Settings(b, benchRules()...), benchClock)
}

// schemaVersion is a fingerprint of the schema and of what fills it.
func schemaVersion(b *testing.B) string {
	b.Helper()
	sum := sha256.New()
	for _, statement := range append(fillEverybody, fillPlanned...) {
		fmt.Fprintln(sum, statement)
	}
	err := fs.WalkDir(migrations.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.FS, path)
		sum.Write(text)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:6])
}

// fillEverybody makes ?1 customers as an import does.
var fillEverybody = []string{
	`CREATE TABLE numbers AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i FROM n`,
	`INSERT INTO products(id, ref, name, term, known_at) VALUES (1, 'year', 'Year pass', 'P1Y', '2026-01-01T00:00:00Z')`,
	`INSERT INTO customers(id, ref, name, email, locale, time_zone, known_at) SELECT i, 'C' || i, 'Customer ' || i, 'c' || i || '@x.example', 'fr',
	   CASE i % 3 WHEN 0 THEN 'America/New_York' WHEN 1 THEN '' ELSE 'Europe/Lisbon' END, '2027-02-01T00:00:00Z' FROM numbers`,
	`INSERT INTO agreements(id, ref, customer_id, product_id, kind, starts_on, ends_on, auto_renew, price_minor, currency, known_at)
	   SELECT i, 'A' || i, i, 1, 'pass', date('2026-03-20', '+' || (i % 330) || ' days'), date('2027-03-19', '+' || (i % 330) || ' days'), i % 4 = 0, 12000, 'EUR',
	   '2027-02-01T00:00:00Z' FROM numbers`,
	`INSERT INTO terms(agreement_id, starts_on, ends_on, known_at, cause, in_force_at, place)
	   SELECT id, starts_on, ends_on, '2027-02-01T00:00:00Z', 'import', '2027-02-01T00:00:00Z', 1 FROM agreements`,
	`INSERT INTO events(type, at, customer_id, agreement_id, stored_at) SELECT 'use', '2026-06-01T10:00:00Z', i, i, '2027-02-01T00:00:00Z' FROM numbers`,
	`DROP TABLE numbers`,
}

// fillPlanned adds the next reminder of each agreement and says when to look.
var fillPlanned = []string{
	`INSERT INTO reminders(customer_id, agreement_id, rule, step, class, ends_on, due_at, not_after, state, planned_at, decided_at)
	   SELECT customer_id, id, 'annual-pass', 'before_end:P7D', 'commercial', ends_on, date(ends_on, '-7 days') || 'T08:00:00Z', ends_on || 'T22:59:59Z', 'planned',
	   '2027-02-01T00:00:00Z', '2027-02-01T00:00:00Z' FROM agreements`,
	`UPDATE customers SET next_look_at = (SELECT due_at FROM reminders AS r WHERE r.customer_id = customers.id)`,
}

func makeShop(b *testing.B, made string, n int, planned bool) {
	b.Helper()
	dir := b.TempDir()
	s := testkit.NewShopIn(b, dir, testkit.Settings(b, benchRules()...), benchClock)
	for _, statement := range fillEverybody {
		if statement == fillEverybody[0] {
			s.Exec(statement, n)
		} else {
			s.Exec(statement)
		}
	}
	if planned {
		for _, statement := range fillPlanned {
			s.Exec(statement)
		}
		// The rules and letters of the last pass were these.
		s.Exec(`INSERT INTO meta(key, value) VALUES ('rules_fingerprint', ?), ('rules_since', '2027-01-01T00:00:00Z'), ('letters_version', ?)`,
			s.Fingerprint(), s.LettersVersion())
	}
	s.Close()
	part := made + fmt.Sprintf(".%d.part", os.Getpid())
	copyFile(b, filepath.Join(dir, "renewd.db"), part)
	if err := os.Rename(part, made); err != nil {
		b.Fatal(err)
	}
}

func copyFile(b *testing.B, from, to string) {
	b.Helper()
	in, err := os.Open(from)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err == nil {
		_, err = io.Copy(out, in)
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
}
