package renewal

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// anyHousehold draws an agreement in its first years and up to ten events about
// it and about goods, all at different instants; their ids are in any order.
func anyHousehold(zones []*time.Location) *rapid.Generator[*Dossier] {
	return rapid.Custom(func(t *rapid.T) *Dossier {
		yes := rapid.Bool()
		assume := yes.Draw(t, "assume")
		a := Agreement{ID: 1, CustomerID: 1, Ref: "A1", Basis: BasisWritten,
			Kind:      rapid.SampledFrom([]string{KindPass, KindSubscription, KindContract}).Draw(t, "kind"),
			AutoRenew: yes.Draw(t, "auto"), AssumeRenewal: &assume,
			RenewsBy: rapid.SampledFrom([]string{"", RenewsByPayment, RenewsByNone}).Draw(t, "renews by"),
			Term:     rapid.SampledFrom([]Period{MustPeriod("P1M"), MustPeriod("P1Y"), MustPeriod("P6M"), MustPeriod("P30D"), {}}).Draw(t, "term"),
		}
		start := NewDate(2027, time.January, 1) + Date(rapid.IntRange(0, 60).Draw(t, "start"))
		a.EndsOn = start.Add(a.Term.Times(rapid.IntRange(1, 6).Draw(t, "terms"))) - 1 + Date(rapid.SampledFrom([]int{0, 0, 0, 3}).Draw(t, "off the grid"))
		if yes.Draw(t, "start is known") {
			a.StartsOn = start
		}
		if rapid.IntRange(0, 4).Draw(t, "written cancellation") == 0 {
			a.CancelledOn = start + Date(rapid.IntRange(0, 900).Draw(t, "cancelled after"))
		}
		known := NewDate(2026, time.September, 1).Time()
		a.Terms = []Term{{StartsOn: a.StartsOn, EndsOn: a.EndsOn, KnownAt: known, InForceAt: known, Cause: CauseImport}}
		d := household([]Agreement{a})
		d.Customers[0].Zone = rapid.SampledFrom(zones).Draw(t, "zone")
		base := NewDate(2026, time.October, 1).Time()
		hours := rapid.SliceOfNDistinct(rapid.IntRange(0, 30_000), 0, 10, rapid.ID).Draw(t, "hours")
		ids := rapid.Permutation([]int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}).Draw(t, "ids")
		for i, h := range hours {
			e := Event{ID: ids[i], At: base.Add(time.Duration(h) * time.Hour), CustomerID: 1, AgreementID: 1,
				Type: rapid.SampledFrom([]EventType{Payment, Payment, Payment, Renewal, Cancel, CancelWithdrawn, PurchaseEvent, Use}).Draw(t, "type")}
			switch {
			case e.Type == PurchaseEvent:
				e.AgreementID, e.Product = 0, filter()
			case (e.Type == Payment || e.Type == Renewal) && rapid.IntRange(0, 3).Draw(t, "has until") == 0:
				e.Until = start + Date(rapid.IntRange(0, 1200).Draw(t, "until"))
			}
			d.Events = append(d.Events, e)
		}
		d.Sort()
		return d
	})
}

// outcome writes what a Settle decided, apart from when it became known.
func outcome(d *Dossier) string {
	s := ""
	for i := range d.Agreements {
		a := &d.Agreements[i]
		s += a.Ref + " cancelled on " + a.CancelledOn.String() + ": " + spans(a) + "\n"
	}
	for _, e := range d.Events {
		s += string(e.Type) + " at " + FormatStamp(e.At) + " until " + e.Until.String() + "\n"
	}
	return s
}

func propertyZones(t *testing.T) []*time.Location {
	return []*time.Location{zone(t, "Europe/Paris"), zone(t, "America/Los_Angeles"), zone(t, "Pacific/Kiritimati"), zone(t, "America/Havana")}
}

// lastNow is an instant after all that anyHousehold draws.
func lastNow(t testing.TB) time.Time { return stamp(t, "2031-01-01T00:00:00Z") }

