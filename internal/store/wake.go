package store

import (
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"renewd/internal/renewal"
)

// unsent are the reminders that may still leave, unsentBurst those of them that
// the burst guard counts or holds: in the words of the index reminders_burst,
// without which SQLite would not use it.
const (
	unsent      = `(state = 'planned' OR state = 'waiting' OR state = 'due')`
	unsentBurst = `(burst = 1 OR burst = 2) AND ` + unsent
)

// wakeOf sets "look at once" for the customers of some reminders.
const wakeOf = `UPDATE customers SET next_look_at = '` + atOnce + `'
	WHERE next_look_at IS NOT '` + atOnce + `' AND id IN (SELECT customer_id FROM reminders WHERE `

// BurstCount returns how many unsent reminders the burst guard counts or holds:
// commercial ones that were already due when they were first planned.
func (tx *Tx) BurstCount() (int, error) {
	var n int
	if err := tx.one(`SELECT count(*) FROM reminders WHERE `+unsentBurst, nil, &n); err != nil {
		return 0, fmt.Errorf("counting the burst: %w", err)
	}
	return n, nil
}

// HoldBurst holds every counted reminder until a person releases it, and
// returns how many it newly holds.
func (tx *Tx) HoldBurst() (int, error) {
	return tx.hold(`burst = 1 AND ` + unsent)
}

// HoldDue holds everything that is due by now, whatever its class, until a
// person releases it: for a wall clock that jumped. The reminders wait from now
// on, without a look that a wrong clock would lead astray. It returns how many it
// newly holds.
func (tx *Tx) HoldDue(now time.Time) (int, error) {
	n, err := tx.exec(`UPDATE reminders SET burst = 2, state = 'waiting', reason = 'burst', until = NULL, decided_at = ?1
		WHERE due_at <= ?1 AND `+unsent+` AND NOT (burst = 2 AND state = 'waiting' AND reason = 'burst')`, renewal.FormatStamp(now))
	if err != nil {
		return 0, fmt.Errorf("holding what is due: %w", err)
	}
	return int(n), nil
}

// hold also wakes the households concerned: when they were planned, a message
// that is held now seemed to leave, and its household was capped for it.
func (tx *Tx) hold(which string, args ...any) (int, error) {
	if _, err := tx.exec(wakeOf+which+`)`, args...); err != nil {
		return 0, fmt.Errorf("holding a burst: %w", err)
	}
	n, err := tx.exec(`UPDATE reminders SET burst = 2 WHERE `+which, args...)
	if err != nil {
		return 0, fmt.Errorf("holding a burst: %w", err)
	}
	return int(n), nil
}

// Release lets the reminders go that the burst guard counted or holds: those of
// one rule, or all where rule is empty; then the mail server is also tried at once
// where sending is paused. When nothing is left to release, the open tasks about
// it are done. It returns how many it released.
func (tx *Tx) Release(rule string, now time.Time) (int, error) {
	if rule == "" {
		// A person may know that the server takes now what it refused alone.
		if _, err := tx.exec(`UPDATE messages SET refusals = 0 WHERE state = 'returned' AND refusals > 0`); err != nil {
			return 0, fmt.Errorf("releasing a burst: %w", err)
		}
		if _, err := tx.ProbeNow(now); err != nil {
			return 0, err
		}
	}
	const which = unsentBurst + ` AND (?1 = '' OR rule = ?1)`
	if _, err := tx.exec(wakeOf+which+`)`, rule); err != nil {
		return 0, fmt.Errorf("releasing a burst: %w", err)
	}
	n, err := tx.exec(`UPDATE reminders SET burst = 3 WHERE `+which, rule)
	if err != nil {
		return 0, fmt.Errorf("releasing a burst: %w", err)
	}
	left, err := tx.BurstCount()
	if err != nil || left > 0 {
		return int(n), err
	}
	if err = tx.SetMeta(metaClockJumped, ""); err != nil {
		return int(n), err
	}
	if _, err = tx.CloseTopic("burst", now); err != nil {
		return int(n), fmt.Errorf("closing the tasks about a burst: %w", err)
	}
	return int(n), nil
}

