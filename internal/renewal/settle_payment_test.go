package renewal

import (
	"slices"
	"strings"
	"testing"
)

// TestPayments goes through the specification of payments sentence by sentence.
func TestPayments(t *testing.T) {
	const first = "2027-01-01..2027-12-31 import"
	contract := func(a *Agreement) { a.Kind = KindContract }
	for _, c := range []struct {
		name   string
		change func(*Agreement)
		events []Event
		want   string
	}{
		{"with until: that is the new end", nil,
			[]Event{event(t, 1, Payment, "2027-03-01T10:00:00Z", "2028-06-30")}, first + ", 2028-01-01..2028-06-30 payment"},
		{"with until, on a contract paid in instalments", contract,
			[]Event{event(t, 1, Payment, "2027-03-01T10:00:00Z", "2028-06-30")}, first + ", 2028-01-01..2028-06-30 payment"},
		{"with until, renews_by none, no term, no auto-renewal",
			func(a *Agreement) { a.RenewsBy, a.Term, a.AutoRenew = RenewsByNone, Period{}, false },
			[]Event{event(t, 1, Payment, "2027-03-01T10:00:00Z", "2028-06-30")}, first + ", 2028-01-01..2028-06-30 payment"},
		{"with until the end that stands", nil,
			[]Event{event(t, 1, Payment, "2027-12-20T10:00:00Z", "2027-12-31")}, first},
		{"with until an earlier end: none moves it backwards", nil,
			[]Event{event(t, 1, Payment, "2027-12-20T10:00:00Z", "2027-11-30")}, first},
		{"without until: the next term", nil,
			[]Event{event(t, 1, Payment, "2027-12-20T10:00:00Z", "")}, first + ", 2028-01-01..2028-12-31 payment"},
		{"contracts are paid in instalments", contract,
			[]Event{event(t, 1, Payment, "2027-12-20T10:00:00Z", "")}, first},
		{"a contract that says it renews by payment", func(a *Agreement) { a.Kind, a.RenewsBy = KindContract, RenewsByPayment },
			[]Event{event(t, 1, Payment, "2027-12-20T10:00:00Z", "")}, first + ", 2028-01-01..2028-12-31 payment"},
		{"a pass that does not renew by itself", func(a *Agreement) { a.AutoRenew = false },
			[]Event{event(t, 1, Payment, "2027-12-20T10:00:00Z", "")}, first},
		{"60 days before the end, in the first second there", nil,
			[]Event{event(t, 1, Payment, "2027-10-31T23:00:00Z", "")}, first + ", 2028-01-01..2028-12-31 payment"},
		{"a second earlier it belongs to the term that stands", nil,
			[]Event{event(t, 1, Payment, "2027-10-31T22:59:59Z", "")}, first},
		{"months: half of 31 days is 15", func(a *Agreement) { a.Term, a.EndsOn = MustPeriod("P1M"), date(t, "2027-03-31") },
			[]Event{event(t, 1, Payment, "2027-03-16T10:00:00Z", "")}, "2027-01-01..2027-03-31 import, 2027-04-01..2027-04-30 payment"},
		{"months: 16 days before the end is too early", func(a *Agreement) { a.Term, a.EndsOn = MustPeriod("P1M"), date(t, "2027-03-31") },
			[]Event{event(t, 1, Payment, "2027-03-15T10:00:00Z", "")}, "2027-01-01..2027-03-31 import"},
		{"years of history move nothing", nil,
			[]Event{event(t, 1, Payment, "2024-12-20T10:00:00Z", ""), event(t, 2, Payment, "2025-12-20T10:00:00Z", ""),
				event(t, 3, Payment, "2026-12-20T10:00:00Z", "")}, first},
		{"late, but within the next term", nil,
			[]Event{event(t, 1, Payment, "2028-12-31T10:00:00Z", "")}, first + ", 2028-01-01..2028-12-31 payment"},
		{"later than the next term: a new one on its own date", nil,
			[]Event{event(t, 1, Payment, "2028-12-31T23:00:00Z", "")}, first + ", 2029-01-01..2029-12-31 payment"},
		{"much later: a new one on its own date, which the grid keeps", nil,
			[]Event{event(t, 1, Payment, "2030-05-17T10:00:00Z", ""), event(t, 2, Payment, "2031-05-10T10:00:00Z", "")},
			first + ", 2030-05-17..2031-05-16 payment, 2031-05-17..2032-05-16 payment"},
		{"without starts_on the grid starts at the renewal date",
			func(a *Agreement) { a.StartsOn, a.EndsOn, a.Term = 0, date(t, "2027-01-30"), MustPeriod("P1M") },
			[]Event{event(t, 1, Payment, "2027-01-30T10:00:00Z", ""), event(t, 2, Payment, "2027-02-27T10:00:00Z", "")},
			"..2027-01-30 import, 2027-01-31..2027-02-27 payment, 2027-02-28..2027-03-30 payment"},
		{"the product's term", func(a *Agreement) { a.Product, a.Term = &Product{ID: 1, Term: MustPeriod("P6M")}, Period{} },
			[]Event{event(t, 1, Payment, "2027-12-20T10:00:00Z", "")}, first + ", 2028-01-01..2028-06-30 payment"},
		{"a recorded renewal acts as a payment", nil,
			[]Event{event(t, 1, Renewal, "2027-12-20T10:00:00Z", "")}, first + ", 2028-01-01..2028-12-31 renewal"},
		{"a recorded renewal with until", nil,
			[]Event{event(t, 1, Renewal, "2027-12-20T10:00:00Z", "2028-03-31")}, first + ", 2028-01-01..2028-03-31 renewal"},
		{"a cancelled agreement does not roll", nil,
			[]Event{event(t, 1, Cancel, "2027-12-01T10:00:00Z", ""), event(t, 2, Payment, "2027-12-20T10:00:00Z", "")}, first},
		{"nor one with a written cancelled_on", func(a *Agreement) { a.CancelledOn = date(t, "2027-12-01") },
			[]Event{event(t, 2, Payment, "2027-12-20T10:00:00Z", "")}, first},
		{"cancelled at the payment's very instant", nil,
			[]Event{event(t, 1, Payment, "2027-12-20T10:00:00Z", ""), event(t, 2, Cancel, "2027-12-20T10:00:00Z", "")}, first},
		{"cancelled a second after the payment", nil,
			[]Event{event(t, 1, Payment, "2027-12-20T10:00:00Z", ""), event(t, 2, Cancel, "2027-12-20T10:00:01Z", "")},
			first + ", 2028-01-01..2028-12-31 payment"},
		{"paid while cancelled, withdrawn afterwards", nil,
			[]Event{event(t, 1, Cancel, "2027-12-01T10:00:00Z", ""), event(t, 2, Payment, "2027-12-20T10:00:00Z", ""),
				event(t, 3, CancelWithdrawn, "2027-12-21T10:00:00Z", "")}, first},
		{"two payments for one renewal date: the second belongs to the new term", nil,
			[]Event{event(t, 1, Payment, "2027-12-20T10:00:00Z", ""), event(t, 2, Payment, "2027-12-21T10:00:00Z", "")},
			first + ", 2028-01-01..2028-12-31 payment"},
		{"a payment that names no agreement", nil,
			[]Event{{ID: 1, Type: Payment, At: stamp(t, "2027-12-20T10:00:00Z"), CustomerID: 1}}, first},
	} {
		t.Run(c.name, func(t *testing.T) {
			paris := zone(t, "Europe/Paris")
			d := household([]Agreement{annualPass(t, c.change)}, c.events...)
			starts := d.Agreements[0].StartsOn
			now := stamp(t, "2032-01-01T00:00:00Z")
			s := Settle(d, now, paris, Conditions{})
			if got := spans(&d.Agreements[0]); got != c.want {
				t.Errorf("terms %s\nwant  %s", got, c.want)
			}
			if len(s.Settled) != len(c.events) {
				t.Errorf("%d of %d events are settled", len(s.Settled), len(c.events))
			}
			if d.Agreements[0].StartsOn != starts {
				t.Errorf("the first day of the first term moved to %s", d.Agreements[0].StartsOn)
			}
			checkSettled(t, d, now, paris)
		})
	}
}

