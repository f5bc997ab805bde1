package plan

import (
	"slices"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/rulebook"
)

// dutySteps returns the notices that a rule has under legal duties for the term
// in force, in order of their day: the fewest that keep every window. What was
// sent, or ended for good, keeps the windows that its row names; a window that
// closed stands alone, so that it is missed by its own name while the others may
// still be kept.
func (w *work) dutySteps(base step) []*step {
	var steps []*step
	settled := map[string]bool{}
	for i := range w.d.Reminders {
		row := &w.d.Reminders[i]
		if row.AgreementID != base.agreement.ID || row.EndsOn != base.agreement.EndsOn || row.Rule != base.rule.Name ||
			row.State.Unsent() || row.State == renewal.Skipped && reopens(row.Reason) || len(row.Duties) == 0 {
			continue
		}
		s := base
		s.name, s.side, s.duties = row.Step, renewal.NoticeSide, row.Duties
		s.day, s.due, s.notAfter = renewal.LocalDate(row.DueAt, s.zone), row.DueAt, row.NotAfter
		for _, d := range row.Duties {
			settled[d.ID] = true
		}
		steps = append(steps, &s)
	}
	var open []rulebook.Window
	for _, window := range w.set.windows(base.rule, base.customer, base.agreement) {
		switch {
		case settled[window.Duty.ID]:
		case renewal.EndOf(window.Closes, base.zone).Before(w.now):
			one := rulebook.Send{Opens: window.Opens, Closes: window.Closes, Windows: []rulebook.Window{window}}
			steps = append(steps, w.dutyStep(base, one))
		default:
			open = append(open, window)
		}
	}
	for _, send := range rulebook.Fewest(open) {
		steps = append(steps, w.dutyStep(base, send))
	}
	slices.SortStableFunc(steps, func(a, b *step) int { return int(a.day) - int(b.day) })
	return steps
}

// dutyStep is one notice that keeps the windows of a send.
func (w *work) dutyStep(base step, send rulebook.Send) *step {
	s := base
	s.name = renewal.StepNotice + ":" + send.Windows[0].Duty.ID
	s.side, s.day, s.dedicated = renewal.NoticeSide, send.Opens, s.dedicated || send.Dedicated()
	for _, window := range send.Windows {
		s.duties = append(s.duties, renewal.DutyWindow{ID: window.Duty.ID, Opens: window.Opens, Closes: window.Closes})
	}
	s.notAfter = renewal.EndOf(send.Closes, s.zone)
	s.due = w.openOrStart(s.day, s.notAfter, s.zone)
	return &s
}

// windows are those that the duties of a rule open for the term in force of an
// agreement.
func (s *Settings) windows(r *renewal.Rule, c *renewal.Customer, a *renewal.Agreement) []rulebook.Window {
	subject := SubjectOf(c, a)
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
	if s.Book == nil {
		return nil
	}
	var send rulebook.Send
	for _, d := range duties {
		if duty := s.Book.Duty(d.ID); duty != nil {
			send.Windows = append(send.Windows, rulebook.Window{Duty: duty})
		}
	}
	return send.Content()
}

// SubjectOf is an agreement as legal duties see it.
func SubjectOf(c *renewal.Customer, a *renewal.Agreement) rulebook.Subject {
	s := rulebook.Subject{
		Country: c.Country, Region: c.Region, Kind: a.Kind, StartsOn: a.StartsOn, TermStartsOn: a.TermStart(),
		EndsOn: a.EndsOn, CancelBy: a.CancelBy(), Term: a.TermLength(), TrialEndsOn: a.TrialEndsOn, NewPriceFrom: a.NewPriceFrom,
	}
	for _, t := range a.Terms {
		if s.FirstEndsOn.IsZero() || t.EndsOn < s.FirstEndsOn {
			s.FirstEndsOn = t.EndsOn
		}
	}
	if s.TermStartsOn.IsZero() && s.Term.Set {
		s.TermStartsOn = a.RenewsOn().Sub(s.Term)
	}
	return s
}
