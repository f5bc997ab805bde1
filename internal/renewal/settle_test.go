package renewal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// annualPass is an auto-renewing pass of customer 1 in its first year, 2027,
// changed by change where that is not nil.
func annualPass(t testing.TB, change func(*Agreement)) Agreement {
	a := Agreement{ID: 1, CustomerID: 1, Ref: "A1", Kind: KindPass, AutoRenew: true, Basis: BasisWritten,
		StartsOn: date(t, "2027-01-01"), EndsOn: date(t, "2027-12-31"), Term: MustPeriod("P1Y")}
	if change != nil {
		change(&a)
	}
	if a.Terms == nil {
		known := stamp(t, "2026-12-01T08:00:00Z")
		a.Terms = []Term{{StartsOn: a.StartsOn, EndsOn: a.EndsOn, KnownAt: known, InForceAt: known, Cause: CauseImport}}
	}
	return a
}

// event is an event of customer 1 about agreement 1; until may be empty.
func event(t testing.TB, id int64, kind EventType, at, until string) Event {
	return Event{ID: id, Type: kind, At: stamp(t, at), CustomerID: 1, AgreementID: 1, Until: date(t, until),
		Source: "till", SourceID: fmt.Sprint(id), StoredAt: stamp(t, at)}
}

// household is customer 1, who lives where the business is, with its facts.
func household(agreements []Agreement, events ...Event) *Dossier {
	d := &Dossier{Customers: []Customer{{ID: 1, Ref: "C1"}}, Agreements: agreements, Events: events}
	d.Sort()
	return d
}

// spans writes the terms of an agreement in their order, a cause behind each.
func spans(a *Agreement) string {
	var b strings.Builder
	for i, term := range a.Terms {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s..%s %s", term.StartsOn, term.EndsOn, term.Cause)
	}
	return b.String()
}

// checkSettled holds what must be true after every Settle: the last term is in
// force, each is there once, and settling again changes nothing.
func checkSettled(t interface {
	Helper()
	Errorf(string, ...any)
}, d *Dossier, now time.Time, business *time.Location) {
	t.Helper()
	for i := range d.Agreements {
		a := &d.Agreements[i]
		seen := map[Date]bool{}
		for _, term := range a.Terms {
			if seen[term.EndsOn] {
				t.Errorf("%s has two terms that end on %s: %s", a.Ref, term.EndsOn, spans(a))
			}
			seen[term.EndsOn] = true
		}
		if n := len(a.Terms); n > 0 && a.Terms[n-1].EndsOn != a.EndsOn {
			t.Errorf("%s ends on %s, but its last term is another: %s", a.Ref, a.EndsOn, spans(a))
		}
	}
	before := copyOf(d)
	if again := Settle(d, now, business, Conditions{}); !again.Empty() || len(again.Warnings) > 0 {
		t.Errorf("settling twice changes %+v", again)
	}
	sameZone := cmp.Comparer(func(a, b *time.Location) bool { return a == b })
	if diff := cmp.Diff(before, d, sameZone); diff != "" {
		t.Errorf("settling twice changes the dossier:\n%s", diff)
	}
	if next := NextSettle(d, now, business); !next.IsZero() && !next.After(now) {
		t.Errorf("the next settling at %s is not after %s", next, now)
	}
}

// copyOf copies what Settle may change.
func copyOf(d *Dossier) *Dossier {
	c := *d
	c.Agreements = append([]Agreement(nil), d.Agreements...)
	for i := range c.Agreements {
		c.Agreements[i].Terms = append([]Term(nil), d.Agreements[i].Terms...)
	}
	c.Events = append([]Event(nil), d.Events...)
	return &c
}

func TestAnEventOfTheFutureCountsFromItsInstant(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	d := household([]Agreement{annualPass(t, nil)}, event(t, 7, Payment, "2027-12-20T10:00:00Z", ""))
	early := stamp(t, "2027-12-20T09:59:59Z")
	if s := Settle(d, early, paris, Conditions{}); !s.Empty() {
		t.Errorf("before its instant the payment changes %+v", s)
	}
	next := NextSettle(d, early, paris)
	if !next.Equal(d.Events[0].At) {
		t.Errorf("the next settling is at %s, want the payment's instant", next)
	}
	s := Settle(d, next, paris, Conditions{})
	if len(s.Terms) != 1 || d.Agreements[0].EndsOn.String() != "2028-12-31" {
		t.Errorf("at its instant the payment leaves the end on %s", d.Agreements[0].EndsOn)
	}
	checkSettled(t, d, next, paris)
	if next := NextSettle(d, next, paris); !next.IsZero() {
		t.Errorf("a next settling at %s, though nothing is left to do", next)
	}
}

