package plan

import (
	"fmt"
	"slices"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/rulebook"
)

// dutySteps returns the notices that a rule has under legal duties for the term
// in force, in order of their day: the fewest that keep every window. What was
// sent, or ended for good, keeps the windows that its row names, as long as they
// stand; a window that closed stands alone, so that it is missed by its own name
// while the others may still be kept.
func (w *work) dutySteps(base step) []*step {
	final := w.finalNotices(base)
	taken := map[string]bool{}
	var steps []*step
	for _, row := range final {
		s := base
		s.name, s.side, s.duties = row.Step, renewal.NoticeSide, row.Duties
		s.day, s.due, s.notAfter = renewal.LocalDate(row.DueAt, s.zone), row.DueAt, row.NotAfter
		taken[row.Step] = true
		steps = append(steps, &s)
	}
	var open []rulebook.Window
	var sends []rulebook.Send
	for _, window := range w.set.windows(base.rule, base.customer, base.agreement) {
		switch {
		case slices.ContainsFunc(final, func(row *renewal.Reminder) bool { return keeps(row, &window, base.agreement, base.zone) }):
		case renewal.EndOf(window.Closes, base.zone).Before(w.now):
			sends = append(sends, rulebook.Send{Opens: window.Opens, Closes: window.Closes, Windows: []rulebook.Window{window}})
		default:
			open = append(open, window)
		}
	}
	for _, send := range append(sends, rulebook.Fewest(open)...) {
		steps = append(steps, w.dutyStep(base, send, taken))
	}
	slices.SortStableFunc(steps, func(a, b *step) int { return int(a.day) - int(b.day) })
	return steps
}

// finalNotices are the rows of a rule's notices about the term in force that left,
// or ended for good.
func (w *work) finalNotices(base step) (final []*renewal.Reminder) {
	for i := range w.d.Reminders {
		row := &w.d.Reminders[i]
		if row.AgreementID == base.agreement.ID && row.EndsOn == base.agreement.EndsOn && row.Rule == base.rule.Name &&
			renewal.SideOf(row.Step) == renewal.NoticeSide && !row.State.Unsent() && !(row.State == renewal.Skipped && reopens(row.Reason)) {
			final = append(final, row)
		}
	}
	return final
}

// keeps reports whether a notice that left, or ended, is that of a window: one of
// another date or price is news. A notice that the rule gave before it had duties
// does for the renewal in whose window it left.
func keeps(row *renewal.Reminder, w *rulebook.Window, a *renewal.Agreement, zone *time.Location) bool {
	if row.Step == renewal.StepNotice {
		return leftFor(row, w, zone)
	}
	return slices.ContainsFunc(row.Duties, func(d renewal.DutyWindow) bool {
		if d.On.IsZero() {
			return d.ID == w.Duty.ID && d.Closes == w.Closes
		}
		return d.ID == w.Duty.ID && d.On == w.On && d.About == about(w, a)
	})
}

// leftFor reports whether a row left within the window of a renewal.
func leftFor(row *renewal.Reminder, w *rulebook.Window, zone *time.Location) bool {
	left := renewal.LocalDate(row.DecidedAt, zone)
	return row.State.CountsAsSent() && w.Duty.Event == rulebook.EventRenewal && left >= w.Opens && left <= w.Closes
}

// about is what a notice for a window announces beside its date: the new price.
func about(w *rulebook.Window, a *renewal.Agreement) string {
	if w.Duty.Event != rulebook.EventPriceChange || !a.NewPrice.Known() {
		return ""
	}
	return fmt.Sprintf("%d %s", a.NewPrice.Minor, a.NewPrice.Currency)
}

// dutyStep is one notice that keeps the windows of a send, named after the first
// of its duties. Where that name is taken in this term, it says for which date
// this one is.
func (w *work) dutyStep(base step, send rulebook.Send, taken map[string]bool) *step {
	s := base
	first := &send.Windows[0]
	plain := renewal.StepNotice + ":" + first.Duty.ID
	dated := plain + ":" + first.On.String()
	s.name = plain
	for n := 1; taken[s.name] || w.triedForAnother(&s, first); n++ {
		if s.name = dated; n > 1 {
			s.name = fmt.Sprintf("%s:%d", dated, n)
		}
	}
	taken[s.name] = true
	s.side, s.day, s.dedicated = renewal.NoticeSide, send.Opens, s.dedicated || send.Dedicated()
	for i := range send.Windows {
		window := &send.Windows[i]
		s.duties = append(s.duties, renewal.DutyWindow{ID: window.Duty.ID, Opens: window.Opens, Closes: window.Closes,
			On: window.On, About: about(window, s.agreement)})
	}
	s.notAfter = renewal.EndOf(send.Closes, s.zone)
	s.due = w.openOrStart(s.day, s.notAfter, s.zone)
	return &s
}