// TestThePaymentsOwnDateIsTheCustomers: its local date, not the business's,
// says to which term a payment belongs.
func TestThePaymentsOwnDateIsTheCustomers(t *testing.T) {
	d := household([]Agreement{annualPass(t, nil)}, event(t, 1, Payment, "2027-10-31T12:00:00Z", ""))
	d.Customers[0].Zone = zone(t, "Pacific/Kiritimati") // 1 November there
	Settle(d, stamp(t, "2028-01-01T00:00:00Z"), zone(t, "Europe/Paris"), Conditions{})
	if got := d.Agreements[0].EndsOn.String(); got != "2028-12-31" {
		t.Errorf("the end is %s, want 2028-12-31", got)
	}
}

// TestAPaymentThatMovedTheEndIsARenewal: one derived event, of the payment's
// instant, that is there in its place among the others.
func TestAPaymentThatMovedTheEndIsARenewal(t *testing.T) {
	paid := event(t, 5, Payment, "2027-12-20T10:00:00Z", "")
	paid.Amount, paid.Channel = Money{4900, "EUR"}, "card"
	paid.StoredAt = stamp(t, "2027-12-21T06:00:00Z")
	early := event(t, 4, Payment, "2027-03-01T10:00:00Z", "")
	later := event(t, 6, Use, "2027-12-21T10:00:00Z", "")
	d := household([]Agreement{annualPass(t, nil)}, early, paid, later)
	now := stamp(t, "2027-12-22T08:00:00Z")
	s := Settle(d, now, zone(t, "Europe/Paris"), Conditions{})
	if len(s.Renewals) != 1 {
		t.Fatalf("%d renewals, want 1: %+v", len(s.Renewals), s.Renewals)
	}
	want := Event{ID: -5, Type: Renewal, At: paid.At, CustomerID: 1, AgreementID: 1, Channel: "card", Amount: Money{4900, "EUR"},
		Until: date(t, "2028-12-31"), Source: RenewdSource, SourceID: "payment:5", StoredAt: now, Settled: true}
	if got := s.Renewals[0]; got != want {
		t.Errorf("the renewal is %+v\nwant %+v", got, want)
	}
	var order []EventType
	for _, e := range d.Events {
		order = append(order, e.Type)
	}
	if !slices.Equal(order, []EventType{Payment, Renewal, Payment, Use}) {
		t.Errorf("the events are now %v", order)
	}
	if !slices.Equal(s.Settled, []int64{4, 5}) {
		t.Errorf("settled are %v, want the payments 4 and 5", s.Settled)
	}
	term := s.Terms[0]
	if term.AgreementID != 1 || !term.Term.KnownAt.Equal(paid.StoredAt) || !term.Term.InForceAt.Equal(paid.StoredAt) || term.Term.Replaced.String() != "2027-12-31" {
		t.Errorf("the new term is %+v", term)
	}
	if !CauseRenews(term.Term.Cause) {
		t.Errorf("the cause %s is no renewal", term.Term.Cause)
	}
}

