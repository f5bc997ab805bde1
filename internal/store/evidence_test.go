package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"renewd/internal/renewal"
)

// someNotices adds three messages to someHouseholds: a notice for A1 and A2 as one
// message, one for A1 whose bytes had their time, one to somebody else.
const someNotices = `
	INSERT INTO messages(id, rfc822_id, customer_id, household, to_address, class, rule, template, subject, state, claimed_at, streaming_at, sent_at, server_reply, sha256, contents_id) VALUES
	  (1, 'late@x', 1, 'ann@family.example', 'ann@family.example', 'notice', 'told', 't', 'Soon', 'sent', '2027-03-01T08:00:00Z', '2027-03-01T08:00:01Z', '2027-03-01T08:00:02Z', '250 ok', 'abc', 1),
	  (2, 'early@x', 1, 'ann@family.example', 'ann@family.example', 'commercial', 'pass', 't', 'Pass', 'sent', '2026-03-01T08:00:00Z', '2026-03-01T08:00:01Z', '2026-03-01T08:00:02Z', '250', 'def', NULL),
	  (3, 'other@x', 4, 'dan@dan.example', 'dan@dan.example', 'notice', 'told', 't', 'Soon', 'failed', '2027-03-01T08:00:00Z', NULL, NULL, '550 no', '', NULL);
	INSERT INTO reminders(id, customer_id, agreement_id, rule, step, class, ends_on, due_at, not_after, state, reason, planned_at, decided_at, message_id, duties) VALUES
	  (1, 1, 1, 'told', 'notice:us-ca-renewal', 'notice', '2027-03-31', '2027-02-01T08:00:00Z', '2027-03-16T22:59:59Z', 'sent', 'due', '2026-04-02T08:00:00Z', '2027-03-01T08:00:00Z', 1,
	    '[{"id":"us-ca-renewal","opens":"2027-01-29","closes":"2027-03-01"}]'),
	  (2, 2, 2, 'told', 'notice', 'notice', '2027-03-31', '2027-02-01T08:00:00Z', '2027-03-16T22:59:59Z', 'sent', 'due', '2026-04-02T08:00:00Z', '2027-03-01T08:00:00Z', 1, '[]'),
	  (3, 1, 1, 'pass', 'before_end:P30D', 'commercial', '2026-03-31', '2026-03-01T08:00:00Z', '2026-03-31T22:59:59Z', 'sent', 'due', '2026-02-02T08:00:00Z', '2026-03-01T08:00:00Z', 2, '[]'),
	  (4, 4, 3, 'told', 'notice', 'notice', '2027-06-30', '2027-05-01T08:00:00Z', '2027-06-16T22:59:59Z', 'failed', 'rejected', '2026-04-02T08:00:00Z', '2027-03-01T08:00:00Z', 3, '[]');`

func TestMessagesAbout(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, someNotices)
	packed, _, err := pack([]byte("Subject: Soon\r\n\r\nHello"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, db, func(tx *Tx) error {
		_, err := tx.exec(`INSERT INTO message_contents(id, contents) VALUES (1, ?)`, packed)
		return err
	})
	for agreement, want := range map[int64]string{
		1: "early@x sent [A1] false, late@x sent [A1 A2] true", // in order of time; the bytes of the first had their time
		2: "late@x sent [A1 A2] true",
		3: "other@x failed [A3] false",
		9: "",
	} {
		var got []string
		read(t, db, func(tx *Tx) error {
			list, err := tx.MessagesAbout(agreement)
			for _, m := range list {
				got = append(got, fmt.Sprintf("%s %s %v %t", m.RFC822ID, m.State, m.Agreements, string(m.Contents) == "Subject: Soon\r\n\r\nHello"))
			}
			return err
		})
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("agreement %d: %s\nwant %s", agreement, text, want)
		}
	}
	read(t, db, func(tx *Tx) error {
		list, err := tx.MessagesAbout(3)
		if err != nil {
			return err
		}
		want := MessageRecord{ID: 3, RFC822ID: "other@x", To: "dan@dan.example", Class: renewal.Notice, Rule: "told", Template: "t", Subject: "Soon",
			State: "failed", ClaimedAt: instant("2027-03-01T08:00:00Z"), Reply: "550 no", Agreements: []string{"A3"}}
		if diff := cmp.Diff([]MessageRecord{want}, list); diff != "" {
			t.Error(diff)
		}
		return nil
	})
}

func TestNoticesAsked(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, someNotices)
	ask := func(f NoticeFilter) (found []NoticeRecord) {
		read(t, db, func(tx *Tx) error {
			return tx.Notices(f, func(n NoticeRecord) error {
				found = append(found, n)
				return nil
			})
		})
		return found
	}
	for _, c := range []struct {
		agreement, from, to, want string
	}{
		{"", "", "", "A1 A2 A3"},
		{"A2", "", "", "A2"},
		{"A9", "", "", ""},
		{"", "2027-04-01", "", "A3"},
		{"", "2027-03-31", "2027-03-31", "A1 A2"},
		{"A1", "2027-04-01", "", ""},
	} {
		f := NoticeFilter{Agreement: c.agreement}
		if c.from != "" {
			f.From = day(c.from)
		}
		if c.to != "" {
			f.To = day(c.to)
		}
		var got []string
		for _, n := range ask(f) {
			got = append(got, n.Agreement)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%+v: %s, want %s", c, text, c.want)
		}
	}
	first := ask(NoticeFilter{Agreement: "A1"})[0]
	if want := []renewal.DutyWindow{{ID: "us-ca-renewal", Opens: day("2027-01-29"), Closes: day("2027-03-01")}}; !cmp.Equal(first.Duties, want) {
		t.Errorf("duties: %v", first.Duties)
	}
	if first.Zone == nil || first.Zone.String() != "Europe/Paris" || first.SHA256 != "abc" || first.Reply != "250 ok" {
		t.Errorf("got %+v", first)
	}
	// A zone that cannot be used is told elsewhere, a list of duties here.
	run(t, db, `UPDATE customers SET time_zone = 'Nowhere/At_All' WHERE id = 1`)
	if n := ask(NoticeFilter{Agreement: "A1"})[0]; n.Zone != nil {
		t.Errorf("zone %v", n.Zone)
	}
	run(t, db, `UPDATE reminders SET duties = 'x' WHERE id = 1`)
	err := db.Read(t.Context(), func(tx *Tx) error {
		return tx.Notices(NoticeFilter{}, func(NoticeRecord) error { return nil })
	})
	if err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "notice told for A1: duties") {
		t.Errorf("a list of duties that is none: %v", err)
	}
}
