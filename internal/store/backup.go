package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Backup writes a copy of the database as it stands now to path while others
// read and write on. The copy is checked and on the disk before it gets its
// name. An existing file is never replaced.
func (db *DB) Backup(ctx context.Context, path string) error {
	if err := copyDatabase(ctx, db.path, path); err != nil {
		return fmt.Errorf("backup of %s: %w", db.path, err)
	}
	return nil
}

// Check reads the whole file and reports damage in a sentence.
func (db *DB) Check(ctx context.Context) error {
	return checkPages(ctx, db.path, "quick_check")
}

func copyDatabase(ctx context.Context, from, to string) (err error) {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return err
		}
		return fmt.Errorf("%s is there already: choose another name", to)
	}
	// The name is new to each process and SQLite refuses to write into a file
	// with contents, so two copies cannot mix.
	temp := fmt.Sprintf("%s.%d.part", to, os.Getpid())
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp)
		}
	}()
	if err := createFile(temp); err != nil {
		return err
	}
	if err := vacuumInto(ctx, from, temp); err != nil {
		return err
	}
	if err := checkPages(ctx, temp, "integrity_check"); err != nil {
		return err
	}
	if err := syncFile(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, to); err != nil {
		return err
	}
	return syncFile(filepath.Dir(to))
}

func vacuumInto(ctx context.Context, from, to string) (err error) {
	pool, err := openPool(ctx, readerDSN(from, Options{Lean: true}), 1, readerWants(0))
	if err != nil {
		return inWords(err, from)
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	if _, err := pool.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return inWords(err, from)
	}
	return nil
}

// checkPages runs one of SQLite's checks, integrity_check or quick_check.
func checkPages(ctx context.Context, path, pragma string) (err error) {
	pool, err := openPool(ctx, touchNothing(path), 1, readerWants(0))
	if err != nil {
		return inWords(err, path)
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	var verdict string
	if err := pool.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&verdict); err != nil {
		return inWords(err, path)
	}
	if verdict != "ok" {
		return &fault{sentence: fmt.Sprintf("the database %s is damaged (%s): restore the latest backup in its place "+
			"(and then run `renewd adopt`)", path, strings.Join(strings.Fields(verdict), " "))}
	}
	return nil
}

// syncFile brings a file, or the names in a directory, to the disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
