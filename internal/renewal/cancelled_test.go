package renewal

import (
	"slices"
	"testing"
)

func TestCancelledAt(t *testing.T) {
	product, other := &Product{ID: 3}, &Product{ID: 4}
	cancel := func(id int64, at string) Event { return event(t, id, Cancel, at, "") }
	withdrawn := func(id int64, at string) Event { return event(t, id, CancelWithdrawn, at, "") }
	about := func(e Event, customer, agreement int64, p *Product) Event {
		e.CustomerID, e.AgreementID, e.Product = customer, agreement, p
		return e
	}
	const noon = "2027-06-01T12:00:00Z"
	for _, c := range []struct {
		name    string
		written string
		events  []Event
		at      string
		want    bool
	}{
		{"no word of it", "", nil, noon, false},
		{"written", "2027-05-01", nil, noon, true},
		{"written, whatever the date", "2029-05-01", nil, noon, true},
		{"a second before the event", "", []Event{cancel(1, noon)}, "2027-06-01T11:59:59Z", false},
		{"at the event", "", []Event{cancel(1, noon)}, noon, true},
		{"long after it", "", []Event{cancel(1, noon)}, "2040-01-01T00:00:00Z", true},
		{"withdrawn later", "", []Event{cancel(1, noon), withdrawn(2, "2027-06-01T12:00:01Z")}, "2027-06-02T00:00:00Z", false},
		{"not withdrawn yet", "", []Event{cancel(1, noon), withdrawn(2, "2027-06-01T12:00:01Z")}, noon, true},
		{"at a tie the cancel stands", "", []Event{cancel(1, noon), withdrawn(2, noon)}, noon, true},
		{"at a tie the cancel stands, whichever came first", "", []Event{withdrawn(1, noon), cancel(2, noon)}, noon, true},
		{"withdrawn before it", "", []Event{withdrawn(1, "2027-05-01T12:00:00Z"), cancel(2, noon)}, noon, true},
		{"withdrawn, then cancelled again", "",
			[]Event{cancel(1, "2027-04-01T12:00:00Z"), withdrawn(2, "2027-05-01T12:00:00Z"), cancel(3, noon)}, noon, true},
		{"cancelled twice, withdrawn once", "",
			[]Event{cancel(1, "2027-04-01T12:00:00Z"), cancel(2, "2027-05-01T12:00:00Z"), withdrawn(3, noon)}, noon, false},
		{"a payment with until withdraws", "",
			[]Event{cancel(1, "2027-05-01T12:00:00Z"), event(t, 2, Payment, noon, "2028-12-31")}, noon, false},
		{"a payment without until does not", "",
			[]Event{cancel(1, "2027-05-01T12:00:00Z"), event(t, 2, Payment, noon, "")}, noon, true},
		{"the one of another agreement", "", []Event{about(cancel(1, noon), 1, 2, nil)}, noon, false},
		{"one for its product", "", []Event{about(cancel(1, noon), 1, 0, product)}, noon, true},
		{"one for another product", "", []Event{about(cancel(1, noon), 1, 0, other)}, noon, false},
		{"one of another customer for its product", "", []Event{about(cancel(1, noon), 2, 0, product)}, noon, false},
		{"withdrawn for its product", "",
			[]Event{cancel(1, "2027-05-01T12:00:00Z"), about(withdrawn(2, noon), 1, 0, product)}, noon, false},
		{"use is no cancellation", "", []Event{event(t, 1, Use, noon, "")}, noon, false},
	} {
		d := household([]Agreement{annualPass(t, func(a *Agreement) { a.Product, a.CancelledOn = product, date(t, c.written) })}, c.events...)
		if got := d.CancelledAt(&d.Agreements[0], stamp(t, c.at)); got != c.want {
			t.Errorf("%s: cancelled at %s: %v, want %v", c.name, c.at, got, c.want)
		}
	}
}

func storedAt(t *testing.T, e Event, at string) Event {
	t.Helper()
	e.StoredAt = stamp(t, at)
	return e
}

