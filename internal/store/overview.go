package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// Overview is what a person on watch wants to know at a glance.
type Overview struct {
	// Open counts the reminders that are due, waiting or sending, and those that are
	// uncertain or failed, which only a person can settle, by state and reason.
	Open map[StateReason]int
	// Tasks counts the open tasks by kind.
	Tasks map[renewal.TaskKind]int
	// Urgent are the open tasks that cannot wait, one a kind: the oldest.
	Urgent []OpenTask
	// NextLook is when the next household is looked at; see Tx.NextLook.
	NextLook time.Time
	// Pause is the pause that is on, nil where there is none.
	Pause *Pause
}

// StateReason is the state of a reminder with its reason.
type StateReason struct {
	State  renewal.State
	Reason renewal.Reason
}

// Count adds up the open reminders in a state.
func (o *Overview) Count(state renewal.State) int {
	n := 0
	for key, count := range o.Open {
		if key.State == state {
			n += count
		}
	}
	return n
}

// UrgentKinds are the kinds of tasks that staff have to hear of.
var UrgentKinds = []renewal.TaskKind{renewal.TaskServerAway, renewal.TaskSenderRefused, renewal.TaskBurst, renewal.TaskCopy,
	renewal.TaskTemplateError, renewal.TaskMissed, renewal.TaskFailed, renewal.TaskUncertain}

// openCounts count the reminders of one state each. The states stand in the text,
// because only then SQLite knows that a partial index will do.
var openCounts = map[renewal.State]string{
	renewal.Due:       countOpen + `state = 'due' GROUP BY reason`,
	renewal.Waiting:   countOpen + `state = 'waiting' GROUP BY reason`,
	renewal.Sending:   countOpen + `state = 'sending' GROUP BY reason`,
	renewal.Uncertain: countOpen + `state = 'uncertain' GROUP BY reason`,
	renewal.Failed:    countOpen + `state = 'failed' GROUP BY reason`,
}

const countOpen = `SELECT reason, count(*) FROM reminders WHERE `

// Overview counts what is open. Its cost grows with what is due, waits or is not
// settled, not with what is stored.
func (tx *Tx) Overview() (Overview, error) {
	o := Overview{Open: map[StateReason]int{}, Tasks: map[renewal.TaskKind]int{}}
	for state, query := range openCounts {
		err := tx.query(query, func(rows *sql.Rows) error {
			key, n := StateReason{State: state}, 0
			err := rows.Scan(&key.Reason, &n)
			o.Open[key] = n
			return err
		})
		if err != nil {
			return o, fmt.Errorf("counting what is open: %w", err)
		}
	}
	err := tx.query(`SELECT kind, count(*), min(id) FROM staff_tasks WHERE done_at IS NULL GROUP BY kind`, func(rows *sql.Rows) error {
		var t OpenTask
		n := 0
		err := rows.Scan(&t.Kind, &n, &t.ID)
		o.Tasks[t.Kind] = n
		for _, kind := range UrgentKinds {
			if kind == t.Kind {
				o.Urgent = append(o.Urgent, t)
			}
		}
		return err
	})
	if err != nil {
		return o, fmt.Errorf("counting the tasks: %w", err)
	}
	for i := range o.Urgent {
		var since string
		err := tx.one(`SELECT since, text FROM staff_tasks WHERE id = ?`, []any{o.Urgent[i].ID}, &since, &o.Urgent[i].Text)
		if err == nil {
			o.Urgent[i].Since, err = parseStamp(since)
		}
		if err != nil {
			return o, fmt.Errorf("reading a task: %w", err)
		}
	}
	if o.NextLook, err = tx.NextLook(); err != nil {
		return o, err
	}
	o.Pause, err = tx.Pause()
	return o, err
}

