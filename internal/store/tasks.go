package store

import (
	"database/sql"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// OpenTask is a task that still waits for a person.
type OpenTask struct {
	ID   int64
	Kind renewal.TaskKind
	// Customer and Agreement are refs, empty where the task is about none.
	Customer, Agreement string
	// CustomerName is that customer's name, perhaps empty.
	CustomerName string
	Since        time.Time
	Text         string
}

// OpenTasks returns the tasks that wait for a person, the oldest first.
func (tx *Tx) OpenTasks() ([]OpenTask, error) {
	var tasks []OpenTask
	err := tx.query(`SELECT t.id, t.kind, coalesce(c.ref, ''), coalesce(c.name, ''), coalesce(a.ref, ''), t.since, t.text FROM staff_tasks AS t
		LEFT JOIN customers AS c ON c.id = t.customer_id LEFT JOIN agreements AS a ON a.id = t.agreement_id
		WHERE t.done_at IS NULL ORDER BY t.since, t.id`, func(rows *sql.Rows) error {
		var t OpenTask
		var since string
		if err := rows.Scan(&t.ID, &t.Kind, &t.Customer, &t.CustomerName, &t.Agreement, &since, &t.Text); err != nil {
			return err
		}
		var err error
		t.Since, err = parseStamp(since)
		tasks = append(tasks, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the tasks: %w", err)
	}
	return tasks, nil
}

// AddTask asks a person for something. A task of the same topic is left alone
// while its text is the same; with another text an open one is put up to date
// and one that is done is opened again. added reports whether a person has
// something new to read.
func (tx *Tx) AddTask(t renewal.Task, now time.Time) (added bool, err error) {
	return tx.addTask(t, 0, now)
}

func (tx *Tx) addTask(t renewal.Task, reminderID int64, now time.Time) (bool, error) {
	n, err := tx.exec(`INSERT INTO staff_tasks(kind, topic, customer_id, agreement_id, reminder_id, since, text)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT(topic) DO UPDATE SET text = excluded.text, done_at = NULL,
		  since = CASE WHEN done_at IS NULL THEN since ELSE excluded.since END,
		  told_at = CASE WHEN done_at IS NULL THEN told_at END
		WHERE text <> excluded.text`,
		string(t.Kind), t.Topic, idOrNull(t.CustomerID), idOrNull(t.AgreementID), idOrNull(reminderID), renewal.FormatStamp(now), t.Text)
	if err != nil {
		return false, fmt.Errorf("adding the task %s: %w", t.Topic, err)
	}
	return n > 0, nil
}

// DoneTask marks a task as done. ErrNotFound means that no open task has the id.
func (tx *Tx) DoneTask(id int64, now time.Time) error {
	n, err := tx.exec(`UPDATE staff_tasks SET done_at = ?2 WHERE id = ?1 AND done_at IS NULL`, id, renewal.FormatStamp(now))
	if err != nil {
		return fmt.Errorf("closing task %d: %w", id, err)
	}
	if n == 0 {
		return fmt.Errorf("there is no open task %d: %w", id, ErrNotFound)
	}
	return nil
}

// CloseTopic closes the task of a topic because its cause is gone. Unlike a task
// that a person ticked off, it is asked again should the cause come back. It
// reports whether one was open.
func (tx *Tx) CloseTopic(topic string, now time.Time) (bool, error) {
	n, err := tx.exec(closeCured+`topic = ?1`, topic, renewal.FormatStamp(now))
	if err != nil {
		return false, fmt.Errorf("closing the task %s: %w", topic, err)
	}
	return n > 0, nil
}

// closeCured closes open tasks at the instant ?2 and frees their topics.
const closeCured = `UPDATE staff_tasks SET done_at = ?2, topic = topic || '#' || id WHERE done_at IS NULL AND `

// WaitingWith returns how many reminders wait for a reason.
func (tx *Tx) WaitingWith(reason renewal.Reason) (int, error) {
	var n int
	if err := tx.one(`SELECT count(*) FROM reminders WHERE state = 'waiting' AND reason = ?`, []any{string(reason)}, &n); err != nil {
		return 0, fmt.Errorf("counting what waits: %w", err)
	}
	return n, nil
}

// PutOff counts the reminders whose try the transport put off, and returns when
// the first of them is tried again; the zero time where there is none.
func (tx *Tx) PutOff() (n int, next time.Time, err error) {
	var until string
	err = tx.one(`SELECT count(*), coalesce(min(until), '') FROM reminders
		WHERE state = 'waiting' AND reason IN ('deferred', 'server_away', 'sender_refused')`, nil, &n, &until)
	if err == nil && until != "" {
		next, err = parseStamp(until)
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("counting what the transport put off: %w", err)
	}
	return n, next, nil
}

// Reminder returns one reminder as it stands; ErrNotFound where there is none.
func (tx *Tx) Reminder(id int64) (renewal.Reminder, error) {
	var found []reminderRow
	err := each(tx, `SELECT `+reminderColumns+` FROM reminders AS r WHERE r.id = ?`, tx.scanReminder,
		func(r reminderRow) { found = append(found, r) }, id)
	switch {
	case err != nil:
		return renewal.Reminder{}, fmt.Errorf("reading reminder %d: %w", id, err)
	case len(found) == 0:
		return renewal.Reminder{}, fmt.Errorf("there is no reminder %d: %w", id, ErrNotFound)
	case len(found[0].bad) > 0:
		return renewal.Reminder{}, fmt.Errorf("reminder %d: %s", id, found[0].bad)
	}
	return found[0].Reminder, nil
}

// OpenTopics returns the topics of the open tasks of one kind.
func (tx *Tx) OpenTopics(kind renewal.TaskKind) ([]string, error) {
	var topics []string
	err := tx.query(`SELECT topic FROM staff_tasks WHERE done_at IS NULL AND kind = ?`, func(rows *sql.Rows) error {
		var topic string
		err := rows.Scan(&topic)
		topics = append(topics, topic)
		return err
	}, string(kind))
	if err != nil {
		return nil, fmt.Errorf("reading the tasks: %w", err)
	}
	return topics, nil
}
