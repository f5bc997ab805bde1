package renewal

import "time"

// EventType is the kind of a fact with a time.
type EventType string

// The event types; the list is closed.
const (
	Use               EventType = "use"
	PurchaseEvent     EventType = "purchase"
	Payment           EventType = "payment"
	Renewal           EventType = "renewal"
	PaymentFailed     EventType = "payment_failed"
	PriceChange       EventType = "price_change"
	ComplaintEvent    EventType = "complaint"
	ComplaintResolved EventType = "complaint_resolved"
	Cancel            EventType = "cancel"
	CancelWithdrawn   EventType = "cancel_withdrawn"
	Unsubscribe       EventType = "unsubscribe"
	Resubscribe       EventType = "resubscribe"
	Bounce            EventType = "bounce"
	SpamReport        EventType = "spam_report"
	Click             EventType = "click"
	Reply             EventType = "reply"
	Answer            EventType = "answer"
	Level             EventType = "level"
	SignUp            EventType = "sign_up"
)

// EventTypes lists every event type in the order of the specification.
var EventTypes = []EventType{Use, PurchaseEvent, Payment, Renewal, PaymentFailed, PriceChange,
	ComplaintEvent, ComplaintResolved, Cancel, CancelWithdrawn, Unsubscribe, Resubscribe,
	Bounce, SpamReport, Click, Reply, Answer, Level, SignUp}

// KnownEventType reports whether t is one of EventTypes.
func KnownEventType(t EventType) bool {
	for _, known := range EventTypes {
		if t == known {
			return true
		}
	}
	return false
}

// Event is a fact with an instant and a source; events are only ever added.
type Event struct {
	ID   int64
	Type EventType
	// At is the instant of the fact. It may lie in the future: then the event
	// counts from that instant.
	At         time.Time
	CustomerID int64
	// AgreementID is 0 where the event names no agreement.
	AgreementID int64
	// Product is nil where the event names none.
	Product  *Product
	Channel  string
	Quantity int64
	Amount   Money
	// Until is the new end that a payment pays for, where it says so.
	Until Date
	Note  string
	// Source and SourceID together are unique: who told us, and its own id.
	Source   string
	SourceID string
	// StoredAt is the instant at which renewd first knew the event.
	StoredAt time.Time
	// Settled is true once the event's effect on terms was applied.
	Settled bool
}

// MovesTerms reports whether an event of this type can change an agreement:
// only those pass through Settle.
func (t EventType) MovesTerms() bool {
	switch t {
	case Payment, Renewal, PurchaseEvent, Cancel, CancelWithdrawn:
		return true
	}
	return false
}

// Concerns reports whether the event concerns the agreement a of its customer:
// one that names an agreement concerns that one; one that names a product, the
// customer's agreements for it; one that names neither, all of them.
func (e *Event) Concerns(a *Agreement) bool {
	switch {
	case e.AgreementID != 0:
		return e.AgreementID == a.ID
	case e.CustomerID != a.CustomerID:
		return false
	case e.Product != nil:
		return a.Product != nil && a.Product.ID == e.Product.ID
	}
	return true
}
