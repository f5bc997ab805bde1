package store

import (
	"encoding/json"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// Pause says that nothing is claimed for the time being, because nobody's
// message would fare better. It is kept in the database, so that a restart
// tries no earlier, every program can show it, and `renewd release` can have the
// server tried at once.
type Pause struct {
	// Reason is server_away or sender_refused.
	Reason renewal.Reason `json:"reason"`
	// Since is when the trouble began, ProbeAt when one message is tried next.
	Since   time.Time `json:"since"`
	ProbeAt time.Time `json:"probe_at"`
	// Tries counts the tries that failed since the trouble began.
	Tries int `json:"tries"`
	// Text is what the transport said last.
	Text string `json:"text"`
}

// The keys of meta about what holds everything.
const (
	metaPause       = "pause"
	metaClockJumped = "clock_jumped"
)

// Pause returns the pause that is on, nil where there is none.
func (tx *Tx) Pause() (*Pause, error) {
	text, err := tx.Meta(metaPause)
	if err != nil || text == "" {
		return nil, err
	}
	p := &Pause{}
	if err := json.Unmarshal([]byte(text), p); err != nil {
		return nil, fmt.Errorf("the pause kept in the database: %w", err)
	}
	return p, nil
}

// SetPause begins a pause or puts it off.
func (tx *Tx) SetPause(p Pause) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("keeping a pause: %w", err)
	}
	return tx.SetMeta(metaPause, string(text))
}

// ProbeNow has the probe made at once, because a person asks for it: what waits
// for the pause is due again, and the pause stays until a message was accepted. It
// returns the pause, nil where none is on.
func (tx *Tx) ProbeNow(now time.Time) (*Pause, error) {
	p, err := tx.Pause()
	if err != nil || p == nil {
		return nil, err
	}
	p.ProbeAt = now
	if err := tx.SetPause(*p); err != nil {
		return nil, err
	}
	return p, tx.wakePaused(p.Reason, now)
}

// wakePaused makes due what waits for the reason of a pause, but for messages that
// the server refused alone.
func (tx *Tx) wakePaused(reason renewal.Reason, now time.Time) error {
	const which = `state = 'waiting' AND reason = ?1
		AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.id = message_id AND m.refusals > 0)`
	_, err := tx.exec(wakeOf+which+`)`, string(reason))
	if err == nil {
		_, err = tx.exec(`UPDATE reminders SET state = 'due', reason = 'due', until = NULL, decided_at = ?2 WHERE `+which,
			string(reason), renewal.FormatStamp(now))
	}
	if err != nil {
		return fmt.Errorf("waking what waits for the mail server: %w", err)
	}
	return nil
}

// PauseTopic is the topic of the task about a pause.
func PauseTopic(reason renewal.Reason) string { return string(reason) }

// EndPause ends the pause, if one is on: what waits for its reason is due again,
// but for messages that the server refused alone, and its task is closed. It
// reports whether there was one.
func (tx *Tx) EndPause(now time.Time) (bool, error) {
	p, err := tx.Pause()
	if err != nil || p == nil {
		return false, err
	}
	if err := tx.SetMeta(metaPause, ""); err != nil {
		return false, err
	}
	err = tx.wakePaused(p.Reason, now)
	if err == nil {
		_, err = tx.CloseTopic(PauseTopic(p.Reason), now)
	}
	if err != nil {
		return false, fmt.Errorf("ending a pause: %w", err)
	}
	return true, nil
}

// ClockJumped returns when the wall clock was found to have jumped; zero where it
// did not, or a person has released what was held.
func (tx *Tx) ClockJumped() (time.Time, error) {
	text, err := tx.Meta(metaClockJumped)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	return parseStamp(text)
}

// SetClockJumped notes that the wall clock jumped.
func (tx *Tx) SetClockJumped(now time.Time) error {
	return tx.SetMeta(metaClockJumped, renewal.FormatStamp(now))
}

// Suppress notes that nothing more goes to an address, because its mailbox does
// not exist, and wakes those whose it is. One that is suppressed already stays
// as it is.
func (tx *Tx) Suppress(address string, at time.Time) error {
	key := renewal.HouseholdKey(address)
	if key == "" {
		return nil
	}
	_, err := tx.exec(`INSERT INTO suppressions(address, reason, at) VALUES (?1, 'bounced', ?2) ON CONFLICT(address) DO NOTHING`,
		key, renewal.FormatStamp(at))
	if err != nil {
		return fmt.Errorf("suppressing an address: %w", err)
	}
	return nil
}

// mostRefusals is how often the server may refuse a commercial message alone
// before that is what it means.
const mostRefusals = 4

// Refused notes that the server refused a message that is sending for our sake
// (5.7.x): it waits until the instant given, and counts an attempt; blames tells
// that nobody's message would fare better. Where the server refused the same
// message before, and took others since, it may be this message that it does not
// want: then blames is false and the wait grows to four hours, so that it keeps
// nobody else back, and a commercial one has failed after four such times. A
// notice is tried to the end of its window.
func (tx *Tx) Refused(id int64, reply string, until, now time.Time) (blames bool, err error) {
	var alone bool
	var refusals int
	var class renewal.Class
	err = tx.one(`SELECT class, refusals, refused_at IS NOT NULL AND EXISTS (SELECT 1 FROM messages AS other WHERE other.sent_at > m.refused_at)
		FROM messages AS m WHERE id = ?`, []any{id}, &class, &refusals, &alone)
	if err != nil {
		return false, fmt.Errorf("message %d was refused: %w", id, err)
	}
	if alone {
		refusals++
		until = now.Add(min(time.Hour<<min(refusals, 2), 4*time.Hour))
	}
	if alone && refusals >= mostRefusals && class == renewal.Commercial {
		return false, tx.Record(id, Outcome{State: renewal.Failed, Reply: reply, At: now})
	}
	if err := tx.Returned(id, renewal.Waiting, renewal.SenderRefused, until, now); err != nil {
		return false, err
	}
	_, err = tx.exec(`UPDATE messages SET refused_at = coalesce(refused_at, ?2), refusals = ?3, server_reply = ?4 WHERE id = ?1`,
		id, renewal.FormatStamp(now), refusals, reply)
	if err != nil {
		return false, fmt.Errorf("message %d was refused: %w", id, err)
	}
	return !alone, nil
}
