package plan

import (
	"time"

	"renewd/internal/renewal"
)

// eventSteps returns the steps of an `on` rule: one for each event of its type
// up to now and each agreement that the event concerns. Audience and
// cancellation are judged as they stand at the event's instant.
func (w *work) eventSteps(r *renewal.Rule) []*step {
	var steps []*step
	for i := range w.d.Events {
		e := &w.d.Events[i]
		if e.At.After(w.now) {
			break
		}
		if e.Type != r.On {
			continue
		}
		for _, a := range w.subjects(e) {
			c := w.d.Customer(e.CustomerID)
			if a != nil {
				c = w.d.Customer(a.CustomerID)
			}
			if c == nil || !w.set.matches(r, c, a, productOf(e, a), w.cancelledThen(a, e.At)) {
				continue
			}
			zone := w.d.ZoneOf(c.ID, w.set.Zone)
			steps = append(steps, &step{
				rule: r, customer: c, agreement: a, event: e, class: r.Class, zone: zone,
				name: renewal.StepOn + string(r.On), side: renewal.EventSide,
				due: e.At, notAfter: renewal.AddPeriod(e.At, eventLife, zone), knownAt: e.StoredAt,
			})
		}
	}
	return steps
}

// subjects returns the agreements that an event is about; a single nil stands
// for the customer alone.
func (w *work) subjects(e *renewal.Event) []*renewal.Agreement {
	if e.AgreementID != 0 {
		if a := w.d.Agreement(e.AgreementID); a != nil {
			return []*renewal.Agreement{a}
		}
		return nil
	}
	var about []*renewal.Agreement
	for i := range w.d.Agreements {
		a := &w.d.Agreements[i]
		switch e.Type {
		case renewal.Use, renewal.Cancel, renewal.CancelWithdrawn:
			if e.Concerns(a) {
				about = append(about, a)
			}
		case renewal.PurchaseEvent:
			if a.Kind == renewal.KindGoods && e.Product != nil && e.Concerns(a) {
				about = append(about, a)
			}
		}
	}
	if len(about) == 0 {
		about = append(about, nil)
	}
	return about
}

// productOf is the product that an event step is about.
func productOf(e *renewal.Event, a *renewal.Agreement) *renewal.Product {
	if e.Product != nil || a == nil {
		return e.Product
	}
	return a.Product
}

// cancelledThen reports whether the agreement was cancelled at the instant t.
func (w *work) cancelledThen(a *renewal.Agreement, t time.Time) bool {
	if a == nil {
		return false
	}
	day := renewal.LocalDate(t, w.d.ZoneOf(a.CustomerID, w.set.Zone))
	return !a.CancelledOn.IsZero() && a.CancelledOn <= day || w.d.CancelledByEvent(a, t)
}
