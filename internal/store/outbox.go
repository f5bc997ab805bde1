package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// ErrGone is wrapped when a message or its reminders are no longer in the state
// from which something was to happen to them.
var ErrGone = errors.New("no longer in that state")

// ErrOvertaken is wrapped when a new fact about a household stops a message that
// was already claimed.
var ErrOvertaken = errors.New("overtaken by a new fact")

// Message is one e-mail for one or more reminders of one household.
type Message struct {
	// ID is 0 for a new message; the ID of a returned one is claimed again with
	// the same RFC822ID and At.
	ID int64
	// RFC822ID is the Message-ID without angle brackets, unique.
	RFC822ID string
	// CustomerID is the household's first by ref.
	CustomerID int64
	// To is the address written to.
	To       string
	Class    renewal.Class
	Rule     string
	Template string
	Locale   string
	// At is when the message was first claimed, and its Date header.
	At time.Time
	// Attempts counts the tries that the server answered or that ended in doubt.
	Attempts int
	// Doubts counts the tries that ended in doubt: then the reader may have it.
	Doubts int
	// Reminders are the ids of the reminders that it carries.
	Reminders []int64
}

// Claim takes reminders out of everybody's reach before the transport hears of
// them: the message is stored as sending and its reminders follow. All of them
// have to be unsent, else the error wraps ErrGone and the transaction is to be
// undone. now is the instant of the claim.
func (tx *Tx) Claim(m Message, now time.Time) (id int64, err error) {
	if id, err = tx.claimMessage(m); err != nil {
		return 0, fmt.Errorf("claiming message %s: %w", m.RFC822ID, err)
	}
	for _, reminder := range m.Reminders {
		n, err := tx.exec(`UPDATE reminders SET state = 'sending', until = NULL, message_id = ?2, decided_at = ?3
			WHERE id = ?1 AND state IN ('planned', 'waiting', 'due')`, reminder, id, renewal.FormatStamp(now))
		if err != nil {
			return 0, fmt.Errorf("claiming reminder %d: %w", reminder, err)
		}
		if n == 0 {
			return 0, fmt.Errorf("claiming reminder %d: %w", reminder, ErrGone)
		}
	}
	return id, nil
}

func (tx *Tx) claimMessage(m Message) (int64, error) {
	if m.ID == 0 {
		return tx.insert(`INSERT INTO messages(rfc822_id, customer_id, household, to_address, class, rule, template, locale, state, claimed_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'sending', ?)`,
			m.RFC822ID, m.CustomerID, renewal.HouseholdKey(m.To), m.To, string(m.Class), m.Rule, m.Template, m.Locale,
			renewal.FormatStamp(m.At))
	}
	n, err := tx.exec(`UPDATE messages SET state = 'sending', streaming_at = NULL, customer_id = ?2, household = ?3, to_address = ?4,
		template = ?5, locale = ?6 WHERE id = ?1 AND state = 'returned'`,
		m.ID, m.CustomerID, renewal.HouseholdKey(m.To), m.To, m.Template, m.Locale)
	if err == nil && n == 0 {
		err = ErrGone
	}
	return m.ID, err
}

// Message returns a stored message with the ids of its reminders; ErrNotFound
// where there is none.
func (tx *Tx) Message(id int64) (Message, error) {
	m := Message{ID: id}
	var at string
	err := tx.one(`SELECT rfc822_id, customer_id, to_address, class, rule, template, locale, claimed_at, attempts, doubts FROM messages WHERE id = ?`,
		[]any{id}, &m.RFC822ID, &m.CustomerID, &m.To, &m.Class, &m.Rule, &m.Template, &m.Locale, &at, &m.Attempts, &m.Doubts)
	if errors.Is(err, sql.ErrNoRows) {
		return m, fmt.Errorf("there is no message %d: %w", id, ErrNotFound)
	}
	if err == nil {
		m.At, err = parseStamp(at)
	}
	if err == nil {
		err = tx.query(`SELECT id FROM reminders WHERE message_id = ? ORDER BY id`, func(rows *sql.Rows) error {
			var reminder int64
			err := rows.Scan(&reminder)
			m.Reminders = append(m.Reminders, reminder)
			return err
		}, id)
	}
	if err != nil {
		return m, fmt.Errorf("reading message %d: %w", id, err)
	}
	return m, nil
}

// Said keeps what the server last said to a message.
func (tx *Tx) Said(id int64, reply string) error {
	if _, err := tx.exec(`UPDATE messages SET server_reply = ?2 WHERE id = ?1 AND server_reply <> ?2`, id, reply); err != nil {
		return fmt.Errorf("keeping what the server said to message %d: %w", id, err)
	}
	return nil
}

