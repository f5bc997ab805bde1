package plan

import (
	"sort"
	"time"

	"renewd/internal/renewal"
)

// step is one moment of a rule for one term or event, with its row where there
// is one.
type step struct {
	rule     *renewal.Rule
	customer *renewal.Customer
	// agreement is nil for an event about a customer alone, event nil for the
	// steps of a term.
	agreement *renewal.Agreement
	event     *renewal.Event
	name      string
	class     renewal.Class
	side      renewal.Side
	zone      *time.Location
	// day is the date D, rank orders steps of equal D.
	day           renewal.Date
	rank          int
	due, notAfter time.Time
	// knownAt is when renewd first knew the term or the event.
	knownAt time.Time
	// standsFor is, for an after_use, the step that it brings forward.
	standsFor string
	// duties are those that a notice under duties meets; dedicated keeps it out of
	// any message with others.
	duties    []renewal.DutyWindow
	dedicated bool
	// template is the letter; unused: it, or a task, asks whether the agreement is
	// used at all.
	template string
	unused   bool
	// done: the step was sent for an end that has since been corrected.
	done bool
	// gone: its last moment was before renewd knew the term; it gets no row.
	gone bool
	// row is the reminder as decided so far; isNew while it has no row yet.
	row   renewal.Reminder
	isNew bool
	// touched is set once the row must be written.
	touched bool
}

// The order of steps of equal D: after_end counts as later than before_end,
// after_use as the latest.
const (
	rankBefore = iota
	rankAfter
	rankUse
)

// eventLife is how long after the event an event step may leave; useLife how
// long after its day an after_use may; lastAfter how long the last after_end.
var (
	eventLife = renewal.Days(7)
	useLife   = 7
	lastAfter = 14
)

// lastDay is how long before its last moment a notice stops waiting for
// sending hours: 24 hours of 3600 seconds.
const lastDay = 24 * time.Hour

// termSteps returns the steps that a rule has for the term in force of an
// agreement, in order of D.
func (w *work) termSteps(r *renewal.Rule, c *renewal.Customer, a *renewal.Agreement) []*step {
	term := a.InForce()
	base := step{
		rule: r, customer: c, agreement: a, class: r.Class, zone: w.d.ZoneOf(c.ID, w.set.Zone), knownAt: term.KnownAt,
		dedicated: r.Dedicated,
	}
	switch {
	case len(r.Duties) > 0:
		return w.dutySteps(base)
	case r.Notice != nil:
		return w.noticeSteps(base)
	}
	before := w.listSteps(base, r.BeforeEnd, false)
	after := w.listSteps(base, r.AfterEnd, true)
	steps := append(before, after...)
	if use := w.useStep(base, before); use != nil {
		steps = append(steps, use)
	}
	w.markDone(r, a, steps)
	sort.SliceStable(steps, func(i, j int) bool { return steps[i].earlier(steps[j]) })
	return steps
}

// earlier orders the steps of one rule and term by D, then rank.
func (s *step) earlier(o *step) bool {
	if s.day != o.day {
		return s.day < o.day
	}
	return s.rank < o.rank
}

// listSteps turns before_end or after_end into steps. Of periods that fall on
// the same date only the last written one exists.
func (w *work) listSteps(base step, periods []renewal.Period, after bool) []*step {
	ends := base.agreement.EndsOn
	steps := make([]*step, 0, len(periods)+1)
	for _, p := range periods {
		s := base
		if after {
			s.day, s.rank, s.side, s.name = ends.Add(p), rankAfter, renewal.AfterTheEnd, renewal.StepAfterEnd+p.String()
		} else {
			s.day, s.rank, s.side, s.name = ends.Sub(p), rankBefore, renewal.BeforeTheEnd, renewal.StepBeforeEnd+p.String()
		}
		replaced := false
		for i := range steps {
			if steps[i].day == s.day {
				steps[i], replaced = &s, true
			}
		}
		if !replaced {
			steps = append(steps, &s)
		}
	}
	sort.SliceStable(steps, func(i, j int) bool { return steps[i].day < steps[j].day })
	for i, s := range steps {
		switch {
		case i+1 < len(steps):
			s.notAfter = renewal.StartOf(steps[i+1].day, s.zone).Add(-time.Second)
		case after:
			s.notAfter = renewal.EndOf(s.day.AddDays(lastAfter), s.zone)
		default:
			s.notAfter = renewal.EndOf(ends, s.zone)
		}
		s.due = w.set.Hours.OpenFrom(s.day, s.zone)
		if s.due.IsZero() || s.due.After(s.notAfter) {
			if s.due = w.set.Hours.openBefore(s.day, s.zone); s.due.IsZero() {
				s.due = renewal.StartOf(s.day, s.zone)
			}
		}
	}
	return steps
}

