package renewal

import (
	"sort"
	"time"
)

// Settlement is what Settle changed: everything in it is to be written down in
// one transaction.
type Settlement struct {
	// Terms are the new terms in the order in which they came into force.
	Terms []NewTerm
	// Goods are agreements that purchases opened; each carries a negative ID
	// until it is stored, and Terms name it by that ID.
	Goods []Agreement
	// Renewals are the renewal events that payments caused.
	Renewals []Event
	// Derived are the events that renewd draws from the facts by itself: sign-ups
	// and price changes. Like Renewals they carry negative IDs until they are stored.
	Derived []Event
	// Uncancelled are the agreements whose CancelledOn a withdrawal emptied.
	Uncancelled []int64
	// Settled are the ids of the events whose effect is now applied.
	Settled []int64
	// Warnings are sentences about events that changed nothing though their
	// sender may have meant them to.
	Warnings []string
}

// NewTerm is a term that came into force for an agreement.
type NewTerm struct {
	AgreementID int64
	Term        Term
}

// Empty reports whether there is nothing to write down.
func (s *Settlement) Empty() bool {
	return len(s.Terms) == 0 && len(s.Goods) == 0 && len(s.Renewals) == 0 && len(s.Derived) == 0 &&
		len(s.Uncancelled) == 0 && len(s.Settled) == 0
}

// RenewdSource is the source of the events that renewd itself derives.
const RenewdSource = "renewd"

// Settle applies to the terms of a household what time and unsettled events up
// to now do to them: payments and renewals roll them, withdrawals empty
// CancelledOn, purchases open estimated terms, and agreements that are assumed
// to renew roll on their renewal date. Everything happens in order of its
// instant; at a tie the event comes before the assumed renewal. It changes d
// and returns what to write down. Settling twice changes nothing.
//
// What the rules say about it comes as under; with rules at hand it is plan.Settle
// that is wanted.
func Settle(d *Dossier, now time.Time, business *time.Location, under Conditions) Settlement {
	s := SettleEvents(d, now, business, under)
	s.assume(d, now, business, under)
	s.derive(d, now, business, under)
	return s
}

// Conditions are what the rules say about how facts move terms.
type Conditions struct {
	// Holds reports whether the term in force of an agreement must not roll by
	// itself at an instant, and whether it was held then and is free now; nil: none
	// is held.
	Holds func(a *Agreement, at time.Time) (held, freed bool)
	// SignUps and PriceChanges say whether events of these types are drawn from the
	// facts.
	SignUps, PriceChanges bool
}

// SettleEvents is Settle without the assumed renewals after the last event: for
// the moment at which events are stored, when the facts they carry shall be
// seen at once, while the passing of time is left to the passes.
func SettleEvents(d *Dossier, now time.Time, business *time.Location, under Conditions) Settlement {
	var s Settlement
	s.adoptEdits(d, now)
	// The loop's invariant: everything before the i-th event's instant is
	// settled, assumed renewals included.
	for i := 0; i < len(d.Events) && !d.Events[i].At.After(now); i++ {
		e := &d.Events[i]
		if e.Settled || !e.Type.MovesTerms() || d.unreadable(e.AgreementID) {
			continue
		}
		s.assume(d, e.At.Add(-time.Second), business, under)
		switch e.Type {
		case Payment, Renewal:
			s.pay(d, e, now, business)
		case Cancel, CancelWithdrawn:
			s.withdraw(d, e, business)
		case PurchaseEvent:
			s.purchase(d, e, now, business)
		}
		e.Settled = true
		s.Settled = append(s.Settled, e.ID)
	}
	d.Events = append(d.Events, s.Renewals...)
	if len(s.Renewals) > 0 {
		d.sortEvents()
	}
	return s
}

// unreadable reports whether an agreement cannot be used as it stands: its
// events wait until somebody puts it right.
func (d *Dossier) unreadable(agreementID int64) bool {
	a := d.Agreement(agreementID)
	return a != nil && a.BadData != ""
}

// adoptEdits records the ends that were typed into the database: an EndsOn that
// is not that of the term in force. A small move keeps the term's start.
func (s *Settlement) adoptEdits(d *Dossier, now time.Time) {
	for i := range d.Agreements {
		a := &d.Agreements[i]
		n := len(a.Terms)
		if a.BadData != "" || a.EndsOn.IsZero() || n > 0 && a.Terms[n-1].EndsOn == a.EndsOn {
			continue
		}
		t := Term{StartsOn: a.StartsOn, EndsOn: a.EndsOn, KnownAt: now, Cause: CauseEdit}
		if n > 0 {
			t.StartsOn = a.Terms[n-1].StartsOn
			if old := a.Terms[n-1].EndsOn; a.EndsOn > old && !IsCorrection(old, a.EndsOn, a.TermLength()) {
				t.StartsOn = old + 1
			}
		}
		s.open(a, t)
	}
}