func TestAssumedRenewal(t *testing.T) {
	yes, no := true, false
	assumes := func(a *Agreement) { a.AssumeRenewal = &yes }
	const first = "2027-01-01..2027-12-31 import"
	for _, c := range []struct {
		name   string
		change func(*Agreement)
		events []Event
		now    string
		want   string
	}{
		{"a second before the renewal date starts", assumes, nil, "2027-12-31T22:59:59Z", first},
		{"at the start of the renewal date in Paris", assumes, nil, "2027-12-31T23:00:00Z",
			first + ", 2028-01-01..2028-12-31 assumed"},
		{"after two years of silence", assumes, nil, "2029-06-01T00:00:00Z",
			first + ", 2028-01-01..2028-12-31 assumed, 2029-01-01..2029-12-31 assumed"},
		{"by default it does not", nil, nil, "2029-06-01T00:00:00Z", first},
		{"the product says so", func(a *Agreement) { a.Product = &Product{ID: 1, AssumeRenewal: true} }, nil, "2028-06-01T00:00:00Z",
			first + ", 2028-01-01..2028-12-31 assumed"},
		{"the agreement's own no comes before the product's yes",
			func(a *Agreement) { a.Product, a.AssumeRenewal = &Product{ID: 1, AssumeRenewal: true}, &no }, nil, "2028-06-01T00:00:00Z", first},
		{"not without auto-renewal", func(a *Agreement) { a.AssumeRenewal, a.AutoRenew = &yes, false }, nil, "2028-06-01T00:00:00Z", first},
		{"not without a term", func(a *Agreement) { a.AssumeRenewal, a.Term = &yes, Period{} }, nil, "2028-06-01T00:00:00Z", first},
		{"not where cancelled_on is written", func(a *Agreement) { a.AssumeRenewal, a.CancelledOn = &yes, date(t, "2027-06-01") }, nil,
			"2028-06-01T00:00:00Z", first},
		{"not after a cancellation", assumes, []Event{event(t, 1, Cancel, "2027-06-01T10:00:00Z", "")}, "2028-06-01T00:00:00Z", first},
		{"a cancellation at the very renewal comes first", assumes, []Event{event(t, 1, Cancel, "2027-12-31T23:00:00Z", "")},
			"2028-06-01T00:00:00Z", first},
		{"a cancellation later than the renewal stops the next one", assumes, []Event{event(t, 1, Cancel, "2028-01-01T10:00:00Z", "")},
			"2030-06-01T00:00:00Z", first + ", 2028-01-01..2028-12-31 assumed"},
		{"a withdrawn cancellation stops nothing", assumes,
			[]Event{event(t, 1, Cancel, "2027-06-01T10:00:00Z", ""), event(t, 2, CancelWithdrawn, "2027-07-01T10:00:00Z", "")},
			"2028-06-01T00:00:00Z", first + ", 2028-01-01..2028-12-31 assumed"},
		{"a payment at the very renewal comes first", assumes, []Event{event(t, 1, Payment, "2027-12-31T23:00:00Z", "")},
			"2028-06-01T00:00:00Z", first + ", 2028-01-01..2028-12-31 payment"},
		{"a payment soon after it belongs to the term that was assumed", assumes, []Event{event(t, 1, Payment, "2028-01-02T10:00:00Z", "")},
			"2028-06-01T00:00:00Z", first + ", 2028-01-01..2028-12-31 assumed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			paris := zone(t, "Europe/Paris")
			d := household([]Agreement{annualPass(t, c.change)}, c.events...)
			now := stamp(t, c.now)
			Settle(d, now, paris, Conditions{})
			if got := spans(&d.Agreements[0]); got != c.want {
				t.Errorf("terms %s\nwant  %s", got, c.want)
			}
			checkSettled(t, d, now, paris)
		})
	}
}

