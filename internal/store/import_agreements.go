package store

import (
	"strings"

	"renewd/internal/renewal"
)

func agreementHolding(column string) (holding, bool) {
	switch column {
	case "kind", "term", "notice_period", "currency", "renews_by":
		return holding{column, textOrEmpty}, true
	case "cancelled_on", "trial_ends_on", "new_price_from":
		return holding{column, textOrNULL}, true
	case "auto_renew":
		return holding{column, flag}, true
	case "assume_renewal":
		return holding{column, integerOrNULL}, true
	case "price":
		return holding{"price_minor", integerOrNULL}, true
	case "new_price":
		return holding{"new_price_minor", integerOrNULL}, true
	}
	return holding{}, false
}

// agreementRows takes the rows of a file of agreements.
type agreementRows struct {
	*importer
	columns  []string
	memory   *memory
	people   *people
	products knownProducts
	empty    bool
}

func newAgreementRows(imp *importer, columns []string) (*agreementRows, error) {
	a := &agreementRows{importer: imp, columns: columns}
	// What the file says about customers is remembered with the customers.
	a.memory = newMemory(columns, func(name string) bool { return !strings.HasPrefix(name, "customer_") })
	var err error
	if a.people, err = newPeople(imp, columns); err != nil {
		return nil, err
	}
	if a.products, err = loadProducts(imp.tx); err != nil {
		return nil, err
	}
	a.empty, err = imp.isEmpty("agreements")
	return a, err
}

func (a *agreementRows) table() string { return "agreements" }

// done records the first terms of all new agreements at once, which costs much
// less than one by one.
func (a *agreementRows) done() error {
	if a.added[tableAgreements] == 0 {
		return nil
	}
	return a.spool.add(query0(`INSERT INTO terms(agreement_id, starts_on, ends_on, known_at, cause, in_force_at, place)
		SELECT id, starts_on, ends_on, ?1, ?2, ?1, 1 FROM agreements WHERE id >= ?3 ORDER BY id`),
		a.now, renewal.CauseImport, newRow{tableAgreements, 0})
}

func (a *agreementRows) take(ref string) error {
	var id int64
	var before string
	if !a.empty {
		var err error
		if id, before, err = a.stored("agreements", ref); err != nil {
			return err
		}
		a.held.add(id)
	}
	person, good, err := a.findCustomer(id != 0)
	if err != nil {
		return err
	}
	if id == 0 {
		if good = a.isComplete() && good; !good {
			return nil
		}
		a.result.Added++
		return a.add(ref, person)
	}
	d := a.memory.compare(before, a.cells)
	if len(d.changed) == 0 && d.before[fullMark] == "" {
		if !good {
			return nil
		}
		_, changed, err := a.takeCustomer(person)
		a.count(changed)
		return err
	}
	c, fits, err := a.prepareChange(id, d)
	if err != nil || !good || !fits {
		return err
	}
	a.result.Changed++
	if c.customer, _, err = a.takeCustomer(person); err != nil {
		return err
	}
	return a.change(c)
}

func (a *agreementRows) count(changed bool) {
	if changed {
		a.result.Changed++
	} else {
		a.result.Unchanged++
	}
}

// noPerson is the index of a customer that the row does not name.
const noPerson = -1

// findCustomer looks for the customer of the row at hand; good is false where
// the row is rejected for it.
func (a *agreementRows) findCustomer(stored bool) (person int32, good bool, err error) {
	if ref := a.get("customer"); ref != "" {
		return a.people.find(ref)
	}
	if !stored {
		return noPerson, true, nil // isComplete speaks of it
	}
	for _, name := range personColumns {
		if cell := a.get(name); cell != "" {
			a.fault("customer", "", "the cell is empty, so nobody knows whose "+name+" this is; fill it")
			return noPerson, false, nil
		}
	}
	return noPerson, true, nil
}

func (a *agreementRows) takeCustomer(person int32) (id int64, changed bool, err error) {
	if person == noPerson {
		return 0, false, nil
	}
	return a.people.take(person, a.get("customer"))
}

// isComplete rejects a row that is to add an agreement and lacks what every
// agreement needs.
func (a *agreementRows) isComplete() bool {
	complete := true
	for _, name := range []string{"customer", "kind", "ends_on"} {
		if a.get(name) == "" {
			a.fault(name, "", "the cell is empty, but a new agreement needs it")
			complete = false
		}
	}
	return complete
}

// product returns the id of the product that the row at hand names, and adds
// one that is not known; its name is its ref until somebody says better.
func (a *agreementRows) product() (int64, error) {
	ref := a.value("product")
	if ref == "" {
		return 0, nil
	}
	if p, ok := a.products[ref]; ok {
		return p.id, nil
	}
	ref = strings.Clone(ref)
	p := importProduct{id: a.addRow(tableProducts)}
	a.products[ref] = p
	return p.id, a.spool.add(query0(`INSERT INTO products(id, ref, name, known_at) VALUES (?, ?, ?, ?)`),
		idArg(p.id, tableProducts), ref, ref, a.now)
}

func (a *agreementRows) add(ref string, person int32) error {
	customer, _, err := a.takeCustomer(person)
	if err != nil {
		return err
	}
	product, err := a.product()
	if err != nil {
		return err
	}
	id := idArg(a.addRow(tableAgreements), tableAgreements)
	arg := func(column string) any {
		h, _ := agreementHolding(column)
		return h.arg(a.get(column))
	}
	return a.spool.add(query0(`INSERT INTO agreements(id, ref, customer_id, product_id, kind, starts_on, ends_on, term,
		auto_renew, notice_period, price_minor, currency, cancelled_on, renews_by, assume_renewal, trial_ends_on,
		new_price_minor, new_price_from, known_at, imported_at, import_cells)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
		id, ref, idArg(customer, tableCustomers), idArg(product, tableProducts), a.get("kind"),
		textOrNull(a.value("starts_on")), a.get("ends_on"), arg("term"),
		arg("auto_renew"), arg("notice_period"), arg("price"), arg("currency"), arg("cancelled_on"), arg("renews_by"),
		arg("assume_renewal"), arg("trial_ends_on"), arg("new_price"), arg("new_price_from"),
		a.now, a.now, string(a.memory.encode(a.cells)))
}
