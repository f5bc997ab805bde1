package store

import (
	"context"
	"errors"
	"testing"

	"renewd/internal/renewal"
)

func TestRescue(t *testing.T) {
	db := newOutbox(t)
	untouched := claim(t, db, letterToAnn)
	var done Rescued
	rescue := func() {
		t.Helper()
		write(t, db, func(tx *Tx) (err error) {
			done, err = tx.Rescue(nil, false, now)
			return err
		})
	}
	rescue()
	if done != (Rescued{Returned: 2}) {
		t.Errorf("before the first byte: %+v", done)
	}
	wantRows(t, db, reminderStates, "1|due|due||1;2|due|due||1;3|due|due||")

	// A commercial message is never sent again by itself.
	again := letterToAnn
	again.ID = untouched
	claim(t, db, again)
	write(t, db, func(tx *Tx) error { return tx.Streaming(untouched, Prepared{Contents: []byte("x")}, now) })
	rescue()
	if done != (Rescued{Uncertain: 2}) {
		t.Errorf("a commercial message in doubt: %+v", done)
	}
	wantRows(t, db, reminderStates, "1|uncertain|in_doubt||1;2|uncertain|in_doubt||1;3|due|due||")
	wantRows(t, db, `SELECT kind, customer, agreement FROM tasks`, "uncertain|Ann|A1;uncertain|Bob|A2")

	// A notice is, three times, with the same Message-ID and date.
	notice := noticeToDan
	for try := 1; try <= 4; try++ {
		notice.ID = claim(t, db, notice)
		write(t, db, func(tx *Tx) error { return tx.Streaming(notice.ID, Prepared{Contents: []byte("x")}, now) })
		rescue()
		want := Rescued{Returned: 1}
		if try == 4 {
			want = Rescued{Uncertain: 1}
		}
		if done != want {
			t.Errorf("a notice in doubt for the %d. time: %+v", try, done)
		}
	}
	wantRows(t, db, `SELECT state, rfc822_id, claimed_at, attempts, doubts FROM messages WHERE id = 2`, "uncertain|m2@x.example|2027-03-01T08:00:00Z|4|4")
	wantRows(t, db, `SELECT count(*) FROM tasks`, "3")
	rescue()
	if done != (Rescued{}) {
		t.Errorf("a second rescue did %+v", done)
	}

	// A person may decide.
	write(t, db, func(tx *Tx) error {
		_, err := tx.Retry(3, now)
		return err
	})
	wantRows(t, db, `SELECT state, message_id FROM reminders WHERE id = 3`, "due|2")
	wantRows(t, db, `SELECT state, doubts FROM messages WHERE id = 2`, "returned|4")
	wantRows(t, db, `SELECT count(*) FROM tasks`, "2")
	err := db.Write(context.Background(), func(tx *Tx) error {
		_, err := tx.Retry(3, now)
		return err
	})
	if !errors.Is(err, ErrGone) {
		t.Errorf("a second retry gave %v", err)
	}
}

func TestBurst(t *testing.T) {
	db := newOutbox(t)
	run(t, db, `UPDATE reminders SET burst = 1 WHERE id IN (1, 2)`)
	count := func(want int) {
		t.Helper()
		read(t, db, func(tx *Tx) error {
			n, err := tx.BurstCount()
			if n != want {
				t.Errorf("the burst is %d, want %d", n, want)
			}
			return err
		})
	}
	count(2)
	write(t, db, func(tx *Tx) error {
		n, err := tx.HoldBurst()
		if n != 2 {
			t.Errorf("held %d", n)
		}
		return err
	})
	count(2)
	wantRows(t, db, `SELECT burst FROM reminders ORDER BY id`, "2;2;0")
	wantRows(t, db, sleeping, "2") // both are to be judged anew
	write(t, db, func(tx *Tx) error {
		_, err := tx.AddTask(renewal.Task{Kind: renewal.TaskBurst, Topic: "burst", Text: "many"}, now)
		return err
	})
	run(t, db, `UPDATE customers SET next_look_at = NULL`)
	write(t, db, func(tx *Tx) error {
		if n, err := tx.Release("another", now); n != 0 || err != nil {
			t.Errorf("another rule: %d %v", n, err)
		}
		n, err := tx.Release("pass", now)
		if n != 2 {
			t.Errorf("released %d", n)
		}
		return err
	})
	count(0)
	wantRows(t, db, sleeping, "2")
	wantRows(t, db, `SELECT count(*) FROM tasks`, "0")
	id := claim(t, db, letterToAnn)
	write(t, db, func(tx *Tx) error { return tx.Record(id, Outcome{State: renewal.Sent, At: now}) })
	wantRows(t, db, reminderStates, "1|sent|released||1;2|sent|released||1;3|due|due||")
	write(t, db, func(tx *Tx) error {
		n, err := tx.HoldDue(now)
		if n != 1 {
			t.Errorf("after a jump of the clock %d are held", n)
		}
		return err
	})
}

func TestWalkAfterChangedRules(t *testing.T) {
	db := newOutbox(t)
	begin := func(fingerprint string, want bool) {
		t.Helper()
		write(t, db, func(tx *Tx) error {
			changed, err := tx.WakeChangedRules(fingerprint)
			if changed != want {
				t.Errorf("%s: changed is %v", fingerprint, changed)
			}
			return err
		})
	}
	begin("one", true)
	begin("one", false)
	for i, want := range []bool{true, true, false, false} {
		write(t, db, func(tx *Tx) error {
			more, err := tx.WalkRules(3)
			if more != want {
				t.Errorf("part %d: more is %v", i+1, more)
			}
			return err
		})
		if i == 0 {
			wantRows(t, db, sleeping, "1")
		}
	}
	wantRows(t, db, sleeping, "0")
	begin("two", true)
}
