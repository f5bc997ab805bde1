package store

import (
	"database/sql"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// NoticeRecord is one notice of one term with what became of it: proof, or the
// lack of it.
type NoticeRecord struct {
	Customer, Agreement, Rule, Step string
	EndsOn                          renewal.Date
	// Opens and Closes are the first and the last moment of its window.
	Opens, Closes time.Time
	State         renewal.State
	Reason        renewal.Reason
	// Duties are the legal duties that it was planned for, nil where its rule
	// names none. Zone is the customer's, in which their dates are meant; nil
	// means the business's.
	Duties []renewal.DutyWindow
	Zone   *time.Location
	// RFC822ID, SentAt, Reply and SHA256 are those of its message; empty where
	// there is none.
	RFC822ID string
	SentAt   time.Time
	Reply    string
	SHA256   string
}

// NoticeFilter says which notices are wanted; its zero value wants all.
type NoticeFilter struct {
	// Agreement is the ref of the only agreement wanted.
	Agreement string
	// From and To bound the end of the term, both inclusive; zero means no bound.
	From, To renewal.Date
}

// Wants reports whether the end of a term lies within the filter's bounds.
func (f NoticeFilter) Wants(ends renewal.Date) bool {
	return (f.From.IsZero() || ends >= f.From) && (f.To.IsZero() || ends <= f.To)
}

// Notices gives the notices that a filter wants to visit, in order of agreement
// and term.
func (tx *Tx) Notices(f NoticeFilter, visit func(NoticeRecord) error) error {
	err := tx.query(`SELECT c.ref, c.time_zone, a.ref, r.rule, r.step, coalesce(r.ends_on, ''), r.due_at, r.not_after, r.state, r.reason, r.duties,
		coalesce(m.rfc822_id, ''), coalesce(m.sent_at, ''), coalesce(m.server_reply, ''), coalesce(m.sha256, '')
		FROM reminders AS r JOIN customers AS c ON c.id = r.customer_id JOIN agreements AS a ON a.id = r.agreement_id
		LEFT JOIN messages AS m ON m.id = r.message_id
		WHERE r.class = 'notice' AND (?1 IS NULL OR a.ref = ?1) ORDER BY a.ref, r.ends_on, r.rule, r.step`, func(rows *sql.Rows) error {
		n, err := tx.scanNotice(rows)
		if err != nil || !f.Wants(n.EndsOn) {
			return err
		}
		return visit(n)
	}, textOrNull(f.Agreement))
	if err != nil {
		return fmt.Errorf("reading the notices: %w", err)
	}
	return nil
}

func (tx *Tx) scanNotice(rows *sql.Rows) (n NoticeRecord, err error) {
	var zone, ends, opens, closes, duties, sent string
	err = rows.Scan(&n.Customer, &zone, &n.Agreement, &n.Rule, &n.Step, &ends, &opens, &closes, &n.State, &n.Reason, &duties,
		&n.RFC822ID, &sent, &n.Reply, &n.SHA256)
	if err != nil {
		return n, err
	}
	var bad faults
	n.EndsOn, n.Opens, n.Closes, n.SentAt = bad.date("ends_on", ends), bad.stamp("due_at", opens), bad.stamp("not_after", closes), bad.stamp("sent_at", sent)
	if n.Duties, err = readDuties(duties); err != nil {
		bad.add("duties", err)
	}
	if len(bad) > 0 {
		return n, fmt.Errorf("notice %s for %s: %s", n.Rule, n.Agreement, bad)
	}
	if zone != "" {
		// A zone that cannot be used holds the customer, and is told there.
		if n.Zone, err = tx.db.zones.load(zone); err != nil {
			n.Zone = nil
		}
	}
	return n, nil
}

// UnpaidAutoRenewals counts the auto-renewing agreements that are neither
// cancelled nor assumed to renew and for which no payment or renewal was ever
// recorded.
func (tx *Tx) UnpaidAutoRenewals() (int, error) {
	var n int
	err := tx.one(`SELECT count(*) FROM agreements AS a LEFT JOIN products AS p ON p.id = a.product_id
		WHERE a.auto_renew = 1 AND a.cancelled_on IS NULL AND coalesce(a.assume_renewal, p.assume_renewal, 0) = 0
		  AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.agreement_id = a.id AND e.type IN ('payment', 'renewal', 'cancel'))`, nil, &n)
	if err != nil {
		return 0, fmt.Errorf("counting auto-renewals without payments: %w", err)
	}
	return n, nil
}

// SentMessage is one message that the transport accepted.
type SentMessage struct {
	ID int64
	// Customer is the ref of the household's first customer.
	Customer string
	Class    renewal.Class
	Rule     string
	SentAt   time.Time
}

// SentMessages gives every accepted message to visit, in the order in which
// they left.
func (tx *Tx) SentMessages(visit func(SentMessage) error) error {
	err := tx.query(`SELECT m.id, c.ref, m.class, m.rule, m.sent_at FROM messages AS m JOIN customers AS c ON c.id = m.customer_id
		WHERE m.state = 'sent' ORDER BY m.sent_at, m.id`, func(rows *sql.Rows) error {
		var m SentMessage
		var sent string
		if err := rows.Scan(&m.ID, &m.Customer, &m.Class, &m.Rule, &sent); err != nil {
			return err
		}
		var err error
		if m.SentAt, err = parseStamp(sent); err != nil {
			return err
		}
		return visit(m)
	})
	if err != nil {
		return fmt.Errorf("reading the sent messages: %w", err)
	}
	return nil
}

// LearnedProducts counts the products whose life is to be learned from
// purchases.
func (tx *Tx) LearnedProducts() (int, error) {
	var n int
	if err := tx.one(`SELECT count(*) FROM products WHERE life = 'learned'`, nil, &n); err != nil {
		return 0, fmt.Errorf("counting products with a learned life: %w", err)
	}
	return n, nil
}
