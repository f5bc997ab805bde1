package web

import (
	"context"
	"errors"
)

// Unsubscribes is what the page behind a letter's unsubscribe link needs. A
// token stands for one customer; its genuineness is checked in constant time.
// Both methods are safe for concurrent use.
type Unsubscribes interface {
	// Subscriber returns whose token it is and changes nothing. Its errors are
	// ErrNoSuchPage, ErrBusy, and what else may go wrong.
	Subscriber(ctx context.Context, token string) (Subscriber, error)
	// Unsubscribe records that the customer wants no more commercial mail. It
	// returns nil only once that is kept for good; a second time it changes
	// nothing and returns nil too. Its errors are those of Subscriber.
	Unsubscribe(ctx context.Context, token string) (Subscriber, error)
}

// Subscriber is what the page may know of a customer. Whoever has the letter
// has the link, so it does not show the whole address.
type Subscriber struct {
	// Name is the customer's name, perhaps empty.
	Name string
	// MaskedEmail is enough of the address for its owner to know it: a…@example.org.
	MaskedEmail string
	// Locale is the customer's language as a BCP 47 tag; empty for the business's.
	Locale string
	// Unsubscribed is true where the customer gets no commercial mail already.
	Unsubscribed bool
}

// ErrNoSuchPage is returned for a token that was not made here, that was cut or
// changed on the way, or whose customer is gone.
var ErrNoSuchPage = errors.New("web: no such page")

// ErrBusy is returned where nothing is wrong but the database was locked for
// too long: the same request may succeed in a moment.
var ErrBusy = errors.New("web: busy")
