package store

import (
	"database/sql"
	"fmt"

	"renewd/internal/renewal"
)

// knownProduct is a product read once a transaction, with what is wrong with it.
type knownProduct struct {
	product *renewal.Product
	bad     faults
}

// product returns the product with the given id, the same pointer each time. A
// product that is gone is a fault of the rows that name it.
func (tx *Tx) product(id int64) (*knownProduct, error) {
	if known, ok := tx.products[id]; ok {
		return known, nil
	}
	known := &knownProduct{}
	tx.products[id] = known
	p := renewal.Product{ID: id}
	var term, life string
	found := false
	err := tx.query(`SELECT ref, name, kind, term, life, renew_url, renews_by, assume_renewal FROM products WHERE id = ?`, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(&p.Ref, &p.Name, &p.Kind, &term, &life, &p.RenewURL, &p.RenewsBy, &p.AssumeRenewal)
	}, id)
	if err != nil {
		return nil, fmt.Errorf("reading a product: %w", err)
	}
	if !found {
		known.bad = faults{fmt.Sprintf("product_id: there is no product %d", id)}
		return known, nil
	}
	var bad faults
	p.Term = bad.period("term", term)
	if p.LifeLearned = life == "learned"; !p.LifeLearned {
		p.Life = bad.period("life", life)
	}
	bad.renewsBy(p.RenewsBy)
	for _, sentence := range bad {
		known.bad = append(known.bad, fmt.Sprintf("product %s, %s", p.Ref, sentence))
	}
	known.product = &p
	return known, nil
}
