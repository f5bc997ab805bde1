package plan

import (
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// matches reports whether a rule's audience takes in an agreement of a customer;
// cancelled says whether the agreement is cancelled at the instant that counts.
// For an event about a customer alone a is nil: a rule that asks for anything an
// agreement has does not match then.
func (s *Settings) matches(r *renewal.Rule, c *renewal.Customer, a *renewal.Agreement, product *renewal.Product, cancelled bool) bool {
	who := &r.Audience
	if !who.TakesCancelled(cancelled) {
		return false
	}
	if a == nil && (len(who.Kind) > 0 || len(who.AutoRenew) > 0) {
		return false
	}
	if len(who.Kind) > 0 && !slices.Contains(who.Kind, a.Kind) {
		return false
	}
	if len(who.AutoRenew) > 0 && !slices.Contains(who.AutoRenew, a.AutoRenew) {
		return false
	}
	if len(who.Product) > 0 && (product == nil || !slices.Contains(who.Product, product.Ref)) {
		return false
	}
	if len(who.Country) > 0 && !slices.ContainsFunc(who.Country, func(want string) bool { return strings.EqualFold(want, c.Country) }) {
		return false
	}
	if len(who.Locale) > 0 {
		locale := s.LocaleOf(c)
		return slices.ContainsFunc(who.Locale, func(want string) bool { return speaks(locale, want) })
	}
	return true
}

// LocaleOf is the customer's language, else the business's.
func (s *Settings) LocaleOf(c *renewal.Customer) string {
	if c.Locale != "" {
		return c.Locale
	}
	return s.Locale
}

// speaks reports whether a locale is the wanted one or a variety of it: pt-BR
// is pt, pt is not pt-BR (RFC 4647, 3.3.1, basic filtering).
func speaks(locale, want string) bool {
	n := len(want)
	return len(locale) >= n && strings.EqualFold(locale[:n], want) && (len(locale) == n || locale[n] == '-')
}

// complaintHold returns the instant until which complaints hold commercial mail
// to the household; the zero time where none ever did. Only events up to now
// count, whatever the order in which they arrived.
func (s *Settings) complaintHold(d *renewal.Dossier, now time.Time) time.Time {
	var hold time.Time
	for i := range d.Events {
		e := &d.Events[i]
		if e.At.After(now) {
			break
		}
		if e.Type != renewal.ComplaintEvent {
			continue
		}
		zone := d.ZoneOf(e.CustomerID, s.Zone)
		until := renewal.AddPeriod(e.At, s.Hold, zone)
		if resolved := resolvedAt(d, e, now); !resolved.IsZero() {
			until = renewal.AddPeriod(resolved, s.AfterResolution, zone)
		}
		if until.After(hold) {
			hold = until
		}
	}
	return hold
}

// resolvedAt returns the first resolution by the same customer at or after the
// complaint, the zero time where there is none up to now.
func resolvedAt(d *renewal.Dossier, complaint *renewal.Event, now time.Time) time.Time {
	for i := range d.Events {
		e := &d.Events[i]
		if e.At.After(now) {
			break
		}
		if e.Type == renewal.ComplaintResolved && e.CustomerID == complaint.CustomerID && !e.At.Before(complaint.At) {
			return e.At
		}
	}
	return time.Time{}
}

// refusals reports whether the household refuses commercial mail: the later of
// unsubscribe and resubscribe decides, at a tie unsubscribe; a spam report
// stands.
func refusals(d *renewal.Dossier, now time.Time) (unsubscribed, spamReported bool) {
	var out, back time.Time
	for i := range d.Events {
		e := &d.Events[i]
		if e.At.After(now) {
			break
		}
		switch e.Type {
		case renewal.Unsubscribe:
			out = e.At
		case renewal.Resubscribe:
			back = e.At
		case renewal.SpamReport:
			spamReported = true
		}
	}
	return !out.IsZero() && !back.After(out), spamReported
}

// unusable returns the customers with a fact that cannot be used, their own or
// one of an agreement of theirs; nil where all is well.
func unusable(d *renewal.Dossier) map[int64]bool {
	var ids map[int64]bool
	note := func(id int64, fault string) {
		if fault == "" {
			return
		}
		if ids == nil {
			ids = map[int64]bool{}
		}
		ids[id] = true
	}
	for i := range d.Customers {
		note(d.Customers[i].ID, d.Customers[i].BadData)
	}
	for i := range d.Agreements {
		note(d.Agreements[i].CustomerID, d.Agreements[i].BadData)
	}
	return ids
}
