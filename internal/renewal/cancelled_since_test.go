package renewal

import (
	"testing"
	"time"
)

// TestCancelledSince: the receipt of a cancellation is that of the first wish
// that still stands, and it agrees with CancelledByEvent.
func TestCancelledSince(t *testing.T) {
	at := func(n int) time.Time { return time.Date(2027, 3, 1, 10, 0, n, 0, time.UTC) }
	a := &Agreement{ID: 1, CustomerID: 1}
	event := func(kind EventType, n int) Event { return Event{Type: kind, At: at(n), CustomerID: 1, AgreementID: 1} }
	for name, c := range map[string]struct {
		events []Event
		want   time.Time
	}{
		"nothing":               {nil, time.Time{}},
		"twice":                 {[]Event{event(Cancel, 1), event(Cancel, 5)}, at(1)},
		"withdrawn":             {[]Event{event(Cancel, 1), event(CancelWithdrawn, 2)}, time.Time{}},
		"withdrawn in a tie":    {[]Event{event(Cancel, 1), event(CancelWithdrawn, 1)}, at(1)},
		"and cancelled again":   {[]Event{event(Cancel, 1), event(CancelWithdrawn, 2), event(Cancel, 3)}, at(3)},
		"again in a tie":        {[]Event{event(Cancel, 1), event(CancelWithdrawn, 2), event(Cancel, 2)}, at(2)},
		"another's":             {[]Event{{Type: Cancel, At: at(1), CustomerID: 1, AgreementID: 2}}, time.Time{}},
		"only later":            {[]Event{event(Cancel, 40)}, time.Time{}},
		"a payment with an end": {[]Event{event(Cancel, 1), {Type: Payment, At: at(2), CustomerID: 1, AgreementID: 1, Until: NewDate(2028, 1, 1)}}, time.Time{}},
	} {
		d := &Dossier{Events: c.events}
		if got := d.CancelledSince(a, at(30)); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if by := d.CancelledByEvent(a, at(30)); by == c.want.IsZero() {
			t.Errorf("%s: CancelledByEvent says %v", name, by)
		}
	}
}
