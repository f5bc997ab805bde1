package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// The verdicts of an audit.
const (
	windowMet     = "met"             // sent within its window and those of its duties, with the bytes as proof
	windowOpen    = "open"            // still to come, or in doubt while it can still be sent again
	windowMissed  = "missed"          // went by without a provable notice
	windowEarlier = "before_our_time" // went by before renewd knew that a notice was due: no alarm
	windowVoid    = "not_needed"      // the term was renewed, corrected or cancelled first
)

// auditLine is one notice as programs read it.
type auditLine struct {
	Customer  string      `json:"customer"`
	Agreement string      `json:"agreement"`
	Term      string      `json:"term"`
	Rule      string      `json:"rule"`
	Step      string      `json:"step"`
	Window    auditWindow `json:"window"`
	Verdict   string      `json:"verdict"`
	State     string      `json:"state"`
	Reason    string      `json:"reason"`
	Message   string      `json:"message"`
	SentAt    string      `json:"sent_at,omitempty"`
	Reply     string      `json:"reply,omitempty"`
	SHA256    string      `json:"sha256,omitempty"`
	Duties    []auditDuty `json:"duties"`
	// Why says in words why there is a gap, empty where there is none.
	Why string `json:"why,omitempty"`
	// zone is the customer's, on whose calendar windows are.
	zone *time.Location
}

// auditWindow is a window by its first and last instant.
type auditWindow struct {
	Opens  string `json:"opens"`
	Closes string `json:"closes"`
}

// auditDuty is a legal duty with its window, by dates of the customer, and
// whether the message left within it.
type auditDuty struct {
	renewal.DutyWindow
	Met bool `json:"met"`
}

// words is the window by its first and last day.
func (w auditWindow) words(zone *time.Location) string {
	return timeIn(w.Opens, zone, time.DateOnly) + " to " + timeIn(w.Closes, zone, time.DateOnly)
}

// newAuditLine judges one notice at the instant now; business is the zone of
// customers without one.
func newAuditLine(n store.NoticeRecord, now time.Time, business *time.Location) auditLine {
	v := verdict(n, now, business)
	return auditLine{
		zone:     cmp.Or(n.Zone, business),
		Customer: n.Customer, Agreement: n.Agreement, Term: n.EndsOn.String(), Rule: n.Rule, Step: n.Step,
		Window:  auditWindow{renewal.FormatStamp(n.Opens), renewal.FormatStamp(n.Closes)},
		Verdict: v, State: string(n.State), Reason: string(n.Reason), Message: n.RFC822ID,
		SentAt: renewal.FormatStamp(n.SentAt), Reply: n.Reply, SHA256: n.SHA256,
		Duties: dutiesOf(n, business), Why: gapWords(n, v, business),
	}
}

// verdict judges one notice at the instant now.
func verdict(n store.NoticeRecord, now time.Time, business *time.Location) string {
	switch {
	case n.State == renewal.Sent && !n.SentAt.IsZero() && !n.SentAt.After(n.Closes) && unmetDuty(n, business) == "":
		return windowMet
	case n.State == neverPlanned && n.Reason == renewal.NoMatch, n.State == renewal.Skipped && n.Reason == renewal.BeforeOurTime:
		return windowEarlier
	case n.State == renewal.Skipped:
		switch n.Reason {
		case renewal.Renewed, renewal.Corrected, renewal.Cancelled, renewal.NoMatch:
			return windowVoid
		}
		return windowMissed
	case (n.State.Unsent() || n.State == renewal.Sending || n.State == renewal.Uncertain) && !now.After(n.Closes):
		return windowOpen
	}
	return windowMissed
}

// dutiesOf judges the duties of a notice.
func dutiesOf(n store.NoticeRecord, business *time.Location) []auditDuty {
	list := make([]auditDuty, 0, len(n.Duties))
	for _, w := range windowsOf(n.Duties) {
		list = append(list, auditDuty{w, dutyMet(n, w, business)})
	}
	return list
}

// dutyMet reports whether the message left within the window of a duty.
func dutyMet(n store.NoticeRecord, w renewal.DutyWindow, business *time.Location) bool {
	if n.State != renewal.Sent || n.SentAt.IsZero() {
		return false
	}
	zone := n.Zone
	if zone == nil {
		zone = business
	}
	left := renewal.LocalDate(n.SentAt, zone)
	return left >= w.Opens && left <= w.Closes
}

