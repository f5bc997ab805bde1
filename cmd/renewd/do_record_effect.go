package main

import (
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// noEffect says why an event that was meant to change an agreement changed
// nothing, and what does; empty where it did, or where it is not meant to. The
// dossier is that after the event; before is its agreement as it was, nil where it
// names none.
func noEffect(d *renewal.Dossier, e *renewal.Event, before *renewal.Agreement, now time.Time, business *time.Location) string {
	if e.At.After(now) {
		return "" // not yet
	}
	a := d.Agreement(e.AgreementID)
	switch e.Type {
	case renewal.Payment, renewal.Renewal:
		if a == nil {
			return fmt.Sprintf("no end moved, because the %s names no agreement: %s", e.Type, remedy("REF"))
		}
		if before == nil || a.EndsOn != before.EndsOn {
			return ""
		}
		return fmt.Sprintf("the end of agreement %s did not move: %s", a.Ref, unmoved(d, e, a, business))
	case renewal.CancelWithdrawn:
		if a != nil && d.CancelledAt(a, now) {
			return fmt.Sprintf("agreement %s stays cancelled: its cancellation of %s is not before this withdrawal; record the withdrawal again with a later --at.",
				a.Ref, cancelledSince(d, a, now, business).In(business).Format(clock))
		}
	}
	return ""
}

// remedy is how the end of an agreement is moved in any case.
func remedy(ref string) string {
	return fmt.Sprintf("renewd record renewal --agreement %s --until D moves it.", ref)
}

// unmoved says why a payment or renewal left the end of its agreement where it
// was, and what to do. The cases are those in which renewal.Settle moves none.
func unmoved(d *renewal.Dossier, e *renewal.Event, a *renewal.Agreement, business *time.Location) string {
	_, hasTerm := a.NextEnd()
	switch {
	case a.BadData != "":
		return fmt.Sprintf("it waits until its data are put right: %s.", a.BadData)
	case !e.Until.IsZero():
		return fmt.Sprintf("%s is not later than %s, on which it ends; correct ends_on to move it back.", e.Until, a.EndsOn)
	case d.CancelledAt(a, e.At):
		return "it was cancelled by then; with --until the cancellation is taken back: " + remedy(a.Ref)
	case e.Type == renewal.Payment && !a.RenewsByPayment():
		return whyNoRenewal(a) + "; " + remedy(a.Ref)
	case !hasTerm:
		return "there is no term to move it by; give the agreement or its product one, or say the date: " + remedy(a.Ref)
	}
	from := a.EndsOn.AddDays(-renewal.Slack(a.EndsOn, a.TermLength()))
	if renewal.LocalDate(e.At, d.ZoneOf(a.CustomerID, business)) < from {
		return fmt.Sprintf("a %s before %s belongs to the term that stands; %s", e.Type, from, remedy(a.Ref))
	}
	return remedy(a.Ref)
}

// whyNoRenewal says why the payments of an agreement do not renew it.
func whyNoRenewal(a *renewal.Agreement) string {
	switch {
	case a.RenewsBy == renewal.RenewsByNone, a.RenewsBy == "" && a.Product != nil && a.Product.RenewsBy == renewal.RenewsByNone:
		return "renews_by is none, so a payment does not renew it"
	case a.Kind == renewal.KindContract:
		return "a contract is paid in instalments, so a payment does not renew it (unless renews_by is payment)"
	}
	return "it does not renew by itself, so a payment without --until does not renew it (unless renews_by is payment)"
}

// cancelledSince is the instant of the cancellation that stands: the latest, or
// the start of the day that was written down.
func cancelledSince(d *renewal.Dossier, a *renewal.Agreement, now time.Time, business *time.Location) time.Time {
	var at time.Time
	if !a.CancelledOn.IsZero() {
		at = renewal.StartOf(a.CancelledOn, d.ZoneOf(a.CustomerID, business))
	}
	for i := range d.Events {
		if e := &d.Events[i]; e.Type == renewal.Cancel && e.Concerns(a) && !e.At.After(now) && e.At.After(at) {
			at = e.At
		}
	}
	return at
}
