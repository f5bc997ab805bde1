package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// ImportFile is a file of rows as ingest reads it.
type ImportFile interface {
	// Kind is customers, products, agreements or events.
	Kind() string
	// Columns names the cells of every row.
	Columns() []string
	// Rows gives every good row to good and every fault of a bad one to bad.
	// A cell is "" where it says nothing, "-" where it erases, and else a value
	// in its one spelling: dates 2027-03-01, yes and no as 1 and 0, money in the
	// minor unit of the row's currency.
	Rows(good func(line int, cells []string) error, bad func(line int, ref, column, value, text string)) error
}

// ImportOptions say how a file is imported.
type ImportOptions struct {
	// File is the name of the file, for faults and for the table imports.
	File string
	// Now is the instant of the import.
	Now time.Time
	// SkipBad imports the good rows although there are bad ones.
	SkipBad bool
	// DryRun finds out everything and writes nothing.
	DryRun bool
	// Full cancels the agreements that an earlier import brought and this file
	// lacks, or all files of List together.
	Full bool
	// List is what Full speaks of where it comes in several files; nil means
	// that the file is all of it.
	List *FullList
	// Progress, where it is set, is told now and then how many rows were read,
	// and then how many statements of how many were written (total > 0).
	Progress func(done, total int)
	// TempDir is where the checked rows wait for the write lock; empty means
	// beside the database, which needs the same space again for the rows.
	TempDir string
}

// ImportFault is one reason why a row is not imported.
type ImportFault struct {
	File                string
	Line                int
	Column, Value, Text string
}

// ImportResult is what an import did or, after DryRun, would do. Where Done is
// false nothing was changed, because of bad rows.
type ImportResult struct {
	File string `json:"file"`
	As   string `json:"as"`
	// The counts are of rows; a row whose customer alone changed counts as
	// changed, and so does an agreement that Full cancelled. Vanished are those
	// that an earlier import brought and this file lacks; of a FullList only the
	// last file counts them.
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Rejected  int `json:"rejected"`
	Vanished  int `json:"vanished"`
	// Faults are in the order of the lines; a row may have several.
	Faults []ImportFault `json:"-"`
	// Warnings are sentences about rows that were imported all the same.
	Warnings []string `json:"-"`
	// Settle are the customers whose new events may move terms.
	Settle []int64 `json:"-"`
	Done   bool    `json:"-"`
}

// errRaced means that facts changed between the check and the write.
var errRaced = errors.New("the database changed while the file was checked")

// importTries bounds how often an import starts again after others wrote.
const importTries = 4

// Import brings the rows of a file into the tables in one transaction. Rows are
// read and checked before the write lock is taken; what is to be written waits
// in a temporary file meanwhile. If others changed the same facts between the
// check and the write, all of it is done again. Bad rows are no error: see
// ImportResult.Done.
func Import(ctx context.Context, db *DB, file ImportFile, opt ImportOptions) (ImportResult, error) {
	if opt.Full && file.Kind() != "agreements" {
		return ImportResult{}, errors.New("--full goes with agreements only")
	}
	if !opt.Full {
		opt.List = nil
	} else if opt.List == nil {
		opt.List = NewFullList(1)
	}
	var err error
	for range importTries {
		var result ImportResult
		result, err = tryImport(ctx, db, file, opt)
		if err == nil || !errors.Is(err, errRaced) {
			return result, err
		}
	}
	return ImportResult{}, fmt.Errorf("%s was not imported: %w, again and again; try again when less is written", opt.File, err)
}

func tryImport(ctx context.Context, db *DB, file ImportFile, opt ImportOptions) (_ ImportResult, err error) {
	if opt.TempDir == "" {
		opt.TempDir = filepath.Dir(db.path)
	}
	spool, err := newSpool(opt.TempDir)
	if err != nil {
		return ImportResult{}, fmt.Errorf("a temporary file for the rows: %w", err)
	}
	defer func() { err = errors.Join(err, spool.close()) }()
	imp := &importer{opt: opt, kind: file.Kind(), spool: spool}
	if err := db.Read(ctx, func(tx *Tx) error { return imp.check(tx, file) }); err != nil {
		return ImportResult{}, err
	}
	result := &imp.result
	if result.Rejected > 0 && !opt.SkipBad {
		result.Added, result.Changed, result.Unchanged, result.Vanished = 0, 0, 0, 0
		result.Warnings, result.Settle = nil, nil
		return *result, nil
	}
	result.Done = true
	if !opt.DryRun {
		imp.forget()
		if err := db.Write(ctx, imp.write); err != nil {
			return *result, err
		}
	}
	if opt.List != nil {
		opt.List.note(imp)
	}
	return *result, nil
}

// write runs what the check prepared, provided that it still holds.
func (imp *importer) write(tx *Tx) error {
	var imports int64
	if err := tx.one(`SELECT coalesce(max(id), 0) FROM imports`, nil, &imports); err != nil {
		return err
	}
	if imports != imp.imports {
		return errRaced // another import remembered other cells
	}
	var next [len(tables)]int64
	for i, name := range tables {
		if err := tx.one(`SELECT coalesce(max(id), 0) + 1 FROM `+name, nil, &next[i]); err != nil {
			return err
		}
	}
	imp.firstNew = next[tableAgreements]
	err := imp.spool.replay(tx, next, imp.opt.Progress)
	if _, refused := raised(err); isUnique(err) || refused {
		return fmt.Errorf("%w: %w", errRaced, err)
	}
	if err != nil {
		return err
	}
	r := &imp.result
	_, err = tx.exec(`INSERT INTO imports(at, file, kind, added, changed, unchanged, rejected, vanished)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, imp.now, imp.opt.File, imp.kind, r.Added, r.Changed, r.Unchanged, r.Rejected, r.Vanished)
	return err
}
