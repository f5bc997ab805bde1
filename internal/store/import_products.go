package store

import (
	"database/sql"

	"renewd/internal/renewal"
)

func productHolding(column string) (holding, bool) {
	switch column {
	case "name", "kind", "term", "life", "renew_url", "renews_by":
		return holding{column, textOrEmpty}, true
	case "assume_renewal":
		return holding{column, flag}, true
	}
	return holding{}, false
}

// productRows takes the rows of a file of products.
type productRows struct {
	*importer
	columns []string
	memory  *memory
}

func newProductRows(imp *importer, columns []string) (*productRows, error) {
	return &productRows{imp, columns, newMemory(columns, func(string) bool { return true })}, nil
}

func (p *productRows) table() string { return "products" }

func (p *productRows) done() error { return nil }

func (p *productRows) take(ref string) error {
	id, before, err := p.stored("products", ref)
	if err != nil {
		return err
	}
	if id == 0 {
		p.result.Added++
		return p.spool.add(query0(`INSERT INTO products(id, ref, name, kind, term, life, renew_url, renews_by, assume_renewal,
			known_at, import_cells) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
			idArg(p.addRow(tableProducts), tableProducts), ref, p.value("name"), p.value("kind"), p.value("term"), p.value("life"),
			p.value("renew_url"), p.value("renews_by"), flagArg(p.value("assume_renewal")),
			p.now, string(p.memory.encode(p.cells)))
	}
	p.held.add(id)
	d := p.memory.compare(before, p.cells)
	if len(d.changed) == 0 {
		p.result.Unchanged++
		return nil
	}
	p.result.Changed++
	u := update{table: "products"}
	for _, i := range d.changed {
		if h, ok := productHolding(p.columns[i]); ok {
			u.set(h.column, h.arg(p.cells[i]))
		}
	}
	u.set("import_cells", d.after)
	q, args := u.where("id = ?", id)
	return p.spool.add(q, args...)
}

// knownProducts are the products by ref; a business has few of them.
type knownProducts map[string]importProduct

type importProduct struct {
	id   int64 // negative: added by this import
	term renewal.Period
}

func loadProducts(tx *Tx) (knownProducts, error) {
	known := knownProducts{}
	err := tx.query(`SELECT id, ref, term FROM products`, func(rows *sql.Rows) error {
		var p importProduct
		var ref, term string
		if err := rows.Scan(&p.id, &ref, &term); err != nil {
			return err
		}
		p.term = periodOrNone(term)
		known[ref] = p
		return nil
	})
	return known, err
}

// periodOrNone reads a stored period; one that was mistyped is none.
func periodOrNone(text string) renewal.Period {
	p, err := renewal.ParsePeriod(text)
	if err != nil {
		return renewal.Period{}
	}
	return p
}
