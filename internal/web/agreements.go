package web

import (
	"context"
	"time"

	"renewd/internal/renewal"
)

// Agreements is what the page of an agreement needs. A token stands for one
// agreement of one customer; its genuineness is checked in constant time. Both
// methods are safe for concurrent use.
type Agreements interface {
	// Agreement returns whose token it is and changes nothing. Its errors are
	// ErrNoSuchPage, ErrBusy, and what else may go wrong.
	Agreement(ctx context.Context, token string) (Agreement, error)
	// Act does what the customer wishes and returns once that is kept for good.
	// The same wish a second time changes nothing and has the same outcome. Its
	// errors are those of Agreement.
	Act(ctx context.Context, token string, w Wish) (Outcome, error)
}

// Reasons is what the question why somebody leaves needs; its tokens are of
// another purpose than those of Agreements.
type Reasons interface {
	// Leaver returns whose token it is, as Agreement does.
	Leaver(ctx context.Context, token string) (Agreement, error)
	// Answer records a reason, once for each different one and term.
	Answer(ctx context.Context, token string, r Reason) (Agreement, error)
}

// Agreement is what the page may know of an agreement and its customer. Whoever
// has the letter has the link, so it does not hold the whole e-mail address.
type Agreement struct {
	// Ref is the business's own name for it, Kind contract, pass, subscription or
	// goods, Product the name of what it is for, perhaps empty.
	Ref, Kind, Product string
	// Name and MaskedEmail are the customer's; either may be empty.
	Name, MaskedEmail string
	// Locale is the customer's language as a BCP 47 tag; empty for the business's.
	Locale string
	// Zone is the one whose clock the customer lives by; never nil.
	Zone *time.Location
	// State is what stands at present.
	State State
	// StartsOn and EndsOn are the first and the last day of the term in force,
	// RenewsOn the day after it, CancelBy the last day on which a cancellation
	// still stops the renewal. Each may be the zero Date.
	StartsOn, EndsOn, RenewsOn, CancelBy renewal.Date
	// TrialEndsOn is the last day of a trial that is not over, else the zero Date.
	TrialEndsOn renewal.Date
	// Term is the length of one term, unset where it is not known.
	Term renewal.Period
	// Price and NewPrice are unknown where nobody wrote them down.
	Price, NewPrice renewal.Money
	NewPriceFrom    renewal.Date
	// CancelledAt is when a cancellation was received; the zero time where it came
	// otherwise and only its day is known, CancelledOn.
	CancelledAt time.Time
	CancelledOn renewal.Date
	// CanCancel, CanKeep and CanRenew say what the page offers.
	CanCancel, CanKeep, CanRenew bool
	// RenewURL is where the customer renews; empty where that is a wish to staff.
	RenewURL string
	// Confirms is true where a cancellation is confirmed by mail.
	Confirms bool
	// Contact is what the customer may correct, in the order of the page.
	Contact []Field
}

// State is how an agreement stands.
type State string

// The states of an agreement as its page tells them.
const (
	StateRenews    State = "renews"    // it renews by itself on RenewsOn
	StateDue       State = "due"       // its renewal was due on RenewsOn and is not recorded yet
	StateEnds      State = "ends"      // it ends on EndsOn unless somebody renews it
	StateLasts     State = "lasts"     // goods: they last until about EndsOn
	StateCancelled State = "cancelled" // it is cancelled and runs until EndsOn
	StateEnded     State = "ended"     // it ended on EndsOn
)

// The names of the two fields that every customer has.
const (
	FieldName  = "name"
	FieldEmail = "email"
)

// Field is something about a customer that the page shows and lets correct.
type Field struct {
	// Name tells the field from the others: FieldName, FieldEmail, or the name of
	// an attribute after "a.".
	Name string
	// Kind says what it is, for its label: name, email, street, street2,
	// postal_code, city, region, country, phone; or other, which goes by Label.
	Kind, Label string
	// Value is what is known; empty for the e-mail address, which is never shown.
	Value string
}

// Typed is what a customer typed into a Field.
type Typed struct {
	Name string
	// Was is the value that the page had shown: only another one is a correction,
	// so that a page that was open for long undoes nothing.
	Was, Value string
}

// Act is what a customer wishes to do.
type Act string

// The acts of a page, which are the values of its form field "do".
const (
	ActRenew   Act = "renew"
	ActContact Act = "contact"
	ActCancel  Act = "cancel"
	ActKeep    Act = "keep"
	ActReason  Act = "reason"
)

// Wish is an act with what belongs to it.
type Wish struct {
	Act Act
	// Contact goes with ActContact, Reason with ActReason.
	Contact []Typed
	Reason  Reason
}

// Reason is why somebody leaves, in one of the Choices, in words, or both.
type Reason struct{ Choice, Text string }

// Choices are the reasons to choose from, in the order of the page.
var Choices = []string{"price", "unused", "moved", "elsewhere", "unhappy", "other"}

// LongestReason is how many characters the words of a reason may have.
const LongestReason = 500

// Outcome is what came of a wish.
type Outcome struct {
	// Agreement is how it stands afterwards.
	Agreement Agreement
	// Changes are what a correction changed, empty where all was right already.
	Changes []Change
	// Faults are what is wrong with the fields, by their names; where there is
	// any, nothing is changed.
	Faults map[string]FieldFault
	// Stale is true where the page that the wish came from was overtaken, so that
	// nothing was changed: there was nothing to cancel, keep or renew.
	Stale bool
}

// Change is one correction. From and To are as the page may show them.
type Change struct {
	Field    Field
	From, To string
}

// FieldFault is what is wrong with what was typed into a field.
type FieldFault string

// The faults of fields.
const (
	FaultMissing FieldFault = "missing" // nothing is typed where something must be
	FaultLong    FieldFault = "long"    // it is too long
	FaultEmail   FieldFault = "email"   // it is no e-mail address
	FaultSigns   FieldFault = "signs"   // it has characters that cannot be written here
	FaultChoice  FieldFault = "choice"  // it is none of the choices
)
