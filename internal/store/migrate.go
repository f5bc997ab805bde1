package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"renewd/migrations"
)

// applicationID marks a SQLite file as renewd's: "renw" in ASCII.
const applicationID = 0x72656e77

// step is one numbered step of the schema.
type step struct {
	version int
	name    string
	sql     string
}

// loadSteps reads the files NNNN_name.sql; their numbers run from 1 without a gap.
func loadSteps(files fs.FS) ([]step, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("listing the steps of the schema: %w", err)
	}
	sort.Strings(names)
	steps := make([]step, 0, len(names))
	for i, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("the step %s of the schema should have the number %04d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading a step of the schema: %w", err)
		}
		steps = append(steps, step{version: version, name: name, sql: string(text)})
	}
	return steps, nil
}

// Migrate brings the schema of the database at path up to date and creates the
// file where there is none. Each step is a transaction of its own. Before the
// first step of an existing database a backup is made (its path is returned;
// opts.Now names it). from and to are schema versions; 0 is an empty file. A
// file of a newer renewd or of another program is refused untouched.
func Migrate(ctx context.Context, path string, opts Options) (from, to int, backup string, err error) {
	steps, err := loadSteps(migrations.FS)
	if err != nil {
		return 0, 0, "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return 0, 0, "", fmt.Errorf("the path of the database: %w", err)
	}
	return migrate(ctx, path, opts, steps)
}

func migrate(ctx context.Context, path string, opts Options, steps []step) (from, to int, backup string, err error) {
	from, err = schemaVersion(ctx, path, len(steps))
	if err == nil && from > 0 && from < len(steps) {
		err = checkPages(ctx, path, "quick_check") // a damaged file stays as it is
	}
	if err != nil || from == len(steps) {
		return from, from, "", err
	}
	if from > 0 {
		backup = backupName(path, from, opts)
		err := os.MkdirAll(filepath.Dir(backup), 0o700)
		if err == nil {
			err = copyDatabase(ctx, path, backup)
		}
		if err != nil {
			return from, from, "", fmt.Errorf("the backup before the upgrade failed, nothing was changed: %w", err)
		}
	}
	if err := createFile(path); err != nil {
		return from, from, backup, err
	}
	pool, err := openPool(ctx, writerDSN(path, opts), 1, writerWants(opts))
	if err != nil {
		return from, from, backup, inWords(err, path)
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	to = from
	for _, s := range steps[from:] {
		if err := applyStep(ctx, pool, s); err != nil {
			return from, to, backup, inWords(fmt.Errorf("upgrading the database with %s: %w", s.name, err), path)
		}
		to = s.version
	}
	return from, to, backup, nil
}

// backupName is where the backup before an upgrade goes: a name that nothing has
// yet, since an upgrade that was killed a moment ago may have left its own.
func backupName(path string, from int, opts Options) string {
	dir := opts.BackupDir
	if dir == "" {
		dir = filepath.Dir(path)
	}
	stem := filepath.Join(dir, fmt.Sprintf("%s.v%d-%s", filepath.Base(path), from, opts.Now.UTC().Format("20060102T150405Z")))
	name := stem + ".bak"
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name // where it is another error than there being none, copying says so
		}
		name = fmt.Sprintf("%s-%d.bak", stem, n)
	}
}

// applyStep runs one step, unless another process was faster.
func applyStep(ctx context.Context, pool *sql.DB, s step) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version >= s.version {
		return nil
	}
	if _, err := tx.ExecContext(ctx, s.sql); err != nil {
		return err
	}
	mark := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, s.version)
	if _, err := tx.ExecContext(ctx, mark); err != nil {
		return err
	}
	return tx.Commit()
}

// schemaVersion returns the version of an existing database, 0 for a file that
// is missing or empty. It only reads.
func schemaVersion(ctx context.Context, path string, newest int) (version int, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return 0, &fault{sentence: cantOpen(path), cause: fs.ErrNotExist}
		}
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("looking at the database: %w", err)
	case info.IsDir():
		return 0, &fault{sentence: cantOpen(path)}
	case info.Size() == 0:
		return 0, nil
	}
	pool, err := openPool(ctx, touchNothing(path), 1, readerWants(0))
	if err != nil {
		return 0, inWords(err, path)
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	var application, objects int
	for query, dest := range map[string]*int{
		"PRAGMA application_id": &application, "PRAGMA user_version": &version, "SELECT count(*) FROM sqlite_master": &objects,
	} {
		if err := pool.QueryRowContext(ctx, query).Scan(dest); err != nil {
			return 0, inWords(err, path)
		}
	}
	switch {
	case application == 0 && objects == 0 && version == 0:
		return 0, nil
	case application != applicationID:
		return 0, &fault{sentence: fmt.Sprintf("%s is a database of another program and was left untouched: "+
			"check the setting database in the configuration", path)}
	case version > newest:
		return 0, &fault{sentence: fmt.Sprintf("the database %s was written by a newer renewd (its schema has version %d, "+
			"this renewd knows %d) and was left untouched: install that renewd again", path, version, newest)}
	}
	return version, nil
}

// touchNothing is the name by which a file is read that may be damaged, or
// somebody else's.
func touchNothing(path string) string {
	dsn := readerDSN(path, Options{})
	if _, err := os.Lstat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		// Nobody has it open, so all is in the file itself; and SQLite shall not
		// leave its own files beside it.
		dsn += "&immutable=1"
	}
	return dsn
}

// needsNoMigration refuses to read a database whose schema is not the newest.
func needsNoMigration(ctx context.Context, path string) error {
	steps, err := loadSteps(migrations.FS)
	if err != nil {
		return err
	}
	version, err := schemaVersion(ctx, path, len(steps))
	if err != nil {
		return err
	}
	if version == len(steps) {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return &fault{sentence: fmt.Sprintf("there is no database %s yet: `renewd migrate` creates it", path), cause: err}
	}
	return &fault{sentence: fmt.Sprintf("the schema of the database %s has version %d and this renewd needs %d: "+
		"run `renewd migrate`", path, version, len(steps))}
}

// createFile makes an empty file that only its owner writes and only its group
// reads, because it will hold what people trust the business with. SQLite gives
// the files beside it the same rights.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("creating the database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("creating the database: %w", err)
	}
	return nil
}
