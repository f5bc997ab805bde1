package store

import (
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"

	"renewd/internal/renewal"
)

// importer checks the rows of one file against one snapshot of the database
// and spools what is to be written.
type importer struct {
	opt    ImportOptions
	kind   string
	spool  *spool
	result ImportResult

	tx      *Tx
	now     string
	imports int64 // the last import that the snapshot knows
	index   map[string]int
	cells   []string // the row at hand
	line    int
	read    int

	hash maphash.Seed
	// seen are the refs of the file, for rows that come twice.
	seen map[uint64]seenRow
	// held are the stored rows that the file holds, bad ones included.
	held idSet
	// nameless is true once a bad row had no ref that could be read.
	nameless bool
	added    [len(tables)]int64
	// firstNew is the id of the first agreement that was written, 0 before.
	firstNew int64
}

type seenRow struct {
	line int32
	sum  uint32
}

// rowTaker takes the good rows of one kind of file.
type rowTaker interface {
	// table is where the rows live; empty for events.
	table() string
	take(ref string) error
	// done is called after the last row.
	done() error
}

// check reads the whole file.
func (imp *importer) check(tx *Tx, file ImportFile) error {
	imp.tx = tx
	imp.now = renewal.FormatStamp(imp.opt.Now)
	imp.result.File, imp.result.As = imp.opt.File, imp.kind
	imp.hash, imp.seen = maphash.MakeSeed(), map[uint64]seenRow{}
	if err := tx.one(`SELECT coalesce(max(id), 0) FROM imports`, nil, &imp.imports); err != nil {
		return err
	}
	imp.index = map[string]int{}
	for i, name := range file.Columns() {
		imp.index[name] = i
	}
	taker, err := imp.taker(file.Columns())
	if err != nil {
		return err
	}
	good := func(line int, cells []string) error {
		imp.line, imp.cells = line, cells
		imp.tick()
		if err := tx.ctx.Err(); err != nil {
			return err
		}
		ref := imp.get("ref")
		if taker.table() != "" && imp.repeated(ref) {
			return nil
		}
		return taker.take(ref)
	}
	var heldErr error
	bad := func(line int, ref, column, value, text string) {
		if line != imp.line {
			imp.tick()
			heldErr = errors.Join(heldErr, imp.holdBad(taker.table(), ref))
		}
		imp.line = line
		imp.fault(column, value, text)
	}
	if err := errors.Join(file.Rows(good, bad), heldErr); err != nil {
		return err
	}
	if err := taker.done(); err != nil {
		return err
	}
	return imp.countVanished(taker.table())
}

// manyRows is from where on an import gives its memory back to the system
// before it writes: SQLite then needs its own.
const manyRows = 100_000

// forget lets go of what only the check needs.
func (imp *importer) forget() {
	imp.tx, imp.cells, imp.seen = nil, nil, nil
	if imp.read > manyRows {
		debug.FreeOSMemory()
	}
}

func (imp *importer) taker(columns []string) (rowTaker, error) {
	switch imp.kind {
	case "customers":
		return newCustomerRows(imp, columns)
	case "products":
		return newProductRows(imp, columns)
	case "agreements":
		return newAgreementRows(imp, columns)
	case "events":
		return newEventRows(imp)
	}
	return nil, fmt.Errorf("files of %q cannot be imported", imp.kind)
}

// tick counts a row for whoever watches.
func (imp *importer) tick() {
	if imp.read++; imp.opt.Progress != nil && imp.read%4096 == 0 {
		imp.opt.Progress(imp.read, 0)
	}
}

// get returns a cell of the row at hand, "" where the file has no such column.
func (imp *importer) get(column string) string {
	if i, ok := imp.index[column]; ok {
		return imp.cells[i]
	}
	return ""
}

// value is get without the cell that erases.
func (imp *importer) value(column string) string {
	return unlessErased(imp.get(column))
}

// fault rejects the row at hand.
func (imp *importer) fault(column, value, text string) {
	r := &imp.result
	if n := len(r.Faults); n == 0 || r.Faults[n-1].Line != imp.line {
		r.Rejected++
	}
	r.Faults = append(r.Faults, ImportFault{imp.opt.File, imp.line, column, value, text})
}

// warn adds a sentence about the row at hand.
func (imp *importer) warn(text string) {
	imp.result.Warnings = append(imp.result.Warnings, fmt.Sprintf("%s:%d: %s", imp.opt.File, imp.line, text))
}

// repeated rejects a row whose ref an earlier good row of the file has.
func (imp *importer) repeated(ref string) bool {
	key := maphash.String(imp.hash, ref)
	first, twice := imp.seen[key]
	sum := imp.rowSum()
	if !twice {
		imp.seen[key] = seenRow{int32(imp.line), sum}
		return false
	}
	text := fmt.Sprintf("line %d has this same ref, and other contents; remove or correct one of the two", first.line)
	if first.sum == sum {
		text = fmt.Sprintf("line %d is the same row; remove one of the two", first.line)
	}
	imp.fault("ref", ref, text)
	return true
}

// rowSum is a fingerprint of the row at hand.
func (imp *importer) rowSum() uint32 {
	var h maphash.Hash
	h.SetSeed(imp.hash)
	for _, cell := range imp.cells {
		h.WriteString(cell)
		h.WriteByte(0)
	}
	return uint32(h.Sum64())
}

// holdBad notes that the file holds a stored row although its line is bad, so
// that it does not count as vanished.
func (imp *importer) holdBad(table, ref string) error {
	if table == "" {
		return nil
	}
	if ref == "" || ref == erase {
		imp.nameless = true
		return nil
	}
	id, _, err := imp.stored(table, ref)
	imp.held.add(id)
	return err
}

// stored returns the id of a ref and what is remembered for it; 0 for none.
func (imp *importer) stored(table, ref string) (id int64, cells string, err error) {
	err = imp.tx.one(`SELECT id, import_cells FROM `+table+` WHERE ref = ?`, []any{ref}, &id, &cells)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", nil
	}
	return id, cells, err
}

// isEmpty reports whether a table has no rows, in which case nothing needs to
// be looked up in it.
func (imp *importer) isEmpty(table string) (bool, error) {
	var some bool
	err := imp.tx.one(`SELECT EXISTS (SELECT 1 FROM `+table+`)`, nil, &some)
	return !some, err
}

// addRow numbers a row that the import adds to a table.
func (imp *importer) addRow(table int) int64 {
	imp.added[table]++
	return -imp.added[table]
}

// query0 is a statement that may change no row at all.
func query0(sql string) query { return query{sql: sql} }
