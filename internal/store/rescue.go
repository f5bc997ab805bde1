package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// maxResends is how often a notice or receipt in doubt is sent again.
const maxResends = 3

// Rescued counts what Rescue did.
type Rescued struct {
	// Returned reminders go again through all gates; Uncertain ones wait for a
	// person.
	Returned, Uncertain int
}

// Rescue decides, at start, about every message that the last process left
// sending. One that never got as far as its first byte is returned. One that
// did is in doubt, see InDoubt; so are all of them where the file of the database
// was replaced (see Instance.Replaced). Those for which flying (nil: for none)
// reports true are on their way in this process and left alone.
func (tx *Tx) Rescue(flying func(id int64) bool, replaced bool, now time.Time) (Rescued, error) {
	type stuck struct {
		id        int64
		streaming bool
	}
	var messages []stuck
	var done Rescued
	err := tx.query(`SELECT id, streaming_at IS NOT NULL FROM messages WHERE state = 'sending' ORDER BY id`, func(rows *sql.Rows) error {
		var m stuck
		err := rows.Scan(&m.id, &m.streaming)
		messages = append(messages, m)
		return err
	})
	if err != nil {
		return done, fmt.Errorf("looking for interrupted messages: %w", err)
	}
	for _, m := range messages {
		if flying != nil && flying(m.id) {
			continue
		}
		state := renewal.Due
		if m.streaming || replaced {
			state, err = tx.InDoubt(m.id, "", now)
		} else {
			err = tx.Returned(m.id, renewal.Due, renewal.IsDue, time.Time{}, now)
		}
		if err != nil {
			return done, err
		}
		var reminders int
		if err := tx.one(`SELECT count(*) FROM reminders WHERE message_id = ?`, []any{m.id}, &reminders); err != nil {
			return done, fmt.Errorf("counting what was rescued: %w", err)
		}
		if state == renewal.Uncertain {
			done.Uncertain += reminders
		} else {
			done.Returned += reminders
		}
	}
	return done, nil
}

// InDoubt decides, by its class, about a sending message of which nobody can
// know whether the server took it. A commercial one is uncertain for good (at
// most once). A notice or receipt is due again with the same Message-ID and
// date (at least once), at most three times, then it is uncertain. Uncertain
// ones become a task. It returns the state of the reminders: Due or Uncertain.
func (tx *Tx) InDoubt(id int64, reply string, now time.Time) (renewal.State, error) {
	var class renewal.Class
	var doubts int
	err := tx.one(`SELECT class, doubts FROM messages WHERE id = ? AND state = 'sending'`, []any{id}, &class, &doubts)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrGone
	}
	if err != nil {
		return "", fmt.Errorf("message %d in doubt: %w", id, err)
	}
	state, messageState, reason := renewal.Due, "returned", renewal.IsDue
	if class == renewal.Commercial || doubts >= maxResends {
		state, messageState, reason = renewal.Uncertain, "uncertain", renewal.InDoubt
	}
	_, err = tx.exec(`UPDATE messages SET state = ?2, attempts = attempts + 1, doubts = doubts + 1,
		streaming_at = CASE WHEN ?2 = 'returned' THEN NULL ELSE streaming_at END,
		server_reply = coalesce(?3, server_reply) WHERE id = ?1`, id, messageState, textOrNull(reply))
	if err == nil {
		err = tx.settleReminders(id, state, reason, time.Time{}, now)
	}
	if err == nil {
		err = tx.taskForOutcome(id, state, now)
	}
	if err != nil {
		return "", fmt.Errorf("message %d in doubt: %w", id, err)
	}
	return state, nil
}

// taskForOutcome asks a person about a notice that failed and about every
// message in doubt: one task a reminder.
func (tx *Tx) taskForOutcome(id int64, state renewal.State, now time.Time) error {
	if state != renewal.Failed && state != renewal.Uncertain {
		return nil
	}
	var reply, to string
	var class renewal.Class
	if err := tx.one(`SELECT class, to_address, server_reply FROM messages WHERE id = ?`, []any{id}, &class, &to, &reply); err != nil {
		return err
	}
	if state == renewal.Failed && class != renewal.Notice {
		return nil
	}
	var concerned []concernedReminder
	err := tx.query(`SELECT id, customer_id, coalesce(agreement_id, 0), rule, step FROM reminders WHERE message_id = ?1 AND state = ?2 ORDER BY id`,
		func(rows *sql.Rows) error {
			var r concernedReminder
			err := rows.Scan(&r.id, &r.customer, &r.agreement, &r.rule, &r.step)
			concerned = append(concerned, r)
			return err
		}, id, string(state))
	if err != nil {
		return err
	}
	for _, r := range concerned {
		kind := renewal.TaskUncertain
		text := fmt.Sprintf("the %s (%s) to %s may or may not have arrived: the sending was interrupted; `renewd retry %d` sends it again",
			r.rule, r.step, to, r.id)
		if state == renewal.Failed {
			kind = renewal.TaskFailed
			text = fmt.Sprintf("the notice %s (%s) to %s was refused (%s): reach the customer in another way, or correct the address and run `renewd retry %d`",
				r.rule, r.step, to, reply, r.id)
		}
		if err := tx.askAbout(r, kind, fmt.Sprintf("message:%d", id), text, now); err != nil {
			return err
		}
	}
	return nil
}

// concernedReminder is a reminder that a person is asked about.
type concernedReminder struct {
	id, customer, agreement int64
	rule, step              string
}

// askAbout adds a task about one reminder; occasion tells apart the times at
// which the same thing may have to be asked.
func (tx *Tx) askAbout(r concernedReminder, kind renewal.TaskKind, occasion, text string, now time.Time) error {
	_, err := tx.addTask(renewal.Task{
		Kind: kind, Topic: fmt.Sprintf("%s:reminder:%d:%s", kind, r.id, occasion),
		CustomerID: r.customer, AgreementID: r.agreement, Text: text,
	}, r.id, now)
	return err
}
