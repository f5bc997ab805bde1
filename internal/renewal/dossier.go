package renewal

import (
	"sort"
	"time"
)

// Dossier is every fact about one household that a decision may need, read in
// one transaction. Settle brings its terms up to date; plan.Decide reads it.
type Dossier struct {
	// Customers are in order of Ref (as bytes); the first one gives the
	// household its name and language.
	Customers  []Customer
	Agreements []Agreement
	// Events are in order of (At, ID).
	Events []Event
	// Reminders are the household's rows of the outbox, by ID.
	Reminders []Reminder
	// BouncedAt is when the household's address was suppressed after a hard
	// bounce; zero where it was not.
	BouncedAt time.Time
	// LastCommercialAt is when the household's latest commercial message left
	// or, for one under way or uncertain, was claimed; zero for none.
	LastCommercialAt time.Time
}

// Customer returns the customer with the given id, nil where there is none.
func (d *Dossier) Customer(id int64) *Customer {
	for i := range d.Customers {
		if d.Customers[i].ID == id {
			return &d.Customers[i]
		}
	}
	return nil
}

// Agreement returns the agreement with the given id, nil where there is none.
func (d *Dossier) Agreement(id int64) *Agreement {
	for i := range d.Agreements {
		if d.Agreements[i].ID == id {
			return &d.Agreements[i]
		}
	}
	return nil
}

// Sort brings a dossier into its order: customers and agreements by Ref, events
// by (At, ID), reminders by ID.
func (d *Dossier) Sort() {
	sort.Slice(d.Customers, func(i, j int) bool { return d.Customers[i].Ref < d.Customers[j].Ref })
	sort.Slice(d.Agreements, func(i, j int) bool { return d.Agreements[i].Ref < d.Agreements[j].Ref })
	d.sortEvents()
	sort.Slice(d.Reminders, func(i, j int) bool { return d.Reminders[i].ID < d.Reminders[j].ID })
}

func (d *Dossier) sortEvents() {
	sort.SliceStable(d.Events, func(i, j int) bool {
		a, b := &d.Events[i], &d.Events[j]
		if !a.At.Equal(b.At) {
			return a.At.Before(b.At)
		}
		return a.ID < b.ID
	})
}

// ZoneOf returns the zone of a customer: its own, else the business's.
func (d *Dossier) ZoneOf(customerID int64, business *time.Location) *time.Location {
	if c := d.Customer(customerID); c != nil && c.Zone != nil {
		return c.Zone
	}
	return business
}
