package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// nextSpan is how far explain looks ahead.
const nextSpan = 400 * 24 * time.Hour

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
	facts := factsAbout(d, about, c.Business.TimeZone)
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
		return PrintAll(s.Out, nil, Items(append(past, next...)))
	}
	return printExplained(ctx, s, c, db, facts, past, next)
}

// printExplained shows people what explain found out.
func printExplained(ctx context.Context, s *Session, c *Config, db *store.DB, facts []fact, past, next []decisionLine) error {
	const indent = 11
	for _, f := range facts {
		lines := []string{printable(f.text())}
		if s.Out.width > 0 {
			lines = wrap(lines[0], max(s.Out.width, 2*indent)-indent)
		}
		kind := f.kind
		for _, line := range lines {
			if err := s.Out.Line("%-*s%s", indent, kind, line); err != nil {
				return err
			}
			kind = ""
		}
	}
	for _, part := range []struct {
		title, none string
		lines       []decisionLine
	}{
		{"Decided so far:", "Nothing was decided so far.", past},
		{"What comes next, as things stand:", "Nothing comes in the next 400 days, as things stand.", next},
	} {
		title := part.title
		if len(part.lines) == 0 {
			title = part.none
		}
		if err := s.Out.Line("\n%s", title); err != nil {
			return err
		}
		if err := printDecisions(ctx, s, c, db, part.lines); err != nil {
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