func TestSettlingTwiceChangesNothing(t *testing.T) {
	zones := propertyZones(t)
	rapid.Check(t, func(rt *rapid.T) {
		d := anyHousehold(zones).Draw(rt, "household")
		now := NewDate(2026, time.October, 1).Time().Add(time.Duration(rapid.IntRange(0, 31_000).Draw(rt, "now")) * time.Hour)
		Settle(d, now, zones[0], Conditions{})
		checkSettled(rt, d, now, zones[0])
		for i := range d.Events {
			if e := &d.Events[i]; e.Settled && e.At.After(now) || !e.Settled && e.Type.MovesTerms() && !e.At.After(now) {
				rt.Errorf("%s at %s is settled: %v, now is %s", e.Type, e.At, e.Settled, now)
			}
		}
	})
}

// TestOrderOfArrivalDoesNotMatter: where the instants of events differ, the ids
// under which they were stored say nothing.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	zones := propertyZones(t)
	rapid.Check(t, func(rt *rapid.T) {
		d := anyHousehold(zones).Draw(rt, "household")
		other := copyOf(d)
		for i := range other.Events {
			other.Events[i].ID = int64(len(other.Events) - i)
		}
		other.Sort()
		Settle(d, lastNow(t), zones[0], Conditions{})
		Settle(other, lastNow(t), zones[0], Conditions{})
		if a, b := outcome(d), outcome(other); a != b {
			rt.Errorf("in one order\n%s\nin the other\n%s", a, b)
		}
	})
}

// TestSettlingAlongTheWay: whoever settles at every moment that asks for it,
// and now and then besides, comes to the same end as whoever slept all the time.
func TestSettlingAlongTheWay(t *testing.T) {
	zones := propertyZones(t)
	rapid.Check(t, func(rt *rapid.T) {
		d := anyHousehold(zones).Draw(rt, "household")
		awake := copyOf(d)
		now := stamp(t, "2026-10-01T00:00:00Z")
		for range 200 {
			Settle(awake, now, zones[0], Conditions{})
			next := NextSettle(awake, now, zones[0])
			nap := now.Add(time.Duration(rapid.IntRange(1, 4000).Draw(rt, "nap")) * time.Hour)
			if next.IsZero() || nap.Before(next) {
				next = nap
			}
			if next.After(lastNow(t)) {
				break
			}
			now = next
		}
		Settle(awake, lastNow(t), zones[0], Conditions{})
		Settle(d, lastNow(t), zones[0], Conditions{})
		if a, b := outcome(awake), outcome(d); a != b {
			rt.Errorf("settled along the way\n%s\nsettled at once\n%s", a, b)
		}
	})
}

// TestNoPaymentMovesTheEndBackwards, none overlaps the term before, and there
// are as many renewals as payments that moved the end.
func TestNoPaymentMovesTheEndBackwards(t *testing.T) {
	zones := propertyZones(t)
	rapid.Check(t, func(rt *rapid.T) {
		d := anyHousehold(zones).Draw(rt, "household")
		s := Settle(d, lastNow(t), zones[0], Conditions{})
		paid := 0
		for _, nt := range s.Terms {
			term := nt.Term
			if term.Cause == CausePayment {
				paid++
			}
			if term.Cause == CausePurchase || term.Cause == CauseEdit {
				continue
			}
			if term.EndsOn <= term.Replaced || term.StartsOn <= term.Replaced {
				rt.Errorf("%s..%s by %s follows a term that ends on %s", term.StartsOn, term.EndsOn, term.Cause, term.Replaced)
			}
		}
		if len(s.Renewals) != paid {
			rt.Errorf("%d payments moved the end, but there are %d renewals", paid, len(s.Renewals))
		}
		for _, e := range s.Renewals {
			if d.Agreement(e.AgreementID) == nil || e.Until.IsZero() || !e.Settled || e.ID >= 0 {
				rt.Errorf("the renewal %+v", e)
			}
		}
	})
}
