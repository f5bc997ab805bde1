package test

import (
	"bytes"
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"renewd/internal/testkit"
)

// mostWait bounds every waiting: a machine under load takes its time, and what
// never comes is a failure.
const mostWait = 90 * time.Second

// rows returns the rows of a query, the columns parted by |.
func (f *studio) rows(query string) []string {
	f.t.Helper()
	out, err := rowsOf(f.t.Context(), f.db(), query)
	if err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
	return out
}

func rowsOf(ctx context.Context, path, query string) ([]string, error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	out := []string{}
	for rows.Next() {
		cells, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		var line []string
		for _, cell := range cells {
			line = append(line, cell.String)
		}
		out = append(out, strings.Join(line, "|"))
	}
	return out, rows.Err()
}

// intact has SQLite read the whole file.
func (f *studio) intact() {
	f.t.Helper()
	if verdict := strings.Join(f.rows("PRAGMA integrity_check"), "\n"); verdict != "ok" {
		f.t.Fatalf("the database is damaged:\n%s", verdict)
	}
	if orphans := f.rows("PRAGMA foreign_key_check"); len(orphans) > 0 {
		f.t.Errorf("rows without what they belong to: %v", orphans)
	}
}

// states are the states of the reminders by address; one whose message was never
// handed over, as the database sees it, is "sending, not begun".
func (f *studio) states() map[string]string {
	f.t.Helper()
	all := map[string]string{}
	for _, row := range f.rows(`SELECT c.email, r.state || CASE WHEN r.state = 'sending' AND m.streaming_at IS NULL AND m.doubts = 0 THEN ', not begun' ELSE '' END
		FROM reminders r JOIN customers c ON c.id = r.customer_id LEFT JOIN messages m ON m.id = r.message_id`) {
		email, state, _ := strings.Cut(row, "|")
		if all[email] != "" {
			f.t.Errorf("%s has two reminders", email)
		}
		all[email] = state
	}
	return all
}

// truth holds what the mail server accepted against what the database says:
// nothing commercial twice, a notice only as the same message again, and nothing
// that was accepted unsent. It returns how many reminders are in each state.
func (f *studio) truth() map[string]int {
	f.t.Helper()
	states := f.states()
	letters := map[string][]testkit.Letter{}
	for _, l := range f.sink.Accepted() {
		letters[l.To] = append(letters[l.To], l)
		if bytes.Contains(l.Raw, []byte("<no value>")) || bytes.Contains(l.Raw, []byte("{{")) {
			f.t.Errorf("a letter to %s is half made:\n%.900s", l.To, l.Raw)
		}
	}
	for email, all := range letters {
		for _, l := range all[1:] {
			if !isNotice(email) || l.MessageID != all[0].MessageID || l.Hash != all[0].Hash {
				f.t.Errorf("%s was written to twice: %s and %s", email, all[0].MessageID, l.MessageID)
			}
		}
		if states[email] == "" {
			f.t.Errorf("%s has a letter and no reminder", email)
		}
	}
	counts := map[string]int{}
	for email, state := range states {
		counts[state]++
		switch n := len(letters[email]); {
		case state == "sent" && n == 0:
			f.t.Errorf("the reminder of %s is sent, and no letter was accepted", email)
		case n > 0 && state != "sent" && state != "uncertain" && state != "sending":
			f.t.Errorf("the reminder of %s is %s, and a letter was accepted", email, state)
		}
	}
	return counts
}

// finished says that all n reminders are sent or in doubt, at most so many in
// doubt.
func (f *studio) finished(n, doubtful int) {
	f.t.Helper()
	counts := f.truth()
	if counts["sent"]+counts["uncertain"] != n || len(f.states()) != n || counts["uncertain"] > doubtful {
		f.t.Errorf("of %d reminders: %v, at most %d may be in doubt", n, counts, doubtful)
	}
}

// eventually waits for something that another process does.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	limit := time.NewTimer(mostWait)
	defer limit.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !happened() {
		select {
		case <-limit.C:
			t.Fatalf("%s: not within %v", what, mostWait)
		case <-t.Context().Done():
			t.Fatalf("%s: the test was ended", what)
		case <-look.C:
		}
	}
}
