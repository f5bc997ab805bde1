package compose

import (
	"slices"
	"time"

	"renewd/internal/renewal"
)

// This file has what the letters around an automatic renewal ask for: the trial
// before the first charge, a price that changes, and the exact moment of an event.

// AutoRenews reports whether any of the letter's agreements renews by itself.
func (d Data) AutoRenews() bool {
	return slices.ContainsFunc(d.Agreements, func(a Agreement) bool { return a.AutoRenew })
}

// Wants reports whether a legal duty that this letter meets asks for an item of
// content, such as "boxed_deadline".
func (a Agreement) Wants(item string) bool { return slices.Contains(a.Must, item) }

// FirstChargeOn is the day on which a trial turns into a paid term: the day after
// TrialEndsOn, else the renewal date.
func (a Agreement) FirstChargeOn() renewal.Date {
	if a.TrialEndsOn.IsZero() {
		return a.RenewsOn
	}
	return a.TrialEndsOn + 1
}

// FirstCharge is what is charged on FirstChargeOn: the new price where it holds by
// then, else the price; nil where that is not known.
func (a Agreement) FirstCharge() *renewal.Money {
	if a.NewPrice != nil && a.NewPriceFrom <= a.FirstChargeOn() {
		return a.NewPrice
	}
	return a.Price
}

// TrialCancelBy is the last day on which a cancellation still stops the first
// charge: the trial's last day, or CancelBy where the trial is the whole term and
// its notice period ends earlier.
func (a Agreement) TrialCancelBy() renewal.Date {
	if a.TrialEndsOn.IsZero() || a.TrialEndsOn == a.EndsOn {
		return a.CancelBy
	}
	return a.TrialEndsOn
}

// longestWait is how many renewals ahead a new price is looked for.
const longestWait = 600

// newPriceRenewal returns the first renewal that is charged at the announced new
// price and the last day on which a cancellation stops that renewal. Both are zero
// where no new price is known, where nothing renews by itself and where the price
// begins after the coming renewal and no term says when the next one is.
func newPriceRenewal(a *renewal.Agreement) (charged, cancelBy renewal.Date) {
	if !a.NewPrice.Known() || !a.AutoRenew {
		return 0, 0
	}
	next := *a // rolled from term to term, on the grid that payments roll it on
	for range longestWait {
		if next.RenewsOn() >= a.NewPriceFrom {
			return next.RenewsOn(), next.CancelBy()
		}
		end, known := next.NextEnd()
		if !known || end <= next.EndsOn {
			break
		}
		next.EndsOn = end
	}
	return 0, 0
}

// exact writes the day, the time and the zone of at, as "1 March 2027 at 09:05
// (Europe/Paris, UTC+01:00)": a moment that somebody may have to prove. No time is
// the empty text.
func (t *tongue) exact(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	offset := at.Format("UTC-07:00")
	if _, seconds := at.Zone(); seconds == 0 {
		offset = "UTC"
	}
	zone := at.Location().String()
	if zone == "" || zone == "UTC" || zone == "Local" { // the offset says it all
		return t.moment(at) + " (" + offset + ")"
	}
	return t.moment(at) + " (" + zone + ", " + offset + ")"
}