// Retry makes a failed or uncertain reminder due again, and those that went with
// it in the same message, so that it stays the same message: it has its Message-ID,
// and one that may have arrived keeps its bytes. It returns the ids of all of
// them, and ErrGone, wrapped, for a reminder in any other state.
func (tx *Tx) Retry(reminderID int64, now time.Time) (ids []int64, err error) {
	err = tx.query(`SELECT r.id FROM reminders AS asked JOIN reminders AS r ON r.id = asked.id OR r.message_id = asked.message_id
		WHERE asked.id = ? AND asked.state IN ('failed', 'uncertain') AND r.state = asked.state ORDER BY r.id`, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, reminderID)
	if err == nil && len(ids) == 0 {
		err = ErrGone
	}
	if err == nil {
		_, err = tx.exec(`UPDATE messages SET state = 'returned', streaming_at = NULL
			WHERE id = (SELECT message_id FROM reminders WHERE id = ?1) AND state IN ('failed', 'uncertain')`, reminderID)
	}
	for _, id := range ids {
		if err == nil {
			_, err = tx.exec(`UPDATE reminders SET state = 'due', reason = 'due', until = NULL, decided_at = ?2 WHERE id = ?1`,
				id, renewal.FormatStamp(now))
		}
		if err == nil {
			_, err = tx.exec(`UPDATE staff_tasks SET done_at = ?2 WHERE reminder_id = ?1 AND done_at IS NULL`, id, renewal.FormatStamp(now))
		}
		if err == nil {
			_, err = tx.exec(wakeOf+`id = ?1)`, id)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("sending reminder %d again: %w", reminderID, err)
	}
	return ids, nil
}

// The keys of meta about rules: the fingerprint of those that every household
// is or will be judged by, and the last customer that the walk after a change
// has woken.
const (
	metaRules     = "rules_fingerprint"
	metaRulesWalk = "rules_walk"
)

// WakeChangedRules compares the fingerprint of the rules with that of the last
// pass. Where they differ, a walk over all customers begins (see WalkRules);
// it survives a crash. It reports whether the rules have changed.
func (tx *Tx) WakeChangedRules(fingerprint string) (changed bool, err error) {
	known, err := tx.Meta(metaRules)
	if err != nil || known == fingerprint {
		return false, err
	}
	if err := tx.SetMeta(metaRules, fingerprint); err != nil {
		return false, err
	}
	return true, tx.SetMeta(metaRulesWalk, "0")
}

// WalkRules wakes the next customers, at most limit, after the rules changed.
// more is false when the walk is over or there was none.
func (tx *Tx) WalkRules(limit int) (more bool, err error) {
	text, err := tx.Meta(metaRulesWalk)
	if err != nil || text == "" {
		return false, err
	}
	from, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return false, fmt.Errorf("the walk after changed rules: %w", err)
	}
	var to sql.NullInt64
	err = tx.one(`SELECT max(id) FROM (SELECT id FROM customers WHERE id > ? ORDER BY id LIMIT ?)`, []any{from, limit}, &to)
	if err == nil && to.Valid {
		_, err = tx.exec(`UPDATE customers SET next_look_at = ?3 WHERE id > ?1 AND id <= ?2 AND next_look_at IS NOT ?3`,
			from, to.Int64, atOnce)
	}
	if err != nil {
		return false, fmt.Errorf("the walk after changed rules: %w", err)
	}
	if !to.Valid {
		return false, tx.SetMeta(metaRulesWalk, "")
	}
	return true, tx.SetMeta(metaRulesWalk, strconv.FormatInt(to.Int64, 10))
}

// WakeAll has every household looked at in the next pass.
func (tx *Tx) WakeAll() error {
	if _, err := tx.exec(`UPDATE customers SET next_look_at = ?1 WHERE next_look_at IS NOT ?1`, atOnce); err != nil {
		return fmt.Errorf("waking everybody: %w", err)
	}
	return nil
}

// RetryLetters makes the reminders due again whose letter failed with their
// customer's own data no later than the instant before, and has every household
// looked at that waits for a letter which does not render.
func (tx *Tx) RetryLetters(before, now time.Time) error {
	_, err := tx.exec(wakeOf+`state = 'waiting' AND reason = 'template_error' AND (message_id IS NULL OR decided_at <= ?))`,
		renewal.FormatStamp(before))
	if err == nil {
		_, err = tx.exec(`UPDATE reminders SET state = 'due', reason = 'due', decided_at = ?2
			WHERE state = 'waiting' AND reason = 'template_error' AND message_id IS NOT NULL AND decided_at <= ?1`,
			renewal.FormatStamp(before), renewal.FormatStamp(now))
	}
	if err != nil {
		return fmt.Errorf("trying letters again: %w", err)
	}
	return nil
}

// FailedLetters reports whether there are reminders whose letter failed with
// their customer's own data no later than the instant before.
func (tx *Tx) FailedLetters(before time.Time) (bool, error) {
	var n int
	err := tx.one(`SELECT count(*) FROM reminders WHERE state = 'waiting' AND reason = 'template_error'
		AND message_id IS NOT NULL AND decided_at <= ?`, []any{renewal.FormatStamp(before)}, &n)
	if err != nil {
		return false, fmt.Errorf("looking for letters that failed: %w", err)
	}
	return n > 0, nil
}
