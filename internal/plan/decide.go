package plan

import (
	"slices"
	"time"

	"renewd/internal/renewal"
)

// Decide says what is to become of every reminder of a household at the instant
// now. The dossier must be settled up to now (Settle); it is not
// changed. Deciding twice at one instant changes nothing.
func Decide(now time.Time, set *Settings, standing Standing, d *renewal.Dossier) Outcome {
	if len(d.Customers) == 0 {
		return Outcome{}
	}
	w := newWork(now, set, standing, d)
	groups := w.allSteps()
	w.dropStale()
	for _, g := range groups {
		w.plan(g)
		w.lastMoments(g)
		w.supersede(g)
		w.skips(g)
		w.planNext(g)
	}
	w.messages(groups)
	w.badDataTasks()
	w.renewedTasks()
	w.finish(groups)
	return w.out
}

// work is one look at one household.
type work struct {
	now      time.Time
	set      *Settings
	standing Standing
	d        *renewal.Dossier
	// rows are the reminders there are, by key; claimed marks those that a step
	// of today's rules accounts for.
	rows    map[renewal.Key]*renewal.Reminder
	claimed map[renewal.Key]bool
	locale  string
	// What holds for the whole household at now.
	complaintUntil             time.Time
	unsubscribed, spamReported bool
	lastCommercial             time.Time
	// unusable are the customers of whom some fact cannot be used.
	unusable map[int64]bool
	out      Outcome
}

// group is the steps of one rule for one term (by D), or one event step.
type group struct {
	rule  *renewal.Rule
	steps []*step
}

func newWork(now time.Time, set *Settings, standing Standing, d *renewal.Dossier) *work {
	w := &work{now: now, set: set, standing: standing, d: d, locale: set.LocaleOf(&d.Customers[0]),
		lastCommercial: d.LastCommercialAt}
	w.rows = make(map[renewal.Key]*renewal.Reminder, len(d.Reminders))
	for i := range d.Reminders {
		w.rows[d.Reminders[i].Key()] = &d.Reminders[i]
	}
	w.claimed = make(map[renewal.Key]bool, len(d.Reminders))
	w.complaintUntil = set.complaintHold(d, now)
	w.unsubscribed, w.spamReported = refusals(d, now)
	w.unusable = unusable(d)
	return w
}

// look remembers that something can change at t.
func (w *work) look(t time.Time) {
	if t.After(w.now) && (w.out.NextLook.IsZero() || t.Before(w.out.NextLook)) {
		w.out.NextLook = t
	}
}

// allSteps lists the steps of every rule that matches, in order of the rules,
// with the rows that there are for them.
func (w *work) allSteps() []group {
	var groups []group
	for i := range w.set.Rules {
		r := &w.set.Rules[i]
		if r.On != "" {
			for _, s := range w.eventSteps(r) {
				groups = append(groups, group{r, []*step{s}})
			}
			continue
		}
		for j := range w.d.Agreements {
			a := &w.d.Agreements[j]
			c := w.d.Customer(a.CustomerID)
			if c == nil || a.EndsOn.IsZero() || !w.set.matches(r, c, a, a.Product, w.d.CancelledAt(a, w.now)) {
				continue
			}
			if steps := w.termSteps(r, c, a); len(steps) > 0 {
				groups = append(groups, group{r, steps})
			}
		}
	}
	for _, g := range groups {
		for _, s := range g.steps {
			w.attach(s)
			s.template = w.set.letterOf(g.rule, s.name, s.duties)
			if s.unused = w.asksForUse(s); s.unused && g.rule.Unused.Then != renewal.UnusedTask && s.template == g.rule.TemplateFor(s.name) {
				s.template = g.rule.Unused.Template
			}
		}
	}
	return groups
}

// attach gives a step its row, or a new one.
func (w *work) attach(s *step) {
	key := s.key()
	w.claimed[key] = true
	if row := w.rows[key]; row != nil {
		s.row = *row
		return
	}
	s.isNew = true
	s.row = renewal.Reminder{
		CustomerID: s.customer.ID, AgreementID: key.AgreementID, EventID: key.EventID, EndsOn: key.EndsOn,
		Rule: key.Rule, Step: key.Step, Class: s.class, State: renewal.Planned, PlannedAt: w.now,
	}
}

// setState gives a step's row a state; it is written only if something differs.
func (w *work) setState(s *step, state renewal.State, reason renewal.Reason, until time.Time) {
	if s.isNew || s.row.State != state || s.row.Reason != reason {
		s.row.DecidedAt = w.now
		s.touched = true
	}
	if !s.row.Until.Equal(until) {
		s.touched = true
	}
	s.row.State, s.row.Reason, s.row.Until = state, reason, until
}

