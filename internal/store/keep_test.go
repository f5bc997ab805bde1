package store

import (
	"context"
	"strings"
	"testing"
)

// TestNothingIsReplaced: REPLACE INTO would forget what was sent about a row,
// and a changed id would orphan it; both are refused with a sentence.
func TestNothingIsReplaced(t *testing.T) {
	db := newOutbox(t)
	for statement, want := range map[string]string{
		`INSERT OR REPLACE INTO customers(ref, name) SELECT ref, 'new' FROM customers WHERE id = 1`:                                              "there is a customer with this ref already",
		`INSERT OR REPLACE INTO agreements(ref, customer_id, kind, ends_on) SELECT ref, customer_id, kind, ends_on FROM agreements WHERE id = 1`: "there is an agreement with this ref already",
		`UPDATE customers SET id = 77 WHERE id = 1`:  "the id of a customer never changes",
		`UPDATE agreements SET id = 78 WHERE id = 1`: "the id of an agreement never changes",
	} {
		_, err := db.writers.pool.ExecContext(context.Background(), statement)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", statement, err, want)
		}
	}
	wantRows(t, db, `SELECT count(*) FROM customers WHERE id = 77 OR name = 'new'`, "0")
}

// TestWhatAPersonSaidStays: an agreement that changes hands takes its payments
// along, not the refusal of the customer who had it.
func TestWhatAPersonSaidStays(t *testing.T) {
	db := newOutbox(t)
	run(t, db, `INSERT INTO events(type, at, agreement_id) VALUES ('unsubscribe', '2027-02-01T10:00:00Z', 1),
		('complaint', '2027-02-01T10:00:00Z', 1), ('payment', '2027-02-01T10:00:00Z', 1)`)
	run(t, db, `UPDATE agreements SET customer_id = 4 WHERE id = 1`)
	wantRows(t, db, `SELECT type, customer_id FROM events WHERE agreement_id = 1 ORDER BY id DESC LIMIT 3`,
		"payment|4;complaint|1;unsubscribe|1")
}