// triedForAnother reports whether the row of a step's name was tried already, and
// for another window: what is kept of that letter must not leave for this one.
func (w *work) triedForAnother(s *step, window *rulebook.Window) bool {
	row := w.rows[s.key()]
	return row != nil && row.MessageID != 0 && !keeps(row, window, s.agreement, s.zone)
}

// The letters of duties that are not about a renewal.
const (
	trialLetter  = "trial-ending"
	priceLetter  = "price-change"
	yearlyLetter = "yearly-reminder"
)

// letterOf is the letter of a step of a rule: the rule's own, but for a notice
// whose duties are about something else than the renewal.
func (s *Settings) letterOf(r *renewal.Rule, step string, duties []renewal.DutyWindow) string {
	if s.Book == nil {
		return r.TemplateFor(step)
	}
	yearly := len(duties) > 0
	for _, d := range duties {
		duty := s.Book.Duty(d.ID)
		if duty == nil {
			return r.TemplateFor(step)
		}
		switch duty.Event {
		case rulebook.EventTrialEnd:
			return trialLetter
		case rulebook.EventPriceChange:
			return priceLetter
		}
		yearly = yearly && duty.Event == rulebook.EventAnnual
	}
	if yearly {
		return yearlyLetter
	}
	return r.TemplateFor(step)
}

// windows are those that the duties of a rule open for the term in force of an
// agreement; none where nothing renews by itself.
func (s *Settings) windows(r *renewal.Rule, c *renewal.Customer, a *renewal.Agreement) []rulebook.Window {
	if !a.AutoRenew {
		return nil
	}
	subject := subjectOf(c, a)
	return rulebook.Windows(s.Book.Select(r.Duties, subject), subject, s.Calendar)
}

// EachDuty gives every agreement of a household that a rule with duties is for,
// with the windows of its term in force, to visit.
func (s *Settings) EachDuty(now time.Time, d *renewal.Dossier, visit func(*renewal.Rule, *renewal.Customer, *renewal.Agreement, []rulebook.Window)) {
	for i := range s.Rules {
		r := &s.Rules[i]
		if len(r.Duties) == 0 {
			continue
		}
		for j := range d.Agreements {
			a := &d.Agreements[j]
			c := d.Customer(a.CustomerID)
			if c != nil && !a.EndsOn.IsZero() && s.matches(r, c, a, a.Product, d.CancelledAt(a, now)) {
				visit(r, c, a, s.windows(r, c, a))
			}
		}
	}
}

// Content lists the items of content that duties ask a letter for, each once, in
// the order of the rule books.
func (s *Settings) Content(duties []renewal.DutyWindow) []string {
	ids := make([]string, len(duties))
	for i, d := range duties {
		ids[i] = d.ID
	}
	return s.Book.Content(ids)
}

// subjectOf is an agreement as legal duties see it.
func subjectOf(c *renewal.Customer, a *renewal.Agreement) rulebook.Subject {
	return rulebook.Subject{
		Country: c.Country, Region: c.Region, Kind: a.Kind, StartsOn: a.StartsOn, FirstEndsOn: firstEnd(a), TermStartsOn: a.TermStart(),
		EndsOn: a.EndsOn, CancelBy: a.CancelBy(), Term: a.TermLength(), TrialEndsOn: a.TrialEndsOn, NewPriceFrom: a.NewPriceFrom,
	}
}

// firstEnd is the last day of an agreement's first term: the earliest that is
// known and was not put right since. One that renewd came to know only after a
// first term of the written length would have been over, or that misses that
// length by a correction, is measured by the written length.
func firstEnd(a *renewal.Agreement) renewal.Date {
	var first renewal.Term
	for i, t := range a.Terms {
		replaced := i+1 < len(a.Terms) && !renewal.CauseRenews(a.Terms[i+1].Cause) &&
			renewal.IsCorrection(t.EndsOn, a.Terms[i+1].EndsOn, a.TermLength())
		if !replaced && (first.EndsOn.IsZero() || t.EndsOn < first.EndsOn) {
			first = t
		}
	}
	length := a.TermLength()
	if a.StartsOn.IsZero() || length.IsZero() || first.EndsOn.IsZero() {
		return first.EndsOn
	}
	written := a.StartsOn.Add(length) - 1
	knownLate := !first.KnownAt.IsZero() && renewal.LocalDate(first.KnownAt, time.UTC) > written
	if first.EndsOn > written && knownLate || renewal.IsCorrection(first.EndsOn, written, length) {
		return written
	}
	return first.EndsOn
}
