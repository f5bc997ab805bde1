package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenReadsItsSettingsBack(t *testing.T) {
	db := newDB(t)
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "60000",
		"application_id": "1919250039", "user_version": "6",
	} {
		wantRows(t, db, "PRAGMA "+pragma, want)
	}
	_, err := openPool(context.Background(), writerDSN(db.Path(), Options{}), 1, map[string]string{"synchronous": "1"})
	if err == nil || !strings.Contains(err.Error(), "synchronous is 2 here and has to be 1") {
		t.Errorf("a setting that differs gave %v", err)
	}
	if _, err := db.readers.pool.Exec(`DELETE FROM meta`); err == nil {
		t.Error("a reading connection wrote")
	}
	if info, err := os.Stat(db.Path()); err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("everybody may read the database: %v %v", info.Mode(), err)
	}
}

func TestOpenPathsWithOddNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%41")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	db := openDB(t, filepath.Join(dir, "ré?n#ewd.db"))
	run(t, db, `INSERT INTO customers(ref) VALUES ('C1')`)
	if _, err := os.Stat(filepath.Join(dir, "ré?n#ewd.db")); err != nil {
		t.Error(err)
	}
}

func TestWriteIsAllOrNothing(t *testing.T) {
	db := newDB(t)
	oops := errors.New("oops")
	err := db.Write(context.Background(), func(tx *Tx) error {
		if err := tx.SetMeta("k", "v"); err != nil {
			return err
		}
		return oops
	})
	if !errors.Is(err, oops) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = db.Write(context.Background(), func(tx *Tx) error { panic("in a transaction") })
	}()
	write(t, db, func(tx *Tx) error { return tx.SetMeta("other", "v") })
	wantRows(t, db, `SELECT key FROM meta WHERE key IN ('k', 'other')`, "other")
}

func TestReadSeesOneMoment(t *testing.T) {
	db := newDB(t)
	read(t, db, func(tx *Tx) error {
		before, err := tx.Meta("k")
		if err != nil {
			return err
		}
		write(t, db, func(w *Tx) error { return w.SetMeta("k", "later") })
		after, err := tx.Meta("k")
		if before != after {
			t.Errorf("a read saw %q and then %q", before, after)
		}
		return err
	})
}

// TestRefusedUntouched opens what is not a database of this renewd: every
// refusal is a sentence, and the file stays as it was.
func TestRefusedUntouched(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, contents []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, contents, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	made := func(name, statements string) string {
		path := filepath.Join(dir, name)
		pool, err := sql.Open("sqlite", fileURL(path, nil))
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if _, err := pool.Exec(statements); err != nil {
			t.Fatal(err)
		}
		return path
	}
	damaged := made("damaged.db", "CREATE TABLE t(x); PRAGMA user_version = 1; PRAGMA application_id = 1919250039")
	contents, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	for i := 100; i < 200; i++ {
		contents[i] = 0xff
	}
	cases := []struct{ path, want string }{
		{made("foreign.db", "PRAGMA journal_mode = WAL; CREATE TABLE t(x)"), "is a database of another program"},
		{made("marked.db", "PRAGMA application_id = 7"), "is a database of another program"},
		{made("newer.db", "CREATE TABLE t(x); PRAGMA application_id = 1919250039; PRAGMA user_version = 99"), "by a newer renewd"},
		{file("letter.txt", bytes.Repeat([]byte("Dear customer, "), 500)), "is not a database"},
		{file("damaged.db", contents), "is damaged"},
		{filepath.Join(dir, "nowhere", "renewd.db"), "there is no directory"},
		{dir, "it is a directory"},
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, c := range cases {
		before, _ := os.ReadFile(c.path)
		for _, readOnly := range []bool{false, true} {
			_, err := Open(context.Background(), c.path, Options{Now: now, ReadOnly: readOnly})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want …%s…", filepath.Base(c.path), err, c.want)
			}
		}
		if after, _ := os.ReadFile(c.path); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", filepath.Base(c.path))
		}
	}
	if after, _ := filepath.Glob(filepath.Join(dir, "*")); len(after) != len(names) {
		t.Errorf("there were %v, and now %v", names, after)
	}
}

func TestReadOnlyNeedsAnUpToDateDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "renewd.db")
	ctx := context.Background()
	_, err := Open(ctx, path, Options{ReadOnly: true})
	if err == nil || !strings.Contains(err.Error(), "`renewd migrate` creates it") {
		t.Errorf("no file: got %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, path, Options{ReadOnly: true})
	if err == nil || !strings.Contains(err.Error(), "run `renewd migrate`") {
		t.Errorf("an empty file: got %v", err)
	}
	db := openDB(t, path)
	beside, err := Open(ctx, path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	write(t, db, func(tx *Tx) error { return tx.SetMeta("k", "v") })
	read(t, beside, func(tx *Tx) error {
		value, err := tx.Meta("k")
		if value != "v" {
			t.Errorf("beside a writer a reader saw %q", value)
		}
		return err
	})
	if err := beside.Write(ctx, func(*Tx) error { return nil }); !errors.Is(err, errReadOnly) {
		t.Errorf("a write gave %v", err)
	}
}

func TestLockedDatabaseIsASentence(t *testing.T) {
	db := newDB(t)
	err := inWords(lockedError(t, db), db.Path())
	if err == nil || !strings.Contains(err.Error(), "is locked: another program has been writing") {
		t.Errorf("got %v", err)
	}
}

// lockedError is what SQLite says to a writer without patience while another
// one writes.
func lockedError(t *testing.T, db *DB) error {
	t.Helper()
	tx, err := db.writers.pool.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	hasty := strings.Replace(writerDSN(db.Path(), Options{}), "_busy_timeout="+busyMilliseconds(0), "_busy_timeout=0", 1)
	pool, err := sql.Open("sqlite", hasty)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	_, err = pool.Exec("DELETE FROM meta")
	return err
}

func TestFullDiskIsASentence(t *testing.T) {
	db := newDB(t)
	run(t, db, "PRAGMA max_page_count = 1") // SQLite takes what is used already
	err := db.Write(context.Background(), func(tx *Tx) error {
		return tx.SetMeta("k", strings.Repeat("x", 1<<20))
	})
	if err == nil || !strings.Contains(err.Error(), "is full: nothing was written") {
		t.Errorf("got %v", err)
	}
}

func TestBackup(t *testing.T) {
	ctx := context.Background()
	db := newDB(t)
	run(t, db, someHouseholds)
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := db.Backup(ctx, to); err != nil {
		t.Fatal(err)
	}
	copied := openDB(t, to)
	wantRows(t, copied, `SELECT count(*) FROM agreements`, "3")
	if err := copied.Check(ctx); err != nil {
		t.Error(err)
	}
	if err := db.Backup(ctx, to); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("onto an existing file: %v", err)
	}
	if err := db.Backup(ctx, filepath.Join(t.TempDir(), "no", "copy.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into no directory: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(to), "*.part*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