// Reply returns what the server last said to a message, perhaps nothing;
// ErrNotFound where there is no such message.
func (tx *Tx) Reply(id int64) (reply string, err error) {
	err = tx.one(`SELECT server_reply FROM messages WHERE id = ?`, []any{id}, &reply)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("what the server said to message %d: %w", id, err)
	}
	return reply, nil
}

// Contents returns the bytes of a sent message; ErrNotFound where they were
// never kept or their time is over.
func (tx *Tx) Contents(id int64) ([]byte, error) {
	p, err := tx.Kept(id)
	if err == nil && p.Contents == nil {
		err = fmt.Errorf("the contents of message %d: %w", id, ErrNotFound)
	}
	return p.Contents, err
}

// Prepared is a message as it leaves: rendered once, sent and kept like that.
type Prepared struct {
	Subject, Locale string
	// Contents are the bytes, headers and all.
	Contents []byte

	packed []byte // Contents compressed, and their hash
	sum    string
}

// Pack compresses the contents ahead of the transaction that keeps them, so that
// nobody waits for it there.
func (p *Prepared) Pack() (err error) {
	if p.packed == nil {
		p.packed, p.sum, err = pack(p.Contents)
	}
	return err
}

// Streaming notes that the transport is about to get the first byte of a
// message, and keeps the bytes: from here on an interruption leaves it in doubt,
// and a further try sends the same. A fact about the household that came after
// the claim (a complaint, an unsubscription) stops the message at this last
// moment: the error then wraps ErrOvertaken.
func (tx *Tx) Streaming(id int64, p Prepared, now time.Time) error {
	contents, earlier, err := tx.keep(id, &p)
	if err != nil {
		return fmt.Errorf("keeping the contents of message %d: %w", id, err)
	}
	n, err := tx.exec(`UPDATE messages SET streaming_at = ?2, subject = ?3, locale = coalesce(?4, locale), sha256 = ?5, contents_id = ?7
		WHERE id = ?1 AND state = 'sending'
		  AND NOT EXISTS (SELECT 1 FROM customers AS c WHERE c.id = messages.customer_id AND +c.next_look_at = ?6)
		  AND NOT EXISTS (SELECT 1 FROM customers AS c WHERE c.email_key = messages.household AND c.email_key <> '' AND +c.next_look_at = ?6)`,
		id, renewal.FormatStamp(now), p.Subject, textOrNull(p.Locale), p.sum, atOnce, contents)
	if err == nil && n == 0 {
		err = errors.Join(tx.whyNotStreaming(id), tx.removeContents(contents))
	} else if err == nil && earlier != 0 {
		err = tx.removeContents(earlier)
	}
	if err != nil {
		return fmt.Errorf("message %d before its first byte: %w", id, err)
	}
	return nil
}

// keep stores the contents of a message and returns the id under which they are,
// and that of those which they take the place of, 0 for none. Which of the two
// stay depends on whether the message may still change.
func (tx *Tx) keep(messageID int64, p *Prepared) (id, replaced int64, err error) {
	if err := p.Pack(); err != nil {
		return 0, 0, err
	}
	var earlier sql.NullInt64
	if err := tx.one(`SELECT contents_id FROM messages WHERE id = ?`, []any{messageID}, &earlier); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, 0, err
	}
	id, err = tx.insert(`INSERT INTO message_contents(contents) VALUES (?)`, p.packed)
	return id, earlier.Int64, err
}

// removeContents removes contents that no message has.
func (tx *Tx) removeContents(id int64) error {
	_, err := tx.exec(`DELETE FROM message_contents WHERE id = ?`, id)
	return err
}

func (tx *Tx) whyNotStreaming(id int64) error {
	var sending bool
	err := tx.one(`SELECT state = 'sending' FROM messages WHERE id = ?`, []any{id}, &sending)
	switch {
	case err == nil && sending:
		return ErrOvertaken
	case err == nil, errors.Is(err, sql.ErrNoRows):
		return ErrGone
	}
	return err
}

// Kept returns what Streaming kept of a message; its Contents are nil where the
// message never got that far, or their time is over.
func (tx *Tx) Kept(id int64) (Prepared, error) {
	var p Prepared
	var packed []byte
	err := tx.one(`SELECT m.subject, m.locale, k.contents FROM messages AS m
		LEFT JOIN message_contents AS k ON k.id = m.contents_id WHERE m.id = ?`, []any{id}, &p.Subject, &p.Locale, &packed)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("there is no message %d: %w", id, ErrNotFound)
	}
	if err == nil && packed != nil {
		p.Contents, err = unpack(packed)
	}
	if err != nil {
		return p, fmt.Errorf("reading the contents of message %d: %w", id, err)
	}
	return p, nil
}

