package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// nextSpan is how far explain looks ahead.
const nextSpan = 400 * 24 * time.Hour

// fact is one fact of explain: what it is about, and its values in order.
type fact struct {
	kind   string
	values [][2]string
}

// add appends a value unless it is empty.
func (f *fact) add(name, value string) {
	if value != "" {
		f.values = append(f.values, [2]string{name, value})
	}
}

// object is the fact as programs read it.
func (f *fact) object() map[string]string {
	o := map[string]string{"fact": f.kind}
	for _, v := range f.values {
		o[v[0]] = v[1]
	}
	return o
}

func (f *fact) String() string {
	parts := make([]string, len(f.values))
	for i, v := range f.values {
		parts[i] = v[0] + " " + v[1]
	}
	return f.kind + "  " + strings.Join(parts, ", ")
}

// doExplain shows every fact about one customer or agreement, every decision,
// and what comes next.
func doExplain(ctx context.Context, s *Session, ref string) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	db, err := c.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer db.Close()
	now := present()
	var d *renewal.Dossier
	var about store.Found
	err = db.Read(ctx, func(tx *store.Tx) error {
		if about, err = findOne(tx, ref); err != nil {
			return err
		}
		d, err = tx.Dossier(about.CustomerID, time.Time{})
		return err
	})
	if err != nil {
		return err
	}
	renewal.Settle(d, now, c.Business.TimeZone)
	facts := factsAbout(d, about)
	set := c.settings(c.letters())
	past := decisionsAbout(set, d, about)
	span := plan.Span{Now: now, From: now, To: now.Add(nextSpan)}
	if span.Standing, err = standing(ctx, db, c, set, now); err != nil {
		return err
	}
	var next []decisionLine
	err = plan.Forecast(span, set, []*renewal.Dossier{d}, func(l plan.Line) error {
		if line := newDecisionLine(l); concerns(line, about) {
			next = append(next, line)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if s.Out.JSON() {
		for _, f := range facts {
			if err := s.Out.Object(f.object()); err != nil {
				return err
			}
		}
		return PrintAll(s.Out, decisionColumns(c.Business.TimeZone), Items(append(past, next...)))
	}
	return printExplained(s, c, facts, past, next)
}

func printExplained(s *Session, c *Config, facts []fact, past, next []decisionLine) error {
	for _, f := range facts {
		if err := s.Out.Line("%s", printable(f.String())); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		title, none string
		lines       []decisionLine
	}{
		{"Decided so far:", "Nothing was decided so far.", past},
		{"What comes next, as things stand:", "Nothing comes in the next 400 days: no rule has a step for this.", next},
	} {
		title := part.title
		if len(part.lines) == 0 {
			title = part.none
		}
		if err := s.Out.Line("\n%s", title); err != nil {
			return err
		}
		if err := PrintAll(s.Out, decisionColumns(c.Business.TimeZone), Items(part.lines)); err != nil {
			return err
		}
	}
	return nil
}

// findOne finds what a REF means; several customers of one address are one
// household, and the first of them stands for it.
func findOne(tx *store.Tx, ref string) (store.Found, error) {
	found, err := tx.FindRef(ref)
	switch {
	case err != nil:
		return store.Found{}, err
	case len(found) == 0:
		return store.Found{}, fmt.Errorf("there is no customer or agreement %q, by ref or by e-mail address", ref)
	case found[0].Kind != found[len(found)-1].Kind:
		return store.Found{}, usageError("%q is the ref of a customer and of an agreement: write customer:%s or agreement:%s", ref, ref, ref)
	}
	return found[0], nil
}

// concerns reports whether a decision is about the agreement asked for; for a
// customer all of the household's are.
func concerns(l decisionLine, about store.Found) bool {
	return about.AgreementID == 0 || slices.ContainsFunc(l.Reminders, func(r decisionReminder) bool { return r.Agreement == about.Ref })
}

func decisionsAbout(set *plan.Settings, d *renewal.Dossier, about store.Found) []decisionLine {
	rows := slices.Clone(d.Reminders)
	slices.SortStableFunc(rows, func(a, b renewal.Reminder) int { return a.DecidedAt.Compare(b.DecidedAt) })
	var lines []decisionLine
	for i := range rows {
		r := &rows[i]
		if about.AgreementID != 0 && r.AgreementID != about.AgreementID {
			continue
		}
		if l := plan.Describe(set, d, r, r.DecidedAt); l.Decision != "" {
			lines = append(lines, newDecisionLine(l))
		}
	}
	return lines
}

func factsAbout(d *renewal.Dossier, about store.Found) []fact {
	var facts []fact
	agreement := d.Agreement(about.AgreementID)
	for i := range d.Customers {
		if c := &d.Customers[i]; agreement == nil || c.ID == agreement.CustomerID {
			facts = append(facts, customerFact(d, c))
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
				f.add("known_at", renewal.FormatStamp(t.KnownAt))
				f.add("cause", t.Cause)
				facts = append(facts, f)
			}
		}
	}
	for i := range d.Events {
		if e := &d.Events[i]; agreement == nil || e.CustomerID == agreement.CustomerID && (e.AgreementID == 0 || e.AgreementID == agreement.ID) {
			facts = append(facts, eventFact(d, e))
		}
	}
	return facts
}

func customerFact(d *renewal.Dossier, c *renewal.Customer) fact {
	f := fact{kind: "customer"}
	f.add("ref", c.Ref)
	f.add("name", c.Name)
	f.add("email", c.Email)
	f.add("locale", c.Locale)
	f.add("time_zone", c.TimeZone)
	f.add("country", c.Country)
	f.add("region", c.Region)
	f.add("since", c.Since.String())
	f.add("address_bounced", renewal.FormatStamp(d.BouncedAt))
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
	f.add("auto_renew", map[bool]string{true: "yes", false: "no"}[a.AutoRenew])
	if a.AutoRenew {
		f.add("renews_on", a.RenewsOn().String())
		f.add("cancel_by", a.CancelBy().String())
	}
	if a.Price.Known() {
		f.add("price_minor", strconv.FormatInt(a.Price.Minor, 10))
		f.add("currency", a.Price.Currency)
	}
	f.add("cancelled_on", a.CancelledOn.String())
	f.add("basis", a.Basis)
	f.add("bad_data", a.BadData)
	return f
}

func eventFact(d *renewal.Dossier, e *renewal.Event) fact {
	f := fact{kind: "event"}
	f.add("type", string(e.Type))
	f.add("at", renewal.FormatStamp(e.At))
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
		f.add("quantity", strconv.FormatInt(e.Quantity, 10))
	}
	if e.Amount.Known() {
		f.add("amount_minor", strconv.FormatInt(e.Amount.Minor, 10))
		f.add("currency", e.Amount.Currency)
	}
	f.add("until", e.Until.String())
	f.add("note", e.Note)
	f.add("source", e.Source)
	return f
}
