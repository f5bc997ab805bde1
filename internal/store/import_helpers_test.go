package store

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renewd/internal/ingest"
)

// importBench is a database into which a test imports files.
type importBench struct {
	t   testing.TB
	db  *DB
	now time.Time
}

func newImportBench(t testing.TB) *importBench {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	b := &importBench{t: t, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	b.db, err = Open(t.Context(), filepath.Join(t.TempDir(), "renewd.db"), Options{Now: b.now, Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// try imports a text as a file and returns what came of it.
func (b *importBench) try(text string, opt ImportOptions) ImportResult {
	b.t.Helper()
	f, err := ingest.Open(func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }, "list.csv", ingest.Options{})
	if err != nil {
		b.t.Fatalf("the file is refused: %v", err)
	}
	opt.File, opt.Now, opt.TempDir = "list.csv", b.now, b.t.TempDir()
	result, err := Import(b.t.Context(), b.db, f, opt)
	if err != nil {
		b.t.Fatalf("the import failed: %v", err)
	}
	return result
}

// imports imports a text that must have no fault and checks the counts
// "added changed unchanged vanished".
func (b *importBench) imports(text, counts string) ImportResult {
	b.t.Helper()
	return b.importsWith(text, counts, ImportOptions{})
}

func (b *importBench) importsWith(text, counts string, opt ImportOptions) ImportResult {
	b.t.Helper()
	r := b.try(text, opt)
	if len(r.Faults) > 0 {
		b.t.Fatalf("the import has faults:\n%s", faultsOf(r))
	}
	if got := fmt.Sprint(r.Added, r.Changed, r.Unchanged, r.Vanished); got != counts || !r.Done {
		b.t.Fatalf("the import says added, changed, unchanged, vanished %s (done %t), not %s", got, r.Done, counts)
	}
	return r
}

func faultsOf(r ImportResult) string {
	var b strings.Builder
	for _, f := range r.Faults {
		b.WriteString(ingest.Fault(f).String() + "\n")
	}
	return b.String()
}

// is checks the rows of a query, cells joined by | and rows by a line break.
func (b *importBench) is(query, want string) {
	b.t.Helper()
	if got := b.rows(query); got != want {
		b.t.Errorf("%s\ngives  %q\nwanted %q", query, got, want)
	}
}

func (b *importBench) rows(query string) string {
	b.t.Helper()
	rows, err := b.db.readers.pool.QueryContext(b.t.Context(), query)
	if err != nil {
		b.t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		b.t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		cells, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			b.t.Fatal(err)
		}
		texts := make([]string, len(cells))
		for i, c := range cells {
			if texts[i] = fmt.Sprint(c); c == nil {
				texts[i] = "NULL"
			}
		}
		lines = append(lines, strings.Join(texts, "|"))
	}
	if err := rows.Err(); err != nil {
		b.t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// run writes to the database as somebody beside the import would.
func (b *importBench) run(statement string) {
	b.t.Helper()
	if err := b.db.Write(b.t.Context(), func(tx *Tx) error {
		_, err := tx.exec(statement)
		return err
	}); err != nil {
		b.t.Fatal(err)
	}
}

// dump is everything that an import may change, but for the list of imports.
func (b *importBench) dump() string {
	var parts []string
	for _, table := range []string{"customers", "products", "agreements", "terms", "events"} {
		parts = append(parts, table+"\n"+b.rows("SELECT * FROM "+table))
	}
	return strings.Join(parts, "\n\n")
}

// later moves the clock of the bench.
func (b *importBench) later(d time.Duration) { b.now = b.now.Add(d) }
