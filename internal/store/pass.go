package store

import (
	"database/sql"
	"fmt"
	"time"
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

// ClaimableHouseholds returns one customer each of at most limit households that
// have a reminder in state due, the longest due first.
func (tx *Tx) ClaimableHouseholds(limit int) ([]int64, error) {
	var ids []int64
	seenID, seenKey := map[int64]bool{}, map[string]bool{}
	err := tx.query(`SELECT r.customer_id, c.email_key FROM reminders AS r JOIN customers AS c ON c.id = r.customer_id
		WHERE r.state = 'due' ORDER BY r.due_at, r.id LIMIT ?`, func(rows *sql.Rows) error {
		var id int64
		var key string
		if err := rows.Scan(&id, &key); err != nil {
			return err
		}
		if !seenID[id] && (key == "" || !seenKey[key]) {
			ids = append(ids, id)
		}
		seenID[id], seenKey[key] = true, true
		return nil
	}, limit)
	if err != nil {
		return nil, fmt.Errorf("looking for reminders to claim: %w", err)
	}
	return ids, nil
}

// Zone returns the business's time zone.
func (tx *Tx) Zone() *time.Location { return tx.db.Zone() }
