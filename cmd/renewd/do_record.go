package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// recordSource is the source of events from the command line.
const recordSource = "record"

// recorded is what record says to programs.
type recorded struct {
	Event     int64  `json:"event"`
	Type      string `json:"type"`
	At        string `json:"at"`
	Customer  string `json:"customer"`
	Agreement string `json:"agreement,omitempty"`
	Added     bool   `json:"added"`
	// EndsOn is the end in force after the event, for one about an agreement.
	EndsOn string `json:"ends_on,omitempty"`
}

// sentence tells people what was recorded, and the end of the agreement where
// an event of this type may have moved it.
func (r *recorded) sentence(of renewal.EventType, zone *time.Location) string {
	text := fmt.Sprintf("Recorded: %s of customer %s", r.Type, r.Customer)
	if r.Agreement != "" {
		text += ", agreement " + r.Agreement
	}
	text += ", on " + localTime(r.At, zone)
	if r.Agreement != "" && of.MovesTerms() {
		text += fmt.Sprintf("; it ends on %s", r.EndsOn)
	}
	return text + "."
}

// doRecord stores one event and applies it to the terms of its household.
func doRecord(ctx context.Context, s *Session, o RecordOptions) error {
	var out recorded
	var zone *time.Location
	err := change(ctx, s, func(c *Config, tx *store.Tx, now time.Time) (err error) {
		zone = c.Business.TimeZone
		out, err = recordEvent(s, tx, c.settings(c.letters()), o, now)
		return err
	})
	if err != nil {
		return plainly(err)
	}
	if s.Out.JSON() {
		return s.Out.Object(out)
	}
	if !out.Added {
		return s.Err.Line("The %s with the id %s was recorded before: nothing changed.", o.Type, o.ID)
	}
	return s.Err.Line("%s", printable(out.sentence(o.Type, zone)))
}

// plainly leaves a sentence such as "there is no customer C4" as it is: that
// its cause is "not found" tells nobody more.
func plainly(err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return &exitError{exitFailed, errors.New(strings.TrimSuffix(err.Error(), ": "+store.ErrNotFound.Error()))}
}

func recordEvent(s *Session, tx *store.Tx, set *plan.Settings, o RecordOptions, now time.Time) (recorded, error) {
	e, err := newEvent(tx, o, now)
	if err != nil {
		return recorded{}, err
	}
	d, err := tx.Dossier(e.CustomerID, time.Time{})
	if err != nil {
		return recorded{}, err
	}
	if err := placeEvent(s, tx, &e, o, d, now); err != nil {
		return recorded{}, err
	}
	before := d.Agreement(e.AgreementID)
	added, err := tx.RecordEvent(&e, "")
	if err != nil {
		return recorded{}, err
	}
	if added && e.Type.MovesTerms() {
		if err := settleHousehold(s, tx, set, e.CustomerID, now); err != nil {
			return recorded{}, err
		}
	}
	if d, err = tx.Dossier(e.CustomerID, time.Time{}); err != nil {
		return recorded{}, err
	}
	out := recorded{Event: e.ID, Type: string(e.Type), At: renewal.FormatStamp(e.At), Added: added, Customer: d.Customer(e.CustomerID).Ref}
	after := d.Agreement(e.AgreementID)
	if after != nil {
		out.Agreement, out.EndsOn = after.Ref, after.EndsOn.String()
	}
	if warning := noEffect(d, &e, before, now, tx.Zone()); added && warning != "" {
		return out, s.Err.Line("warning: %s", printable(warning))
	}
	return out, nil
}

// newEvent resolves what the flags name.
func newEvent(tx *store.Tx, o RecordOptions, now time.Time) (renewal.Event, error) {
	e := renewal.Event{Type: o.Type, StoredAt: now, Until: o.Until, Channel: o.Channel, Note: o.Note, Source: recordSource, SourceID: o.ID}
	var err error
	if o.Customer != "" {
		if e.CustomerID, err = tx.CustomerByRef(o.Customer); err != nil {
			return e, err
		}
	}
	if o.Agreement != "" {
		var owner int64
		if e.AgreementID, owner, err = tx.AgreementByRef(o.Agreement); err != nil {
			return e, err
		}
		if e.CustomerID != 0 && e.CustomerID != owner {
			return e, usageError("agreement %s does not belong to customer %s: leave --customer out, or name the right one", o.Agreement, o.Customer)
		}
		e.CustomerID = owner
	}
	if o.Product != "" {
		if e.Product, err = tx.ProductByRef(o.Product); err != nil {
			return e, err
		}
	}
	if o.Quantity != nil {
		e.Quantity = *o.Quantity
	}
	if o.Amount != "" {
		e.Amount, err = amountFlag(o.Amount, o.Currency)
	}
	switch {
	case err != nil:
	case e.Type == renewal.Cancel && e.AgreementID == 0 && e.Product == nil:
		err = usageError("a cancel needs --agreement, or --product for the customer's agreements for it")
	case e.Type == renewal.PurchaseEvent && e.Product == nil:
		err = usageError("a purchase needs --product")
	case !e.Until.IsZero() && e.Type != renewal.Payment && e.Type != renewal.Renewal:
		err = usageError("--until goes with a payment or a renewal")
	}
	return e, err
}

// placeEvent settles the event's instant, in the customer's zone where none was
// written. A future instant counts from then on.
func placeEvent(s *Session, tx *store.Tx, e *renewal.Event, o RecordOptions, d *renewal.Dossier, now time.Time) error {
	e.At = now
	for i := range d.Events {
		if known := &d.Events[i]; o.ID != "" && known.SourceID == o.ID && known.Source == recordSource {
			e.At = known.At // the same again, unless --at says otherwise
		}
	}
	if o.At != "" {
		var err error
		if e.At, err = instant(o.At, d.ZoneOf(e.CustomerID, tx.Zone())); err != nil {
			return usageError("--at: %w", err)
		}
	}
	if e.At.After(now) {
		return s.Err.Line("warning: %s is in the future: the %s counts from that moment on.", e.At.In(tx.Zone()).Format(clock), e.Type)
	}
	return nil
}

// amountFlag reads an amount such as 49.00 into the minor unit of its currency.
func amountFlag(amount, code string) (renewal.Money, error) {
	code = strings.ToUpper(code)
	if !currency.IsValid(code) {
		return renewal.Money{}, usageError("--currency: %q is not a currency such as EUR (ISO 4217)", code)
	}
	parsed, err := currency.NewAmount(strings.Replace(amount, ",", ".", 1), code)
	if err != nil {
		return renewal.Money{}, usageError("--amount: %q is not an amount such as 49.00", amount)
	}
	if rounded := parsed.Round(); !rounded.Equal(parsed) {
		return renewal.Money{}, usageError("--amount: %s has more decimals than %s has", amount, code)
	}
	minor, err := parsed.Int64()
	if err != nil {
		return renewal.Money{}, usageError("--amount: %s is too large", amount)
	}
	return renewal.Money{Minor: minor, Currency: code}, nil
}