// Returned puts the reminders of a message whose try ended without doubt back:
// into state due, or waiting with a reason until an instant (zero: until a
// person or a fact ends the wait). The message keeps its Message-ID for the
// next claim. What the server answered (deferred, sender_refused) counts as an
// attempt; a server that is away burns none.
func (tx *Tx) Returned(id int64, state renewal.State, reason renewal.Reason, until, now time.Time) error {
	attempts := 0
	if reason == renewal.Deferred || reason == renewal.SenderRefused {
		attempts = 1
	}
	n, err := tx.exec(`UPDATE messages SET state = 'returned', streaming_at = NULL, attempts = attempts + ?2
		WHERE id = ?1 AND state = 'sending'`, id, attempts)
	if err == nil && n == 0 {
		err = ErrGone
	}
	if err == nil {
		err = tx.settleReminders(id, state, reason, until, now)
	}
	if err != nil {
		return fmt.Errorf("putting message %d back: %w", id, err)
	}
	return nil
}

// Outcome is what came of a message.
type Outcome struct {
	// State is Sent, Failed or Uncertain.
	State renewal.State
	// Reply is what the server said.
	Reply string
	// Prepared is what was sent, where Streaming has not kept it already.
	Prepared Prepared
	// At is when the transport answered.
	At time.Time
	// LookKnown: the caller says, with ApplyDecisions after it, when to look at the
	// household again. Otherwise that is at once.
	LookKnown bool
}

// Record notes what came of a message that is sending and what that means for
// its reminders: sent with the reason due or released, failed with rejected,
// uncertain with in_doubt. A notice that failed and every message in doubt
// become tasks at once.
func (tx *Tx) Record(id int64, o Outcome) error {
	if err := tx.record(id, o); err != nil {
		return fmt.Errorf("recording what came of message %d: %w", id, err)
	}
	return nil
}

func (tx *Tx) record(id int64, o Outcome) error {
	contents, earlier := int64(0), int64(0)
	if o.Prepared.Contents != nil {
		var err error
		if contents, earlier, err = tx.keep(id, &o.Prepared); err != nil {
			return err
		}
	}
	sentAt, doubts := any(nil), 0
	switch o.State {
	case renewal.Sent:
		sentAt = renewal.FormatStamp(o.At)
	case renewal.Uncertain:
		doubts = 1
	case renewal.Failed:
	default:
		return fmt.Errorf("%q is no outcome", o.State)
	}
	n, err := tx.exec(`UPDATE messages SET state = ?2, sent_at = ?3, server_reply = ?4, subject = coalesce(?5, subject),
		locale = coalesce(?6, locale), sha256 = coalesce(?7, sha256), contents_id = coalesce(?9, contents_id),
		attempts = attempts + 1, doubts = doubts + ?8 WHERE id = ?1 AND state = 'sending'`,
		id, string(o.State), sentAt, o.Reply, textOrNull(o.Prepared.Subject), textOrNull(o.Prepared.Locale), textOrNull(o.Prepared.sum), doubts, idOrNull(contents))
	if err != nil {
		return err
	}
	if n == 0 {
		return errors.Join(ErrGone, tx.removeContents(contents))
	}
	if contents != 0 {
		if err := tx.removeContents(earlier); err != nil {
			return err
		}
	}
	reason := renewal.Reason("") // due or released, by reminder
	switch o.State {
	case renewal.Failed:
		reason = renewal.Rejected
	case renewal.Uncertain:
		reason = renewal.InDoubt
	}
	if err := tx.moveReminders(id, o.State, reason, time.Time{}, o.At); err != nil {
		return err
	}
	if !o.LookKnown {
		if err := tx.wakeHouseholdOf(id); err != nil {
			return err
		}
	}
	return tx.taskForOutcome(id, o.State, o.At)
}

// settleReminders moves the sending reminders of a message on, and wakes their
// household: what comes next may depend on it.
func (tx *Tx) settleReminders(id int64, state renewal.State, reason renewal.Reason, until, now time.Time) error {
	if err := tx.moveReminders(id, state, reason, until, now); err != nil {
		return err
	}
	return tx.wakeHouseholdOf(id)
}

// moveReminders gives the sending reminders of a message another state. An empty
// reason stands for due, or released where a person let the reminder go.
func (tx *Tx) moveReminders(id int64, state renewal.State, reason renewal.Reason, until, now time.Time) error {
	_, err := tx.exec(`UPDATE reminders SET state = ?2, until = ?4, decided_at = ?5,
		reason = CASE WHEN ?3 <> '' THEN ?3 WHEN burst = 3 THEN 'released' ELSE 'due' END
		WHERE message_id = ?1 AND state = 'sending'`,
		id, string(state), string(reason), stampOrNull(until), renewal.FormatStamp(now))
	return err
}

func (tx *Tx) wakeHouseholdOf(messageID int64) error {
	_, err := tx.exec(`UPDATE customers SET next_look_at = ?2 WHERE id = (SELECT customer_id FROM messages WHERE id = ?1)`, messageID, atOnce)
	return err
}
