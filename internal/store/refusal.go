package store

import (
	"database/sql"
	"errors"
	"fmt"
)

// Addressee is who a customer is to those who write to them.
type Addressee struct{ Name, Email, Locale string }

// Refusal returns a customer and whether the household wants no commercial mail
// at present: the later of the last unsubscribe and the last resubscribe decides,
// at a tie unsubscribe. ErrNotFound where there is no such customer, or no longer.
func (tx *Tx) Refusal(customerID int64) (a Addressee, refused bool, err error) {
	var key, unsubscribed, resubscribed string
	err = tx.one(`SELECT name, email, locale, email_key FROM customers WHERE id = ? AND erased_at IS NULL`,
		[]any{customerID}, &a.Name, &a.Email, &a.Locale, &key)
	if errors.Is(err, sql.ErrNoRows) {
		return a, false, fmt.Errorf("customer %d: %w", customerID, ErrNotFound)
	}
	if err == nil {
		err = tx.one(`SELECT coalesce(max(CASE WHEN type = 'unsubscribe' THEN at END), ''), coalesce(max(CASE WHEN type = 'resubscribe' THEN at END), '')
			FROM events WHERE type IN ('unsubscribe', 'resubscribe')
			  AND customer_id IN (SELECT id FROM customers WHERE id = ?1 OR email_key = nullif(?2, ''))`,
			[]any{customerID, key}, &unsubscribed, &resubscribed)
	}
	if err != nil {
		return a, false, fmt.Errorf("reading customer %d: %w", customerID, err)
	}
	return a, unsubscribed != "" && unsubscribed >= resubscribed, nil
}
