package main

import (
	"slices"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// neverPlanned is the state of a notice that has no row in the outbox.
const neverPlanned renewal.State = "none"

// eachGap gives the notices to visit that are missing altogether: for terms of
// auto-renewing agreements that a notice rule covers today, and that have no row
// in the outbox.
//
// What should have been is asked of the code that plans: had it looked at the
// last moment at which the term was in force (for the term in force: now), would
// it have said that the window went by? So a term that was renewed, corrected or
// cancelled in time, or known only after its window, is no gap. A past term that
// has a row of any notice rule is judged by that row alone, since rules change
// their names.
//
// The database does not say since when an agreement renews by itself or a rule
// covers it. A missing notice is therefore an alarm only where one had been
// planned for the same agreement before the window closed, or where the term is
// in force and the next pass will say so too; other gaps are shown without one.
func eachGap(tx *store.Tx, c *Config, f store.NoticeFilter, now time.Time, visit func(store.NoticeRecord) error) error {
	all := c.settings(c.letters())
	set := *all
	set.Broken = nil // a letter that does not render today says nothing about then
	set.Rules = slices.DeleteFunc(slices.Clone(set.Rules), func(r renewal.Rule) bool { return r.Class != renewal.Notice })
	if len(set.Rules) == 0 {
		return nil
	}
	look := func(d *renewal.Dossier) error {
		plan.Settle(now, all, d)
		for i := range d.Agreements {
			a := &d.Agreements[i]
			if !a.AutoRenew || a.ID < 0 || f.Agreement != "" && a.Ref != f.Agreement {
				continue
			}
			for _, n := range missing(d, a, &set, now) {
				if !f.Wants(n.EndsOn) {
					continue
				}
				if err := visit(n); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if f.Agreement == "" {
		return tx.EachDossier(time.Time{}, look)
	}
	_, customer, err := tx.AgreementByRef(f.Agreement)
	if err != nil {
		return err
	}
	d, err := tx.Dossier(customer, time.Time{})
	if err != nil {
		return err
	}
	return look(d)
}

// missing lists the notices about one agreement that were never planned though
// their windows went by.
func missing(d *renewal.Dossier, a *renewal.Agreement, set *plan.Settings, now time.Time) []store.NoticeRecord {
	c := d.Customer(a.CustomerID)
	if c == nil || c.Erased {
		return nil
	}
	rows, since := noticesOf(d, a)
	var list []store.NoticeRecord
	for i, t := range a.Terms {
		inForce, at := i == len(a.Terms)-1, now
		if !inForce {
			next := a.Terms[i+1]
			if !renewal.CauseRenews(next.Cause) && (next.EndsOn < t.EndsOn || renewal.IsCorrection(t.EndsOn, next.EndsOn, a.TermLength())) {
				continue // never an end at all
			}
			if at = next.InForceAt.Add(-time.Second); len(rows[t.EndsOn]) > 0 {
				continue
			}
		}
		for _, r := range plan.Decide(at, set, plan.Standing{}, asItWas(d, a, i, at, set.Zone)).Changes {
			lost := r.State == renewal.Skipped && r.Reason != renewal.BeforeOurTime && at.After(r.NotAfter)
			if !lost || r.Class != renewal.Notice || rows[t.EndsOn][r.Rule] {
				continue
			}
			n := store.NoticeRecord{Customer: c.Ref, Agreement: a.Ref, Rule: r.Rule, Step: r.Step, EndsOn: r.EndsOn,
				Opens: r.DueAt, Closes: r.NotAfter, Duties: r.Duties, Zone: c.Zone, State: neverPlanned, Reason: renewal.Missed}
			if !inForce && (since.IsZero() || since.After(r.NotAfter)) {
				n.Reason = renewal.NoMatch
			}
			list = append(list, n)
		}
	}
	return list
}

// noticesOf returns the rules with a notice about an agreement by the end of the
// term, and when the first of all its notices was planned.
func noticesOf(d *renewal.Dossier, a *renewal.Agreement) (rows map[renewal.Date]map[string]bool, since time.Time) {
	rows = map[renewal.Date]map[string]bool{}
	for i := range d.Reminders {
		r := &d.Reminders[i]
		if r.AgreementID != a.ID || r.Class != renewal.Notice {
			continue
		}
		if rows[r.EndsOn] == nil {
			rows[r.EndsOn] = map[string]bool{}
		}
		rows[r.EndsOn][r.Rule] = true
		if since.IsZero() || r.PlannedAt.Before(since) {
			since = r.PlannedAt
		}
	}
	return rows, since
}

// asItWas is the dossier with one agreement alone, its i-th term in force and
// nothing planned, as it stood at an instant.
func asItWas(d *renewal.Dossier, a *renewal.Agreement, i int, at time.Time, business *time.Location) *renewal.Dossier {
	then := *a
	then.Terms, then.EndsOn = a.Terms[:i+1:i+1], a.Terms[i].EndsOn
	if !then.CancelledOn.IsZero() && renewal.StartOf(then.CancelledOn, d.ZoneOf(a.CustomerID, business)).After(at) {
		then.CancelledOn = 0
	}
	old := &renewal.Dossier{Customers: d.Customers, Agreements: []renewal.Agreement{then}, Events: d.Events}
	if !d.BouncedAt.After(at) {
		old.BouncedAt = d.BouncedAt
	}
	return old
}
