package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"renewd/internal/ingest"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// shownWarnings bounds what a person is shown of one file.
const shownWarnings = 20

// doImport brings files in, one after the other.
func doImport(ctx context.Context, s *Session, o ImportOptions) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	db, err := c.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer db.Close()
	rejected := 0
	var results []store.ImportResult
	for _, path := range o.Files {
		result, err := importFile(ctx, s, db, path, o, present())
		if err != nil {
			return errors.Join(printImports(s, results), err)
		}
		rejected += result.Rejected
		results = append(results, result)
	}
	if err := printImports(s, results); err != nil {
		return err
	}
	if rejected > 0 && !o.DryRun {
		return needsPerson("%s left out: correct the .rejected.csv and import it", count(rejected, "row was", "rows were"))
	}
	return nil
}

// importFile brings one file in and settles the terms that its events moved.
func importFile(ctx context.Context, s *Session, db *store.DB, path string, o ImportOptions, now time.Time) (store.ImportResult, error) {
	file, err := ingest.OpenPath(path, ingest.Options{As: o.As, Ignore: o.Ignore, DateFormat: o.DateFormat})
	if err != nil {
		return store.ImportResult{}, err
	}
	if o.Full && file.Kind() != "agreements" {
		return store.ImportResult{}, usageError("%s holds %s: --full goes with agreements only", path, file.Kind())
	}
	progress := s.Err.Progress(filepath.Base(path))
	result, err := store.Import(ctx, db, file, store.ImportOptions{
		File: path, Now: now, SkipBad: o.SkipBad, DryRun: o.DryRun, Full: o.Full, Progress: progress.Step,
	})
	progress.End()
	if err != nil {
		return result, err
	}
	if err := tellFaults(s, result); err != nil {
		return result, err
	}
	if len(result.Faults) > 0 && o.SkipBad && !o.DryRun {
		if err := writeRejected(s, file, path, result); err != nil {
			return result, err
		}
	}
	if !result.Done && result.Rejected > 0 && !o.SkipBad {
		if err := printImports(s, []store.ImportResult{result}); err != nil {
			return result, err
		}
		return result, fmt.Errorf("%s: nothing was changed, because %d of its rows cannot be used; --skip-bad imports the others", path, result.Rejected)
	}
	if o.DryRun {
		return result, nil
	}
	return result, settle(ctx, s, db, result.Settle, now)
}

func tellFaults(s *Session, r store.ImportResult) error {
	for _, f := range r.Faults {
		if err := s.Err.Line("%s", ingest.Fault(f)); err != nil {
			return err
		}
	}
	for i, w := range r.Warnings {
		if i == shownWarnings {
			return s.Err.Line("%s: and %d more warnings of this kind", r.File, len(r.Warnings)-i)
		}
		if err := s.Err.Line("warning: %s", w); err != nil {
			return err
		}
	}
	return nil
}

// writeRejected writes the bad rows with their reasons beside the file.
func writeRejected(s *Session, file *ingest.File, path string, r store.ImportResult) error {
	faults := make([]ingest.Fault, len(r.Faults))
	for i, f := range r.Faults {
		faults[i] = ingest.Fault(f)
	}
	name := path + ".rejected.csv"
	out, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("writing the rows left out: %w", err)
	}
	if err := errors.Join(file.WriteRejected(out, faults), out.Close()); err != nil {
		return fmt.Errorf("writing the rows left out to %s: %w", name, err)
	}
	return s.Err.Line("The rows left out are in %s, each with its reason.", name)
}

// settleBatch is how many households are settled in one transaction.
const settleBatch = 500

// settle applies new events to the terms of their households at once, so that
// sqlite3 shows the ends that a payment made.
func settle(ctx context.Context, s *Session, db *store.DB, customers []int64, now time.Time) error {
	for len(customers) > 0 {
		n := min(len(customers), settleBatch)
		batch := customers[:n]
		customers = customers[n:]
		err := db.Write(ctx, func(tx *store.Tx) error {
			for _, id := range batch {
				if err := settleHousehold(s, tx, id, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("applying events to terms: %w", err)
		}
	}
	return nil
}

func settleHousehold(s *Session, tx *store.Tx, customerID int64, now time.Time) error {
	d, err := tx.Dossier(customerID, time.Time{})
	if err != nil {
		return err
	}
	settled := renewal.SettleEvents(d, now, tx.Zone())
	for _, w := range settled.Warnings {
		if err := s.Err.Line("warning: %s", w); err != nil {
			return err
		}
	}
	if settled.Empty() {
		return nil
	}
	atOnce := time.Unix(0, 0).UTC()
	return tx.Apply(d, settled, nil, nil, atOnce, now)
}

// printImports shows what each file brought.
func printImports(s *Session, results []store.ImportResult) error {
	number := func(title string, get func(store.ImportResult) int) Column[store.ImportResult] {
		return Column[store.ImportResult]{Title: title, Right: true, Cell: func(r store.ImportResult) string { return fmt.Sprint(get(r)) }}
	}
	return PrintAll(s.Out, []Column[store.ImportResult]{
		{Title: "FILE", Cell: func(r store.ImportResult) string { return r.File }},
		{Title: "AS", Cell: func(r store.ImportResult) string { return r.As }},
		number("ADDED", func(r store.ImportResult) int { return r.Added }),
		number("CHANGED", func(r store.ImportResult) int { return r.Changed }),
		number("UNCHANGED", func(r store.ImportResult) int { return r.Unchanged }),
		number("REJECTED", func(r store.ImportResult) int { return r.Rejected }),
		number("VANISHED", func(r store.ImportResult) int { return r.Vanished }),
	}, Items(results))
}

// doBackup makes an online copy of the database.
func doBackup(ctx context.Context, s *Session, file string) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	db, err := c.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer db.Close()
	if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no directory %s to write the copy to", filepath.Dir(file))
	}
	if err := db.Backup(ctx, file); err != nil {
		return err
	}
	return s.Err.Line("%s is a complete copy, checked page by page.", file)
}

// doMigrate brings the schema up to date.
func doMigrate(ctx context.Context, s *Session) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	from, to, backup, err := store.Migrate(ctx, c.Database, store.Options{Now: present(), BackupDir: c.Backup.Dir, Zone: c.Business.TimeZone})
	if err != nil {
		return err
	}
	switch {
	case from == to:
		return s.Err.Line("%s is up to date (version %d).", c.Database, to)
	case backup == "":
		return s.Err.Line("%s is new (version %d).", c.Database, to)
	}
	return s.Err.Line("%s went from version %d to %d; before that it was copied to %s.", c.Database, from, to, backup)
}
