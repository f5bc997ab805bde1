package main

import (
	"context"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// The verdicts of an audit.
const (
	windowMet     = "met"             // sent within its window, with the bytes as proof
	windowOpen    = "open"            // still to come, or in doubt while it can still be sent again
	windowMissed  = "missed"          // went by without a provable notice
	windowEarlier = "before_our_time" // went by before renewd knew the term: no alarm
	windowVoid    = "not_needed"      // the term was renewed, corrected or cancelled first
)

// auditLine is one notice as programs read it.
type auditLine struct {
	Customer  string      `json:"customer"`
	Agreement string      `json:"agreement"`
	Term      string      `json:"term"`
	Rule      string      `json:"rule"`
	Window    auditWindow `json:"window"`
	Verdict   string      `json:"verdict"`
	State     string      `json:"state"`
	Reason    string      `json:"reason"`
	Message   string      `json:"message"`
	SentAt    string      `json:"sent_at,omitempty"`
	Reply     string      `json:"reply,omitempty"`
	SHA256    string      `json:"sha256,omitempty"`
}

type auditWindow struct {
	Opens  string `json:"opens"`
	Closes string `json:"closes"`
}

// words is the window by its first and last day.
func (w auditWindow) words(zone *time.Location) string {
	return timeIn(w.Opens, zone, time.DateOnly) + " to " + timeIn(w.Closes, zone, time.DateOnly)
}

// verdict judges one notice at the instant now.
func verdict(n store.NoticeRecord, now time.Time) string {
	switch {
	case n.State == renewal.Sent && !n.SentAt.IsZero() && !n.SentAt.After(n.Closes):
		return windowMet
	case n.State == renewal.Skipped && n.Reason == renewal.BeforeOurTime:
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

// doAudit lists every notice with its window and what became of it.
func doAudit(ctx context.Context, s *Session) error {
	return withStore(ctx, s, true, func(c *Config, db *store.DB) error { return audit(ctx, s, c, db) })
}

func audit(ctx context.Context, s *Session, c *Config, db *store.DB) error {
	now := present()
	missed := 0
	var lines []auditLine
	err := db.Read(ctx, func(tx *store.Tx) error {
		return tx.Notices(func(n store.NoticeRecord) error {
			line := auditLine{Customer: n.Customer, Agreement: n.Agreement, Term: n.EndsOn.String(), Rule: n.Rule,
				Window:  auditWindow{renewal.FormatStamp(n.Opens), renewal.FormatStamp(n.Closes)},
				Verdict: verdict(n, now), State: string(n.State), Reason: string(n.Reason), Message: n.RFC822ID,
				SentAt: renewal.FormatStamp(n.SentAt), Reply: n.Reply, SHA256: n.SHA256}
			if line.Verdict == windowMissed {
				missed++
			}
			lines = append(lines, line)
			return nil
		})
	})
	if err != nil {
		return err
	}
	err = PrintAll(s.Out, []Column[auditLine]{
		{Title: "AGREEMENT", Cell: func(l auditLine) string { return l.Agreement }},
		{Title: "TERM ENDS", Cell: func(l auditLine) string { return l.Term }},
		{Title: "RULE", Cell: func(l auditLine) string { return l.Rule }},
		{Title: "WINDOW", Cell: func(l auditLine) string { return l.Window.words(c.Business.TimeZone) }},
		{Title: "VERDICT", Cell: func(l auditLine) string {
			if l.Verdict == windowMet || l.Verdict == l.Reason {
				return l.Verdict
			}
			return l.Verdict + " " + l.Reason
		}},
		{Title: "SENT", Solid: true, Cell: func(l auditLine) string { return localTime(l.SentAt, c.Business.TimeZone) }},
	}, Items(lines))
	if err != nil {
		return err
	}
	if missed > 0 {
		return needsPerson("%s no proof of having left in time: tell those customers by other means", count(missed, "notice has", "notices have"))
	}
	if len(lines) == 0 && !s.Out.JSON() {
		return s.Err.Line("There are no notices yet.")
	}
	return nil
}
