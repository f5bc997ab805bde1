package plan

import (
	"slices"
	"time"

	"renewd/internal/renewal"
)

// asksForUse reports whether a step is one before the end of an agreement that
// nobody used for as long as its rule says.
func (w *work) asksForUse(s *step) bool {
	return s.rule.Unused != nil && s.agreement != nil && (s.side == renewal.BeforeTheEnd || s.side == renewal.NoticeSide) &&
		w.set.unused(s.rule.Unused, w.d, s.agreement, w.now)
}

// unused reports whether nobody used an agreement for as long as u says. One that
// is younger than that is not judged.
func (s *Settings) unused(u *renewal.Unused, d *renewal.Dossier, a *renewal.Agreement, now time.Time) bool {
	zone := d.ZoneOf(a.CustomerID, s.Zone)
	from := renewal.LocalDate(now, zone).Sub(u.Since)
	began := a.StartsOn
	if began.IsZero() && !a.KnownAt.IsZero() {
		began = renewal.LocalDate(a.KnownAt, zone)
	}
	if began > from {
		return false
	}
	return !slices.ContainsFunc(d.Events, func(e renewal.Event) bool {
		return e.Type == renewal.Use && !e.At.After(now) && e.Concerns(a) && renewal.LocalDate(e.At, zone) >= from
	})
}

// holds reports whether some rule keeps the term in force of an agreement from
// rolling by itself at an instant: a notice that is owed did not leave, or nobody
// had used it by then or has since. freed: it was held, and something came since.
func (s *Settings) holds(at, now time.Time, d *renewal.Dossier, a *renewal.Agreement) (held, freed bool) {
	c := d.Customer(a.CustomerID)
	for i := range s.Rules {
		r := &s.Rules[i]
		if !r.HoldsRenewals() || c == nil || !s.matches(r, c, a, a.Product, false) {
			continue
		}
		if r.Unused != nil && r.Unused.Then == renewal.UnusedHold && s.unused(r.Unused, d, a, at) {
			held = held || s.unused(r.Unused, d, a, now)
			freed = true
		}
		if r.GivesNotice() && r.OnMissed == renewal.HoldRenewal {
			held = held || s.owesNotice(r, d, c, a)
			freed = freed || slices.ContainsFunc(d.Reminders, func(row renewal.Reminder) bool {
				return row.AgreementID == a.ID && row.EndsOn == a.EndsOn && row.Rule == r.Name && row.State.CountsAsSent() && row.DecidedAt.After(at)
			})
		}
	}
	return held, freed && !held
}

// owesNotice reports whether a notice of a rule about the term in force did not
// leave, unless its last moment was before renewd knew the term.
func (s *Settings) owesNotice(r *renewal.Rule, d *renewal.Dossier, c *renewal.Customer, a *renewal.Agreement) bool {
	zone, known := d.ZoneOf(c.ID, s.Zone), a.InForce().KnownAt
	owed := func(closes renewal.Date, given func(*renewal.Reminder) bool) bool {
		return !renewal.EndOf(closes, zone).Before(known) && !slices.ContainsFunc(d.Reminders, func(row renewal.Reminder) bool {
			return row.AgreementID == a.ID && row.EndsOn == a.EndsOn && row.Rule == r.Name && row.State.CountsAsSent() && given(&row)
		})
	}
	if r.Notice != nil {
		for _, day := range anchorDays(a, r.Notice.Anchor) {
			if owed(day.Sub(r.Notice.Latest), func(row *renewal.Reminder) bool {
				return row.Step == renewal.StepNotice || row.Step == renewal.StepNotice+":"+day.String()
			}) {
				return true
			}
		}
		return false
	}
	for _, window := range s.windows(r, c, a) {
		if owed(window.Closes, func(row *renewal.Reminder) bool {
			// One that left for another duty of a renewal did tell the customer.
			return keeps(row, &window, a, zone) || leftFor(row, &window, zone)
		}) {
			return true
		}
	}
	return false
}
