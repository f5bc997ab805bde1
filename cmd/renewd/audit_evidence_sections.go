package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// causeSentences say for people how a term became known.
var causeSentences = map[string]string{
	renewal.CauseImport:   "a file said so",
	renewal.CauseEdit:     "typed in by staff or sent by another program",
	renewal.CausePayment:  "a payment renewed it",
	renewal.CauseRenewal:  "a renewal was recorded",
	renewal.CausePurchase: "a purchase opened it",
	renewal.CauseAssumed:  "it renewed by itself on its renewal date",
}

// stateSentences say for people what became of a message.
var stateSentences = map[string]string{
	"sent":      "accepted by the mail server",
	"failed":    "refused by the mail server",
	"uncertain": "not known: the try was interrupted",
	"returned":  "not sent: the last try ended without anything having left",
	"sending":   "on its way",
}

// summary is the evidence as people read it.
func (e *evidence) summary() *summary {
	ref := e.agreement.Ref
	missed := countMissed(e.notices)
	met := 0
	for _, l := range e.notices {
		if l.Verdict == windowMet {
			met++
		}
	}
	short := fmt.Sprintf("%s accepted by the mail server; of %s, %d left in time.",
		count(e.count(func(l evidenceLetter) bool { return l.State == "sent" }), "message was", "messages were"),
		count(len(e.notices), "notice", "notices"), met)
	if missed > 0 {
		short += fmt.Sprintf(" %s no proof of having left in time.", count(missed, "notice has", "notices have"))
	}
	return &summary{
		Title:    "Evidence about agreement " + ref,
		Business: e.business,
		Read:     e.stamp(e.at),
		Zone:     e.zone.String(),
		Short:    short,
		Proves: []string{
			"For each message marked as accepted, the record shows the exact bytes or their SHA-256 hash, the address they were sent to, " +
				"and when and with which reply the mail server of the sender took responsibility for them.",
			"It does not show that the message reached the mailbox or that anybody read it, and the record was kept by the business itself.",
		},
		Sections: []summaryPart{e.agreementSection(), e.customerSection(), e.termSection(), e.noticeSection(), e.letterSection(),
			e.eventSection(), e.decisionSection()},
	}
}

// stamp writes an instant on the business's clock with its distance from UTC;
// empty for none.
func (e *evidence) stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(e.zone).Format("2006-01-02 15:04:05 -07:00")
}

