package test

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"renewd/internal/testkit"
)

// outcome is what the database says about the one reminder of an address.
type outcome struct {
	id                                 int64
	class, state, reason, mailID, hash string
	attempts, doubts                   int
}

// outcomes reads them all, by address.
func (w *workshop) outcomes() map[string]outcome {
	w.t.Helper()
	all := map[string]outcome{}
	w.query(`SELECT c.email, r.id, r.class, r.state, r.reason, coalesce(m.rfc822_id, ''), coalesce(m.sha256, ''),
			coalesce(m.attempts, 0), coalesce(m.doubts, 0)
		FROM reminders r JOIN customers c ON c.id = r.customer_id LEFT JOIN messages m ON m.id = r.message_id`, func(rows *sql.Rows) error {
		var email string
		var o outcome
		err := rows.Scan(&email, &o.id, &o.class, &o.state, &o.reason, &o.mailID, &o.hash, &o.attempts, &o.doubts)
		if _, twice := all[email]; twice {
			w.t.Errorf("%s has two reminders", email)
		}
		all[email] = o
		return err
	})
	return all
}

// judge holds the database against what the server accepted, which is the truth:
// every reminder came to an end, nobody got a commercial one twice, and whatever
// is said to be sent is what arrived. It returns the reminders in doubt, by
// address.
func (w *workshop) judge() map[string]outcome {
	w.t.Helper()
	arrived := map[string][]testkit.Letter{}
	for _, letter := range w.sink.Accepted() {
		arrived[letter.To] = append(arrived[letter.To], letter)
	}
	all := w.outcomes()
	if len(all) != w.customersSoFar {
		w.t.Errorf("%d reminders for %d customers", len(all), w.customersSoFar)
	}
	doubtful := map[string]outcome{}
	for email, o := range all {
		if fault := o.against(arrived[email]); fault != "" {
			w.t.Errorf("%s: %+v: %s", email, o, fault)
		}
		if o.state == "uncertain" {
			doubtful[email] = o
		}
		delete(arrived, email)
	}
	for email := range arrived {
		w.t.Errorf("%s got a letter without a reminder", email)
	}
	w.sound()
	w.query(`SELECT (SELECT count(*) FROM messages), (SELECT count(DISTINCT message_id) FROM reminders WHERE message_id IS NOT NULL),
			(SELECT count(*) FROM suppressions), (SELECT count(*) FROM tasks WHERE kind = 'uncertain')`, func(rows *sql.Rows) error {
		var messages, used, suppressed, tasks int
		err := rows.Scan(&messages, &used, &suppressed, &tasks)
		if messages != used {
			w.t.Errorf("%d messages were made for %d reminders: some have two Message-IDs", messages, used)
		}
		if suppressed != 0 {
			w.t.Errorf("%d addresses are suppressed", suppressed)
		}
		if tasks != len(doubtful) {
			w.t.Errorf("%d tasks about %d reminders in doubt", tasks, len(doubtful))
		}
		return err
	})
	return doubtful
}

// against says what is wrong with an outcome, given the letters that arrived;
// empty where nothing is.
func (o outcome) against(letters []testkit.Letter) string {
	for _, letter := range letters {
		if letter.MessageID != o.mailID || letter.Hash != letters[0].Hash {
			return "its letters are not one and the same message"
		}
		if hex.EncodeToString(letter.Hash[:]) != o.hash {
			return "other bytes arrived than were kept"
		}
	}
	switch {
	case o.state != "sent" && o.state != "uncertain":
		return "it has not come to an end"
	case o.class == "commercial" && len(letters) > 1:
		return fmt.Sprintf("%d letters arrived", len(letters))
	case o.state == "sent" && len(letters) == 0:
		return "nothing arrived"
	case len(letters) > 1+o.doubts:
		return fmt.Sprintf("%d letters arrived, and there were %d doubts", len(letters), o.doubts)
	}
	return ""
}

// sound asks SQLite whether the file is in order.
func (w *workshop) sound() {
	w.t.Helper()
	var faults []string
	w.query(`SELECT 'integrity: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'
		UNION ALL SELECT 'foreign key: ' || "table" || ' ' || rowid FROM pragma_foreign_key_check`, func(rows *sql.Rows) error {
		var fault string
		err := rows.Scan(&fault)
		faults = append(faults, fault)
		return err
	})
	if len(faults) > 0 {
		w.t.Errorf("the database is damaged:\n%s", strings.Join(faults, "\n"))
	}
}

// retry sends reminders in doubt again at a person's word, and judges anew: those
// that are no commercial ones have arrived after that.
func (w *workshop) retry(doubtful map[string]outcome) {
	w.t.Helper()
	if len(doubtful) == 0 {
		return
	}
	args := []string{"retry"}
	for _, o := range doubtful {
		args = append(args, strconv.FormatInt(o.id, 10))
	}
	slices.Sort(args[1:])
	before := w.sink.ByMessageID()
	w.renewd("0", args...)
	w.renewd("0 3", "run")
	now := w.outcomes()
	after := w.sink.ByMessageID()
	for email, o := range doubtful {
		if now[email].state != "sent" || now[email].mailID != o.mailID || after[o.mailID] != before[o.mailID]+1 {
			w.t.Errorf("%s: sent again it is %+v, with %d letters after %d", email, now[email], after[o.mailID], before[o.mailID])
		}
	}
}
