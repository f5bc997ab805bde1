package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
)

func (w *world) location(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return zone
}

func (w *world) hours(days, hours string) error {
	names := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	w.set.Hours.Days = [7]bool{}
	for _, d := range strings.Split(days, ",") {
		i := slices.Index(names, d)
		if i < 0 {
			return fmt.Errorf("unknown day %q", d)
		}
		w.set.Hours.Days[i] = true
	}
	var h1, m1, h2, m2 int
	_, err := fmt.Sscanf(hours, "%d:%d-%d:%d", &h1, &m1, &h2, &m2)
	w.set.Hours.Open, w.set.Hours.Close = h1*60+m1, h2*60+m2
	return err
}

func periods(list string) []renewal.Period {
	if list == "" {
		return nil
	}
	var ps []renewal.Period
	for _, p := range strings.Split(list, ",") {
		ps = append(ps, renewal.MustPeriod(p))
	}
	return ps
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func yesses(s string) []bool {
	var all []bool
	for _, word := range list(s) {
		all = append(all, word == "yes")
	}
	return all
}

func yes(s string) *bool {
	if s == "" {
		return nil
	}
	b := s == "yes"
	return &b
}

// rule adds a rule, or replaces the one of the same name. Slashes separate the
// parts of after_use=delay/from/until and notice=anchor/earliest/latest.
func (w *world) rule(name string, args map[string]string) error {
	r := renewal.Rule{Name: name, Class: renewal.Class(args["class"]), Template: args["template"], TemplateAfter: args["template_after"],
		BeforeEnd: periods(args["before_end"]), AfterEnd: periods(args["after_end"]), On: renewal.EventType(args["on"]),
		Dedicated: args["dedicated"] == "yes",
		Audience: renewal.Audience{Kind: list(args["kind"]), Product: list(args["product"]), Country: list(args["country"]),
			Locale: list(args["locale"]), AutoRenew: yesses(args["auto_renew"]), Cancelled: yesses(args["cancelled"])}}
	if r.Class == "" {
		r.Class = renewal.Commercial
	}
	if u := strings.Split(args["after_use"], "/"); len(u) == 3 {
		r.AfterUse = &renewal.AfterUse{Delay: renewal.MustPeriod(u[0]), From: renewal.MustPeriod(u[1]), Until: renewal.MustPeriod(u[2])}
	}
	if n := strings.Split(args["notice"], "/"); len(n) == 3 {
		r.Class = renewal.Notice
		r.Notice = &renewal.NoticeWindow{Anchor: renewal.Anchor(n[0]), Earliest: renewal.MustPeriod(n[1]), Latest: renewal.MustPeriod(n[2])}
	}
	if r.Duties = list(args["duties"]); len(r.Duties) > 0 {
		r.Class = renewal.Notice
	}
	r.OnMissed = renewal.OnMissed(args["on_missed"])
	if since, then, ok := strings.Cut(args["unused"], "/"); ok {
		r.Unused = &renewal.Unused{Since: renewal.MustPeriod(since), Then: renewal.WhenUnused(then), Template: "still-using"}
	}
	for i := range w.set.Rules {
		if w.set.Rules[i].Name == name {
			r.Place = i
			w.set.Rules[i] = r
			return nil
		}
	}
	r.Place = len(w.set.Rules)
	w.set.Rules = append(w.set.Rules, r)
	return nil
}

func (w *world) product(ref string, args map[string]string) *renewal.Product {
	p := w.products[ref]
	if p == nil {
		w.seq++
		p = &renewal.Product{ID: w.seq, Ref: ref}
	}
	if v := args["term"]; v != "" {
		p.Term = renewal.MustPeriod(v)
	}
	if v := args["life"]; v != "" {
		p.Life = renewal.MustPeriod(v)
	}
	p.RenewsBy, p.AssumeRenewal = args["renews_by"], args["assume_renewal"] == "yes"
	return p
}

// customer adds a customer or changes the given facts of one.
func (w *world) customer(ref string, args map[string]string) error {
	i := slices.IndexFunc(w.customers, func(c renewal.Customer) bool { return c.Ref == ref })
	if i < 0 {
		w.seq++
		i = len(w.customers)
		w.customers = append(w.customers, renewal.Customer{ID: w.seq, Ref: ref, Email: ref + "@example.com"})
	}
	c := &w.customers[i]
	for k, v := range args {
		switch k {
		case "email":
			c.Email = strings.ReplaceAll(v, "none", "")
		case "zone":
			c.Zone = w.location(v)
		case "locale":
			c.Locale = v
		case "country":
			c.Country = v
		case "region":
			c.Region = v
		case "bad":
			c.BadData = strings.ReplaceAll(v, "nothing", "")
		case "erased":
			c.Erased = v == "yes"
		default:
			return fmt.Errorf("unknown fact %s", k)
		}
	}
	return nil
}

// agreement adds an agreement (customer=, kind= default pass) or changes the
// given facts of one.
func (w *world) agreement(ref string, args map[string]string) error {
	i := slices.IndexFunc(w.agreements, func(a renewal.Agreement) bool { return a.Ref == ref })
	if i < 0 {
		c := slices.IndexFunc(w.customers, func(c renewal.Customer) bool { return c.Ref == args["customer"] })
		if c < 0 {
			return fmt.Errorf("no customer %q", args["customer"])
		}
		w.seq++
		i = len(w.agreements)
		w.agreements = append(w.agreements, renewal.Agreement{ID: w.seq, Ref: ref, CustomerID: w.customers[c].ID,
			Kind: renewal.KindPass, Basis: renewal.BasisWritten, KnownAt: w.now})
	}
	a := &w.agreements[i]
	for k, v := range args {
		var err error
		switch k {
		case "customer":
		case "kind":
			a.Kind = v
		case "product":
			if a.Product = w.products[v]; a.Product == nil {
				return fmt.Errorf("no product %q", v)
			}
		case "starts":
			a.StartsOn, err = renewal.ParseDate(v)
		case "ends":
			a.EndsOn, err = renewal.ParseDate(v)
		case "trial_ends":
			a.TrialEndsOn, err = renewal.ParseDate(v)
		case "new_price":
			a.NewPrice = renewal.Money{Currency: "EUR"}
			_, err = fmt.Sscan(v, &a.NewPrice.Minor)
		case "new_price_from":
			a.NewPriceFrom, err = renewal.ParseDate(v)
		case "cancelled":
			a.CancelledOn = 0
			if v != "no" {
				a.CancelledOn, err = renewal.ParseDate(v)
			}
		case "term":
			a.Term, err = renewal.ParsePeriod(v)
		case "notice_period":
			a.NoticePeriod, err = renewal.ParsePeriod(v)
		case "auto_renew":
			a.AutoRenew = v == "yes"
		case "renews_by":
			a.RenewsBy = v
		case "assume_renewal":
			a.AssumeRenewal = yes(v)
		case "bad":
			a.BadData = strings.ReplaceAll(v, "nothing", "")
		default:
			return fmt.Errorf("unknown fact %s", k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// event adds an event: at= (default the story's clock), customer= or agreement=.
func (w *world) event(kind string, args map[string]string) error {
	if !renewal.KnownEventType(renewal.EventType(kind)) {
		return fmt.Errorf("unknown event type %s", kind)
	}
	w.seq++
	e := renewal.Event{ID: w.seq, Type: renewal.EventType(kind), At: w.now, StoredAt: w.now, Source: "story"}
	for k, v := range args {
		var err error
		switch k {
		case "at":
			e.At, err = renewal.ParseStamp(v)
		case "until":
			e.Until, err = renewal.ParseDate(v)
		case "customer":
			for _, c := range w.customers {
				if c.Ref == v {
					e.CustomerID = c.ID
				}
			}
		case "agreement":
			for _, a := range w.agreements {
				if a.Ref == v {
					e.AgreementID, e.CustomerID = a.ID, a.CustomerID
				}
			}
		case "product":
			e.Product = w.products[v]
		default:
			return fmt.Errorf("unknown fact %s", k)
		}
		if err != nil {
			return err
		}
	}
	if e.CustomerID == 0 {
		return fmt.Errorf("the event belongs to nobody")
	}
	for _, c := range w.customers {
		if c.ID == e.CustomerID && e.Type == renewal.Bounce {
			w.bounced[renewal.HouseholdKey(c.Email)] = e.At
		}
	}
	w.events = append(w.events, e)
	return nil
}
