package store

import (
	"testing"
	"time"

	"renewd/internal/renewal"
)

// TestRefused: a refusal for our sake is everybody's; one of a message that was
// refused before, while others were taken since, is that message's own.
func TestRefused(t *testing.T) {
	db := newOutbox(t)
	id := claim(t, db, letterToAnn)
	refused := func(at time.Time) (blames bool) {
		t.Helper()
		write(t, db, func(tx *Tx) (err error) {
			blames, err = tx.Refused(id, "554 5.7.1 no", at.Add(time.Hour), at)
			return err
		})
		return blames
	}
	again := letterToAnn
	again.ID = id
	taken := func(at time.Time) {
		t.Helper()
		other := noticeToDan
		other.RFC822ID = at.String() + "@x.example"
		run(t, db, `UPDATE reminders SET state = 'due' WHERE id = 3`)
		sent := claim(t, db, other)
		write(t, db, func(tx *Tx) error { return tx.Record(sent, Outcome{State: renewal.Sent, Reply: "250", At: at}) })
	}
	const letter = `SELECT state, reason, until FROM reminders WHERE id = 1`

	if !refused(now) {
		t.Error("the first refusal is not everybody's")
	}
	wantRows(t, db, letter, "waiting|sender_refused|2027-03-01T09:00:00Z")
	taken(now) // in the same second: perhaps before it
	claim(t, db, again)
	if !refused(now.Add(time.Hour)) {
		t.Error("with nobody taken since, the second refusal is not everybody's")
	}
	for hours, want := range []string{"waiting|sender_refused|2027-03-01T12:00:00Z", "waiting|sender_refused|2027-03-01T15:00:00Z",
		"waiting|sender_refused|2027-03-01T16:00:00Z", "failed|rejected|"} {
		at := now.Add(time.Duration(2+hours) * time.Hour)
		taken(at.Add(-time.Minute))
		// A pause that ends wakes the others, not this one.
		write(t, db, func(tx *Tx) error {
			if err := tx.SetPause(Pause{Reason: renewal.SenderRefused, Since: at, ProbeAt: at}); err != nil {
				return err
			}
			_, err := tx.EndPause(at)
			return err
		})
		if hours > 0 {
			wantRows(t, db, `SELECT state FROM reminders WHERE id = 1`, "waiting")
		}
		claim(t, db, again)
		if refused(at) {
			t.Errorf("refusal %d alone blames everybody", hours+1)
		}
		wantRows(t, db, letter, want)
	}
}

// TestRefusedNotice: a notice is tried to the end of its window.
func TestRefusedNotice(t *testing.T) {
	db := newOutbox(t)
	notice := noticeToDan
	for hours := range 6 {
		at := now.Add(time.Duration(hours) * 5 * time.Hour)
		notice.ID = claim(t, db, notice)
		write(t, db, func(tx *Tx) error {
			_, err := tx.Refused(notice.ID, "554 5.7.1 no", at.Add(time.Hour), at)
			return err
		})
		other := letterToAnn
		other.RFC822ID = at.String() + "@x.example"
		run(t, db, `UPDATE reminders SET state = 'due' WHERE id IN (1, 2)`)
		sent := claim(t, db, other)
		write(t, db, func(tx *Tx) error {
			return tx.Record(sent, Outcome{State: renewal.Sent, Reply: "250", At: at.Add(time.Minute)})
		})
	}
	wantRows(t, db, `SELECT state, reason, until FROM reminders WHERE id = 3`, "waiting|sender_refused|2027-03-02T13:00:00Z")
}

// TestRetryTakesTheWholeLetter: what went in one message goes again in it.
func TestRetryTakesTheWholeLetter(t *testing.T) {
	db := newOutbox(t)
	id := claim(t, db, letterToAnn)
	write(t, db, func(tx *Tx) error {
		if err := tx.Streaming(id, Prepared{Contents: []byte("x")}, now); err != nil {
			return err
		}
		_, err := tx.InDoubt(id, "", now)
		return err
	})
	var ids []int64
	write(t, db, func(tx *Tx) (err error) {
		ids, err = tx.Retry(2, now)
		return err
	})
	if len(ids) != 2 || ids[0] != 1 || ids[1] != 2 {
		t.Errorf("retried %v", ids)
	}
	wantRows(t, db, `SELECT id, state FROM reminders WHERE id < 3 ORDER BY id`, "1|due;2|due")
	wantRows(t, db, `SELECT count(*) FROM tasks`, "0")
	wantRows(t, db, `SELECT state, doubts FROM messages`, "returned|1")
}
