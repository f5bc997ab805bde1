package store

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"renewd/migrations"
)

// TestMigratedEqualsFresh upgrades a database from every earlier version, with
// a row in it, and compares its schema with a new one.
func TestMigratedEqualsFresh(t *testing.T) {
	ctx := context.Background()
	steps, err := loadSteps(migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	schema := func(db *DB) string {
		return rows(t, db, `SELECT type, name, sql FROM sqlite_master ORDER BY type, name`)
	}
	want := schema(newDB(t))
	for version := 1; version < len(steps); version++ {
		dir := t.TempDir()
		path := filepath.Join(dir, "renewd.db")
		if _, _, _, err := migrate(ctx, path, Options{Now: now}, steps[:version]); err != nil {
			t.Fatal(err)
		}
		pool, err := sql.Open("sqlite", writerDSN(path, Options{}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pool.Exec(`INSERT INTO customers(ref) VALUES ('kept')`); err != nil {
			t.Fatal(err)
		}
		if err := pool.Close(); err != nil {
			t.Fatal(err)
		}
		from, to, backup, err := Migrate(ctx, path, Options{Now: now})
		if err != nil || from != version || to != len(steps) {
			t.Errorf("from %d to %d: %v", from, to, err)
		}
		name := "renewd.db.v" + string(rune('0'+version)) + "-20270301T080000Z.bak"
		if backup != filepath.Join(dir, name) {
			t.Errorf("the backup is %s", backup)
		}
		if old, err := schemaVersion(ctx, backup, len(steps)); err != nil || old != version {
			t.Errorf("the backup has version %d: %v", old, err)
		}
		db := openDB(t, path)
		if got := schema(db); got != want {
			t.Errorf("from version %d the schema is\n%s\nand a fresh one\n%s", version, got, want)
		}
		wantRows(t, db, `SELECT ref FROM customers`, "kept")
	}
}

func TestBackupDirAndFailedStep(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "renewd.db")
	good := step{version: 1, name: "0001_a.sql", sql: "CREATE TABLE a(x)"}
	bad := step{version: 2, name: "0002_b.sql", sql: "CREATE TABLE b(x); SELECT nonsense"}
	if _, _, backup, err := migrate(ctx, path, Options{Now: now}, []step{good}); err != nil || backup != "" {
		t.Fatalf("a new file: backup %q, %v", backup, err)
	}
	into := filepath.Join(dir, "copies")
	if err := os.Mkdir(into, 0o700); err != nil {
		t.Fatal(err)
	}
	_, to, backup, err := migrate(ctx, path, Options{Now: now, BackupDir: into}, []step{good, bad})
	if err == nil || !strings.Contains(err.Error(), "0002_b.sql") || to != 1 {
		t.Errorf("a bad step: to %d, %v", to, err)
	}
	if filepath.Dir(backup) != into {
		t.Errorf("the backup is %s", backup)
	}
	if version, err := schemaVersion(ctx, path, 2); err != nil || version != 1 {
		t.Errorf("after a bad step the version is %d: %v", version, err)
	}
}

func TestLoadStepsWantsNumbersInOrder(t *testing.T) {
	_, err := loadSteps(fstest.MapFS{"0002_x.sql": {Data: []byte("SELECT 1")}})
	if err == nil || !strings.Contains(err.Error(), "should have the number 0001") {
		t.Errorf("got %v", err)
	}
}
