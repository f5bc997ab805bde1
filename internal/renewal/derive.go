package renewal

import (
	"fmt"
	"strings"
	"time"
)

// signUpSlack is how long after its first day an agreement may be stored for
// that to count as the sign-up.
const signUpSlack = 7

// derive draws events from the facts: an agreement that is stored about when it
// begins was signed up for, and an announced price is a price change. Each is
// drawn once; one that somebody recorded stands for it.
func (s *Settlement) derive(d *Dossier, now time.Time, business *time.Location, under Conditions) {
	if !under.SignUps && !under.PriceChanges {
		return
	}
	for i := range d.Agreements {
		a := &d.Agreements[i]
		if a.BadData != "" || a.Kind == KindGoods {
			continue
		}
		zone := d.ZoneOf(a.CustomerID, business)
		fresh := !a.StartsOn.IsZero() && !a.KnownAt.IsZero() && !a.KnownAt.After(now) && LocalDate(a.KnownAt, zone) <= a.StartsOn.AddDays(signUpSlack)
		if under.SignUps && fresh && !d.hasEvent(a.ID, SignUp) {
			s.draw(d, a, Event{Type: SignUp, At: a.KnownAt, SourceID: fmt.Sprintf("sign_up:%d", a.ID), StoredAt: now})
		}
		if under.PriceChanges && a.NewPriceFrom > LocalDate(now, zone) && a.NewPrice.Known() {
			if id, news := d.priceNews(a); news {
				s.draw(d, a, Event{Type: PriceChange, At: now, SourceID: id, StoredAt: now})
			}
		}
	}
	if len(s.Derived) > 0 {
		d.sortEvents()
	}
}

// draw adds an event about an agreement.
func (s *Settlement) draw(d *Dossier, a *Agreement, e Event) {
	e.ID = -1
	for i := range d.Events {
		e.ID = min(e.ID, d.Events[i].ID-1)
	}
	e.CustomerID, e.AgreementID, e.Product, e.Source, e.Settled = a.CustomerID, a.ID, a.Product, RenewdSource, true
	s.Derived = append(s.Derived, e)
	d.Events = append(d.Events, e)
}

// hasEvent reports whether there is an event of a type about an agreement.
func (d *Dossier) hasEvent(agreementID int64, of EventType) bool {
	for i := range d.Events {
		if d.Events[i].AgreementID == agreementID && d.Events[i].Type == of {
			return true
		}
	}
	return false
}

// priceNews reports whether the announced price is another than the one last drawn
// as an event, and the source id of the event that says so.
func (d *Dossier) priceNews(a *Agreement) (id string, news bool) {
	id = fmt.Sprintf("price_change:%d:%s:%d", a.ID, a.NewPriceFrom, a.NewPrice.Minor)
	last, before := "", 0
	for i := range d.Events {
		e := &d.Events[i]
		if e.AgreementID != a.ID || e.Type != PriceChange || e.Source != RenewdSource {
			continue
		}
		if last, _, _ = strings.Cut(e.SourceID, "#"); last == id {
			before++
		}
	}
	if last == id {
		return id, false
	}
	if before > 0 { // announced before, and again
		id = fmt.Sprintf("%s#%d", id, before+1)
	}
	return id, true
}