// unmetDuty names the first duty that the message does not meet, empty where it
// meets them all.
func unmetDuty(n store.NoticeRecord, business *time.Location) string {
	for _, w := range n.Duties {
		if !dutyMet(n, w, business) {
			return w.ID
		}
	}
	return ""
}

// doAudit lists every notice with its window and what became of it, or writes
// the evidence about one agreement.
func doAudit(ctx context.Context, s *Session, o AuditOptions) error {
	return withStore(ctx, s, true, func(c *Config, db *store.DB) error {
		if o.Evidence != "" {
			return writeEvidence(ctx, s, c, db, o.Evidence, o.Dir)
		}
		return audit(ctx, s, c, db, o)
	})
}

func audit(ctx context.Context, s *Session, c *Config, db *store.DB, o AuditOptions) error {
	now := present()
	filter := store.NoticeFilter{Agreement: o.Agreement, From: o.From, To: o.To}
	var lines []auditLine
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		lines, err = auditLines(tx, c, filter, now)
		return err
	})
	if err != nil {
		return err
	}
	if err := printAudit(s, c, lines, o.CSV); err != nil {
		return err
	}
	if missed := countMissed(lines); missed > 0 {
		return needsPerson("%s no proof of having left in time: tell those customers by other means", count(missed, "notice has", "notices have"))
	}
	if len(lines) > 0 || s.Out.JSON() || o.CSV {
		return nil
	}
	if filter != (store.NoticeFilter{}) {
		return s.Err.Line("There is no notice among those asked for.")
	}
	return s.Err.Line("There are no notices yet.")
}

// auditLines are the notices that a filter wants with their verdicts, and the
// terms that lack one, in order of agreement, term, rule and step.
func auditLines(tx *store.Tx, c *Config, f store.NoticeFilter, now time.Time) ([]auditLine, error) {
	if f.Agreement != "" {
		_, _, err := tx.AgreementByRef(f.Agreement)
		if errors.Is(err, store.ErrNotFound) {
			return nil, usageError("there is no agreement %q: write its ref as the agreements' file does", f.Agreement)
		}
		if err != nil {
			return nil, err
		}
	}
	var lines []auditLine
	add := func(n store.NoticeRecord) error {
		lines = append(lines, newAuditLine(n, now, c.Business.TimeZone))
		return nil
	}
	if err := tx.Notices(f, add); err != nil {
		return nil, err
	}
	if err := eachGap(tx, c, f, now, add); err != nil {
		return nil, err
	}
	slices.SortStableFunc(lines, func(a, b auditLine) int {
		return cmp.Or(cmp.Compare(a.Agreement, b.Agreement), cmp.Compare(a.Term, b.Term), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Step, b.Step))
	})
	return lines, nil
}

func countMissed(lines []auditLine) int {
	n := 0
	for _, l := range lines {
		if l.Verdict == windowMissed {
			n++
		}
	}
	return n
}

func printAudit(s *Session, c *Config, lines []auditLine, asCSV bool) error {
	if asCSV {
		return writeAuditCSV(s.Stdout(), lines)
	}
	zone := c.Business.TimeZone
	return PrintAll(s.Out, []Column[auditLine]{
		{Title: "AGREEMENT", Cell: func(l auditLine) string { return l.Agreement }},
		{Title: "TERM ENDS", Cell: func(l auditLine) string { return l.Term }},
		{Title: "RULE", Cell: func(l auditLine) string { return l.Rule }},
		{Title: "WINDOW", Cell: func(l auditLine) string { return l.Window.words(l.zone) }},
		{Title: "DUTIES", Cell: func(l auditLine) string { return l.dutyWords() }},
		{Title: "VERDICT", Cell: func(l auditLine) string {
			if l.Verdict == windowMet || l.Verdict == l.Reason {
				return l.Verdict
			}
			return strings.TrimSpace(l.Verdict + " " + l.Reason)
		}},
		{Title: "SENT", Solid: true, Cell: func(l auditLine) string { return localTime(l.SentAt, zone) }},
		{Title: "WHY", Below: true, Cell: func(l auditLine) string { return l.Why }},
	}, Items(lines))
}

// dutyWords lists the duties of a notice that has had its time with those that it
// does not meet marked.
func (l auditLine) dutyWords() string {
	words := make([]string, len(l.Duties))
	for i, d := range l.Duties {
		words[i] = d.ID
		if !d.Met && l.Verdict == windowMissed {
			words[i] += " (not met)"
		}
	}
	return strings.Join(words, ", ")
}