func TestARecordedRenewalIsNotDerivedAgain(t *testing.T) {
	d := household([]Agreement{annualPass(t, nil)}, event(t, 1, Renewal, "2027-12-20T10:00:00Z", ""))
	s := Settle(d, stamp(t, "2028-01-01T00:00:00Z"), zone(t, "Europe/Paris"), Conditions{})
	if len(s.Renewals) != 0 || len(s.Terms) != 1 {
		t.Errorf("a recorded renewal changes %+v", s)
	}
}

// TestAPaymentWithoutATermWarns: it is recorded, and somebody learns of it.
func TestAPaymentWithoutATermWarns(t *testing.T) {
	d := household([]Agreement{annualPass(t, func(a *Agreement) { a.Term = Period{} })}, event(t, 1, Payment, "2027-12-20T10:00:00Z", ""))
	s := Settle(d, stamp(t, "2028-01-01T00:00:00Z"), zone(t, "Europe/Paris"), Conditions{})
	if len(s.Terms) != 0 || len(s.Renewals) != 0 || !slices.Equal(s.Settled, []int64{1}) {
		t.Errorf("the payment changes %+v", s)
	}
	if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "A1") || !strings.Contains(s.Warnings[0], "2027-12-20") {
		t.Errorf("the warnings are %q", s.Warnings)
	}
	for name, change := range map[string]func(*Agreement){
		"a contract paid in instalments": func(a *Agreement) { a.Kind, a.Term = KindContract, Period{} },
		"an agreement with a term":       nil,
	} {
		d := household([]Agreement{annualPass(t, change)}, event(t, 1, Payment, "2027-02-01T10:00:00Z", ""))
		if s := Settle(d, stamp(t, "2028-01-01T00:00:00Z"), zone(t, "Europe/Paris"), Conditions{}); len(s.Warnings) != 0 {
			t.Errorf("%s: the warnings are %q", name, s.Warnings)
		}
	}
}

// TestAChangedEndAloneIsNoRenewal: an end that was typed is adopted as an edit.
func TestAChangedEndAloneIsNoRenewal(t *testing.T) {
	d := household([]Agreement{annualPass(t, nil)})
	d.Agreements[0].EndsOn = date(t, "2028-12-31")
	s := Settle(d, stamp(t, "2027-12-20T08:00:00Z"), zone(t, "Europe/Paris"), Conditions{})
	if len(s.Renewals) != 0 || len(s.Terms) != 1 || CauseRenews(s.Terms[0].Term.Cause) {
		t.Errorf("a typed end changes %+v", s)
	}
}
