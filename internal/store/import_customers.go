package store

import (
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// attributePrefix stands before the columns that become attributes.
const attributePrefix = "attributes."

// customerHolding says where a column of a customer is kept; columns without
// an entry are kept in a way of their own.
func customerHolding(column string) (holding, bool) {
	switch column {
	case "name", "email", "locale", "time_zone", "country", "region":
		return holding{column, textOrEmpty}, true
	case "since":
		return holding{column, textOrNULL}, true
	}
	return holding{}, false
}

// customerRows takes the rows of a file of customers.
type customerRows struct {
	*importer
	columns []string
	memory  *memory
	empty   bool
}

func newCustomerRows(imp *importer, columns []string) (*customerRows, error) {
	c := &customerRows{importer: imp, columns: columns, memory: newMemory(columns, func(string) bool { return true })}
	var err error
	c.empty, err = imp.isEmpty("customers")
	return c, err
}

func (c *customerRows) table() string { return "customers" }

func (c *customerRows) done() error { return nil }

func (c *customerRows) take(ref string) error {
	var id int64
	var before string
	if !c.empty {
		var err error
		if id, before, err = c.stored("customers", ref); err != nil {
			return err
		}
	}
	if id == 0 {
		return c.add(ref)
	}
	c.held.add(id)
	d := c.memory.compare(before, c.cells)
	if len(d.changed) == 0 {
		c.result.Unchanged++
		return nil
	}
	c.result.Changed++
	return c.change(id, d)
}

// insertCustomer adds a customer; the columns are those of customerHolding.
const insertCustomer = `INSERT INTO customers(id, ref, name, email, locale, time_zone, country, region, since,
	attributes, known_at, import_cells) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func (c *customerRows) add(ref string) error {
	c.result.Added++
	id := c.addRow(tableCustomers)
	attributes := map[string]string{}
	for i, name := range c.columns {
		if key, ok := strings.CutPrefix(name, attributePrefix); ok && c.cells[i] != "" && c.cells[i] != erase {
			attributes[key] = c.cells[i]
		}
	}
	err := c.spool.add(query0(insertCustomer), idArg(id, tableCustomers), ref, c.value("name"), c.value("email"),
		c.value("locale"), c.value("time_zone"), c.value("country"), c.value("region"), textOrNull(c.value("since")),
		encodeCells(attributes), c.now, string(c.memory.encode(c.cells)))
	if err == nil && c.value("no_marketing") == "1" {
		err = c.wish(id, renewal.Unsubscribe)
	}
	return err
}

func (c *customerRows) change(id int64, d difference) error {
	u := update{table: "customers"}
	var attributes []int
	for _, i := range d.changed {
		name := c.columns[i]
		if h, ok := customerHolding(name); ok {
			u.set(h.column, h.arg(c.cells[i]))
		} else if strings.HasPrefix(name, attributePrefix) {
			attributes = append(attributes, i)
		} else if name == "no_marketing" {
			if err := c.changeWish(id, d.before[name], c.cells[i]); err != nil {
				return err
			}
		}
	}
	condition, args := "id = ?", []any{id}
	if len(attributes) > 0 {
		before, after, err := c.mergeAttributes(id, attributes)
		if err != nil {
			return err
		}
		u.set("attributes", after)
		condition, args = "id = ? AND attributes = ?", []any{id, before}
	}
	u.set("import_cells", d.after)
	q, all := u.where(condition, args...)
	return c.spool.add(q, all...)
}

// mergeAttributes puts the changed attributes of the row at hand into the
// customer's JSON object.
func (c *customerRows) mergeAttributes(id int64, changed []int) (before, after string, err error) {
	if err := c.tx.one(`SELECT attributes FROM customers WHERE id = ?`, []any{id}, &before); err != nil {
		return "", "", err
	}
	// What was typed in may hold other values than texts: they stay as they are.
	all := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(before), &all) != nil {
		all = map[string]json.RawMessage{}
	}
	for _, i := range changed {
		key := strings.TrimPrefix(c.columns[i], attributePrefix)
		if delete(all, key); c.cells[i] != erase {
			all[key] = appendJSON(nil, c.cells[i])
		}
	}
	text, err := json.Marshal(all)
	return before, string(text), err
}

// changeWish turns a changed no_marketing into an event. Only a yes that was
// imported is taken back by a no: whoever unsubscribed otherwise stays so.
func (c *customerRows) changeWish(id int64, before, now string) error {
	switch {
	case now == "1":
		return c.wish(id, renewal.Unsubscribe)
	case now == "0" && before == "1":
		return c.wish(id, renewal.Resubscribe)
	}
	return nil
}

// wish adds an event unsubscribe or resubscribe at the instant of the import.
// At a tie the unsubscribe would win, so a resubscribe in its very second comes
// one second later.
func (c *customerRows) wish(id int64, kind renewal.EventType) error {
	at := c.now
	if kind == renewal.Resubscribe {
		var last sql.NullString
		if err := c.tx.one(`SELECT max(at) FROM events WHERE customer_id = ? AND type = 'unsubscribe'`, []any{id}, &last); err != nil {
			return err
		}
		if last.String == c.now {
			at = renewal.FormatStamp(c.opt.Now.Add(time.Second))
		}
	}
	return c.spool.add(query0(`INSERT INTO events(type, at, customer_id, note, source, stored_at, settled)
		VALUES (?, ?, ?, 'no_marketing', 'import', ?, 0)`), string(kind), at, idArg(id, tableCustomers), c.now)
}
