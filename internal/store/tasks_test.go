package store

import (
	"errors"
	"testing"
	"time"

	"renewd/internal/renewal"
)

// TestPutOff: only what the transport put off counts, and the earliest try is
// told.
func TestPutOff(t *testing.T) {
	db := newOutbox(t)
	check := func(n int, next time.Time) {
		t.Helper()
		read(t, db, func(tx *Tx) error {
			got, at, err := tx.PutOff()
			if err != nil || got != n || !at.Equal(next) {
				t.Errorf("%d until %s, %v; want %d until %s", got, at, err, n, next)
			}
			return nil
		})
	}
	check(0, time.Time{})
	id := claim(t, db, letterToAnn)
	write(t, db, func(tx *Tx) error {
		return tx.Returned(id, renewal.Waiting, renewal.ServerAway, now.Add(time.Hour), now)
	})
	id = claim(t, db, noticeToDan)
	write(t, db, func(tx *Tx) error {
		return tx.Returned(id, renewal.Waiting, renewal.Deferred, now.Add(time.Minute), now)
	})
	check(3, now.Add(time.Minute))
	run(t, db, `UPDATE reminders SET reason = 'complaint' WHERE id = 3`)
	check(2, now.Add(time.Hour))
}

// TestReminder reads one row back.
func TestReminder(t *testing.T) {
	db := newOutbox(t)
	claim(t, db, letterToAnn)
	read(t, db, func(tx *Tx) error {
		r, err := tx.Reminder(1)
		if err != nil || r.ID != 1 || r.State != renewal.Sending || r.MessageID != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		if _, err := tx.Reminder(99); !errors.Is(err, ErrNotFound) {
			t.Errorf("no such reminder: %v", err)
		}
		return nil
	})
}
