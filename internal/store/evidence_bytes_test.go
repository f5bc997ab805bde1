package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"renewd/internal/renewal"
)

// wantEvidence holds the kept bytes of a message against its hash.
func wantEvidence(t *testing.T, db *DB, id int64, want string) {
	t.Helper()
	read(t, db, func(tx *Tx) error {
		got, err := tx.Contents(id)
		if err != nil {
			return err
		}
		var hash string
		err = tx.one(`SELECT sha256 FROM messages WHERE id = ?`, []any{id}, &hash)
		sum := sha256.Sum256(got)
		if string(got) != want || hex.EncodeToString(sum[:]) != hash {
			t.Errorf("kept are %q with the hash %s, want %q", got, hash, want)
		}
		return err
	})
	wantRows(t, db, `SELECT count(*) FROM message_contents WHERE id NOT IN (SELECT contents_id FROM messages WHERE contents_id IS NOT NULL)`, "0")
}

// TestRefusedBytesReplaceNone: bytes that a message came too late with take the
// place of none, and are not left behind.
func TestRefusedBytesReplaceNone(t *testing.T) {
	wantRefusal := func(db *DB, want error, write1 func(tx *Tx) error) {
		write(t, db, func(tx *Tx) error {
			if err := write1(tx); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			return nil // as who shares the transaction does
		})
	}
	streaming := func(db *DB, id int64, bytes string) error {
		return db.Write(t.Context(), func(tx *Tx) error { return tx.Streaming(id, Prepared{Subject: "s", Contents: []byte(bytes)}, now) })
	}
	t.Run("overtaken on the second try", func(t *testing.T) {
		db := newOutbox(t)
		id := claim(t, db, letterToAnn)
		if err := streaming(db, id, "first bytes"); err != nil {
			t.Fatal(err)
		}
		write(t, db, func(tx *Tx) error { return tx.Returned(id, renewal.Waiting, renewal.Deferred, now, now) })
		run(t, db, `UPDATE reminders SET state = 'due' WHERE id IN (1, 2)`)
		again := letterToAnn
		again.ID = id
		claim(t, db, again)
		run(t, db, `INSERT INTO events(type, at, customer_id) VALUES ('complaint', '2027-03-01', 1)`)
		wantRefusal(db, ErrOvertaken, func(tx *Tx) error {
			return tx.Streaming(id, Prepared{Subject: "two", Contents: []byte("bytes that never left")}, now)
		})
		wantEvidence(t, db, id, "first bytes")
	})
	t.Run("sent already", func(t *testing.T) {
		db := newOutbox(t)
		id := claim(t, db, letterToAnn)
		if err := streaming(db, id, "sent bytes"); err != nil {
			t.Fatal(err)
		}
		write(t, db, func(tx *Tx) error { return tx.Record(id, Outcome{State: renewal.Sent, Reply: "250", At: now}) })
		wantRefusal(db, ErrGone, func(tx *Tx) error {
			return tx.Record(id, Outcome{State: renewal.Sent, At: now, Prepared: Prepared{Contents: []byte("others")}})
		})
		wantEvidence(t, db, id, "sent bytes")
	})
	t.Run("given back", func(t *testing.T) {
		db := newOutbox(t)
		id := claim(t, db, letterToAnn)
		write(t, db, func(tx *Tx) error { return tx.Returned(id, renewal.Due, renewal.IsDue, time.Time{}, now) })
		wantRefusal(db, ErrGone, func(tx *Tx) error {
			return tx.Record(id, Outcome{State: renewal.Sent, At: now, Prepared: Prepared{Contents: []byte("others")}})
		})
		wantRows(t, db, `SELECT count(*) FROM message_contents`, "0")
	})
	t.Run("sent again as other bytes", func(t *testing.T) {
		db := newOutbox(t)
		id := claim(t, db, letterToAnn)
		if err := streaming(db, id, "first bytes"); err != nil {
			t.Fatal(err)
		}
		write(t, db, func(tx *Tx) error { return tx.Returned(id, renewal.Waiting, renewal.Deferred, now, now) })
		run(t, db, `UPDATE reminders SET state = 'due' WHERE id IN (1, 2)`)
		again := letterToAnn
		again.ID = id
		claim(t, db, again)
		run(t, db, `UPDATE customers SET next_look_at = NULL`)
		if err := streaming(db, id, "other bytes"); err != nil {
			t.Fatal(err)
		}
		wantEvidence(t, db, id, "other bytes")
	})
}