// openOrStart is the due moment of a step that is never due before its day: the
// opening from the day on, or the start of the day where that is too late.
func (w *work) openOrStart(day renewal.Date, notAfter time.Time, zone *time.Location) time.Time {
	if open := w.set.Hours.OpenFrom(day, zone); !open.IsZero() && !open.After(notAfter) {
		return open
	}
	return renewal.StartOf(day, zone)
}

// useStep returns the step after_use that the latest use in the window causes,
// nil where there is none. before are the rule's before_end steps by D.
func (w *work) useStep(base step, before []*step) *step {
	r, a := base.rule, base.agreement
	if r.AfterUse == nil {
		return nil
	}
	s := base
	s.name, s.side, s.rank = renewal.StepAfterUse, renewal.BeforeTheEnd, rankUse
	if row := w.rows[s.key()]; row != nil && row.State.CountsAsSent() {
		// Sent: from now on no use changes anything in this term.
		s.day, s.due, s.notAfter, s.standsFor = row.OnDay, row.DueAt, row.NotAfter, row.StandsFor
		return &s
	}
	used := w.latestUse(a, a.EndsOn.Sub(r.AfterUse.From), a.EndsOn.Sub(r.AfterUse.Until), s.zone)
	if used.IsZero() {
		return nil
	}
	s.day = used.Add(r.AfterUse.Delay)
	s.notAfter = renewal.EndOf(s.day.AddDays(useLife), s.zone)
	if len(before) > 0 {
		i := sort.Search(len(before), func(i int) bool { return before[i].day > s.day })
		if i == len(before) {
			return nil
		}
		s.standsFor = before[i].name
		if last := before[i].due.Add(-time.Second); last.Before(s.notAfter) {
			s.notAfter = last
		}
	}
	if s.notAfter.Before(renewal.StartOf(s.day, s.zone)) {
		return nil
	}
	s.due = w.openOrStart(s.day, s.notAfter, s.zone)
	return &s
}

// latestUse returns the local date of the latest use up to now that concerns
// the agreement and lies between from and until, both included.
func (w *work) latestUse(a *renewal.Agreement, from, until renewal.Date, zone *time.Location) renewal.Date {
	var latest renewal.Date
	for i := range w.d.Events {
		e := &w.d.Events[i]
		if e.At.After(w.now) {
			break
		}
		if e.Type != renewal.Use || !e.Concerns(a) {
			continue
		}
		if day := renewal.LocalDate(e.At, zone); day >= from && day <= until && day > latest {
			latest = day
		}
	}
	return latest
}

// markDone marks the commercial steps that were sent for an end which has since
// moved by a correction: a corrected date is not a second reminder.
func (w *work) markDone(r *renewal.Rule, a *renewal.Agreement, steps []*step) {
	if r.Class != renewal.Commercial || len(a.Terms) < 2 {
		return
	}
	seen := map[renewal.Date]bool{}
	for t := a.InForce(); !seen[t.EndsOn]; {
		seen[t.EndsOn] = true
		if t.Replaced.IsZero() || renewal.CauseRenews(t.Cause) || !renewal.IsCorrection(t.Replaced, t.EndsOn, a.TermLength()) {
			return
		}
		for i := range w.d.Reminders {
			row := &w.d.Reminders[i]
			if row.AgreementID != a.ID || row.Rule != r.Name || row.EndsOn != t.Replaced || !row.State.CountsAsSent() {
				continue
			}
			for _, s := range steps {
				s.done = s.done || s.name == row.Step || s.name == row.StandsFor
			}
		}
		for _, earlier := range a.Terms {
			if earlier.EndsOn == t.Replaced {
				t = earlier
				break
			}
		}
	}
}

// key is the unique key of the step's reminder.
func (s *step) key() renewal.Key {
	k := renewal.Key{Rule: s.rule.Name, Step: s.name}
	switch {
	case s.agreement != nil:
		k.AgreementID = s.agreement.ID
	default:
		k.CustomerID = s.customer.ID
	}
	if s.event != nil {
		k.EventID = s.event.ID
	} else {
		k.EndsOn = s.agreement.EndsOn
	}
	return k
}
