package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"renewd/internal/renewal"
)

// Correction is what is to be written anew about a customer; nil and what is
// left out stay as they are.
type Correction struct {
	Name, Email *string
	// Attributes are columns of the customer's file by their names. An emptied
	// one stays, as the empty text: a letter that prints it still renders.
	Attributes map[string]string
}

// Correct writes a correction that somebody made about a customer. What it says
// outlasts the next import of the same file, since only cells that changed there
// are facts. ErrNotFound means that there is no such customer, or no longer.
func (tx *Tx) Correct(customerID int64, c Correction) error {
	var before string
	err := tx.one(`SELECT attributes FROM customers WHERE id = ? AND erased_at IS NULL`, []any{customerID}, &before)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("customer %d: %w", customerID, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("correcting customer %d: %w", customerID, err)
	}
	after := before
	if len(c.Attributes) > 0 {
		if after, err = correctAttributes(before, c.Attributes); err != nil {
			return fmt.Errorf("correcting customer %d: %w", customerID, err)
		}
	}
	if _, err := tx.exec(`UPDATE customers SET name = coalesce(?2, name), email = coalesce(?3, email), attributes = ?4 WHERE id = ?1`,
		customerID, c.Name, c.Email, after); err != nil {
		return fmt.Errorf("correcting customer %d: %w", customerID, err)
	}
	return nil
}

// OthersAt returns the refs of the other customers who have an address, in order.
func (tx *Tx) OthersAt(customerID int64, address string) (refs []string, err error) {
	err = tx.query(`SELECT ref FROM customers WHERE email_key = ?2 AND ?2 <> '' AND id <> ?1 ORDER BY ref`, func(rows *sql.Rows) error {
		var ref string
		err := rows.Scan(&ref)
		refs = append(refs, ref)
		return err
	}, customerID, renewal.HouseholdKey(address))
	if err != nil {
		return nil, fmt.Errorf("looking for others at an address: %w", err)
	}
	return refs, nil
}

func correctAttributes(before string, changes map[string]string) (string, error) {
	// What was typed in may hold other values than texts: they stay as they are.
	all := map[string]json.RawMessage{}
	if before != "" {
		if err := json.Unmarshal([]byte(before), &all); err != nil {
			return "", fmt.Errorf("its attributes are not a JSON object: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		value, err := json.Marshal(changes[name])
		if err != nil {
			return "", err
		}
		all[name] = value
	}
	text, err := json.Marshal(all)
	return string(text), err
}

// HasEvent reports whether the event of a source is stored already.
func (tx *Tx) HasEvent(source, sourceID string) (bool, error) {
	id, _, err := tx.eventDigest(source, sourceID)
	if err != nil {
		return false, fmt.Errorf("looking for an event: %w", err)
	}
	return id != 0, nil
}

// KnownTask reports whether a task of this topic was ever asked, be it open or
// done.
func (tx *Tx) KnownTask(t renewal.Task) (bool, error) {
	var known bool
	if err := tx.one(`SELECT EXISTS (SELECT 1 FROM staff_tasks WHERE topic = ?)`, []any{t.Topic}, &known); err != nil {
		return false, fmt.Errorf("looking for the task %s: %w", t.Topic, err)
	}
	return known, nil
}
