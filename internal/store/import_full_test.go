package store

import (
	"testing"
	"time"

	"renewd/internal/renewal"
)

const (
	fullHeader = "ref;customer;kind;ends_on;customer_name\n"
	fullA1     = "A1;C1;pass;2027-12-31;Zoë\n"
	fullA2     = "A2;C1;pass;2027-12-31;Zoë\n"
	fullB1     = "B1;C2;contract;2027-12-31;Max\n"
	fullB2     = "B2;C2;contract;2027-12-31;Max\n"
	fullState  = `SELECT ref, cancelled_on FROM agreements ORDER BY ref`
)

// TestImportFullInSeveralFiles proves that a list which comes in several files
// is taken as one: an agreement of the first file has not vanished because the
// second lacks it, also where that first file has only just brought it.
func TestImportFullInSeveralFiles(t *testing.T) {
	b := newImportBench(t)
	b.imports(fullHeader+fullA1+fullA2, "2 0 0 0")
	b.imports(fullHeader+fullB1, "1 0 0 2")
	for _, dry := range []bool{true, false} {
		opt := ImportOptions{Full: true, DryRun: dry, List: NewFullList(2)}
		b.importsWith(fullHeader+fullA1, "0 0 1 0", opt)
		b.is(fullState, "A1|NULL\nA2|NULL\nB1|NULL")
		b.importsWith(fullHeader+fullB1, "0 1 1 1", opt)
	}
	b.is(fullState, "A1|NULL\nA2|2026-11-22\nB1|NULL")
	opt := ImportOptions{Full: true, List: NewFullList(3)}
	b.importsWith(fullHeader+fullB1+fullB2, "1 0 1 0", opt)
	b.importsWith(fullHeader+fullA2, "0 1 0 0", opt)
	b.importsWith(fullHeader+fullA1, "0 0 1 0", opt)
	b.is(fullState, "A1|NULL\nA2|NULL\nB1|NULL\nB2|NULL")
}

// TestImportFullInSeveralFilesWithBadRows proves that a bad row of one file is
// held against what the others lack.
func TestImportFullInSeveralFilesWithBadRows(t *testing.T) {
	b := newImportBench(t)
	b.imports(fullHeader+fullA1+fullA2+fullB1, "3 0 0 0")
	opt := ImportOptions{Full: true, SkipBad: true, List: NewFullList(2)}
	b.try(fullHeader+fullA1+"A2;C1;nonsense;;\n", opt)
	if r := b.try(fullHeader+fullB1, opt); r.Vanished != 0 || r.Changed != 0 {
		t.Errorf("a bad row of the first file counts as vanished: %+v", r)
	}
	opt.List = NewFullList(2)
	b.try(fullHeader+fullA1+";C1;pass;2027-12-31;\n", opt)
	if r := b.try(fullHeader+fullB1, opt); r.Vanished != 1 || r.Changed != 0 || len(r.Warnings) != 1 {
		t.Errorf("a bad row without a ref in the first file: %+v", r)
	}
	b.is(fullState, "A1|NULL\nA2|NULL\nB1|NULL")
}

// TestImportFullCancelsAnAbsenceOnce proves that the same list again does not
// undo a withdrawal, and that a second absence cancels anew.
func TestImportFullCancelsAnAbsenceOnce(t *testing.T) {
	b := newImportBench(t)
	full := ImportOptions{Full: true}
	b.imports(fullHeader+fullA1+fullA2, "2 0 0 0")
	b.importsWith(fullHeader+fullA2, "0 1 1 1", full)
	b.is(fullState, "A1|2026-11-22\nA2|NULL")
	b.later(time.Hour)
	b.withdraw("A1")
	b.is(fullState, "A1|NULL\nA2|NULL")
	b.later(7 * 24 * time.Hour)
	b.importsWith(fullHeader+fullA2, "0 0 1 1", full)
	b.is(fullState, "A1|NULL\nA2|NULL")
	// Back in a file that is not even full, and gone again.
	b.imports(fullHeader+fullA1, "0 1 0 1")
	b.is(fullState, "A1|NULL\nA2|NULL")
	b.importsWith(fullHeader+fullA2, "0 1 1 1", full)
	b.is(fullState, "A1|2026-11-29\nA2|NULL")
}

// TestImportFullPastTypedCells proves that cells which somebody typed over do
// not keep the rest of the list from being imported.
func TestImportFullPastTypedCells(t *testing.T) {
	b := newImportBench(t)
	b.imports(fullHeader+fullA1+fullA2, "2 0 0 0")
	b.run(`UPDATE agreements SET import_cells = '{"ref":' WHERE ref = 'A1'`)
	b.importsWith(fullHeader+fullA2, "0 1 1 1", ImportOptions{Full: true})
	b.is(fullState, "A1|2026-11-22\nA2|NULL")
}

// withdraw takes the cancellation of an agreement back, as `record` does.
func (b *importBench) withdraw(ref string) {
	b.t.Helper()
	b.run(`INSERT INTO events(type, at, agreement_id) SELECT 'cancel_withdrawn', '` + renewal.FormatStamp(b.now) +
		`', id FROM agreements WHERE ref = '` + ref + `'`)
	err := b.db.Write(b.t.Context(), func(tx *Tx) error {
		var customer int64
		if err := tx.one(`SELECT customer_id FROM agreements WHERE ref = ?`, []any{ref}, &customer); err != nil {
			return err
		}
		d, err := tx.Dossier(customer, time.Time{})
		if err != nil {
			return err
		}
		return tx.ApplySettlement(d, renewal.SettleEvents(d, b.now, tx.Zone(), renewal.Conditions{}), b.now)
	})
	if err != nil {
		b.t.Fatal(err)
	}
}
