package testkit

import (
	"time"

	"renewd/internal/renewal"
)

// Customer is a customer to type into the database.
type Customer struct{ Ref, Name, Email, Locale, Zone string }

// Agreement is an agreement to type into the database; Customer and Product are
// refs, dates and periods are as in SQL, and what is empty is left out.
type Agreement struct {
	Ref, Customer, Kind, Product string
	StartsOn, EndsOn, Term       string
	AutoRenew                    bool
	// Assume is assume_renewal.
	Assume bool
}

// Event is an event to type into the database; Customer, Agreement and Product
// are refs, of which at least one of the first two is needed. A zero At is the
// present.
type Event struct {
	Type                                renewal.EventType
	At                                  time.Time
	Customer, Agreement, Product, Until string
}

// AddCustomer types a customer in.
func (s *Shop) AddCustomer(c Customer) {
	s.tb.Helper()
	s.Exec(`INSERT INTO customers(ref, name, email, locale, time_zone, known_at) VALUES (?, ?, ?, ?, ?, ?)`,
		c.Ref, c.Name, c.Email, c.Locale, c.Zone, s.now())
}

// AddProduct types a product in: term and life may be empty.
func (s *Shop) AddProduct(ref, term, life string) {
	s.tb.Helper()
	s.Exec(`INSERT INTO products(ref, name, term, life, known_at) VALUES (?1, ?1, ?2, ?3, ?4)`, ref, term, life, s.now())
}

// AddAgreement types an agreement in.
func (s *Shop) AddAgreement(a Agreement) {
	s.tb.Helper()
	s.Exec(`INSERT INTO agreements(ref, customer_id, product_id, kind, starts_on, ends_on, term, auto_renew, assume_renewal, known_at)
		VALUES (?1, (SELECT id FROM customers WHERE ref = ?2), (SELECT id FROM products WHERE ref = ?3), ?4, nullif(?5, ''), ?6, ?7, ?8, ?9, ?10)`,
		a.Ref, a.Customer, a.Product, a.Kind, a.StartsOn, a.EndsOn, a.Term, a.AutoRenew, a.Assume, s.now())
}

// AddEvent types an event in.
func (s *Shop) AddEvent(e Event) {
	s.tb.Helper()
	at := s.now()
	if !e.At.IsZero() {
		at = renewal.FormatStamp(e.At)
	}
	s.Exec(`INSERT INTO events(type, at, customer_id, agreement_id, product_id, until, stored_at)
		VALUES (?1, ?2, coalesce((SELECT id FROM customers WHERE ref = ?3), (SELECT customer_id FROM agreements WHERE ref = ?4)),
			(SELECT id FROM agreements WHERE ref = ?4), (SELECT id FROM products WHERE ref = ?5), nullif(?6, ''), ?7)`,
		string(e.Type), at, e.Customer, e.Agreement, e.Product, e.Until, s.now())
}

// now is the present as the database writes it.
func (s *Shop) now() string { return renewal.FormatStamp(s.clock()) }
