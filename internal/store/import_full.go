package store

import (
	"database/sql"
	"errors"

	"renewd/internal/renewal"
)

// fullMark stands in an agreement's remembered cells, with the date, where
// --full cancelled it because a file lacked it. It stays until a file holds the
// agreement again, so that one absence cancels once, also where somebody has
// withdrawn the cancellation since. No column has this name.
const fullMark = "--full"

// FullList is a list of agreements that is complete (--full) and may come in
// several files, imported one after the other: what they lack together has
// vanished. It keeps one bit for every agreement.
type FullList struct {
	// files is how many of the list are still to come.
	files    int
	held     idSet
	nameless bool
}

// NewFullList is a list that comes in this many files.
func NewFullList(files int) *FullList { return &FullList{files: files} }

// join makes the importer hold what the list's earlier files held, and answers
// whether its file is the last one of the list.
func (l *FullList) join(imp *importer) (last bool) {
	imp.held.addAll(l.held)
	imp.nameless = imp.nameless || l.nameless
	return l.files <= 1
}

// note remembers what the list holds now that a file of it is imported.
func (l *FullList) note(imp *importer) {
	l.files--
	l.held, l.nameless = imp.held, imp.nameless
	if imp.firstNew == 0 {
		return // a dry run stored nothing
	}
	for i := range imp.added[tableAgreements] {
		l.held.add(imp.firstNew + i)
	}
}

// countVanished counts what earlier files of this kind brought and this one
// lacks, and cancels such agreements where the file is said to be full. Of a
// full list in several files only the last one counts and cancels.
func (imp *importer) countVanished(table string) error {
	if table == "" {
		return nil
	}
	cancel := false
	if list := imp.opt.List; list != nil {
		if imp.read == 0 {
			return errors.New("--full with a file that has no rows would cancel every agreement; nothing was changed")
		}
		if last := list.join(imp); !last {
			return nil
		}
		if cancel = !imp.nameless; !cancel {
			imp.result.Warnings = append(imp.result.Warnings,
				"--full cancelled nothing: the refs of some bad rows cannot be read, and they may be those of agreements that the file lacks")
		}
	}
	today := renewal.LocalDate(imp.opt.Now, imp.tx.db.Zone()).String()
	isOpen := "0"
	if cancel {
		isOpen = `cancelled_on IS NULL AND instr(import_cells, '"` + fullMark + `":') = 0`
	}
	// Files of agreements leave cells with their customers too, but no ref.
	return imp.tx.query(`SELECT id, `+isOpen+` FROM `+table+` WHERE instr(import_cells, '"ref":') > 0`, func(rows *sql.Rows) error {
		var id int64
		var open bool
		if err := rows.Scan(&id, &open); err != nil || imp.held.has(id) {
			return err
		}
		imp.result.Vanished++
		if !open {
			return nil
		}
		imp.result.Changed++
		return imp.spool.add(query{`UPDATE agreements SET cancelled_on = ?1,
			import_cells = json_set(CASE WHEN json_valid(import_cells) THEN import_cells ELSE '{}' END, '$."` + fullMark + `"', ?1)
			WHERE id = ?2 AND cancelled_on IS NULL`, true}, today, id)
	})
}

// idSet is a set of row ids; they are small and dense.
type idSet []uint64

func (s *idSet) add(id int64) {
	if id <= 0 {
		return
	}
	for int(id/64) >= len(*s) {
		*s = append(*s, make([]uint64, len(*s)+64)...)
	}
	(*s)[id/64] |= 1 << (id % 64)
}

func (s *idSet) addAll(other idSet) {
	if n := len(other) - len(*s); n > 0 {
		*s = append(*s, make([]uint64, n)...)
	}
	for i, bits := range other {
		(*s)[i] |= bits
	}
}

func (s idSet) has(id int64) bool {
	return id > 0 && int(id/64) < len(s) && s[id/64]&(1<<(id%64)) != 0
}
