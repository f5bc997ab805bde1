package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// lastMoment stands for "no limit" where a query compares instants.
const lastMoment = "9999-12-31T23:59:59Z"

// householdColumns are read with each customer: when its address was
// suppressed, and its latest commercial message that left or may have left by
// the instant ?1.
const householdColumns = `
	coalesce((SELECT s.at FROM suppressions AS s WHERE s.address = c.email_key AND c.email_key <> ''), ''),
	max(
	  coalesce((SELECT max(CASE WHEN m.sent_at <= ?1 THEN m.sent_at ELSE m.claimed_at END) FROM messages AS m
	    WHERE m.household = c.email_key AND c.email_key <> '' AND m.class = 'commercial'
	      AND m.state IN ('sending', 'sent', 'uncertain') AND m.claimed_at <= ?1), ''),
	  coalesce((SELECT max(CASE WHEN m.sent_at <= ?1 THEN m.sent_at ELSE m.claimed_at END) FROM messages AS m
	    WHERE m.customer_id = c.id AND m.class = 'commercial'
	      AND m.state IN ('sending', 'sent', 'uncertain') AND m.claimed_at <= ?1), ''))`

// The queries for one household: its customers first, the rest by customer.
const (
	oneHousehold = `SELECT ` + customerColumns + `, ` + householdColumns + ` FROM customers AS c
		WHERE c.id = ?2 OR c.email_key = (SELECT nullif(email_key, '') FROM customers WHERE id = ?2)`
	oneAgreements = `SELECT ` + agreementColumns + ` FROM agreements AS a WHERE a.customer_id = ?`
	oneTerms      = `SELECT ` + termColumns + ` FROM agreements AS a JOIN terms AS t ON t.agreement_id = a.id
		WHERE a.customer_id = ? ORDER BY a.id, t.place`
	oneEvents    = `SELECT ` + eventColumns + ` FROM events AS e WHERE e.customer_id = ?`
	oneReminders = `SELECT ` + reminderColumns + ` FROM reminders AS r WHERE r.customer_id = ?2 AND r.decided_at <= ?1`
)

// DueHouseholds returns customers whose households are to be looked at by now,
// the longest waiting first: one customer a household, at most limit of them.
// They are due until Apply says when to look again.
func (tx *Tx) DueHouseholds(now time.Time, limit int) ([]int64, error) {
	var ids []int64
	seen := map[string]bool{}
	err := tx.query(`SELECT id, email_key FROM customers WHERE next_look_at <= ?1 ORDER BY next_look_at, id LIMIT ?2`,
		func(rows *sql.Rows) error {
			var id int64
			var key string
			if err := rows.Scan(&id, &key); err != nil {
				return err
			}
			if key == "" || !seen[key] {
				seen[key] = true
				ids = append(ids, id)
			}
			return nil
		}, renewal.FormatStamp(now), limit)
	if err != nil {
		return nil, fmt.Errorf("looking for due households: %w", err)
	}
	return ids, nil
}

// NextLook returns the earliest instant at which any household is to be looked
// at: the Unix epoch for "at once", the zero time for never.
func (tx *Tx) NextLook() (time.Time, error) {
	var text sql.NullString
	if err := tx.one(`SELECT min(next_look_at) FROM customers WHERE next_look_at IS NOT NULL`, nil, &text); err != nil {
		return time.Time{}, fmt.Errorf("looking for the next due household: %w", err)
	}
	if text.String == "" {
		return time.Time{}, nil
	}
	return parseStamp(text.String)
}

// NextLookIs reports whether the household of a dossier is still to be looked at
// again when ApplyDecisions said (zero: never): nobody has looked at it, and no
// fact came, since then.
func (tx *Tx) NextLookIs(d *renewal.Dossier, next time.Time) (bool, error) {
	for i := range d.Customers {
		want := any(nil)
		if i == 0 {
			want = stampOrNull(next)
		}
		var same bool
		err := tx.one(`SELECT next_look_at IS ?2 FROM customers WHERE id = ?1`, []any{d.Customers[i].ID, want}, &same)
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("when customer %d is looked at: %w", d.Customers[i].ID, err)
		}
		if !same {
			return false, nil
		}
	}
	return true, nil
}

// HouseholdMarks returns, for customers by id, a text that changes with every
// fact that comes about their household and whenever somebody decides when to
// look at it again: who belongs to it, and when each is to be looked at. A
// household has none while a new fact waits for a look, and without an address.
func (tx *Tx) HouseholdMarks(customerIDs []int64) (map[int64]string, error) {
	list, err := json.Marshal(customerIDs)
	if err != nil {
		return nil, fmt.Errorf("marks of households: %w", err)
	}
	marks := make(map[int64]string, len(customerIDs))
	err = tx.query(`SELECT c.id, string_agg(m.id || ' ' || coalesce(m.next_look_at, 'never'), ' ' ORDER BY m.id)
		FROM json_each(?1) AS i CROSS JOIN customers AS c ON c.id = i.value CROSS JOIN customers AS m ON m.email_key = c.email_key
		WHERE c.email_key <> '' GROUP BY i.key HAVING count(CASE WHEN m.next_look_at = ?2 THEN 1 END) = 0`,
		func(rows *sql.Rows) error {
			var id int64
			var mark string
			err := rows.Scan(&id, &mark)
			marks[id] = mark
			return err
		}, string(list), atOnce)
	if err != nil {
		return nil, fmt.Errorf("marks of households: %w", err)
	}
	return marks, nil
}

// Dossier returns all facts of the household of a customer, sorted. A zero asOf
// means everything. With an asOf it is the household as far as it was known
// then: events of a later instant, and what the outbox recorded later, are left
// out; customers, products, agreements and terms stand as they are, and terms
// count as known from asOf at the latest. What cannot be used (a zone, a date
// that somebody typed) is said in BadData and is no error. ErrNotFound means
// that there is no such customer.
//
// A dossier that Apply is to be based on is read in Apply's transaction.
func (tx *Tx) Dossier(customerID int64, asOf time.Time) (*renewal.Dossier, error) {
	b := newBuilder(asOf)
	err := each(tx, oneHousehold, tx.scanCustomer, b.customer, b.limit, customerID)
	if err != nil {
		return nil, fmt.Errorf("reading the household of customer %d: %w", customerID, err)
	}
	if len(b.d.Customers) == 0 {
		return nil, fmt.Errorf("customer %d: %w", customerID, ErrNotFound)
	}
	for i := range b.d.Customers {
		if err := tx.addFactsOf(b, b.d.Customers[i].ID); err != nil {
			return nil, fmt.Errorf("reading the facts of customer %d: %w", b.d.Customers[i].ID, err)
		}
	}
	return b.finish(tx.db.Zone()), nil
}

func (tx *Tx) addFactsOf(b *builder, customerID int64) error {
	return errors.Join(
		each(tx, oneAgreements, tx.scanAgreement, b.agreement, customerID),
		each(tx, oneTerms, tx.scanTerm, b.term, customerID),
		each(tx, oneEvents, tx.scanEvent, b.event, customerID),
		each(tx, oneReminders, tx.scanReminder, b.reminder, b.limit, customerID),
	)
}

// each runs a query and gives every row, scanned, to add.
func each[T any](tx *Tx, query string, scan func(*sql.Rows, ...any) (T, error), add func(T), args ...any) error {
	return tx.query(query, func(rows *sql.Rows) error {
		row, err := scan(rows)
		if err == nil {
			add(row)
		}
		return err
	}, args...)
}