func (w *work) skip(s *step, reason renewal.Reason) {
	w.setState(s, renewal.Skipped, reason, time.Time{})
}

// open reports whether the step may still leave by itself.
func (s *step) open() bool { return !s.done && !s.gone && s.row.State.Unsent() }

// dropStale skips the unsent reminders that no step of today accounts for: the
// term is no longer in force, the agreement is cancelled, or the rule or step
// is gone or no longer fits.
func (w *work) dropStale() {
	for i := range w.d.Reminders {
		row := w.d.Reminders[i]
		if !row.State.Unsent() || w.claimed[row.Key()] {
			continue
		}
		a := w.d.Agreement(row.AgreementID)
		row.State, row.Reason, row.Until, row.DecidedAt = renewal.Skipped, w.staleReason(&row, a), time.Time{}, w.now
		if row.Reason == renewal.BadData {
			if row.State = renewal.Waiting; w.d.Reminders[i].Reason == renewal.BadData {
				continue
			}
		}
		w.out.Changes = append(w.out.Changes, row)
	}
}

func (w *work) staleReason(row *renewal.Reminder, a *renewal.Agreement) renewal.Reason {
	if a == nil {
		return renewal.NoMatch
	}
	if a.BadData != "" {
		return renewal.BadData
	}
	if row.EventID == 0 && a.EndsOn != row.EndsOn {
		if a.EndsOn > row.EndsOn || renewal.CauseRenews(a.InForce().Cause) {
			return renewal.Renewed
		}
		return renewal.Corrected
	}
	for i := range w.set.Rules {
		r := &w.set.Rules[i]
		if r.Name == row.Rule && !r.Audience.TakesCancelled(true) && w.d.CancelledAt(a, w.now) {
			return renewal.Cancelled
		}
	}
	return renewal.NoMatch
}

// reopens reports whether a skip ends when its cause does.
func reopens(reason renewal.Reason) bool {
	switch reason {
	case renewal.Renewed, renewal.Corrected, renewal.Cancelled, renewal.NoMatch:
		return true
	}
	return false
}

// plan brings the rows of one group up to the facts: moments are moved, ended
// skips are taken back, and the next step gets its row ahead of time.
func (w *work) plan(g group) {
	for _, s := range g.steps {
		if s.done {
			if !s.isNew && s.row.State.Unsent() {
				w.skip(s, renewal.Superseded)
			}
			continue
		}
		newer := s.name == renewal.StepAfterUse && s.row.State == renewal.Skipped && s.day > s.row.OnDay
		switch {
		case s.commercialEventCancelled(w):
			if s.row.State.Unsent() {
				w.skip(s, renewal.Cancelled)
			}
		case s.row.State == renewal.Skipped && !s.isNew && (reopens(s.row.Reason) || newer) && (!w.now.After(s.notAfter) || s.class == renewal.Notice && s.event == nil):
			w.setState(s, renewal.Planned, "", time.Time{})
		}
		if !s.open() {
			continue
		}
		w.moments(s)
		if s.isNew && s.commercial() && !s.due.After(w.now) && !w.dailyBusiness(g, s) {
			s.row.Burst = renewal.BurstCounted
		}
	}
}

// dailyBusiness reports whether a step that is due at first sight is so in the
// course of things: its term was renewed under the present rules, or an earlier
// step of its rule was planned under them. Then it is neither a first import nor
// a changed rule, and nothing for the burst guard.
func (w *work) dailyBusiness(g group, s *step) bool {
	if s.event != nil {
		return false
	}
	term := s.agreement.InForce()
	if renewal.CauseRenews(term.Cause) && term.InForceAt.After(w.standing.RulesSince) {
		return true
	}
	return s.name != renewal.StepAfterUse && slices.ContainsFunc(g.steps, func(o *step) bool {
		return !o.isNew && o.name != renewal.StepAfterUse && !o.row.PlannedAt.Before(w.standing.RulesSince)
	})
}

// commercialEventCancelled: an event step was judged at its event's instant; a
// cancellation since then drops it all the same, unless it is transactional.
func (s *step) commercialEventCancelled(w *work) bool {
	return s.event != nil && s.commercial() && s.agreement != nil &&
		!s.rule.Audience.TakesCancelled(true) && w.d.CancelledAt(s.agreement, w.now)
}

