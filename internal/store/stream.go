package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"renewd/internal/renewal"
)

// sweep are the queries that yield the rows of many customers, each in order of
// the customer's id. ?1 is the latest instant that counts, ?2 the list that the
// sweep is about; every query has to name both.
type sweep struct{ customers, agreements, terms, events, reminders string }

// everybody reads the file from front to back: it holds customers in order of
// their id, and mostly what belongs to them. CROSS JOIN keeps SQLite from turning
// the nesting inside out.
var everybody = sweep{
	customers:  `SELECT ` + customerColumns + `, ` + householdColumns + `, c.id FROM customers AS c WHERE ?2 IS NULL ORDER BY c.id`,
	agreements: `SELECT ` + agreementColumns + `, a.customer_id FROM agreements AS a WHERE ?1 <> '' AND ?2 IS NULL ORDER BY a.customer_id`,
	terms: `SELECT ` + termColumns + `, a.customer_id FROM agreements AS a CROSS JOIN terms AS t ON t.agreement_id = a.id
		WHERE ?1 <> '' AND ?2 IS NULL ORDER BY a.customer_id, a.id, t.place`,
	events:    `SELECT ` + eventColumns + `, e.customer_id FROM events AS e WHERE e.customer_id > 0 AND ?1 <> '' AND ?2 IS NULL ORDER BY e.customer_id`,
	reminders: `SELECT ` + reminderColumns + `, r.customer_id FROM reminders AS r WHERE r.decided_at <= ?1 AND ?2 IS NULL ORDER BY r.customer_id`,
}

// listed are those whose ids are in the JSON list ?2, which is in order: one query
// for many of them costs a fraction of one each.
var listed = sweep{
	customers: `SELECT ` + customerColumns + `, ` + householdColumns + `, c.id FROM json_each(?2) AS i CROSS JOIN customers AS c ON c.id = i.value`,
	agreements: `SELECT ` + agreementColumns + `, a.customer_id FROM json_each(?2) AS i CROSS JOIN agreements AS a ON a.customer_id = i.value
		WHERE ?1 <> ''`,
	terms: `SELECT ` + termColumns + `, a.customer_id FROM json_each(?2) AS i CROSS JOIN agreements AS a ON a.customer_id = i.value
		CROSS JOIN terms AS t ON t.agreement_id = a.id WHERE ?1 <> '' ORDER BY i.key, a.id, t.place`,
	events: `SELECT ` + eventColumns + `, e.customer_id FROM json_each(?2) AS i CROSS JOIN events AS e ON e.customer_id = i.value
		WHERE ?1 <> ''`,
	reminders: `SELECT ` + reminderColumns + `, r.customer_id FROM json_each(?2) AS i CROSS JOIN reminders AS r ON r.customer_id = i.value
		WHERE r.decided_at <= ?1`,
}

// EachDossier gives every household to visit, one after the other, read in one
// sweep. asOf is as for Dossier. What is held in memory is one household, and
// those of several customers whose last one has not been reached. An error of
// visit ends the sweep and is returned.
func (tx *Tx) EachDossier(asOf time.Time, visit func(*renewal.Dossier) error) error {
	homes, err := tx.sharedHomes()
	if err != nil {
		return fmt.Errorf("reading all households: %w", err)
	}
	return tx.sweep(everybody, nil, homes, asOf, visit)
}

// Dossiers returns the dossiers of the households of several customers, no two of
// one household, as Dossier does, by customer. Those of customers who do not exist
// are missing.
func (tx *Tx) Dossiers(customerIDs []int64) (map[int64]*renewal.Dossier, error) {
	list, err := json.Marshal(customerIDs)
	if err != nil {
		return nil, fmt.Errorf("reading some households: %w", err)
	}
	homes, asked := map[int64]*sharedHome{}, map[int64]int64{}
	var members []int64
	err = tx.query(`SELECT c.id, m.id FROM json_each(?1) AS i CROSS JOIN customers AS c ON c.id = i.value
		CROSS JOIN customers AS m ON m.id = c.id OR m.email_key = nullif(c.email_key, '')`, func(rows *sql.Rows) error {
		var customer, member int64
		err := rows.Scan(&customer, &member)
		if homes[customer] == nil {
			homes[customer] = &sharedHome{}
		}
		homes[customer].missing++
		homes[member], asked[member] = homes[customer], customer
		members = append(members, member)
		return err
	}, string(list))
	if err != nil {
		return nil, fmt.Errorf("reading some households: %w", err)
	}
	slices.Sort(members)
	if list, err = json.Marshal(members); err != nil {
		return nil, fmt.Errorf("reading some households: %w", err)
	}
	found := make(map[int64]*renewal.Dossier, len(customerIDs))
	err = tx.sweep(listed, string(list), homes, time.Time{}, func(d *renewal.Dossier) error {
		found[asked[d.Customers[0].ID]] = d
		return nil
	})
	return found, err
}

func (tx *Tx) sweep(of sweep, about any, homes map[int64]*sharedHome, asOf time.Time, visit func(*renewal.Dossier) error) (err error) {
	limit := newBuilder(asOf).limit
	customers, err1 := openStream(tx, of.customers, tx.scanCustomer, limit, about)
	agreements, err2 := openStream(tx, of.agreements, tx.scanAgreement, limit, about)
	terms, err3 := openStream(tx, of.terms, tx.scanTerm, limit, about)
	events, err4 := openStream(tx, of.events, tx.scanEvent, limit, about)
	reminders, err5 := openStream(tx, of.reminders, tx.scanReminder, limit, about)
	defer func() {
		err = errors.Join(err, customers.close(), agreements.close(), terms.close(), events.close(), reminders.close())
	}()
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return fmt.Errorf("reading households: %w", err)
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
			return fmt.Errorf("reading households: %w", err)
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
