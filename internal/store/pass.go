package store

import (
	"database/sql"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// RulesFollowed reports whether every household has been woken since the rules
// with this fingerprint came into force; where not, WakeChangedRules and
// WalkRules have something to do. It only reads.
func (tx *Tx) RulesFollowed(fingerprint string) (bool, error) {
	known, err := tx.Meta(metaRules)
	if err != nil || known != fingerprint {
		return false, err
	}
	walk, err := tx.Meta(metaRulesWalk)
	return walk == "", err
}

// claimOrder is the order in which classes leave.
var claimOrder = []renewal.Class{renewal.Notice, renewal.Transactional, renewal.Commercial}

// refusedBefore is whether the server refused the message of a reminder r before.
const refusedBefore = `EXISTS (SELECT 1 FROM messages AS m WHERE m.id = r.message_id AND m.refused_at IS NOT NULL)`

// ClaimableHouseholds returns one customer each of at most limit households that
// have a reminder in state due: notices first, then receipts, then commercial
// ones, and within a class the longest due first. What the server refused before
// comes after the others of its class and not together with any, only where
// refusedToo says so: what is refused again must not keep back the others.
func (tx *Tx) ClaimableHouseholds(limit int, refusedToo bool) ([]int64, error) {
	var ids []int64
	seenID, seenKey := map[int64]bool{}, map[string]bool{}
	for _, class := range claimOrder {
		for _, which := range []string{`NOT ` + refusedBefore, refusedBefore} {
			if len(ids) == limit || which == refusedBefore && (len(ids) > 0 || !refusedToo) {
				continue
			}
			// The index by name: statistics that somebody gathered must not talk
			// SQLite into sorting all that is due.
			err := tx.query(`SELECT r.customer_id, c.email_key FROM reminders AS r INDEXED BY reminders_due JOIN customers AS c ON c.id = r.customer_id
				WHERE r.state = 'due' AND r.class = ?1 AND `+which+` ORDER BY r.due_at, r.id LIMIT ?2`, func(rows *sql.Rows) error {
				var id int64
				var key string
				if err := rows.Scan(&id, &key); err != nil {
					return err
				}
				if !seenID[id] && (key == "" || !seenKey[key]) && len(ids) < limit {
					ids = append(ids, id)
				}
				seenID[id], seenKey[key] = true, true
				return nil
			}, string(class), limit)
			if err != nil {
				return nil, fmt.Errorf("looking for reminders to claim: %w", err)
			}
			if which == refusedBefore && len(ids) > 0 {
				return ids, nil
			}
		}
	}
	return ids, nil
}

// ClaimableProbe returns the customer whose reminder is to be the probe while
// sending is paused, none where nothing is due: first those whose message was
// never tried, so that one message which the server does not want cannot keep
// back all others.
func (tx *Tx) ClaimableProbe() ([]int64, error) {
	var ids []int64
	err := tx.query(`SELECT customer_id FROM (
		SELECT r.customer_id, r.id FROM reminders AS r INDEXED BY reminders_due
		 WHERE r.state = 'due' AND r.class IN ('notice', 'transactional', 'commercial') AND r.message_id IS NULL LIMIT 1)`,
		func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("looking for a reminder to probe with: %w", err)
	}
	if len(ids) == 0 {
		return tx.ClaimableHouseholds(1, true)
	}
	return ids, nil
}

// Zone returns the business's time zone.
func (tx *Tx) Zone() *time.Location { return tx.db.Zone() }