// stampOf is stamp for an instant as the database writes it.
func (e *evidence) stampOf(text string) string {
	t, err := renewal.ParseStamp(text)
	if err != nil {
		return text
	}
	return e.stamp(t)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func (e *evidence) agreementSection() summaryPart {
	a := e.agreement
	s := summaryPart{Title: "The agreement", Facts: true, Columns: []string{"", ""}}
	add := s.fact
	add("Agreement", a.Ref)
	add("Kind", a.Kind)
	if a.Product != nil {
		add("Product", strings.TrimSpace(a.Product.Ref+" "+a.Product.Name))
	}
	add("First day", a.StartsOn.String())
	add("Last day of the present term", a.EndsOn.String())
	add("Length of a term", a.TermLength().String())
	add("Renews by itself", yesNo(a.AutoRenew))
	cancelled := e.dossier.CancelledAt(a, e.at)
	if a.AutoRenew && !cancelled {
		add("Next renewal", a.RenewsOn().String())
		add("Last day to cancel", a.CancelBy().String())
	}
	add("Trial ends on", a.TrialEndsOn.String())
	if a.Price.Known() {
		add("Price", moneyWords(a.Price))
	}
	if a.NewPrice.Known() {
		add("New price", strings.TrimSpace(moneyWords(a.NewPrice)+" from "+a.NewPriceFrom.String()))
	}
	add("Cancelled on", a.CancelledOn.String())
	add("Cancelled", yesNo(cancelled))
	add("Cannot be used", a.BadData)
	return s
}

func (e *evidence) customerSection() summaryPart {
	s := summaryPart{Title: "The customer", Facts: true, Columns: []string{"", ""}}
	c := e.dossier.Customer(e.agreement.CustomerID)
	s.fact("Customer", c.Ref)
	s.fact("Name", c.Name)
	s.fact("E-mail address at present", c.Email)
	s.fact("Country and region", strings.TrimSpace(c.Country+" "+c.Region))
	s.fact("Language", c.Locale)
	s.fact("Time zone", c.TimeZone)
	s.fact("Customer since", c.Since.String())
	s.fact("Address came back as dead", e.stamp(e.dossier.BouncedAt))
	s.fact("Cannot be used", c.BadData)
	return s
}

func (e *evidence) termSection() summaryPart {
	s := summaryPart{Title: "Terms", Intro: "Every span that the agreement ever covered, in the order in which each came into force.",
		None:    "No term is recorded.",
		Columns: []string{"First day", "Last day", "How it became known", "Known since", "In force since", "Replaced the end"}}
	for _, t := range e.agreement.Terms {
		cause := causeSentences[t.Cause]
		if cause == "" {
			cause = t.Cause
		}
		s.row(t.StartsOn.String(), t.EndsOn.String(), cause, e.stamp(t.KnownAt), e.stamp(t.InForceAt), t.Replaced.String())
	}
	return s
}

// verdictSentences say for people what an audit found.
var verdictSentences = map[string]string{
	windowMet:     "left in time",
	windowOpen:    "its window is still open",
	windowMissed:  "GAP",
	windowEarlier: "not asked of renewd: before its time",
	windowVoid:    "not needed",
}

func (e *evidence) noticeSection() summaryPart {
	s := summaryPart{Title: "Notices", Intro: "Every notice with its window and the legal duties that it was for. Their dates are the customer's, first and last day included.",
		None:    "No notice was planned.",
		Columns: []string{"Term ends", "Rule", "Window opens", "Window closes", "Duties", "Verdict", "Left at", "The server's reply", "Message-ID", "SHA-256"}}
	for _, l := range e.notices {
		verdict := verdictSentences[l.Verdict]
		switch {
		case l.Why != "":
			verdict += ": " + l.Why
		case l.Verdict == windowVoid:
			verdict += ": " + reasonWords(renewal.Reason(l.Reason))
		}
		var duties []string
		for _, d := range l.Duties {
			words := fmt.Sprintf("%s (%s to %s)", d.ID, d.Opens, d.Closes)
			switch {
			case d.Met:
				words += " met"
			case l.Verdict == windowMissed:
				words += " not met"
			}
			duties = append(duties, words)
		}
		s.row(l.Term, strings.TrimSpace(l.Rule+" "+l.Step), e.stampOf(l.Window.Opens), e.stampOf(l.Window.Closes), strings.Join(duties, "; "), verdict,
			e.stampOf(l.SentAt), l.Reply, l.Message, l.SHA256)
	}
	return s
}

func (e *evidence) letterSection() summaryPart {
	s := summaryPart{Title: "Messages", Intro: "Every message about the agreement, of whatever class. Its file holds the bytes as they were handed to the mail server, and can be opened with any mail program.",
		None:    "No message was sent.",
		Columns: []string{"Left at", "To", "Subject", "Class", "Rule", "About", "What became of it", "The server's reply", "Message-ID", "SHA-256", "File"}}
	for _, l := range e.letters {
		became := stateSentences[l.State]
		if became == "" {
			became = l.State
		}
		when := e.stamp(l.SentAt)
		if when == "" {
			when = "not known to have left; tried at " + e.stamp(l.ClaimedAt)
		}
		s.row(when, l.To, l.Subject, string(l.Class), l.Rule, strings.Join(l.Agreements, ", "), became, l.Reply, l.RFC822ID, l.SHA256, "")
		last := &s.Rows[len(s.Rows)-1][len(s.Columns)-1]
		switch {
		case l.altered:
			last.Text, last.Link = l.file+" (its hash is NOT the one noted when it left: "+hashOf(l.Contents)+")", l.file
		case l.file != "":
			last.Text, last.Link = l.file, l.file
		case l.SHA256 != "":
			last.Text = "the bytes are past the time for which evidence is kept, and were removed; the hash remains"
		default:
			last.Text = "none: no byte left"
		}
	}
	return s
}

func (e *evidence) eventSection() summaryPart {
	s := summaryPart{Title: "Events", Intro: "Payments, cancellations, uses, complaints and the like; also those of the customer, and complaints, refusals and bounces " +
		"of others with the same address. When it happened, and when renewd first knew of it.",
		None:    "Nothing is recorded.",
		Columns: []string{"Happened at", "Received by renewd at", "What", "Who", "Agreement", "Amount", "Paid until", "Channel", "Note", "Source"}}
	for i := range e.dossier.Events {
		v := &e.dossier.Events[i]
		if !v.Concerns(e.agreement) && !holdsAll(v.Type) {
			continue
		}
		who, about, amount := "", "", ""
		if c := e.dossier.Customer(v.CustomerID); c != nil {
			who = c.Ref
		}
		if a := e.dossier.Agreement(v.AgreementID); a != nil {
			about = a.Ref
		}
		if v.Amount.Known() {
			amount = moneyWords(v.Amount)
		}
		what := string(v.Type)
		if v.Quantity != 0 {
			what += " × " + strconv.FormatInt(v.Quantity, 10)
		}
		s.row(e.stamp(v.At), e.stamp(v.StoredAt), what, who, about, amount, v.Until.String(), v.Channel, v.Note, strings.TrimSpace(v.Source+" "+v.SourceID))
	}
	return s
}

func (e *evidence) decisionSection() summaryPart {
	s := summaryPart{Title: "Decisions", Intro: "What was decided about every message, sent or not, and why.",
		None:    "Nothing was decided.",
		Columns: []string{"Decided at", "Term ends", "Rule", "Moment", "Class", "Due at", "Last moment", "State", "Reason"}}
	rows := slices.Clone(e.dossier.Reminders)
	slices.SortStableFunc(rows, func(a, b renewal.Reminder) int { return a.DecidedAt.Compare(b.DecidedAt) })
	for i := range rows {
		r := &rows[i]
		if r.AgreementID != e.agreement.ID {
			continue
		}
		reason := string(r.Reason)
		if words := reasonWords(r.Reason); words != reason {
			reason += ": " + words
		}
		s.row(e.stamp(r.DecidedAt), r.EndsOn.String(), r.Rule, r.Step, string(r.Class), e.stamp(r.DueAt), e.stamp(r.NotAfter), string(r.State), reason)
	}
	return s
}
