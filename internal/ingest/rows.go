package ingest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"renewd/internal/renewal"
)

// Rows reads the file's rows in their order. A good row is given to good: the
// line where it starts and its cells in the order of Columns, each in its one
// spelling; the slice is valid only during the call. Every fault of a bad row
// is given to bad, in the order of its columns, with the row's ref as far as it
// can be read ("" where not, and in files of events). An error of good ends the
// reading and is returned as it is.
func (f *File) Rows(good func(line int, cells []string) error, bad func(line int, ref, column, value, text string)) error {
	rec, closer, err := f.read(f.sep)
	if err != nil {
		return err
	}
	defer closer.Close()
	if _, err := f.nextFilled(rec); err != nil {
		return err
	}
	row := rowReader{file: f, cells: make([]string, len(f.plan.columns)), money: make([]string, len(f.plan.money))}
	for {
		r, err := rec.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return f.failure(err)
		}
		if r.blank() {
			continue
		}
		row.read(&r)
		for _, fault := range row.faults {
			bad(r.line, row.get("ref"), fault.Column, fault.Value, fault.Text)
		}
		if len(row.faults) > 0 {
			continue
		}
		if err := good(r.line, row.cells); err != nil {
			return err
		}
	}
}

// rowReader checks one row after the other in the same memory.
type rowReader struct {
	file   *File
	values values
	cells  []string
	// money holds the cells of amounts until the row's currency is known.
	money  []string
	faults []Fault
}

func (r *rowReader) fault(column, value, text string) {
	r.faults = append(r.faults, Fault{Column: column, Value: value, Text: text})
}

// get returns a cell by its column's name, "" where the file has no such column.
func (r *rowReader) get(name string) string {
	if i, ok := r.file.index[name]; ok {
		return r.cells[i]
	}
	return ""
}

// date returns a date cell of a row without faults; zero where it says none.
func (r *rowReader) date(name string) renewal.Date {
	d, err := renewal.ParseDate(r.get(name))
	if err != nil {
		return 0 // empty or Erase
	}
	return d
}

func (r *rowReader) read(rec *record) {
	clear(r.cells)
	clear(r.money)
	r.faults = r.faults[:0]
	if rec.fault != "" {
		r.fault("", "", rec.fault)
		return
	}
	money := 0
	for i, cell := range rec.cells {
		text := norm.NFC.String(trim(cell)) // ASCII is passed through at once
		if i >= len(r.file.plan.places) || r.file.plan.places[i].nameless {
			if text != "" {
				r.fault("", text, fmt.Sprintf("cell %d of the row stands under no header; is there a separator too many?", i+1))
			}
			continue
		}
		at := &r.file.plan.places[i]
		if at.out >= 0 && at.isMoney() {
			r.money[money] = text
			money++
			continue
		}
		if at.out >= 0 && text != "" {
			r.cell(at, i, text)
		}
	}
	r.readMoney()
	if len(r.faults) == 0 {
		r.check()
	}
}

// cell reads one cell that is not empty.
func (r *rowReader) cell(at *place, i int, text string) {
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(text, "\r", "\n") // a line break inside quotes
	}
	switch {
	case hasControl(text):
		r.fault(at.name, text, "the cell holds a control character; remove it")
	case text == Erase:
		r.erase(at)
	case at.isDated():
		value, err := r.dated(at, i, text)
		if err != nil {
			r.fault(at.name, text, err.Error())
		}
		r.cells[at.out] = value
	default:
		value, err := r.values.read(at.form, text)
		if err != nil {
			r.fault(at.name, text, err.Error())
		}
		r.cells[at.out] = value
	}
}

// erase reads the cell that erases. In events, which only ever are added, it
// says as little as an empty cell.
func (r *rowReader) erase(at *place) {
	if r.file.kind == Events {
		return
	}
	if at.must {
		r.fault(at.name, Erase, "this cannot be erased; write its value, or leave the cell empty to keep it")
		return
	}
	r.cells[at.out] = Erase
}

