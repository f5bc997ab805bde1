package store

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renewd/internal/renewal"
)

// now is the instant at which the tests play.
var now = time.Date(2027, time.March, 1, 8, 0, 0, 0, time.UTC)

// newDB opens a new database in a directory of its own.
func newDB(t testing.TB) *DB {
	t.Helper()
	return openDB(t, filepath.Join(t.TempDir(), "renewd.db"))
}

func openDB(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(context.Background(), path, Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// write runs f in a transaction that has to succeed.
func write(t testing.TB, db *DB, f func(tx *Tx) error) {
	t.Helper()
	if err := db.Write(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, db *DB, f func(tx *Tx) error) {
	t.Helper()
	if err := db.Read(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

// run executes SQL as renewd's own connection would.
func run(t testing.TB, db *DB, statements string) {
	t.Helper()
	if _, err := db.writers.pool.Exec(statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// refused executes SQL that has to fail and returns the sentence.
func refused(t testing.TB, db *DB, statement string) string {
	t.Helper()
	_, err := db.writers.pool.Exec(statement)
	if err == nil {
		t.Fatalf("%s: was not refused", statement)
	}
	return err.Error()
}

// rows returns what a query yields, columns separated by | and lines by ;.
func rows(t testing.TB, db *DB, query string) string {
	t.Helper()
	result, err := db.writers.pool.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer result.Close()
	columns, err := result.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for result.Next() {
		values := make([]any, len(columns))
		dest := make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := result.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(values))
		for i, v := range values {
			if v != nil {
				texts[i] = fmt.Sprint(v)
			}
		}
		lines = append(lines, strings.Join(texts, "|"))
	}
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, ";")
}

func wantRows(t testing.TB, db *DB, query, want string) {
	t.Helper()
	if got := rows(t, db, query); got != want {
		t.Errorf("%s:\n got %s\nwant %s", query, got, want)
	}
}

// shell runs statements in the sqlite3 shell, as an administrator would.
func shell(t testing.TB, path, statements string) string {
	t.Helper()
	out, err := tryShell(t, path, statements)
	if err != nil {
		t.Fatalf("sqlite3: %v\n%s\n%s", err, statements, out)
	}
	return out
}

func tryShell(t testing.TB, path, statements string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("sqlite3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("the sqlite3 shell is not installed and CI has to run this test")
		}
		t.Skip("the sqlite3 shell is not installed: what people type into it is not tested here")
	}
	cmd := exec.Command(program, "-bail", "-batch", path)
	cmd.Stdin = strings.NewReader(".timeout 5000\n" + statements + "\n")
	out, err := cmd.CombinedOutput()
	return strings.TrimRight(string(out), "\n"), err
}

// someHouseholds is a small business: Ann and Bob share an address, Cleo has
// none, Dan has one of his own.
const someHouseholds = `
	INSERT INTO products(id, ref, name, term, life) VALUES (1, 'year', 'Year pass', 'P1Y', ''), (2, 'filter', 'Filter', '', 'P3M');
	INSERT INTO customers(id, ref, name, email, time_zone, attributes) VALUES
	  (1, 'C1', 'Ann', 'ann@family.example', 'Europe/Paris', '{"plan":"gold","points":3}'),
	  (2, 'C2', 'Bob', ' Ann@Family.example', '', '{}'),
	  (3, 'C3', 'Cleo', '', '', '{}'),
	  (4, 'C4', 'Dan', 'dan@dan.example', 'America/New_York', '{}');
	INSERT INTO agreements(id, ref, customer_id, product_id, kind, starts_on, ends_on, auto_renew, price_minor, currency) VALUES
	  (1, 'A1', 1, 1, 'pass', '2026-04-01', '2027-03-31', 0, 12000, 'EUR'),
	  (2, 'A2', 2, 1, 'pass', '2026-04-01', '2027-03-31', 0, 9000, 'EUR'),
	  (3, 'A3', 4, NULL, 'contract', NULL, '2027-06-30', 1, NULL, '');
	INSERT INTO terms(agreement_id, starts_on, ends_on, known_at, cause, in_force_at, place) VALUES
	  (1, '2026-04-01', '2027-03-31', '2026-04-02T08:00:00Z', 'import', '2026-04-02T08:00:00Z', 1);
	INSERT INTO events(type, at, customer_id, agreement_id) VALUES
	  ('use', '2027-02-01T10:00:00Z', 1, 1), ('complaint', '2027-02-03', 1, NULL), ('use', '2027-02-02T10:00:00Z', 4, 3);
	UPDATE customers SET next_look_at = NULL;`

func instant(s string) time.Time {
	at, err := renewal.ParseStamp(s)
	if err != nil {
		panic(err)
	}
	return at
}

func day(s string) renewal.Date {
	d, err := renewal.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}
