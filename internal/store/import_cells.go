package store

import (
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// erase is the cell that erases.
const erase = "-"

// memory compares the cells of a row with what the last import said for the
// same ref, which import_cells keeps as a JSON object, column by column. An
// empty cell says nothing, so what was said before stays remembered.
type memory struct {
	columns []remembered // by name
	scratch []byte
}

type remembered struct {
	index int
	name  string
	key   string // the name as JSON, with what stands before the value
}

// newMemory remembers the columns that keep accepts.
func newMemory(columns []string, keep func(name string) bool) *memory {
	m := &memory{}
	for i, name := range columns {
		if keep(name) {
			m.columns = append(m.columns, remembered{i, name, string(appendJSON(nil, name)) + ":"})
		}
	}
	sort.Slice(m.columns, func(i, j int) bool { return m.columns[i].name < m.columns[j].name })
	return m
}

// encode writes the cells that say something, sorted by column; the result is
// valid until the next call.
func (m *memory) encode(cells []string) []byte {
	b := append(m.scratch[:0], '{')
	for _, c := range m.columns {
		if cell := cells[c.index]; cell != "" {
			b = appendJSON(append(b, c.key...), cell)
			b = append(b, ',')
		}
	}
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	m.scratch = append(b, '}')
	return m.scratch
}

// difference is what a row says that the last import did not.
type difference struct {
	// changed are the indexes of the cells that changed, sorted by column.
	changed []int
	// before is what the last import said, by column.
	before map[string]string
	// after is what is to be remembered now.
	after string
}

// compare holds a row against what is remembered for its ref.
func (m *memory) compare(stored string, cells []string) difference {
	now := m.encode(cells)
	if string(now) == stored {
		return difference{}
	}
	d := difference{before: map[string]string{}}
	if stored != "" && json.Unmarshal([]byte(stored), &d.before) != nil {
		d.before = map[string]string{} // typed over by hand: nothing is remembered
	}
	for _, c := range m.columns {
		if cell := cells[c.index]; cell != "" && cell != d.before[c.name] {
			d.changed = append(d.changed, c.index)
		}
	}
	if len(d.before) == 0 {
		d.after = string(now)
		return d
	}
	after := maps.Clone(d.before)
	delete(after, fullMark)
	for _, c := range m.columns {
		if cells[c.index] != "" {
			after[c.name] = cells[c.index]
		}
	}
	d.after = encodeCells(after)
	return d
}

// encodeCells writes a JSON object with sorted keys.
func encodeCells(cells map[string]string) string {
	b := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(cells)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(append(appendJSON(b, name), ':'), cells[name])
	}
	return string(append(b, '}'))
}

// appendJSON appends s as a JSON string; most texts need no escape.
func appendJSON(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			text, _ := json.Marshal(s) // a string can always be written
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// holding says how a table keeps a column of a file.
type holding struct {
	column string
	form   holdingForm
}

type holdingForm int

const (
	textOrEmpty holdingForm = iota
	textOrNULL
	flag // 0 where it says nothing
	integerOrNULL
)

// arg is the cell as an argument; an empty or erasing cell is "nothing".
func (h holding) arg(cell string) any {
	cell = unlessErased(cell)
	switch h.form {
	case textOrNULL:
		return textOrNull(cell)
	case flag:
		return flagArg(cell)
	case integerOrNULL:
		return integerOrNull(cell)
	}
	return cell
}

// unlessErased is the cell, or "" for the one that erases.
func unlessErased(cell string) string {
	if cell == erase {
		return ""
	}
	return cell
}

// integerOrNull is a whole number as an argument, NULL for an empty cell.
func integerOrNull(cell string) any {
	n, err := strconv.ParseInt(cell, 10, 64)
	if err != nil {
		return nil // it is empty: ingest lets whole numbers through only
	}
	return n
}

// flagArg is yes or no as an argument; an empty cell is no.
func flagArg(cell string) any {
	if cell == "1" {
		return int64(1)
	}
	return int64(0)
}

// update gathers the changes of one row.
type update struct {
	table string
	sets  []string
	args  []any
}

func (u *update) set(column string, arg any) {
	u.sets = append(u.sets, column+" = ?")
	u.args = append(u.args, arg)
}

// where ends the statement; its condition has one mark for each further argument.
func (u *update) where(condition string, args ...any) (query, []any) {
	return query{"UPDATE " + u.table + " SET " + strings.Join(u.sets, ", ") + " WHERE " + condition, true}, append(u.args, args...)
}
