package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"renewd/internal/renewal"
)

// someReminders gives each household something to send: reminders 1 and 2 of
// Ann and Bob, a commercial one, and 3 of Dan, a notice.
const someReminders = `
	INSERT INTO reminders(id, customer_id, agreement_id, rule, step, class, ends_on, due_at, not_after, state, reason, planned_at, decided_at) VALUES
	  (1, 1, 1, 'pass', 'before_end:P30D', 'commercial', '2027-03-31', '2027-03-01T08:00:00Z', '2027-03-31T21:59:59Z', 'due', 'due', '2027-01-01T08:00:00Z', '2027-03-01T08:00:00Z'),
	  (2, 2, 2, 'pass', 'before_end:P30D', 'commercial', '2027-03-31', '2027-03-01T08:00:00Z', '2027-03-31T21:59:59Z', 'due', 'due', '2027-01-01T08:00:00Z', '2027-03-01T08:00:00Z'),
	  (3, 4, 3, 'notice', 'notice', 'notice', '2027-06-30', '2027-03-01T08:00:00Z', '2027-05-31T21:59:59Z', 'due', 'due', '2027-01-01T08:00:00Z', '2027-03-01T08:00:00Z');`

var (
	letterToAnn = Message{RFC822ID: "m1@x.example", CustomerID: 1, To: "ann@family.example", Class: renewal.Commercial, Rule: "pass",
		Template: "pass-renewal", Locale: "fr", At: now, Reminders: []int64{1, 2}}
	noticeToDan = Message{RFC822ID: "m2@x.example", CustomerID: 4, To: "dan@dan.example", Class: renewal.Notice, Rule: "notice",
		Template: "notice", Locale: "en", At: now, Reminders: []int64{3}}
)

func claim(t *testing.T, db *DB, m Message) (id int64) {
	t.Helper()
	// Whoever claims has looked at the household.
	run(t, db, fmt.Sprintf(`UPDATE customers SET next_look_at = NULL WHERE id = %d`, m.CustomerID))
	write(t, db, func(tx *Tx) (err error) {
		id, err = tx.Claim(m, now)
		return err
	})
	return id
}

func newOutbox(t *testing.T) *DB {
	t.Helper()
	db := newDB(t)
	run(t, db, someHouseholds+someReminders)
	return db
}

const (
	reminderStates = `SELECT id, state, reason, until, message_id FROM reminders ORDER BY id`
	messageStates  = `SELECT id, state, streaming_at, sent_at, attempts, doubts FROM messages ORDER BY id`
	sleeping       = `SELECT count(*) FROM customers WHERE next_look_at IS NULL`
)

func TestClaimAndSend(t *testing.T) {
	db := newOutbox(t)
	id := claim(t, db, letterToAnn)
	wantRows(t, db, reminderStates, "1|sending|due||1;2|sending|due||1;3|due|due||")
	wantRows(t, db, messageStates, "1|sending|||0|0")
	if got := dossier(t, db, 2, time.Time{}).LastCommercialAt; !got.Equal(now) {
		t.Errorf("while sending, the last commercial message is of %s", got)
	}
	later := now.Add(2 * time.Second)
	body := []byte("Subject: Bientôt\r\n\r\nBonjour\r\n")
	write(t, db, func(tx *Tx) error {
		return tx.Streaming(id, Prepared{Subject: "Bientôt", Locale: "fr-FR", Contents: body}, now)
	})
	write(t, db, func(tx *Tx) error {
		return tx.Record(id, Outcome{State: renewal.Sent, Reply: "250 ok", At: later})
	})
	wantRows(t, db, reminderStates, "1|sent|due||1;2|sent|due||1;3|due|due||")
	wantRows(t, db, messageStates, "1|sent|2027-03-01T08:00:00Z|2027-03-01T08:00:02Z|1|0")
	wantRows(t, db, `SELECT household, subject, locale, server_reply, length(sha256) FROM messages`, "ann@family.example|Bientôt|fr-FR|250 ok|64")
	wantRows(t, db, sleeping, "3") // Ann's household is looked at again
	read(t, db, func(tx *Tx) error {
		got, err := tx.Contents(id)
		if diff := cmp.Diff(body, got); diff != "" {
			t.Error(diff)
		}
		return err
	})
	if got := dossier(t, db, 2, time.Time{}).LastCommercialAt; !got.Equal(later) {
		t.Errorf("once sent, the last commercial message is of %s", got)
	}
	err := db.Write(context.Background(), func(tx *Tx) error { return tx.Record(id, Outcome{State: renewal.Failed, At: later}) })
	if !errors.Is(err, ErrGone) {
		t.Errorf("a second outcome gave %v", err)
	}
}