// CountTasks returns how many tasks of a kind are open.
func (tx *Tx) CountTasks(kind renewal.TaskKind) (n int, err error) {
	if err = tx.one(`SELECT count(*) FROM staff_tasks WHERE done_at IS NULL AND kind = ?`, []any{string(kind)}, &n); err != nil {
		return 0, fmt.Errorf("counting the tasks: %w", err)
	}
	return n, nil
}

// Untold returns the open tasks of a kind that staff were not mailed about and
// that arose no later than the instant before, the oldest first, at most limit.
// upTo is the highest id among all of them, also those beyond limit; see Told.
func (tx *Tx) Untold(kind renewal.TaskKind, before time.Time, limit int) (tasks []OpenTask, upTo int64, err error) {
	err = tx.query(`SELECT id, since, text, max(id) OVER () FROM staff_tasks WHERE done_at IS NULL AND kind = ?1 AND told_at IS NULL AND since <= ?2
		ORDER BY id LIMIT ?3`, func(rows *sql.Rows) error {
		t := OpenTask{Kind: kind}
		var since string
		err := rows.Scan(&t.ID, &since, &t.Text, &upTo)
		if err == nil {
			t.Since, err = parseStamp(since)
		}
		tasks = append(tasks, t)
		return err
	}, string(kind), renewal.FormatStamp(before), limit)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the tasks: %w", err)
	}
	return tasks, upTo, nil
}

// LastTold returns when staff were last mailed about tasks of a kind; zero for
// never.
func (tx *Tx) LastTold(kind renewal.TaskKind) (time.Time, error) {
	var text string
	err := tx.one(`SELECT coalesce(max(told_at), '') FROM staff_tasks WHERE kind = ?`, []any{string(kind)}, &text)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the tasks: %w", err)
	}
	if text == "" {
		return time.Time{}, nil
	}
	return parseStamp(text)
}

// Told notes that at the instant at staff were mailed about all open tasks of a
// kind up to an id. One that arose since then, while the mail was under way, is
// not among them.
func (tx *Tx) Told(kind renewal.TaskKind, upTo int64, at time.Time) error {
	_, err := tx.exec(`UPDATE staff_tasks SET told_at = ?2 WHERE kind = ?1 AND done_at IS NULL AND told_at IS NULL AND id <= ?3 AND since <= ?2`,
		string(kind), renewal.FormatStamp(at), upTo)
	if err != nil {
		return fmt.Errorf("noting that staff know: %w", err)
	}
	return nil
}

// UntoldOver returns the latest task of a kind that is over, was open for at
// least so long, and that staff were not mailed about; the zero OpenTask where
// there is none.
func (tx *Tx) UntoldOver(kind renewal.TaskKind, lasted time.Duration) (OpenTask, error) {
	t := OpenTask{Kind: kind}
	var since string
	err := tx.one(`SELECT id, since, text FROM staff_tasks WHERE kind = ?1 AND done_at IS NOT NULL AND told_at IS NULL
		AND unixepoch(done_at) - unixepoch(since) >= ?2 ORDER BY id DESC LIMIT 1`,
		[]any{string(kind), int64(lasted / time.Second)}, &t.ID, &since, &t.Text)
	if errors.Is(err, sql.ErrNoRows) {
		return OpenTask{}, nil
	}
	if err == nil {
		t.Since, err = parseStamp(since)
	}
	if err != nil {
		return OpenTask{}, fmt.Errorf("reading the tasks: %w", err)
	}
	return t, nil
}

// ToldOver notes that staff were mailed about all tasks of a kind up to an id
// that are over.
func (tx *Tx) ToldOver(kind renewal.TaskKind, upTo int64, now time.Time) error {
	_, err := tx.exec(`UPDATE staff_tasks SET told_at = ?2 WHERE kind = ?1 AND done_at IS NOT NULL AND told_at IS NULL AND id <= ?3`,
		string(kind), renewal.FormatStamp(now), upTo)
	if err != nil {
		return fmt.Errorf("noting that staff know: %w", err)
	}
	return nil
}
