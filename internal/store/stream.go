package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// The streams: each yields its rows in order of the customer's id, which is the
// order in which the file holds customers, and mostly what belongs to them. So a
// sweep reads the file from front to back. CROSS JOIN keeps SQLite from turning
// the nesting inside out.
const (
	allCustomers  = `SELECT ` + customerColumns + `, ` + householdColumns + `, c.id FROM customers AS c ORDER BY c.id`
	allAgreements = `SELECT ` + agreementColumns + `, a.customer_id FROM agreements AS a ORDER BY a.customer_id`
	allTerms      = `SELECT ` + termColumns + `, a.customer_id FROM agreements AS a CROSS JOIN terms AS t ON t.agreement_id = a.id
		ORDER BY a.customer_id, a.id, t.place`
	allEvents    = `SELECT ` + eventColumns + `, e.customer_id FROM events AS e WHERE e.customer_id > 0 ORDER BY e.customer_id`
	allReminders = `SELECT ` + reminderColumns + `, r.customer_id FROM reminders AS r WHERE r.decided_at <= ?1 ORDER BY r.customer_id`
)

// EachDossier gives every household to visit, one after the other, read in one
// sweep. asOf is as for Dossier. What is held in memory is one household, and
// those of several customers whose last one has not been reached. An error of
// visit ends the sweep and is returned.
func (tx *Tx) EachDossier(asOf time.Time, visit func(*renewal.Dossier) error) (err error) {
	homes, err0 := tx.sharedHomes()
	limit := newBuilder(asOf).limit
	customers, err1 := openStream(tx, allCustomers, tx.scanCustomer, limit)
	agreements, err2 := openStream(tx, allAgreements, tx.scanAgreement)
	terms, err3 := openStream(tx, allTerms, tx.scanTerm)
	events, err4 := openStream(tx, allEvents, tx.scanEvent)
	reminders, err5 := openStream(tx, allReminders, tx.scanReminder, limit)
	defer func() {
		err = errors.Join(err, customers.close(), agreements.close(), terms.close(), events.close(), reminders.close())
	}()
	if err := errors.Join(err0, err1, err2, err3, err4, err5); err != nil {
		return fmt.Errorf("reading all households: %w", err)
	}
	// The invariant: every stream stands at the first row that belongs to no
	// customer read so far.
	for !customers.ended {
		id := customers.customer
		home := homes[id]
		if home == nil {
			home = &sharedHome{missing: 1}
		}
		if home.b == nil {
			home.b = newBuilder(asOf)
		}
		err := errors.Join(
			customers.take(id, home.b.customer),
			agreements.take(id, home.b.agreement),
			terms.take(id, home.b.term),
			events.take(id, home.b.event),
			reminders.take(id, home.b.reminder),
		)
		if err != nil {
			return fmt.Errorf("reading all households: %w", err)
		}
		if home.missing--; home.missing > 0 {
			continue
		}
		if err := visit(home.b.finish(tx.db.Zone())); err != nil {
			return err
		}
		home.b = nil
	}
	return nil
}

// sharedHome is a household of several customers while it is being read.
type sharedHome struct {
	b       *builder
	missing int // customers not read yet
}

// sharedHomes finds the households of more than one customer, by customer id.
func (tx *Tx) sharedHomes() (map[int64]*sharedHome, error) {
	homes := map[int64]*sharedHome{}
	var home *sharedHome
	last := ""
	err := tx.query(`SELECT id, email_key FROM customers
		WHERE email_key IN (SELECT email_key FROM customers WHERE email_key <> '' GROUP BY email_key HAVING count(*) > 1)
		ORDER BY email_key`, func(rows *sql.Rows) error {
		var id int64
		var key string
		if err := rows.Scan(&id, &key); err != nil {
			return err
		}
		if key != last {
			home, last = &sharedHome{}, key
		}
		home.missing++
		homes[id] = home
		return nil
	})
	return homes, err
}

// stream is an ordered query that is read one row ahead.
type stream[T any] struct {
	rows     *sql.Rows
	scan     func(*sql.Rows, ...any) (T, error)
	row      T
	customer int64 // whose the row is
	ended    bool
}

// openStream starts a query whose last column is the customer's id. What it
// returns beside an error can be closed.
func openStream[T any](tx *Tx, query string, scan func(*sql.Rows, ...any) (T, error), args ...any) (*stream[T], error) {
	s := &stream[T]{scan: scan, ended: true}
	stmt, err := tx.prepare(query)
	if err != nil {
		return s, err
	}
	rows, err := stmt.QueryContext(tx.ctx, args...)
	if err != nil {
		return s, err
	}
	s.rows = rows
	return s, s.advance()
}

func (s *stream[T]) advance() (err error) {
	if s.ended = !s.rows.Next(); s.ended {
		return s.rows.Err()
	}
	s.row, err = s.scan(s.rows, &s.customer)
	return err
}

// take gives the rows of a customer to add. Rows of customers that do not exist
// (foreign keys were switched off when they were typed) are passed over.
func (s *stream[T]) take(customer int64, add func(T)) error {
	for !s.ended && s.customer < customer {
		if err := s.advance(); err != nil {
			return err
		}
	}
	for !s.ended && s.customer == customer {
		add(s.row)
		if err := s.advance(); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream[T]) close() error {
	if s.rows == nil {
		return nil
	}
	return s.rows.Close()
}
