package test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"renewd/migrations"
)

// schemaSteps are the steps of the schema by name, in order.
func schemaSteps(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil || len(names) < 2 {
		t.Fatalf("the steps of the schema: %v %v", names, err)
	}
	slices.Sort(names)
	return names
}

// oldDatabase makes a database as an earlier renewd left it: the first steps of
// the schema, applied by the sqlite3 shell, and three passes that end in 20 days.
func oldDatabase(t *testing.T, path string, steps []string) {
	t.Helper()
	need(t, "sqlite3")
	dir := t.TempDir()
	arguments := []string{"-bail", path}
	for _, name := range steps {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, ".read "+filepath.Join(dir, name))
	}
	arguments = append(arguments, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", 0x72656e77, len(steps)))
	ends := time.Now().AddDate(0, 0, 20).Format(time.DateOnly)
	for i, email := range people(0, 3, false) {
		arguments = append(arguments, fmt.Sprintf(`INSERT INTO customers(ref, name, email) VALUES ('c%d', '%s', '%s');
			INSERT INTO agreements(ref, customer_id, kind, ends_on) SELECT 'P%d', id, 'pass', '%s' FROM customers WHERE ref = 'c%d'`,
			i, studioPeople, email, i, ends, i))
	}
	run(t, "sqlite3", arguments...)
}

// schemaContents are all rows of a database, in the columns that it had at first.
type schemaContents struct{ queries, rows []string }

func contentsOf(t *testing.T, path string) schemaContents {
	t.Helper()
	var c schemaContents
	tables, err := rowsOf(t.Context(), path, `SELECT m.name || '|' || group_concat('"' || c.name || '"', ', ')
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' GROUP BY m.name ORDER BY m.name`)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		name, columns, _ := strings.Cut(table, "|")
		c.queries = append(c.queries, fmt.Sprintf(`SELECT %s FROM "%s" ORDER BY 1, 2`, columns, name))
	}
	c.rows = c.read(t, path)
	if len(c.rows) < 6 {
		t.Fatalf("the old database has only %q", c.rows)
	}
	return c
}

func (c schemaContents) read(t *testing.T, path string) []string {
	t.Helper()
	var all []string
	for _, query := range c.queries {
		rows, err := rowsOf(t.Context(), path, query)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, query)
		all = append(all, rows...)
	}
	return all
}

// same says that a database has these contents still, and this version.
func (c schemaContents) same(t *testing.T, path string, version int) {
	t.Helper()
	if got := c.read(t, path); !slices.Equal(got, c.rows) {
		t.Errorf("the contents of %s changed:\n%q\n%q", path, c.rows, got)
	}
	if got, err := rowsOf(t.Context(), path, `PRAGMA user_version`); err != nil || got[0] != fmt.Sprint(version) {
		t.Errorf("%s has version %v, want %d: %v", path, got, version, err)
	}
}

// oldSchema brings a database of each earlier version up to date: a backup
// comes first, nothing of the contents changes, and the daemon sends from it.
func oldSchema(t *testing.T, program string) {
	steps := schemaSteps(t)
	for version := 1; version < len(steps); version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			f := newStudio(t, program, "", nil)
			oldDatabase(t, f.db(), steps[:version])
			old := contentsOf(t, f.db())
			f.run(0, "migrate")
			f.intact()
			old.same(t, f.db(), len(steps))
			backups, err := filepath.Glob(filepath.Join(f.dir, "backups", "renewd.db.v*.bak"))
			if err != nil || len(backups) != 1 {
				t.Fatalf("backups: %v %v", backups, err)
			}
			old.same(t, backups[0], version)

			s := f.start()
			s.until("3 letters", func() bool { return f.sink.Count() >= 3 })
			s.well()
			s.stop()
			f.finished(3, 0)
		})
	}
}

// oldSchemaKilled kills an upgrade at its first write to the disk, then at its
// second, and so on until it is through: the database is the old or a newer one,
// whole, and the next start completes the work.
func oldSchemaKilled(t *testing.T, program string) {
	need(t, "strace")
	steps := schemaSteps(t)
	f := newStudio(t, program, "", nil)
	oldDatabase(t, f.db(), steps[:1])
	old := contentsOf(t, f.db())
	pristine := filepath.Join(t.TempDir(), "pristine")
	copyFolder(t, f.data, pristine)
	kills := 0
	for n := 1; ; n++ {
		if err := os.RemoveAll(f.data); err != nil {
			t.Fatal(err)
		}
		copyFolder(t, pristine, f.data)
		f.before = []string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64,fsync,fdatasync",
			"-e", "inject=pwrite64,fsync,fdatasync:signal=SIGKILL:when=" + fmt.Sprint(n)}
		said, code := f.try("migrate")
		f.before = nil
		if code > 0 {
			t.Fatalf("killed at write %d it ended with %d: %s", n, code, said)
		}
		f.intact()
		if version := f.rows(`PRAGMA user_version`)[0]; version < "1" || version > fmt.Sprint(len(steps)) {
			t.Errorf("the version is %s", version)
		}
		f.run(0, "migrate")
		f.intact()
		old.same(t, f.db(), len(steps))
		if t.Failed() {
			t.Fatalf("killed at write %d", n)
		}
		if code == 0 {
			break
		}
		kills++
		if !long() {
			n += n / 6 // writes that follow each other are much alike
		}
	}
	if kills < 5 {
		t.Errorf("it was killed %d times only", kills)
	}
	t.Logf("killed %d times", kills)
}