// TestWithdrawalsOfAWrittenCancellation: a withdrawal empties cancelled_on,
// unless the cancellation is the later of the two or at a tie.
func TestWithdrawalsOfAWrittenCancellation(t *testing.T) {
	for _, c := range []struct {
		name    string
		written string
		event   Event
		want    string
	}{
		{"withdrawn on the same day", "2027-06-01", event(t, 1, CancelWithdrawn, "2027-06-01T12:00:00Z", ""), ""},
		{"withdrawn years later", "2027-06-01", event(t, 1, CancelWithdrawn, "2029-06-01T12:00:00Z", ""), ""},
		{"a tie: that date starts at that instant in Paris", "2027-06-01", event(t, 1, CancelWithdrawn, "2027-05-31T22:00:00Z", ""), "2027-06-01"},
		{"a second after the tie", "2027-06-01", event(t, 1, CancelWithdrawn, "2027-05-31T22:00:01Z", ""), ""},
		{"withdrawn before the cancellation, and known after it", "2027-06-01", storedAt(t, event(t, 1, CancelWithdrawn, "2027-05-01T12:00:00Z", ""), "2027-06-02T00:00:00Z"), "2027-06-01"},
		{"withdrawn after it was announced", "2027-06-01", event(t, 1, CancelWithdrawn, "2027-05-01T12:00:00Z", ""), ""},
		{"a payment with until", "2027-06-01", event(t, 1, Payment, "2027-07-01T12:00:00Z", "2028-12-31"), ""},
		{"a payment with until the end that stands", "2027-06-01", event(t, 1, Payment, "2027-07-01T12:00:00Z", "2027-12-31"), ""},
		{"a recorded renewal with until", "2027-06-01", event(t, 1, Renewal, "2027-07-01T12:00:00Z", "2028-12-31"), ""},
		{"a payment without until", "2027-06-01", event(t, 1, Payment, "2027-12-20T12:00:00Z", ""), "2027-06-01"},
		{"a cancel", "2027-06-01", event(t, 1, Cancel, "2027-12-20T12:00:00Z", ""), "2027-06-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			paris := zone(t, "Europe/Paris")
			d := household([]Agreement{annualPass(t, func(a *Agreement) { a.CancelledOn = date(t, c.written) })}, c.event)
			now := stamp(t, "2030-01-01T00:00:00Z")
			s := Settle(d, now, paris, Conditions{})
			if got := d.Agreements[0].CancelledOn.String(); got != c.want {
				t.Errorf("cancelled_on is %q, want %q", got, c.want)
			}
			if emptied := slices.Equal(s.Uncancelled, []int64{1}); emptied != (c.want == "") {
				t.Errorf("emptied are %v", s.Uncancelled)
			}
			checkSettled(t, d, now, paris)
		})
	}
}

// TestAPaymentForACancelledAgreement with until takes the cancellation back and
// moves the end in one; what follows rolls again.
func TestAPaymentForACancelledAgreement(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	d := household([]Agreement{annualPass(t, nil)},
		event(t, 1, Cancel, "2027-11-01T10:00:00Z", ""),
		event(t, 2, Payment, "2027-12-01T10:00:00Z", ""),
		event(t, 3, Payment, "2027-12-20T10:00:00Z", "2028-12-31"),
		event(t, 4, Payment, "2028-12-20T10:00:00Z", ""))
	now := stamp(t, "2029-01-01T00:00:00Z")
	Settle(d, now, paris, Conditions{})
	want := "2027-01-01..2027-12-31 import, 2028-01-01..2028-12-31 payment, 2029-01-01..2029-12-31 payment"
	if got := spans(&d.Agreements[0]); got != want {
		t.Errorf("terms %s\nwant  %s", got, want)
	}
	if d.CancelledAt(&d.Agreements[0], now) {
		t.Error("the agreement is still cancelled")
	}
	checkSettled(t, d, now, paris)
}

// TestALateCancellation: one that is told after a payment without until moved
// the end still stands; only a payment with until withdraws it.
func TestALateCancellation(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	d := household([]Agreement{annualPass(t, nil)}, event(t, 1, Payment, "2027-12-20T10:00:00Z", ""))
	now := stamp(t, "2027-12-21T00:00:00Z")
	Settle(d, now, paris, Conditions{})
	d.Events = append(d.Events, event(t, 2, Cancel, "2027-12-10T10:00:00Z", ""))
	d.Sort()
	Settle(d, now, paris, Conditions{})
	if !d.CancelledAt(&d.Agreements[0], now) {
		t.Error("the renewal that the payment became withdrew a cancellation that nobody took back")
	}
}