// assume rolls every agreement that renews by itself and whose renewal date has
// begun by the instant t. A term rolls no earlier than renewd knew it: facts of
// the time before that, brought in by an import, come first.
func (s *Settlement) assume(d *Dossier, t time.Time, business *time.Location, under Conditions) {
	for i := range d.Agreements {
		a := &d.Agreements[i]
		if !a.RollsByItself() || a.BadData != "" || a.EndsOn.IsZero() {
			continue
		}
		zone := d.ZoneOf(a.CustomerID, business)
		for {
			at := later(StartOf(a.RenewsOn(), zone), a.InForce().KnownAt)
			end, ok := a.NextEnd()
			if at.After(t) || !ok || d.CancelledAt(a, at) {
				break
			}
			known := at
			if under.Holds != nil {
				held, freed := under.Holds(a, at)
				if held {
					break
				}
				if freed { // nobody could have acted on the term before
					known = t
				}
			}
			s.open(a, Term{StartsOn: a.RenewsOn(), EndsOn: end, KnownAt: known, Cause: CauseAssumed})
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// knownSince is the instant from which renewd knew what an event did: that of
// the event, or of its storing if that came later; never after now.
func knownSince(e *Event, now time.Time) time.Time {
	if known := later(e.At, e.StoredAt); known.Before(now) {
		return known
	}
	return now
}

// purchase opens the estimated term of the goods that were bought.
func (s *Settlement) purchase(d *Dossier, e *Event, now time.Time, business *time.Location) {
	c := d.Customer(e.CustomerID)
	if e.Product == nil || !e.Product.Life.Set || e.Product.Life.IsZero() || c == nil {
		return
	}
	bought := LocalDate(e.At, d.ZoneOf(c.ID, business))
	term := Term{StartsOn: bought, EndsOn: bought.Add(e.Product.Life), KnownAt: knownSince(e, now), Cause: CausePurchase}
	if a := d.goods(c.ID, e.Product.ID); a != nil {
		if bought > a.InForce().StartsOn {
			s.open(a, term)
		}
		return
	}
	a := Agreement{
		ID: d.unusedID(), CustomerID: c.ID, Ref: GoodsRef(c.Ref, e.Product.Ref), Kind: KindGoods,
		Product: e.Product, StartsOn: bought, EndsOn: term.EndsOn, Basis: BasisEstimated, KnownAt: now,
	}
	s.Goods = append(s.Goods, a)
	d.Agreements = append(d.Agreements, a)
	s.open(&d.Agreements[len(d.Agreements)-1], term)
	sort.Slice(d.Agreements, func(i, j int) bool { return d.Agreements[i].Ref < d.Agreements[j].Ref })
}

// unusedID returns a negative ID that no agreement of the dossier has. A
// forecast settles again and again without storing anything in between.
func (d *Dossier) unusedID() int64 {
	id := int64(-1)
	for i := range d.Agreements {
		id = min(id, d.Agreements[i].ID-1)
	}
	return id
}

// GoodsRef is the ref of the agreement that stands for a product which a
// customer buys again and again.
func GoodsRef(customerRef, productRef string) string { return customerRef + "/" + productRef }

// goods returns the customer's goods agreement for a product, nil for none.
func (d *Dossier) goods(customerID, productID int64) *Agreement {
	for i := range d.Agreements {
		a := &d.Agreements[i]
		if a.Kind == KindGoods && a.CustomerID == customerID && a.Product != nil && a.Product.ID == productID {
			return a
		}
	}
	return nil
}

// open puts a term into force. A term that was in force before keeps the
// instant at which it was first known.
func (s *Settlement) open(a *Agreement, t Term) {
	if n := len(a.Terms); n > 0 {
		if t.Replaced = a.Terms[n-1].EndsOn; t.Replaced == t.EndsOn {
			return // the same end is the same term
		}
	}
	t.InForceAt = t.KnownAt
	for i := range a.Terms {
		if a.Terms[i].EndsOn == t.EndsOn {
			t.KnownAt, t.StartsOn = a.Terms[i].KnownAt, a.Terms[i].StartsOn
			a.Terms = append(a.Terms[:i:i], a.Terms[i+1:]...)
			break
		}
	}
	a.Terms = append(a.Terms, t)
	a.EndsOn = t.EndsOn
	s.Terms = append(s.Terms, NewTerm{AgreementID: a.ID, Term: t})
}

// NextSettle returns the next instant after now at which Settle has something
// to do without a new fact: an assumed renewal or an event with a future
// instant. The zero time means never.
func NextSettle(d *Dossier, now time.Time, business *time.Location) time.Time {
	var next time.Time
	sooner := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for i := range d.Agreements {
		a := &d.Agreements[i]
		if !a.RollsByItself() || a.BadData != "" || d.CancelledAt(a, now) {
			continue
		}
		if _, ok := a.NextEnd(); ok {
			sooner(StartOf(a.RenewsOn(), d.ZoneOf(a.CustomerID, business)))
		}
	}
	for i := range d.Events {
		if d.Events[i].At.After(now) {
			sooner(d.Events[i].At)
			break
		}
	}
	return next
}