func TestClaimTakesAllOrNothing(t *testing.T) {
	db := newOutbox(t)
	run(t, db, `UPDATE reminders SET state = 'skipped' WHERE id = 2`)
	err := db.Write(context.Background(), func(tx *Tx) error {
		_, err := tx.Claim(letterToAnn, now)
		return err
	})
	if !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
	wantRows(t, db, `SELECT count(*) FROM messages`, "0")
	wantRows(t, db, `SELECT state FROM reminders WHERE id = 1`, "due")
}

func TestClaimTwiceIsRefused(t *testing.T) {
	db := newOutbox(t)
	claim(t, db, letterToAnn)
	second := letterToAnn
	second.RFC822ID = "other@x.example"
	err := db.Write(context.Background(), func(tx *Tx) error {
		_, err := tx.Claim(second, now)
		return err
	})
	if !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
}

func TestReturnedKeepsItsMessageID(t *testing.T) {
	db := newOutbox(t)
	id := claim(t, db, letterToAnn)
	until := now.Add(time.Minute)
	write(t, db, func(tx *Tx) error { return tx.Returned(id, renewal.Waiting, renewal.Deferred, until, now) })
	wantRows(t, db, reminderStates, "1|waiting|deferred|2027-03-01T08:01:00Z|1;2|waiting|deferred|2027-03-01T08:01:00Z|1;3|due|due||")
	wantRows(t, db, messageStates, "1|returned|||1|0")
	if got := dossier(t, db, 1, time.Time{}).LastCommercialAt; !got.IsZero() {
		t.Errorf("a returned message counts as one of %s", got)
	}
	var again Message
	read(t, db, func(tx *Tx) (err error) {
		again, err = tx.Message(id)
		return err
	})
	want := letterToAnn
	want.ID, want.Attempts = id, 1
	if diff := cmp.Diff(want, again); diff != "" {
		t.Error(diff)
	}
	if second := claim(t, db, again); second != id {
		t.Errorf("claimed again as %d", second)
	}
	write(t, db, func(tx *Tx) error { return tx.Returned(id, renewal.Due, renewal.ServerAway, time.Time{}, now) })
	wantRows(t, db, messageStates, "1|returned|||1|0") // a server that is away burns no attempt
}

func TestFailedNoticeIsATask(t *testing.T) {
	db := newOutbox(t)
	for _, m := range []Message{letterToAnn, noticeToDan} {
		id := claim(t, db, m)
		write(t, db, func(tx *Tx) error {
			return tx.Record(id, Outcome{State: renewal.Failed, Reply: "550 5.1.1 unknown", At: now})
		})
	}
	wantRows(t, db, reminderStates, "1|failed|rejected||1;2|failed|rejected||1;3|failed|rejected||2")
	read(t, db, func(tx *Tx) error {
		tasks, err := tx.OpenTasks()
		want := []OpenTask{{ID: 1, Kind: renewal.TaskFailed, Customer: "C4", CustomerName: "Dan", Agreement: "A3", Since: now, Text: "the notice notice (notice) to " +
			"dan@dan.example was refused (550 5.1.1 unknown): reach the customer in another way, or correct the address and run `renewd retry 3`"}}
		if diff := cmp.Diff(want, tasks); diff != "" {
			t.Error(diff)
		}
		return err
	})
}

func TestTasks(t *testing.T) {
	db := newOutbox(t)
	task := renewal.Task{Kind: renewal.TaskBadData, Topic: "bad_data:1", CustomerID: 1, AgreementID: 1, Text: "a zone"}
	add := func(text string, want bool) {
		t.Helper()
		write(t, db, func(tx *Tx) error {
			task.Text = text
			added, err := tx.AddTask(task, now)
			if added != want {
				t.Errorf("%s: added is %v", text, added)
			}
			return err
		})
	}
	add("a zone", true)
	add("a zone", false)      // it is open already
	add("a third zone", true) // the fault is another one now
	write(t, db, func(tx *Tx) error { return tx.DoneTask(1, now) })
	add("a third zone", false) // a person has dealt with that
	add("another zone", true)
	wantRows(t, db, `SELECT id, kind, text FROM tasks`, "1|bad_data|another zone")
	write(t, db, func(tx *Tx) error {
		closed, err := tx.CloseTopic("bad_data:1", now)
		if !closed {
			t.Error("the topic was not closed")
		}
		return err
	})
	err := db.Write(context.Background(), func(tx *Tx) error { return tx.DoneTask(1, now) })
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("a task that is done gave %v", err)
	}
}
