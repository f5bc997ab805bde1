package store

import (
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
)

// personColumns are the columns of a file of agreements that speak about the
// agreement's customer.
var personColumns = [...]string{"customer_name", "customer_email", "customer_locale", "customer_time_zone",
	"customer_country", "customer_region"}

// people are the customers that a file of agreements names.
type people struct {
	imp     *importer
	memory  *memory
	columns [len(personColumns)]int // index in the row, -1 where the file lacks it
	carried bool                    // the file has at least one of the columns
	empty   bool                    // no customer is stored yet
	byRef   map[uint64]int32        // hash of the ref → number of the person
	list    [][]person              // in pieces: growing one list would hold it twice
}

// person is a customer of the file.
type person struct {
	// id is negative where this import adds the customer, 0 where nobody
	// knows it.
	id int64
	// line is where the file last said something new about the person, cells
	// are fingerprints of what it said (0: nothing yet).
	line  int32
	cells [len(personColumns)]uint32
}

// personPiece is the length of a piece of people.list.
const personPiece = 4096

func (p *people) person(n int32) *person { return &p.list[n/personPiece][n%personPiece] }

func (p *people) append(one person) int32 {
	last := len(p.list) - 1
	if last < 0 || len(p.list[last]) == personPiece {
		p.list = append(p.list, make([]person, 0, personPiece))
		last++
	}
	p.list[last] = append(p.list[last], one)
	return int32(last*personPiece + len(p.list[last]) - 1)
}

func newPeople(imp *importer, columns []string) (*people, error) {
	p := &people{imp: imp, byRef: map[uint64]int32{}}
	for k, name := range personColumns {
		p.columns[k] = -1
		if i, ok := imp.index[name]; ok {
			p.columns[k], p.carried = i, true
		}
	}
	p.memory = newMemory(columns, func(name string) bool { return strings.HasPrefix(name, "customer_") })
	var err error
	p.empty, err = imp.isEmpty("customers")
	return p, err
}

// find returns the index of the customer that the row at hand names, and
// false where the row is rejected for it.
func (p *people) find(ref string) (int32, bool, error) {
	key := maphash.String(p.imp.hash, ref)
	n, known := p.byRef[key]
	if !known {
		var one person
		if !p.empty {
			err := p.imp.tx.one(`SELECT id FROM customers WHERE ref = ?`, []any{ref}, &one.id)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return 0, false, err
			}
		}
		n = p.append(one)
		p.byRef[key] = n
	}
	if p.person(n).id == 0 && !p.carried {
		p.imp.fault("customer", ref, "no customer has this ref; import the customers first, or add a column such as customer_email to this file")
		return 0, false, nil
	}
	return n, p.agrees(n, ref), nil
}

// agrees rejects a row that says something else about its customer than an
// earlier row of the file.
func (p *people) agrees(n int32, ref string) bool {
	if !p.carried {
		return true
	}
	agrees := true
	said := p.person(n)
	for k, i := range p.columns {
		if i < 0 || p.imp.cells[i] == "" || said.cells[k] == 0 || said.cells[k] == p.sum(i) {
			continue
		}
		agrees = false
		p.imp.fault(personColumns[k], p.imp.cells[i], fmt.Sprintf(
			"line %d says something else about the customer %s; write the same in all rows of this customer", said.line, ref))
	}
	return agrees
}

// sum is a fingerprint of a cell, never 0.
func (p *people) sum(i int) uint32 {
	return uint32(maphash.String(p.imp.hash, p.imp.cells[i])) | 1
}

// take stores what the row at hand says about its customer. It returns the
// customer's id and whether anything about it is new.
func (p *people) take(n int32, ref string) (id int64, changed bool, err error) {
	one := p.person(n)
	if !p.carried {
		return one.id, false, nil
	}
	var fresh []int
	for k, i := range p.columns {
		if i >= 0 && p.imp.cells[i] != "" && one.cells[k] == 0 {
			one.cells[k], one.line = p.sum(i), int32(p.imp.line)
			fresh = append(fresh, k)
		}
	}
	if one.id == 0 {
		one.id = p.imp.addRow(tableCustomers)
		return one.id, true, p.add(one.id, ref)
	}
	if len(fresh) == 0 {
		return one.id, false, nil
	}
	changed, err = p.change(one.id, fresh)
	return one.id, changed, err
}

func (p *people) add(id int64, ref string) error {
	imp := p.imp
	return imp.spool.add(query0(insertCustomer), idArg(id, tableCustomers), ref, imp.value("customer_name"),
		imp.value("customer_email"), imp.value("customer_locale"), imp.value("customer_time_zone"),
		imp.value("customer_country"), imp.value("customer_region"), nil, "{}", imp.now, string(p.memory.encode(imp.cells)))
}

// change updates a customer by the cells that the file says for the first time
// and that the last import did not say.
func (p *people) change(id int64, fresh []int) (bool, error) {
	remembered := ""
	if id > 0 {
		if err := p.imp.tx.one(`SELECT import_cells FROM customers WHERE id = ?`, []any{id}, &remembered); err != nil {
			return false, err
		}
	}
	d := p.memory.compare(remembered, p.imp.cells)
	u := update{table: "customers"}
	paths, cells := "", []any{}
	for _, i := range d.changed {
		for _, k := range fresh {
			if p.columns[k] != i {
				continue
			}
			h, _ := customerHolding(strings.TrimPrefix(personColumns[k], "customer_"))
			u.set(h.column, h.arg(p.imp.cells[i]))
			paths += ", '$." + personColumns[k] + "', ?"
			cells = append(cells, p.imp.cells[i])
		}
	}
	if len(cells) == 0 {
		return false, nil
	}
	// The cells are merged in SQL: an earlier row of this file may have added some.
	u.sets = append(u.sets, "import_cells = json_set(CASE WHEN json_valid(import_cells) THEN import_cells ELSE '{}' END"+paths+")")
	u.args = append(u.args, cells...)
	q, args := u.where("id = ?", idArg(id, tableCustomers))
	return true, p.imp.spool.add(q, args...)
}
