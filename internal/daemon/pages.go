package daemon

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/web"
)

// sourceOfPages and channelOfPages are the source and the channel of events that
// customers cause on the public pages.
const (
	sourceOfPages  = "page"
	channelOfPages = "web"
)

// Subscriber returns whose unsubscribe link it is; see web.Unsubscribes.
func (l *Links) Subscriber(ctx context.Context, token string) (web.Subscriber, error) {
	var s web.Subscriber
	id, err := l.customerOf(ctx, token)
	if err != nil {
		return s, err
	}
	err = l.db.Read(ctx, func(tx *store.Tx) error {
		s, _, err = subscriber(tx, id)
		return err
	})
	return s, inPageWords(err)
}

// Unsubscribe records that a customer wants no more commercial mail; see
// web.Unsubscribes.
func (l *Links) Unsubscribe(ctx context.Context, token string) (web.Subscriber, error) {
	var s web.Subscriber
	id, err := l.customerOf(ctx, token)
	if err != nil {
		return s, err
	}
	err = l.db.Write(ctx, func(tx *store.Tx) error {
		var already bool
		s, already, err = subscriber(tx, id)
		if err != nil || already {
			return err
		}
		now := l.clock()
		_, err = tx.RecordEvent(&renewal.Event{Type: renewal.Unsubscribe, At: now, CustomerID: id, Channel: channelOfPages,
			Source: sourceOfPages, StoredAt: now}, "")
		return err
	})
	s.Unsubscribed = err == nil
	return s, inPageWords(err)
}

func (l *Links) customerOf(ctx context.Context, token string) (int64, error) {
	id, ok, err := l.unsubscriber(ctx, token)
	if err == nil && !ok {
		err = web.ErrNoSuchPage
	}
	return id, inPageWords(err)
}

// subscriber is what the page may know of a customer, and whether the whole
// household is unsubscribed already.
func subscriber(tx *store.Tx, id int64) (s web.Subscriber, already bool, err error) {
	c, refused, err := tx.Refusal(id)
	if err != nil {
		return s, false, err
	}
	return web.Subscriber{Name: c.Name, MaskedEmail: maskAddress(c.Email), Locale: c.Locale, Unsubscribed: refused}, refused, nil
}

// inPageWords turns the errors of the database into those that pages know.
func inPageWords(err error) error {
	switch {
	case errors.Is(err, store.ErrBusy):
		return errors.Join(web.ErrBusy, err)
	case errors.Is(err, store.ErrNotFound):
		return errors.Join(web.ErrNoSuchPage, err)
	}
	return err
}

// maskAddress leaves enough of an address for its owner to know it.
func maskAddress(address string) string {
	local, domain, found := strings.Cut(strings.TrimSpace(address), "@")
	if !found {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(local)
	if first == utf8.RuneError {
		return "…@" + domain
	}
	return string(first) + "…@" + domain
}
