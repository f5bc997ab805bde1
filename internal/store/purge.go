package store

import (
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// Keep says until when things are kept: what is older leaves. A zero instant
// keeps everything.
type Keep struct {
	// Notices and Commercial are about the bytes of messages sent: of notices and
	// receipts, and of commercial ones. The rows stay.
	Notices, Commercial time.Time
	// Events is about uses and clicks, of which nothing is decided any more. Other
	// events stay: they say why a term stands as it does, or that somebody does
	// not want to be written to.
	Events time.Time
}

// Purged counts what left.
type Purged struct{ Contents, Events int }

// purgeBatch is how many rows go in one transaction.
const purgeBatch = 2000

// Purge removes a little of what has had its time. more is true when there may
// be more to do, in a transaction of its own, so that others get their turn.
func (tx *Tx) Purge(keep Keep, before Purged) (after Purged, more bool, err error) {
	after = before
	for _, thin := range []struct {
		class string
		until time.Time
	}{{`class <> 'commercial'`, keep.Notices}, {`class = 'commercial'`, keep.Commercial}} {
		if thin.until.IsZero() {
			continue
		}
		n, err := tx.thin(`FROM messages WHERE sent_at < ?1 AND contents_id IS NOT NULL AND `+thin.class+` ORDER BY sent_at, id LIMIT ?2`, thin.until)
		if err != nil {
			return after, false, fmt.Errorf("thinning out the evidence: %w", err)
		}
		after.Contents += int(n)
		more = more || n == purgeBatch
	}
	if keep.Events.IsZero() {
		return after, more, nil
	}
	if err := tx.SetMeta("purging", "1"); err != nil { // see the trigger event_not_deleted
		return after, false, err
	}
	n, err := tx.exec(`DELETE FROM events WHERE id IN (
		SELECT e.id FROM events AS e WHERE e.type IN ('use', 'click') AND e.at < ?1
		  AND NOT EXISTS (SELECT 1 FROM reminders AS r WHERE r.event_id = e.id) LIMIT ?2)`,
		renewal.FormatStamp(keep.Events), purgeBatch)
	if err == nil {
		err = tx.SetMeta("purging", "")
	}
	if err != nil {
		return after, false, fmt.Errorf("removing old events: %w", err)
	}
	after.Events += int(n)
	return after, more || n == purgeBatch, nil
}

// thin removes the contents of some messages; the rows stay.
func (tx *Tx) thin(some string, until time.Time) (int64, error) {
	_, err := tx.exec(`DELETE FROM message_contents WHERE id IN (SELECT contents_id `+some+`)`, renewal.FormatStamp(until), purgeBatch)
	if err != nil {
		return 0, err
	}
	return tx.exec(`UPDATE messages SET contents_id = NULL WHERE id IN (SELECT id `+some+`)`, renewal.FormatStamp(until), purgeBatch)
}