// TestNextSettleOfAnAssumedRenewal: in the customer's own zone, and only while
// there is something to assume.
func TestNextSettleOfAnAssumedRenewal(t *testing.T) {
	yes := true
	paris := zone(t, "Europe/Paris")
	d := household([]Agreement{annualPass(t, func(a *Agreement) { a.AssumeRenewal = &yes })})
	d.Customers[0].Zone = zone(t, "America/New_York")
	now := stamp(t, "2027-12-31T23:00:00Z") // the new year in Paris, not in New York
	if s := Settle(d, now, paris, Conditions{}); !s.Empty() {
		t.Errorf("the customer's year is not over, yet it changes %+v", s)
	}
	next := NextSettle(d, now, paris)
	if got := FormatStamp(next); got != "2028-01-01T05:00:00Z" {
		t.Errorf("the next settling is at %s, want the start of the year in New York", got)
	}
	if s := Settle(d, next, paris, Conditions{}); len(s.Terms) != 1 || !s.Terms[0].Term.KnownAt.Equal(next) {
		t.Errorf("at the start of the year in New York it changes %+v", s)
	}
	if got := FormatStamp(NextSettle(d, next, paris)); got != "2029-01-01T05:00:00Z" {
		t.Errorf("the settling after that is at %s", got)
	}
	d.Agreements[0].CancelledOn = date(t, "2028-03-01")
	if got := NextSettle(d, next, paris); !got.IsZero() {
		t.Errorf("a cancelled agreement is settled next at %s", got)
	}
}

func TestBadDataMovesNothing(t *testing.T) {
	yes := true
	d := household([]Agreement{annualPass(t, func(a *Agreement) { a.BadData, a.AssumeRenewal = "ends_on is no date", &yes })},
		event(t, 1, Payment, "2027-12-20T10:00:00Z", ""))
	s := Settle(d, stamp(t, "2029-01-01T00:00:00Z"), time.UTC, Conditions{})
	if len(s.Terms) > 0 || len(s.Renewals) > 0 || d.Agreements[0].EndsOn.String() != "2027-12-31" {
		t.Errorf("a row that cannot be used changed %+v", s)
	}
}

func TestRollsAndRenewsBy(t *testing.T) {
	product := func(word string) *Product { return &Product{RenewsBy: word} }
	for _, c := range []struct {
		a    Agreement
		want bool
	}{
		{Agreement{Kind: KindPass, AutoRenew: true}, true},
		{Agreement{Kind: KindSubscription, AutoRenew: true}, true},
		{Agreement{Kind: KindContract, AutoRenew: true}, false},
		{Agreement{Kind: KindGoods, AutoRenew: true}, false},
		{Agreement{Kind: KindPass}, false},
		{Agreement{Kind: KindSubscription}, false},
		{Agreement{Kind: KindContract, RenewsBy: RenewsByPayment}, true},
		{Agreement{Kind: KindPass, AutoRenew: true, RenewsBy: RenewsByNone}, false},
		{Agreement{Kind: KindContract, Product: product(RenewsByPayment)}, true},
		{Agreement{Kind: KindPass, AutoRenew: true, Product: product(RenewsByNone)}, false},
		{Agreement{Kind: KindPass, AutoRenew: true, Product: product("")}, true},
		{Agreement{Kind: KindContract, RenewsBy: RenewsByNone, Product: product(RenewsByPayment)}, false},
	} {
		if got := c.a.RenewsByPayment(); got != c.want {
			t.Errorf("%s, auto_renew %v, own %q, product %+v: renews by payment %v, want %v",
				c.a.Kind, c.a.AutoRenew, c.a.RenewsBy, c.a.Product, got, c.want)
		}
	}
}

// TestSettleEvents does not roll by time alone, but never lets an event find a
// term that should have rolled before it.
func TestSettleEvents(t *testing.T) {
	yes := true
	paris, now := zone(t, "Europe/Paris"), stamp(t, "2029-06-01T00:00:00Z")
	d := household([]Agreement{annualPass(t, func(a *Agreement) { a.AssumeRenewal = &yes })}, event(t, 1, Payment, "2028-12-20T10:00:00Z", ""))
	SettleEvents(d, now, paris, Conditions{})
	want := "2027-01-01..2027-12-31 import, 2028-01-01..2028-12-31 assumed, 2029-01-01..2029-12-31 payment"
	if got := spans(&d.Agreements[0]); got != want {
		t.Errorf("terms %s\nwant  %s", got, want)
	}
	d = household([]Agreement{annualPass(t, func(a *Agreement) { a.AssumeRenewal = &yes })})
	if s := SettleEvents(d, now, paris, Conditions{}); !s.Empty() {
		t.Errorf("the passing of time alone changes %+v", s)
	}
	if s := Settle(d, now, paris, Conditions{}); len(s.Terms) != 2 {
		t.Errorf("the pass after it opens %d terms, want those of 2028 and 2029", len(s.Terms))
	}
}
