package store

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"renewd/internal/renewal"
)

// agreementChange is what a row changes about a stored agreement.
type agreementChange struct {
	id       int64
	diff     difference
	customer int64
	// stored is the end in force as the database has it; if it moves before the
	// write, the import starts again. ends is the same as a date, 0 where
	// somebody typed something that is none.
	stored string
	ends   renewal.Date
	// firstStart corrects agreements.starts_on, where it is set; "-" empties it.
	firstStart string
	// newEnd opens a term from termStart (0: unknown); 0 opens none.
	newEnd, termStart renewal.Date
	// unrecorded is true where terms lacks the end in force.
	unrecorded bool
}

// prepareChange works out what the changed cells of the row at hand do to the
// dates of an agreement. fits is false where the row is rejected for it.
func (a *agreementRows) prepareChange(id int64, d difference) (c agreementChange, fits bool, err error) {
	c = agreementChange{id: id, diff: d}
	var starts, term string
	var productID int64
	var money storedMoney
	err = a.tx.one(`SELECT coalesce(starts_on, ''), ends_on, term, coalesce(product_id, 0), currency, price_minor IS NOT NULL,
		new_price_minor IS NOT NULL FROM agreements WHERE id = ?`,
		[]any{id}, &starts, &c.stored, &term, &productID, &money.currency, &money.price, &money.newPrice)
	if err != nil || !a.completeMoney(&c, money) {
		return c, false, err
	}
	// Dates typed by hand may be none at all; then there is nothing to compare.
	oldStart, _ := renewal.ParseDate(starts)
	c.ends, _ = renewal.ParseDate(c.stored)
	end := c.ends
	if a.hasChanged(d, "ends_on") {
		if end, _ = renewal.ParseDate(a.get("ends_on")); end != c.ends {
			c.newEnd = end
		}
	}
	start := oldStart
	if a.hasChanged(d, "starts_on") {
		cell := a.get("starts_on")
		start, _ = renewal.ParseDate(cell) // zero where it is erased
		// A start after the old end is that of the new term: the agreement's
		// own start never moves.
		if c.newEnd == 0 || start.IsZero() || oldStart.IsZero() || start <= c.ends {
			c.firstStart = cell
		} else {
			c.termStart = start
		}
	}
	moved := a.hasChanged(d, "starts_on") || a.hasChanged(d, "ends_on")
	if moved && !start.IsZero() && !end.IsZero() && end < start {
		a.fault("ends_on", end.String(), fmt.Sprintf("the agreement ends before it starts (%s); correct one of the two dates", start))
		return c, false, nil
	}
	if c.newEnd != 0 && !c.ends.IsZero() {
		err = a.prepareTerm(&c, oldStart, start, a.length(term, productID))
	}
	return c, true, err
}

func (a *agreementRows) hasChanged(d difference, column string) bool {
	i, ok := a.index[column]
	return ok && slices.Contains(d.changed, i)
}

// length is the length of one term: the row's, the agreement's or its product's.
func (a *agreementRows) length(stored string, productID int64) renewal.Period {
	if cell := a.get("term"); cell != "" {
		stored = cell
	}
	if p := periodOrNone(stored); p.Set {
		return p
	}
	if ref := a.value("product"); ref != "" {
		return a.products[ref].term
	}
	for _, p := range a.products {
		if p.id == productID {
			return p.term
		}
	}
	return renewal.Period{}
}

// prepareTerm finds the start of the term that the new end opens: the day
// after the old end or, for a corrected date, the start of the term that it
// corrects.
func (a *agreementRows) prepareTerm(c *agreementChange, oldStart, newStart renewal.Date, length renewal.Period) error {
	var inForce sql.NullString
	err := a.tx.one(`SELECT starts_on FROM terms WHERE agreement_id = ? AND ends_on = ?`, []any{c.id, c.ends.String()}, &inForce)
	c.unrecorded = errors.Is(err, sql.ErrNoRows)
	if err != nil && !c.unrecorded {
		return err
	}
	if !c.termStart.IsZero() {
		return nil
	}
	if c.newEnd > c.ends && !renewal.IsCorrection(c.ends, c.newEnd, length) {
		c.termStart = c.ends + 1
		return nil
	}
	c.termStart, _ = renewal.ParseDate(inForce.String)
	if c.termStart == oldStart {
		c.termStart = newStart
	}
	return nil
}

// change spools the statements of a changed agreement.
func (a *agreementRows) change(c agreementChange) error {
	u := update{table: "agreements"}
	if err := a.setChanged(&u, c); err != nil {
		return err
	}
	if c.unrecorded {
		// The end in force was typed in and never settled: it was a term, too.
		if err := a.spool.add(query0(`INSERT INTO terms(agreement_id, starts_on, ends_on, known_at, cause, in_force_at, place)
			SELECT id, starts_on, ends_on, known_at, ?2, known_at,
			       (SELECT coalesce(max(place), 0) + 1 FROM terms WHERE agreement_id = ?1)
			  FROM agreements WHERE id = ?1 ON CONFLICT DO NOTHING`), c.id, renewal.CauseEdit); err != nil {
			return err
		}
	}
	if c.firstStart != "" {
		if err := a.spool.add(query0(`UPDATE terms SET starts_on = ? WHERE agreement_id = ? AND place = 1`),
			textOrNull(unlessErased(c.firstStart)), c.id); err != nil {
			return err
		}
	}
	q, args := u.where("id = ? AND ends_on = ?", c.id, c.stored)
	if err := a.spool.add(q, args...); err != nil || c.newEnd == 0 {
		return err
	}
	return a.spool.add(query0(upsertTerm), c.id, dateOrNull(c.termStart), c.newEnd.String(), a.now, renewal.CauseImport,
		dateOrNull(c.ends), a.now)
}

// setChanged gives every changed cell to the column that keeps it.
func (a *agreementRows) setChanged(u *update, c agreementChange) error {
	for _, i := range c.diff.changed {
		switch name := a.columns[i]; name {
		case "customer":
			u.set("customer_id", idArg(c.customer, tableCustomers))
		case "product":
			product, err := a.product()
			if err != nil {
				return err
			}
			u.set("product_id", idArg(product, tableProducts))
		default:
			if h, ok := agreementHolding(name); ok {
				u.set(h.column, h.arg(a.cells[i]))
			}
		}
	}
	if c.firstStart != "" {
		u.set("starts_on", textOrNull(unlessErased(c.firstStart)))
	}
	if c.newEnd != 0 {
		u.set("ends_on", c.newEnd.String())
	}
	if mark := c.diff.before[fullMark]; mark != "" && !a.hasChanged(c.diff, "cancelled_on") {
		// It is back: the cancellation by --full is undone, unless somebody
		// has put another in its place.
		said := c.diff.before["cancelled_on"]
		u.sets = append(u.sets, "cancelled_on = CASE WHEN cancelled_on = ? THEN ? ELSE cancelled_on END")
		u.args = append(u.args, mark, textOrNull(unlessErased(said)))
	}
	u.set("imported_at", a.now)
	u.set("import_cells", c.diff.after)
	return nil
}