// moments writes today's due and last moments into an open row.
func (w *work) moments(s *step) {
	r := &s.row
	if !r.DueAt.Equal(s.due) || !r.NotAfter.Equal(s.notAfter) || r.StandsFor != s.standsFor ||
		s.name == renewal.StepAfterUse && r.OnDay != s.day {
		s.touched = s.touched || !s.isNew
	}
	if !slices.Equal(r.Duties, s.duties) {
		s.touched = s.touched || !s.isNew
	}
	r.DueAt, r.NotAfter, r.StandsFor, r.Duties = s.due, s.notAfter, s.standsFor, s.duties
	if s.name == renewal.StepAfterUse {
		r.OnDay = s.day
	}
}

// planNext gives a row to the step that comes next, once none before it waits,
// and to an after_use whose day is still to come. It comes last, so that a step
// which was just dropped is not taken for the next.
func (w *work) planNext(g group) {
	var next time.Time
	for _, s := range g.steps {
		if s.open() && s.name != renewal.StepAfterUse && (next.IsZero() || s.due.Before(next)) {
			next = s.due
		}
	}
	for _, s := range g.steps {
		if !s.open() || !s.due.After(w.now) {
			continue
		}
		w.look(s.due)
		if !s.isNew || s.due.Equal(next) || s.name == renewal.StepAfterUse {
			w.setState(s, renewal.Planned, "", time.Time{})
		}
	}
}

// lastMoments skips the steps whose last moment went by.
func (w *work) lastMoments(g group) {
	for _, s := range g.steps {
		if !s.open() || !w.now.After(s.notAfter) {
			continue
		}
		reason := w.pastReason(s)
		if reason == renewal.BeforeOurTime && s.isNew && s.class != renewal.Notice {
			s.gone = true // no row: there was never anything to decide
			continue
		}
		w.skip(s, reason)
		if reason == renewal.Missed {
			w.missedTask(s)
		}
	}
}

// pastReason says why a step whose last moment went by was not sent: the first
// that fits.
func (w *work) pastReason(s *step) renewal.Reason {
	if s.event == nil && s.notAfter.Before(s.knownAt) {
		return renewal.BeforeOurTime
	}
	if s.event != nil && s.notAfter.Before(s.knownAt) {
		return renewal.TooLate
	}
	if reason, v := w.firstObjection(skipGates, s); v.objects {
		w.gateTask(s, reason)
		return reason
	}
	switch {
	case s.class == renewal.Notice:
		return renewal.Missed
	case s.row.State == renewal.Waiting:
		return s.row.Reason
	case s.row.State == renewal.Due && w.standing.Paused != "":
		return w.standing.Paused
	}
	return renewal.TooLate
}

// supersede keeps, of the steps of one rule and term that are due, only the
// latest; the earlier ones are skipped for good, even if that one never leaves.
func (w *work) supersede(g group) {
	if g.rule.GivesNotice() {
		return // each notice of a term is owed for itself
	}
	latest := -1
	for i, s := range g.steps {
		if s.hadItsTime(w.now) {
			latest = i
		}
	}
	for i, s := range g.steps {
		if i < latest && s.open() && !s.due.After(w.now) {
			w.skip(s, renewal.Superseded)
		}
		if s.name != renewal.StepAfterUse || !s.row.State.CountsAsSent() {
			continue
		}
		for _, other := range g.steps {
			// While it is under way the try may still end without a message; then
			// the step keeps its own date, unless that has come meanwhile.
			underWay := s.row.State == renewal.Sending && other.due.After(w.now)
			if other.name == s.standsFor && other.open() && !underWay {
				w.skip(other, renewal.Superseded)
			}
		}
	}
}

// hadItsTime reports whether a step is due, or left when it was, so that the
// earlier steps of its rule are things of the past.
func (s *step) hadItsTime(now time.Time) bool {
	if s.open() {
		return !s.due.After(now)
	}
	return s.done || s.row.State.CountsAsSent() || s.row.State == renewal.Failed
}

// skips asks the gates that end a reminder.
func (w *work) skips(g group) {
	for _, s := range g.steps {
		if !s.open() || s.due.After(w.now) {
			continue
		}
		if reason, v := w.firstObjection(skipGates, s); v.objects {
			w.skip(s, reason)
			w.gateTask(s, reason)
		}
	}
}

// finish collects what changed and when to look again.
func (w *work) finish(groups []group) {
	for _, g := range groups {
		for _, s := range g.steps {
			if s.touched {
				w.out.Changes = append(w.out.Changes, s.row)
			}
			if s.open() && !s.due.After(w.now) {
				w.look(s.notAfter.Add(time.Second))
			}
		}
	}
	w.look(renewal.NextSettle(w.d, w.now, w.set.Zone))
}
