package store

import "testing"

// TestImportTerms walks one agreement through ends that move.
func TestImportTerms(t *testing.T) {
	const header = "ref;customer;kind;starts_on;ends_on;term;customer_name\n"
	terms := `SELECT starts_on, ends_on, substr(known_at, 1, 10), cause, replaced, substr(in_force_at, 1, 10), place FROM terms ORDER BY place`
	agreement := `SELECT starts_on, ends_on FROM agreements`
	b := newImportBench(t)
	b.imports(header+"A1;C1;pass;2026-01-01;2026-12-31;P1Y;Zoë\n", "1 0 0 0")
	b.is(terms, "2026-01-01|2026-12-31|2026-11-22|import|NULL|2026-11-22|1")
	// A small move corrects the same term: it keeps its start.
	b.later(24 * 3600e9)
	b.imports(header+"A1;C1;pass;2026-01-01;2027-01-15;P1Y;Zoë\n", "0 1 0 0")
	b.is(agreement, "2026-01-01|2027-01-15")
	b.is(terms, "2026-01-01|2026-12-31|2026-11-22|import|NULL|2026-11-22|1\n2026-01-01|2027-01-15|2026-11-23|import|2026-12-31|2026-11-23|2")
	// Put right again: the first term is back in force and known since then.
	b.later(24 * 3600e9)
	b.imports(header+"A1;C1;pass;2026-01-01;2026-12-31;P1Y;Zoë\n", "0 1 0 0")
	b.is(terms, "2026-01-01|2027-01-15|2026-11-23|import|2026-12-31|2026-11-23|2\n2026-01-01|2026-12-31|2026-11-22|import|2027-01-15|2026-11-24|3")
	// A long move is the next term, also where the file moves its start along.
	b.later(24 * 3600e9)
	b.imports(header+"A1;C1;pass;2027-01-01;2027-12-31;P1Y;Zoë\n", "0 1 0 0")
	b.is(agreement, "2026-01-01|2027-12-31")
	b.is(terms+" LIMIT 1 OFFSET 2", "2027-01-01|2027-12-31|2026-11-25|import|2026-12-31|2026-11-25|4")
	// A start that is put right without a new end is the agreement's own.
	b.imports(header+"A1;C1;pass;2026-02-01;;P1Y;Zoë\n", "0 1 0 0")
	b.is(agreement, "2026-02-01|2027-12-31")
}

// TestImportTermOfTypedAgreement proves that an end which was typed in before
// any pass saw it is kept as the term before.
func TestImportTermOfTypedAgreement(t *testing.T) {
	b := newImportBench(t)
	b.imports("ref;name\nC1;Zoë\n", "1 0 0 0")
	b.run(`INSERT INTO agreements(ref, customer_id, kind, ends_on, known_at) VALUES ('A1', 1, 'pass', '2026-12-31', '2026-01-01T00:00:00Z')`)
	b.imports("ref;customer;kind;ends_on\nA1;C1;pass;2027-12-31\n", "0 1 0 0")
	b.is(`SELECT starts_on, ends_on, cause, replaced, place FROM terms ORDER BY place`,
		"NULL|2026-12-31|edit|NULL|1\n2027-01-01|2027-12-31|import|2026-12-31|2")
	r := b.try("ref;customer;kind;starts_on;ends_on\nA1;C1;pass;2028-01-01;2027-12-31\n", ImportOptions{})
	if r.Rejected != 1 {
		t.Errorf("a start after the end is let through: %+v", r)
	}
	b.imports("ref;customer;kind;starts_on;ends_on\nA1;C1;pass;2026-06-01;\n", "0 1 0 0")
	r = b.try("ref;customer;kind;ends_on\nA1;C1;pass;2026-05-31\n", ImportOptions{})
	if r.Rejected != 1 {
		t.Errorf("an end before the stored start is let through: %+v", r)
	}
}

