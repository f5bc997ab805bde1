package plan

import (
	"slices"
	"time"

	"renewd/internal/renewal"
)

// verdict is what a gate says about a step.
type verdict struct {
	// objects: the gate does not let the step pass.
	objects bool
	// until is the first instant at which the gate lets it pass; zero where
	// only a person or a new fact ends the wait.
	until time.Time
}

var (
	pass     = verdict{}
	objected = verdict{objects: true}
)

// ask wraps a condition as a verdict without an end.
func ask(objects bool) verdict { return verdict{objects: objects} }

// gate is one question that is asked before a reminder leaves.
type gate struct {
	reason renewal.Reason
	ask    func(w *work, s *step) verdict
}

// skipGates end a reminder, in the order in which they are asked. Renewed,
// corrected and cancelled come before all of them: see dropStale.
var skipGates = []gate{
	{renewal.Erased, func(w *work, s *step) verdict { return ask(s.customer.Erased) }},
	{renewal.NoAddress, func(w *work, s *step) verdict { return ask(renewal.HouseholdKey(s.customer.Email) == "") }},
	{renewal.Bounced, func(w *work, s *step) verdict {
		return ask(!w.d.BouncedAt.IsZero() && !w.d.BouncedAt.After(w.now))
	}},
	{renewal.Unsubscribed, func(w *work, s *step) verdict { return ask(s.commercial() && w.unsubscribed) }},
	{renewal.SpamReported, func(w *work, s *step) verdict { return ask(s.commercial() && w.spamReported) }},
}

// timeGates hold a reminder until a moment that time brings, in the order in
// which they are asked. (Only where there is no sending day, ever, do they hold
// it for good.)
var timeGates = []gate{
	{renewal.Complaint, (*work).askComplaint},
	{renewal.FrequencyCap, (*work).askCap},
	{renewal.OutsideHours, (*work).askHours},
}

// personGates hold a reminder until a person opens them, in the order in which
// they are asked; they come after timeGates.
var personGates = []gate{
	{renewal.Burst, (*work).askBurst},
	{renewal.TemplateError, (*work).askTemplate},
	{renewal.BadData, func(w *work, s *step) verdict { return ask(w.unusable[s.customer.ID]) }},
	{renewal.Copy, func(w *work, s *step) verdict { return ask(w.standing.Silent) }},
}

// whatHolds asks the gates that hold a reminder, in order. One that waits for a
// person already does not wait for the morning besides: its reason stays what
// it is overnight, and no look is spent on it every evening and every morning.
func (w *work) whatHolds(s *step) (renewal.Reason, verdict) {
	reason, v := w.firstObjection(timeGates, s)
	if !v.objects || reason == renewal.OutsideHours && s.waitsForPerson() {
		if r, held := w.firstObjection(personGates, s); held.objects {
			return r, held
		}
	}
	return reason, v
}

// waitsForPerson reports whether the step was last held by one of personGates.
func (s *step) waitsForPerson() bool {
	return s.row.State == renewal.Waiting &&
		slices.ContainsFunc(personGates, func(g gate) bool { return g.reason == s.row.Reason })
}

func (s *step) commercial() bool { return s.class == renewal.Commercial }

// askComplaint holds commercial mail while a complaint does; at exactly the end
// of the hold it may leave.
func (w *work) askComplaint(s *step) verdict {
	if s.commercial() && w.now.Before(w.complaintUntil) {
		return verdict{true, w.complaintUntil}
	}
	return pass
}

// askCap lets the next commercial message leave from the opening of the day
// that lies Cap after the local date of the last one.
func (w *work) askCap(s *step) verdict {
	if !s.commercial() || w.lastCommercial.IsZero() {
		return pass
	}
	day := renewal.LocalDate(w.lastCommercial, s.zone).Add(w.set.Cap)
	if until := w.set.Hours.OpenFrom(day, s.zone); until.IsZero() || w.now.Before(until) {
		return verdict{true, until}
	}
	return pass
}

// askHours keeps commercial mail and notices to sending hours; a notice no
// longer waits in its last 24 hours.
func (w *work) askHours(s *step) verdict {
	if s.class == renewal.Transactional {
		return pass
	}
	next := w.set.Hours.Next(w.now, s.zone)
	if next.Equal(w.now) {
		return pass
	}
	if s.class == renewal.Notice {
		last := s.notAfter.Add(-lastDay)
		if !w.now.Before(last) {
			return pass
		}
		if next.IsZero() || last.Before(next) {
			next = last
		}
	}
	return verdict{true, next}
}

// askBurst holds commercial reminders that were already due when first planned
// while there are too many of them, and everything after the clock jumped.
func (w *work) askBurst(s *step) verdict {
	if w.standing.ClockJumped && s.row.Burst != renewal.BurstReleased {
		return objected
	}
	return ask(s.commercial() && (s.row.Burst == renewal.BurstHeld || s.row.Burst == renewal.BurstCounted && w.standing.BurstOn))
}

// askTemplate holds a reminder whose letter does not render: an older version
// is not sent in its place.
func (w *work) askTemplate(s *step) verdict {
	if w.set.Broken == nil {
		return pass
	}
	return ask(w.set.Broken(s.template, w.locale, w.sober(s.class)) != nil)
}

// sober reports whether a message of this class takes the variant without
// offers: a notice while a complaint is open.
func (w *work) sober(class renewal.Class) bool {
	return class == renewal.Notice && w.now.Before(w.complaintUntil)
}

// firstObjection asks the gates in order.
func (w *work) firstObjection(gates []gate, s *step) (renewal.Reason, verdict) {
	for i := range gates {
		if v := gates[i].ask(w, s); v.objects {
			return gates[i].reason, v
		}
	}
	return "", pass
}
