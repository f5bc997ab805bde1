package store

import "fmt"

// storedMoney is what an agreement holds of amounts before a row changes it.
type storedMoney struct {
	currency        string
	price, newPrice bool // whether there is one
}

// completeMoney sees to it that no amount changes its currency alone: an amount
// and its currency are one fact. Where the row at hand brings another currency
// than the stored one, every amount that it gives is written along, also one
// that the last import said already; a stored amount that it does not give
// rejects the row, and the answer is false.
func (a *agreementRows) completeMoney(c *agreementChange, stored storedMoney) bool {
	cell := a.get("currency")
	brings := a.hasChanged(c.diff, "currency") ||
		a.hasChanged(c.diff, "price") && a.value("price") != "" ||
		a.hasChanged(c.diff, "new_price") && a.value("new_price") != ""
	if cell == "" || !brings || stored.currency == "" || stored.currency == a.value("currency") {
		return true
	}
	complete := true
	for _, amount := range []struct {
		column, name string
		stored       bool
	}{{"price", "price", stored.price}, {"new_price", "new price", stored.newPrice}} {
		switch {
		case a.get(amount.column) != "":
			a.alsoChanged(c, amount.column)
		case amount.stored:
			a.fault("currency", cell, fmt.Sprintf("the stored %s is in %s; fill the column %s as well, so that it is clear how much it is now",
				amount.name, stored.currency, amount.column))
			complete = false
		}
	}
	a.alsoChanged(c, "currency")
	return complete
}

// alsoChanged counts a cell of the row at hand among the changed ones.
func (a *agreementRows) alsoChanged(c *agreementChange, column string) {
	if !a.hasChanged(c.diff, column) {
		c.diff.changed = append(c.diff.changed, a.index[column])
	}
}
