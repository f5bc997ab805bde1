package store

import (
	"strings"
	"testing"

	"renewd/internal/renewal"
)

// TestFrequentQueriesUseIndexes: what runs in every pass must not grow with the
// size of the file.
func TestFrequentQueriesUseIndexes(t *testing.T) {
	db := newDB(t)
	queries := []string{
		oneHousehold, oneAgreements, oneTerms, oneEvents, oneReminders,
		`SELECT id, email_key FROM customers WHERE next_look_at <= ?1 ORDER BY next_look_at, id LIMIT ?2`,
		`SELECT min(next_look_at) FROM customers WHERE next_look_at IS NOT NULL`,
		`SELECT count(*) FROM reminders WHERE ` + unsentBurst,
		`SELECT id FROM reminders WHERE burst = 1 AND ` + unsent,
		`SELECT id FROM messages WHERE state = 'sending'`,
		`SELECT id FROM reminders WHERE state = 'due' ORDER BY due_at, id LIMIT 10`,
		`SELECT id FROM reminders WHERE message_id = ?1`,
		`SELECT id FROM events WHERE source = ? AND source_id = ?`,
		openCounts[renewal.Uncertain], openCounts[renewal.Failed],
	}
	for _, query := range queries {
		plan := rows(t, db, "EXPLAIN QUERY PLAN "+strings.NewReplacer("?1", "1", "?2", "1", "?", "1").Replace(query))
		if strings.Contains(plan, "SCAN ") || strings.Contains(plan, "TEMP B-TREE") && query != oneTerms {
			t.Errorf("%s:\n%s", query, strings.ReplaceAll(plan, ";", "\n"))
		}
	}
}

// TestOpenCountsUseIndexes: each state is counted from the index that has little
// more than its rows; whether those of one state come in order of their reason
// does not matter.
func TestOpenCountsUseIndexes(t *testing.T) {
	db := newDB(t)
	for state, index := range map[renewal.State]string{renewal.Due: "reminders_", renewal.Waiting: "reminders_open", renewal.Sending: "reminders_open",
		renewal.Uncertain: "COVERING INDEX reminders_unsettled", renewal.Failed: "COVERING INDEX reminders_unsettled"} {
		plan := rows(t, db, "EXPLAIN QUERY PLAN "+openCounts[state])
		if !strings.Contains(plan, index) {
			t.Errorf("%s: %s", state, plan)
		}
	}
}