// TestImportMendsTypedDates proves that an import may put right what somebody
// typed wrongly, and minds such dates only where it changes them.
func TestImportMendsTypedDates(t *testing.T) {
	b := newImportBench(t)
	b.imports(passes, "3 0 0 0")
	b.run(`UPDATE agreements SET ends_on = 'next year', starts_on = '2030-01-01' WHERE ref = 'A3'`)
	b.run(`UPDATE agreements SET starts_on = '2030-01-01' WHERE ref = 'A1'`)
	b.imports("ref;customer;kind;ends_on;starts_on;auto_renew\nA1;C1;pass;;;yes\nA3;C2;contract;2031-06-30;;\n", "0 2 0 1")
	b.is(`SELECT ref, starts_on, ends_on, auto_renew FROM agreements WHERE ref <> 'A2' ORDER BY ref`,
		"A1|2030-01-01|2026-12-31|1\nA3|2030-01-01|2031-06-30|0")
	b.is(`SELECT ends_on, replaced FROM terms WHERE agreement_id = 3 ORDER BY place`, "2027-06-30|NULL\n2031-06-30|NULL")
}

// TestImportMovesAgreement proves that a changed customer is a new fact too.
func TestImportMovesAgreement(t *testing.T) {
	b := newImportBench(t)
	b.imports(passes, "3 0 0 0")
	b.imports("ref;customer;kind;ends_on;customer_name\nA1;C9;pass;2026-12-31;Nina\n", "0 1 0 2")
	b.is(`SELECT c.ref, c.name FROM agreements a JOIN customers c ON c.id = customer_id WHERE a.ref = 'A1'`, "C9|Nina")
	r := b.try("ref;customer;kind;ends_on;customer_name\nA1;;pass;2026-12-31;Nora\n", ImportOptions{})
	if want := "list.csv:2: column \"customer\": the cell is empty, so nobody knows whose customer_name this is; fill it\n"; faultsOf(r) != want {
		t.Errorf("a name without a customer: %q", faultsOf(r))
	}
}

// TestImportStartsAgain proves that facts which change between the check and
// the write are not overwritten blindly.
func TestImportStartsAgain(t *testing.T) {
	b := newImportBench(t)
	b.imports("ref;customer;kind;ends_on;customer_name\nA1;C1;pass;2026-12-31;Zoë\n", "1 0 0 0")
	tries := 0
	file := racingFile{rows: [][]string{{"A1", "C1", "pass", "2028-12-31"}, {"A2", "C1", "pass", "2028-12-31"}}, meanwhile: func() {
		if tries++; tries == 1 {
			b.run(`UPDATE agreements SET ends_on = '2027-12-31' WHERE ref = 'A1'`)
		}
		if tries == 2 {
			b.run(`INSERT INTO agreements(ref, customer_id, kind, ends_on) VALUES ('A2', 1, 'pass', '2027-01-01')`)
		}
	}}
	r, err := Import(t.Context(), b.db, file, ImportOptions{File: "list.csv", Now: b.now, TempDir: t.TempDir()})
	if err != nil || r.Changed != 2 || tries != 3 {
		t.Fatalf("after %d tries: %+v, %v", tries, r, err)
	}
	b.is(`SELECT ref, ends_on FROM agreements ORDER BY ref`, "A1|2028-12-31\nA2|2028-12-31")
	b.is(`SELECT ends_on, replaced FROM terms WHERE agreement_id = 1 ORDER BY place`, "2026-12-31|NULL\n2027-12-31|NULL\n2028-12-31|2027-12-31")
	b.is(`SELECT count(*) FROM imports`, "2")
}

// racingFile is a file during whose reading somebody else writes.
type racingFile struct {
	rows      [][]string
	meanwhile func()
}

func (racingFile) Kind() string      { return "agreements" }
func (racingFile) Columns() []string { return []string{"ref", "customer", "kind", "ends_on"} }
func (f racingFile) Rows(good func(int, []string) error, _ func(int, string, string, string, string)) error {
	for i, cells := range f.rows {
		if err := good(i+2, cells); err != nil {
			return err
		}
	}
	f.meanwhile()
	return nil
}
