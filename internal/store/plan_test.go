package store

import (
	"strings"
	"testing"
)

// TestFrequentQueriesUseIndexes: what runs in every pass must not grow with the
// size of the file.
func TestFrequentQueriesUseIndexes(t *testing.T) {
	db := newDB(t)
	for _, query := range []string{
		oneHousehold, oneAgreements, oneTerms, oneEvents, oneReminders,
		`SELECT id, email_key FROM customers WHERE next_look_at <= ?1 ORDER BY next_look_at, id LIMIT ?2`,
		`SELECT min(next_look_at) FROM customers WHERE next_look_at IS NOT NULL`,
		`SELECT count(*) FROM reminders WHERE ` + unsentBurst,
		`SELECT id FROM reminders WHERE burst = 1 AND ` + unsent,
		`SELECT id FROM messages WHERE state = 'sending'`,
		`SELECT id FROM reminders WHERE state = 'due' ORDER BY due_at, id LIMIT 10`,
		`SELECT id FROM reminders WHERE message_id = ?1`,
		`SELECT id FROM events WHERE source = ? AND source_id = ?`,
	} {
		plan := rows(t, db, "EXPLAIN QUERY PLAN "+strings.NewReplacer("?1", "1", "?2", "1", "?", "1").Replace(query))
		if strings.Contains(plan, "SCAN ") || strings.Contains(plan, "TEMP B-TREE") && query != oneTerms {
			t.Errorf("%s:\n%s", query, strings.ReplaceAll(plan, ";", "\n"))
		}
	}
}
