package main

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// A notice that is on its way or in doubt while its window is open is not yet
// missed.
func TestAuditOfNoticeUnderWay(t *testing.T) {
	closes := time.Date(2027, 3, 1, 22, 59, 59, 0, time.UTC)
	for _, state := range []renewal.State{renewal.Sending, renewal.Uncertain} {
		n := store.NoticeRecord{State: state, Closes: closes}
		if got := verdict(n, closes, time.UTC); got != windowOpen {
			t.Errorf("%s inside its window: %s", state, got)
		}
		if got := verdict(n, closes.Add(time.Second), time.UTC); got != windowMissed {
			t.Errorf("%s after its window: %s", state, got)
		}
	}
}

// TestAuditOfDuties: a duty is met from the first to the last day of its window on
// the customer's calendar, and a notice that leaves one unmet is a gap.
func TestAuditOfDuties(t *testing.T) {
	losAngeles, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	duties := []renewal.DutyWindow{
		{ID: "us-ca-renewal", Opens: mustDay(t, "2027-01-29"), Closes: mustDay(t, "2027-02-28")},
		{ID: "card", Opens: mustDay(t, "2027-02-10"), Closes: mustDay(t, "2027-03-02")},
	}
	closes := time.Date(2027, 3, 1, 7, 59, 59, 0, time.UTC) // the end of 28 February in California
	for _, c := range []struct {
		sent    string
		zone    *time.Location
		state   renewal.State
		met     string
		verdict string
		why     string
	}{
		{"2027-02-10T08:00:00Z", losAngeles, renewal.Sent, "us-ca-renewal card", windowMet, ""},
		{"2027-02-10T07:59:59Z", losAngeles, renewal.Sent, "us-ca-renewal", windowMissed, "it left outside the window of card"},
		{"2027-03-01T07:59:59Z", losAngeles, renewal.Sent, "us-ca-renewal card", windowMet, ""},
		{"2027-03-01T07:59:59Z", nil, renewal.Sent, "card", windowMissed, "it left outside the window of us-ca-renewal"},
		{"2027-03-01T08:00:00Z", losAngeles, renewal.Sent, "card", windowMissed, "it left after its window had closed"},
		{"", losAngeles, renewal.Uncertain, "", windowMissed, "the try was interrupted: whether the mail server accepted it is not known"},
		{"", losAngeles, renewal.Failed, "", windowMissed, "the mail server refused the recipient"},
		{"", losAngeles, renewal.Waiting, "", windowMissed, "its window closed while it waited: the mail server refused the recipient"},
		{"", losAngeles, renewal.Planned, "", windowMissed, "its window closed and renewd has not looked at it since"},
	} {
		n := store.NoticeRecord{State: c.state, Reason: renewal.Rejected, Closes: closes, Duties: duties, Zone: c.zone}
		if c.sent != "" {
			n.SentAt = mustStamp(t, c.sent)
		}
		line := newAuditLine(n, closes.AddDate(0, 1, 0), time.UTC)
		var met []string
		for _, d := range line.Duties {
			if d.Met {
				met = append(met, d.ID)
			}
		}
		if got := strings.Join(met, " "); got != c.met || line.Verdict != c.verdict || line.Why != c.why {
			t.Errorf("%s %s in %v: met %q, %s, %q; want %q, %s, %q", c.state, c.sent, c.zone, got, line.Verdict, line.Why, c.met, c.verdict, c.why)
		}
	}
}

// TestReasonsHaveWords: people read a sentence for every reason of the hub that a
// notice may have.
func TestReasonsHaveWords(t *testing.T) {
	for _, r := range []renewal.Reason{renewal.Renewed, renewal.Corrected, renewal.Cancelled, renewal.Erased, renewal.NoAddress,
		renewal.Bounced, renewal.Superseded, renewal.Missed, renewal.BeforeOurTime, renewal.NoMatch, renewal.OutsideHours, renewal.Burst,
		renewal.TemplateError, renewal.BadData, renewal.Copy, renewal.Deferred, renewal.ServerAway, renewal.SenderRefused,
		renewal.IsDue, renewal.Released, renewal.Rejected, renewal.InDoubt} {
		if words := reasonWords(r); words == string(r) || words == "" {
			t.Errorf("%s has no words", r)
		}
	}
}

// TestAuditSpreadsheet: RFC 4180, and no cell that a spreadsheet takes for a formula.
func TestAuditSpreadsheet(t *testing.T) {
	lines := []auditLine{
		{Agreement: `=HYPERLINK("http://x.example")`, Customer: "+1", Rule: "-2+3", Step: "@SUM(A1)", Reply: "250 ok,\r\nqueued \"x\"", Term: "2027-03-31",
			Verdict: windowMissed, Duties: []auditDuty{{DutyWindow: renewal.DutyWindow{ID: "us-ca-renewal", Opens: mustDay(t, "2027-01-29"), Closes: mustDay(t, "2027-02-28")}}}},
	}
	var out bytes.Buffer
	if err := writeAuditCSV(&out, lines); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Count(text, "\n") != 2 || strings.Count(text, "\r\n") != 2 {
		t.Errorf("two rows end in CRLF, and no other break is there:\n%q", text)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	for name, want := range map[string]string{"agreement": `'=HYPERLINK("http://x.example")`, "customer": "'+1", "rule": "'-2+3", "step": "'@SUM(A1)",
		"server_reply": `250 ok,  queued "x"`, "term_ends_on": "2027-03-31", "duties": "us-ca-renewal 2027-01-29 to 2027-02-28", "duties_not_met": "us-ca-renewal"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func mustDay(t *testing.T, text string) renewal.Date {
	t.Helper()
	day, err := renewal.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

func mustStamp(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := renewal.ParseStamp(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
