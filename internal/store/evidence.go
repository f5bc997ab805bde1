package store

import (
	"database/sql"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// MessageRecord is one message as the outbox knows it, with the bytes that left.
type MessageRecord struct {
	ID int64
	// RFC822ID is the Message-ID without angle brackets.
	RFC822ID        string
	To              string
	Class           renewal.Class
	Rule            string
	Template        string
	Locale, Subject string
	// State is sending, sent, failed, uncertain or returned (the last try ended
	// without doubt and nothing left).
	State string
	// ClaimedAt is when it was first claimed, and its Date header; StreamingAt
	// when the transport was about to get the first byte of the latest try, SentAt
	// when the transport accepted it. Both are zero where that never happened.
	ClaimedAt, StreamingAt, SentAt time.Time
	// Reply is what the server last said.
	Reply string
	// SHA256 is the hash, in hex, of the bytes that left; empty where none did.
	SHA256 string
	// Contents are those bytes, nil where they were never kept or their time is
	// over.
	Contents []byte
	// Agreements are the refs of all agreements that it is about, sorted.
	Agreements []string
}

// MessagesAbout returns every message for a reminder of an agreement, in order
// of claim.
func (tx *Tx) MessagesAbout(agreementID int64) ([]MessageRecord, error) {
	var list []MessageRecord
	err := tx.query(`SELECT m.id, m.rfc822_id, m.to_address, m.class, m.rule, m.template, m.locale, m.subject, m.state, m.claimed_at,
		coalesce(m.streaming_at, ''), coalesce(m.sent_at, ''), m.server_reply, m.sha256 FROM messages AS m
		WHERE m.id IN (SELECT r.message_id FROM reminders AS r
			WHERE r.customer_id = (SELECT customer_id FROM agreements WHERE id = ?1) AND r.agreement_id = ?1)
		ORDER BY m.claimed_at, m.id`, func(rows *sql.Rows) error {
		var m MessageRecord
		var claimed, streaming, sent string
		err := rows.Scan(&m.ID, &m.RFC822ID, &m.To, &m.Class, &m.Rule, &m.Template, &m.Locale, &m.Subject, &m.State, &claimed,
			&streaming, &sent, &m.Reply, &m.SHA256)
		if err != nil {
			return err
		}
		var bad faults
		m.ClaimedAt, m.StreamingAt, m.SentAt = bad.stamp("claimed_at", claimed), bad.stamp("streaming_at", streaming), bad.stamp("sent_at", sent)
		if len(bad) > 0 {
			return fmt.Errorf("message %s: %s", m.RFC822ID, bad)
		}
		list = append(list, m)
		return nil
	}, agreementID)
	for i := range list {
		if err == nil {
			err = tx.addEvidence(&list[i])
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the messages about agreement %d: %w", agreementID, err)
	}
	return list, nil
}

// addEvidence adds the bytes of a message and what it is about.
func (tx *Tx) addEvidence(m *MessageRecord) error {
	kept, err := tx.Kept(m.ID)
	if err != nil {
		return err
	}
	m.Contents = kept.Contents
	return tx.query(`SELECT DISTINCT a.ref FROM reminders AS r JOIN agreements AS a ON a.id = r.agreement_id
		WHERE r.message_id = ? ORDER BY a.ref`, func(rows *sql.Rows) error {
		var ref string
		err := rows.Scan(&ref)
		m.Agreements = append(m.Agreements, ref)
		return err
	}, m.ID)
}