func (r *rowReader) dated(at *place, i int, text string) (value string, err error) {
	order := r.file.orders[i]
	if at.form == formInstant {
		value, err = parseInstant(text, order)
	} else {
		var d renewal.Date
		d, err = parseDate(text, order)
		if value = text; len(text) != 10 || text[4] != '-' {
			value = d.String()
		}
	}
	if errors.Is(err, errContradicts) {
		err = errors.New(r.file.surveys[i].contradiction())
	}
	return value, err
}

// hasControl reports whether s holds a control character other than a line
// break or a tab.
func hasControl(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c == 0x7F {
			return true
		}
	}
	return false
}

// readMoney reads the amounts of the row, now that its currency is known: the
// one of its own column, or one that stands beside an amount.
func (r *rowReader) readMoney() {
	p := &r.file.plan
	if len(p.money) == 0 {
		return
	}
	out := r.file.index["currency"]
	if slices.ContainsFunc(r.faults, func(f Fault) bool { return f.Column == "currency" }) {
		return // without the currency nothing can be said about the amounts
	}
	code := r.cells[out]
	if code == Erase {
		code = ""
	}
	amounts := make([]money, len(p.money))
	for i, text := range r.money {
		if text == "" || text == Erase {
			continue
		}
		var err error
		if amounts[i], err = parseMoney(text); err != nil {
			r.fault(p.places[p.money[i]].name, text, err.Error())
			return
		}
		if own, err := parseCurrency(amounts[i].sign); err == nil && code == "" {
			code = own
		}
	}
	for i, text := range r.money {
		if text != "" {
			r.amount(&p.places[p.money[i]], text, amounts[i], code)
		}
	}
	if code != "" {
		r.cells[out] = code
	}
}

func (r *rowReader) amount(at *place, text string, m money, code string) {
	if text == Erase {
		r.erase(at)
		return
	}
	code, err := m.currencyOf(code)
	if err == nil && m.negative && at.form == formPrice {
		err = errors.New("a price is not negative; correct it")
	}
	if err == nil {
		r.cells[at.out], err = m.minor(code)
	}
	if err != nil {
		r.fault(at.name, text, err.Error())
	}
}

// check holds the cells of a row against each other.
func (r *rowReader) check() {
	switch r.file.kind {
	case Events:
		r.checkEvent()
	case Agreements:
		r.checkAgreement()
		fallthrough
	default:
		if r.get("ref") == "" {
			r.fault("ref", "", "the cell is empty, but every row needs its ref")
		}
	}
}

func (r *rowReader) checkAgreement() {
	starts, ends := r.date("starts_on"), r.date("ends_on")
	if !starts.IsZero() && !ends.IsZero() && ends < starts {
		r.fault("ends_on", ends.String(), fmt.Sprintf("the agreement ends before it starts (%s); correct one of the two dates", starts))
	}
	if from := r.get("new_price_from"); from != "" && from != Erase && r.get("new_price") == Erase {
		r.fault("new_price_from", from, "the new price is erased, but not its day; write - here as well")
	}
}

func (r *rowReader) checkEvent() {
	kind := renewal.EventType(r.get("type"))
	for _, name := range []string{"type", "at"} {
		if r.get(name) == "" {
			r.fault(name, "", "the cell is empty, but every event needs it")
		}
	}
	agreement, customer, product := r.get("agreement"), r.get("customer"), r.get("product")
	switch {
	case agreement == "" && customer == "":
		r.fault("customer", "", "the event names neither a customer nor an agreement; fill one of the two")
	case kind == renewal.Cancel && agreement == "" && product == "":
		r.fault("agreement", "", "a cancellation names what is cancelled; fill the agreement or the product")
	}
	if until := r.get("until"); until != "" && kind != renewal.Payment && kind != renewal.Renewal {
		r.fault("until", until, "only a payment or a renewal lasts until a date; leave the cell empty")
	}
}
