package store

import (
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// builder gathers the rows of one household into a dossier.
type builder struct {
	d     *renewal.Dossier
	asOf  time.Time
	limit string // asOf as the queries compare it
	dates []dateEvent
}

// dateEvent is an event that has a date and no time yet.
type dateEvent struct {
	index int
	date  renewal.Date
}

func newBuilder(asOf time.Time) *builder {
	b := &builder{d: &renewal.Dossier{}, asOf: asOf, limit: lastMoment}
	if !asOf.IsZero() {
		b.limit = renewal.FormatStamp(asOf)
	}
	return b
}

// isKnown reports whether something of the instant t counts.
func (b *builder) isKnown(t time.Time) bool { return b.asOf.IsZero() || !t.After(b.asOf) }

func (b *builder) customer(c customerRow) {
	var bad faults
	if c.bounced != "" {
		at, err := parseStamp(c.bounced)
		if d, dateErr := renewal.ParseDate(c.bounced); dateErr == nil {
			at, err = d.Time(), nil // any instant of that day will do
		}
		if err != nil {
			bad.add("suppressions.at", err)
			at = time.Unix(0, 0).UTC() // suppressed all the same
		}
		if b.isKnown(at) {
			b.d.BouncedAt = at
		}
	}
	if t := bad.stamp("messages.claimed_at", c.last); t.After(b.d.LastCommercialAt) {
		b.d.LastCommercialAt = t
	}
	c.BadData = joinBad(c.BadData, bad)
	b.d.Customers = append(b.d.Customers, c.Customer)
}

func (b *builder) agreement(a renewal.Agreement) {
	b.d.Agreements = append(b.d.Agreements, a)
}

func (b *builder) term(t termRow) {
	a := b.d.Agreement(t.agreementID)
	if a == nil {
		return
	}
	a.BadData = joinBad(a.BadData, t.bad)
	if !b.isKnown(t.KnownAt) {
		t.KnownAt, t.InForceAt = b.asOf, b.asOf
	}
	a.Terms = append(a.Terms, t.Term)
}

func (b *builder) event(e eventRow) {
	if len(e.at) == len("2027-03-01") {
		if d := e.bad.date("at", e.at); !d.IsZero() {
			b.dates = append(b.dates, dateEvent{index: len(b.d.Events), date: d})
		}
	} else {
		e.At = e.bad.stamp("at", e.at)
	}
	b.blame(e.CustomerID, fmt.Sprintf("event %d", e.ID), e.bad)
	b.d.Events = append(b.d.Events, e.Event)
}

func (b *builder) reminder(r reminderRow) {
	b.blame(r.CustomerID, fmt.Sprintf("reminder %d", r.ID), r.bad)
	b.d.Reminders = append(b.d.Reminders, r.Reminder)
}

// finish resolves the dates among the events, leaves out what lies after asOf
// and sorts everything.
func (b *builder) finish(business *time.Location) *renewal.Dossier {
	for _, de := range b.dates {
		e := &b.d.Events[de.index]
		e.At = renewal.StartOf(de.date, b.d.ZoneOf(e.CustomerID, business))
	}
	kept := b.d.Events[:0]
	for _, e := range b.d.Events {
		// An event without a usable instant is told by its customer's BadData.
		if !e.At.IsZero() && b.isKnown(e.At) {
			kept = append(kept, e)
		}
	}
	b.d.Events = kept
	b.d.Sort()
	return b.d
}

// blame adds what is wrong with a customer's event or reminder to the customer:
// it is the customer who is held.
func (b *builder) blame(customerID int64, what string, bad faults) {
	if c := b.d.Customer(customerID); c != nil && len(bad) > 0 {
		c.BadData = joinBad(c.BadData, faults{what + ", " + bad.String()})
	}
}

func joinBad(already string, bad faults) string {
	if already != "" && len(bad) > 0 {
		return already + "; " + bad.String()
	}
	return already + bad.String()
}
