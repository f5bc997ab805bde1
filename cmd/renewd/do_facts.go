package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// fact is one fact of explain: what it is about, and its values in order.
type fact struct {
	kind   string
	values []factValue
}

// factValue is one value of a fact: for programs a text, a number or a truth, nil
// where it is not for them; words is what people are shown, empty where it is
// not for them.
type factValue struct {
	name  string
	value any
	words string
}

// add appends a text unless it is empty.
func (f *fact) add(name, value string) {
	if value != "" {
		f.values = append(f.values, factValue{name, value, value})
	}
}

// addTime appends an instant unless it is zero: people read the business's clock.
func (f *fact) addTime(name string, t time.Time, zone *time.Location) {
	if !t.IsZero() {
		f.values = append(f.values, factValue{name, renewal.FormatStamp(t), t.In(zone).Format(clock)})
	}
}

// addMoney appends an amount unless there is none: people read it with its
// decimals, programs in the minor unit with the currency beside it.
func (f *fact) addMoney(name string, m renewal.Money) {
	if m.Known() {
		f.values = append(f.values, factValue{name + "_minor", m.Minor, ""},
			factValue{"currency", m.Currency, ""}, factValue{name, nil, moneyWords(m)})
	}
}

// moneyWords writes an amount as 1234.56 EUR.
func moneyWords(m renewal.Money) string {
	amount, err := currency.NewAmountFromInt64(m.Minor, m.Currency)
	if err != nil {
		return fmt.Sprintf("%d (minor unit) %s", m.Minor, m.Currency)
	}
	return amount.Number() + " " + m.Currency
}

// object is the fact as programs read it.
func (f *fact) object() map[string]any {
	o := map[string]any{"fact": f.kind}
	for _, v := range f.values {
		if v.value != nil {
			o[v.name] = v.value
		}
	}
	return o
}

// text is what people read about the fact.
func (f *fact) text() string {
	var parts []string
	for _, v := range f.values {
		if v.words != "" {
			parts = append(parts, v.name+" "+v.words)
		}
	}
	return strings.Join(parts, ", ")
}

// holdsAll reports whether an event of this type counts for every agreement of
// its household.
func holdsAll(t renewal.EventType) bool {
	switch t {
	case renewal.ComplaintEvent, renewal.ComplaintResolved, renewal.Unsubscribe, renewal.Resubscribe, renewal.Bounce, renewal.SpamReport:
		return true
	}
	return false
}

// factsAbout is what a dossier holds about a customer's household, or about one
// agreement alone: then with what other members of the household did that counts
// for it too. Times are told on a clock of the zone.
func factsAbout(d *renewal.Dossier, about store.Found, zone *time.Location) []fact {
	var facts []fact
	agreement := d.Agreement(about.AgreementID)
	for i := range d.Customers {
		c := &d.Customers[i]
		spoke := slices.ContainsFunc(d.Events, func(e renewal.Event) bool { return e.CustomerID == c.ID && holdsAll(e.Type) })
		if agreement == nil || c.ID == agreement.CustomerID || spoke {
			facts = append(facts, customerFact(d, c, zone))
		}
	}
	for i := range d.Agreements {
		if a := &d.Agreements[i]; agreement == nil || a.ID == agreement.ID {
			facts = append(facts, agreementFact(d, a))
			for _, t := range a.Terms {
				f := fact{kind: "term"}
				f.add("agreement", a.Ref)
				f.add("starts_on", t.StartsOn.String())
				f.add("ends_on", t.EndsOn.String())
				f.addTime("known_at", t.KnownAt, zone)
				f.add("cause", t.Cause)
				facts = append(facts, f)
			}
		}
	}
	for i := range d.Events {
		if e := &d.Events[i]; agreement == nil || holdsAll(e.Type) || e.Concerns(agreement) {
			facts = append(facts, eventFact(d, e, zone))
		}
	}
	return facts
}

func customerFact(d *renewal.Dossier, c *renewal.Customer, zone *time.Location) fact {
	f := fact{kind: "customer"}
	f.add("ref", c.Ref)
	f.add("name", c.Name)
	f.add("email", c.Email)
	f.add("locale", c.Locale)
	f.add("time_zone", c.TimeZone)
	f.add("country", c.Country)
	f.add("region", c.Region)
	f.add("since", c.Since.String())
	f.addTime("address_bounced", d.BouncedAt, zone)
	f.add("bad_data", c.BadData)
	return f
}

func agreementFact(d *renewal.Dossier, a *renewal.Agreement) fact {
	f := fact{kind: "agreement"}
	f.add("ref", a.Ref)
	if c := d.Customer(a.CustomerID); c != nil {
		f.add("customer", c.Ref)
	}
	f.add("kind", a.Kind)
	if a.Product != nil {
		f.add("product", a.Product.Ref)
	}
	f.add("starts_on", a.StartsOn.String())
	f.add("ends_on", a.EndsOn.String())
	f.add("term", a.TermLength().String())
	f.values = append(f.values, factValue{"auto_renew", a.AutoRenew, map[bool]string{true: "yes", false: "no"}[a.AutoRenew]})
	if a.AutoRenew {
		f.add("renews_on", a.RenewsOn().String())
		f.add("cancel_by", a.CancelBy().String())
	}
	f.addMoney("price", a.Price)
	f.add("cancelled_on", a.CancelledOn.String())
	if d.CancelledAt(a, present()) {
		f.values = append(f.values, factValue{"cancelled", true, "yes"})
	}
	f.add("basis", a.Basis)
	f.add("bad_data", a.BadData)
	return f
}

func eventFact(d *renewal.Dossier, e *renewal.Event, zone *time.Location) fact {
	f := fact{kind: "event"}
	f.add("type", string(e.Type))
	f.addTime("at", e.At, zone)
	if c := d.Customer(e.CustomerID); c != nil {
		f.add("customer", c.Ref)
	}
	if a := d.Agreement(e.AgreementID); a != nil {
		f.add("agreement", a.Ref)
	}
	if e.Product != nil {
		f.add("product", e.Product.Ref)
	}
	f.add("channel", e.Channel)
	if e.Quantity != 0 {
		f.values = append(f.values, factValue{"quantity", e.Quantity, strconv.FormatInt(e.Quantity, 10)})
	}
	f.addMoney("amount", e.Amount)
	f.add("until", e.Until.String())
	f.add("note", e.Note)
	f.add("source", e.Source)
	return f
}
