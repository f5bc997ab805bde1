package renewal

import (
	"fmt"
	"time"
)

// pay applies a payment or a recorded renewal to its agreement.
func (s *Settlement) pay(d *Dossier, e *Event, now time.Time, business *time.Location) {
	a := d.Agreement(e.AgreementID)
	if a == nil {
		return
	}
	s.withdraw(d, e, business)
	term, ok := s.paidTerm(d, a, e, business)
	if !ok {
		return
	}
	term.KnownAt = knownSince(e, now)
	term.Cause = CausePayment
	if e.Type == Renewal {
		term.Cause = CauseRenewal
	}
	s.open(a, term)
	if e.Type == Payment {
		s.Renewals = append(s.Renewals, Event{
			ID: -e.ID, Type: Renewal, At: e.At, CustomerID: a.CustomerID, AgreementID: a.ID, Product: a.Product,
			Channel: e.Channel, Amount: e.Amount, Until: term.EndsOn, Source: RenewdSource,
			SourceID: fmt.Sprintf("payment:%d", e.ID), StoredAt: now, Settled: true,
		})
	}
}

// paidTerm returns the term that a payment opens by its local date, and
// false where the payment belongs to the term that stands.
func (s *Settlement) paidTerm(d *Dossier, a *Agreement, e *Event, business *time.Location) (Term, bool) {
	paid := LocalDate(e.At, d.ZoneOf(a.CustomerID, business))
	if !e.Until.IsZero() {
		return Term{StartsOn: a.RenewsOn(), EndsOn: e.Until}, e.Until > a.EndsOn
	}
	if e.Type == Payment && !a.RenewsByPayment() || d.cancelledWhenPaid(a, e, business) {
		return Term{}, false
	}
	length := a.TermLength()
	end, ok := a.NextEnd()
	if !ok {
		s.Warnings = append(s.Warnings, fmt.Sprintf(
			"the %s of %s for agreement %s is recorded, but moves no date: neither the agreement nor its product has a term",
			e.Type, paid, a.Ref))
		return Term{}, false
	}
	if paid < a.EndsOn.AddDays(-Slack(a.EndsOn, length)) {
		return Term{}, false
	}
	if paid > end {
		return Term{StartsOn: paid, EndsOn: paid.Add(length) - 1}, true
	}
	return Term{StartsOn: a.RenewsOn(), EndsOn: end}, true
}

// cancelledWhenPaid reports whether the agreement was cancelled at the instant of
// a payment.
func (d *Dossier) cancelledWhenPaid(a *Agreement, e *Event, business *time.Location) bool {
	return d.cancelledBefore(a, e, business) || d.CancelledByEvent(a, e.At)
}

// cancelledBefore reports whether the written CancelledOn was there before the
// event: its day had begun, or it was still to come when the event was stored
// and so can only have been announced before. One that lies between the event
// and its storing came after it.
func (d *Dossier) cancelledBefore(a *Agreement, e *Event, business *time.Location) bool {
	if a.CancelledOn.IsZero() {
		return false
	}
	from := StartOf(a.CancelledOn, d.ZoneOf(a.CustomerID, business))
	return from.Before(e.At) || from.After(e.At) && from.After(e.StoredAt)
}

// withdraw empties the written CancelledOn of the agreements that a withdrawal
// concerns, unless the cancellation is the later of the two; at a tie it stands.
func (s *Settlement) withdraw(d *Dossier, e *Event, business *time.Location) {
	if !withdraws(e) {
		return
	}
	for i := range d.Agreements {
		a := &d.Agreements[i]
		if e.Concerns(a) && d.cancelledBefore(a, e, business) {
			a.CancelledOn = 0
			s.Uncancelled = append(s.Uncancelled, a.ID)
		}
	}
}
