package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"renewd/internal/ingest"
	"renewd/internal/plan"
	"renewd/internal/store"
)

// shownWarnings bounds what a person is shown of one file.
const shownWarnings = 20

// doImport brings files in, one after the other.
func doImport(ctx context.Context, s *Session, o ImportOptions) error {
	return withStore(ctx, s, false, func(c *Config, db *store.DB) error {
		o.settings = c.settings(c.letters())
		return importFiles(ctx, s, db, o)
	})
}

func importFiles(ctx context.Context, s *Session, db *store.DB, o ImportOptions) error {
	if o.Full {
		o.list = store.NewFullList(len(o.Files))
	}
	rejected := 0
	var results []store.ImportResult
	for i, path := range o.Files {
		result, err := importFile(ctx, s, db, path, o, present())
		if err == nil || errors.Is(err, errNothingChanged) {
			results = append(results, result)
		}
		if err != nil {
			return errors.Join(printImports(s, results), tellPartial(s, o, i), err)
		}
		rejected += result.Rejected
	}
	if err := printImports(s, results); err != nil || rejected == 0 {
		return err
	}
	if o.DryRun {
		return needsPerson("%s be left out", count(rejected, "row would", "rows would"))
	}
	return needsPerson("%s left out: correct the .rejected.csv and import it", count(rejected, "row was", "rows were"))
}

// tellPartial says, of several files of which the i-th failed, what came of the
// others: each is a transaction of its own.
func tellPartial(s *Session, o ImportOptions, i int) error {
	if i > 0 && !o.DryRun {
		if err := s.Err.Line("%s imported before that: %s.", count(i, "file was", "files were"), strings.Join(o.Files[:i], ", ")); err != nil {
			return err
		}
	}
	if rest := o.Files[i+1:]; len(rest) > 0 {
		return s.Err.Line("%s not looked at: %s.", count(len(rest), "file was", "files were"), strings.Join(rest, ", "))
	}
	return nil
}

// errNothingChanged is the cause where a file was refused because of its rows.
var errNothingChanged = errors.New("nothing was changed")

// importFile brings one file in and settles the terms that its events moved.
func importFile(ctx context.Context, s *Session, db *store.DB, path string, o ImportOptions, now time.Time) (store.ImportResult, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return store.ImportResult{}, fmt.Errorf("%s is a directory: name the files in it", path)
	}
	file, err := ingest.OpenPath(path, ingest.Options{As: o.As, Ignore: o.Ignore, DateFormat: o.DateFormat})
	if err != nil {
		return store.ImportResult{}, err
	}
	if o.Full && file.Kind() != "agreements" {
		return store.ImportResult{}, usageError("%s holds %s: --full goes with agreements only", path, file.Kind())
	}
	progress := s.Err.Progress(filepath.Base(path))
	result, err := store.Import(ctx, db, file, store.ImportOptions{
		File: path, Now: now, SkipBad: o.SkipBad, DryRun: o.DryRun, Full: o.Full, List: o.list, Progress: progress.Step,
	})
	progress.End()
	if err != nil {
		return result, err
	}
	if err := tellFaults(s, result); err != nil {
		return result, err
	}
	if !result.Done {
		return result, fmt.Errorf("%s: %w, because %d of its rows cannot be used; --skip-bad imports the others", path, errNothingChanged, result.Rejected)
	}
	if o.DryRun {
		return result, nil
	}
	if len(result.Faults) > 0 {
		err = writeRejected(s, file, path, result)
	} else {
		err = removeRejected(s, path)
	}
	if err != nil {
		return result, err
	}
	return result, settle(ctx, s, db, o.settings, result.Settle, now)
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
	name := rejectedName(path)
	out, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("writing the rows left out: %w", err)
	}
	if err := errors.Join(file.WriteRejected(out, faults), out.Close()); err != nil {
		return fmt.Errorf("writing the rows left out to %s: %w", name, err)
	}
	if r.Rejected == 1 {
		return s.Err.Line("The row left out is in %s, with its reason.", name)
	}
	return s.Err.Line("The rows left out are in %s, each with its reason.", name)
}

// rejectedName is the file beside an imported one that takes its bad rows.
func rejectedName(path string) string { return path + ".rejected.csv" }

// removeRejected removes the bad rows of an earlier import of the file, now that
// it has none.
func removeRejected(s *Session, path string) error {
	name := rejectedName(path)
	removed, err := ingest.RemoveRejected(name)
	if err != nil {
		return fmt.Errorf("removing the rows left out by an earlier import: %w", err)
	}
	if removed {
		return s.Err.Line("%s was of an earlier import and is removed: no row is left out any more.", name)
	}
	return nil
}

// settleBatch is how many households are settled in one transaction.
const settleBatch = 500

// settle applies new events to the terms of their households at once, so that
// sqlite3 shows the ends that a payment made.
func settle(ctx context.Context, s *Session, db *store.DB, set *plan.Settings, customers []int64, now time.Time) error {
	for len(customers) > 0 {
		n := min(len(customers), settleBatch)
		batch := customers[:n]
		customers = customers[n:]
		err := db.Write(ctx, func(tx *store.Tx) error {
			for _, id := range batch {
				if err := settleHousehold(s, tx, set, id, now); err != nil {
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

func settleHousehold(s *Session, tx *store.Tx, set *plan.Settings, customerID int64, now time.Time) error {
	d, err := tx.Dossier(customerID, time.Time{})
	if err != nil {
		return err
	}
	settled := plan.SettleEvents(now, set, d)
	for _, w := range settled.Warnings {
		if err := s.Err.Line("warning: %s", w); err != nil {
			return err
		}
	}
	if settled.Empty() {
		return nil
	}
	return tx.ApplySettlement(d, settled, now)
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
	return withStore(ctx, s, true, func(_ *Config, db *store.DB) error {
		if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
			return fmt.Errorf("there is no directory %s to write the copy to", filepath.Dir(file))
		}
		if err := db.Backup(ctx, file); err != nil {
			return err
		}
		return s.Err.Line("%s is a complete copy, checked page by page.", file)
	})
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
