package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// nextSpan is how far explain looks ahead.
const nextSpan = 400 * 24 * time.Hour

// explained is what explain found out.
type explained struct {
	facts []fact
	// unusable says which data keep whom waiting.
	unusable   []string
	past, next []decisionLine
	// paused is on while nothing is sent to anybody.
	paused *store.Pause
}

// doExplain shows every fact about one customer or agreement, every decision,
// and what comes next.
func doExplain(ctx context.Context, s *Session, ref string) error {
	return withStore(ctx, s, true, func(c *Config, db *store.DB) error {
		found, err := explain(ctx, c, db, ref)
		if err != nil {
			return err
		}
		if !s.Out.JSON() {
			return found.print(s, c.Business.TimeZone)
		}
		for _, f := range found.facts {
			if err := s.Out.Object(f.object()); err != nil {
				return err
			}
		}
		return PrintAll(s.Out, nil, Items(append(found.past, found.next...)))
	})
}

func explain(ctx context.Context, c *Config, db *store.DB, ref string) (*explained, error) {
	now := present()
	var d *renewal.Dossier
	var about store.Found
	var paused *store.Pause
	replies := map[int64]string{}
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		if about, err = findOne(tx, ref); err != nil {
			return err
		}
		if d, err = tx.Dossier(about.CustomerID, time.Time{}); err != nil {
			return err
		}
		if paused, err = tx.Pause(); err != nil {
			return err
		}
		for i := range d.Reminders {
			if id := d.Reminders[i].MessageID; id != 0 {
				if replies[id], err = tx.Reply(id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	set := c.settings(c.letters())
	plan.Settle(now, set, d)
	found := &explained{facts: factsAbout(d, about, c.Business.TimeZone), unusable: unusable(d, about), past: decisionsAbout(set, d, about, replies), paused: paused}
	span := plan.Span{Now: now, From: now, To: now.Add(nextSpan)}
	if span.Standing, err = standing(ctx, db, c, set, now); err != nil {
		return nil, err
	}
	err = plan.Forecast(span, set, []*renewal.Dossier{d}, func(l plan.Line) error {
		if line := newDecisionLine(l); concerns(line, about) {
			found.next = append(found.next, line)
		}
		return nil
	})
	return found, err
}

// unusable names the data that keep the household, or the agreement asked for,
// waiting: as they stand in the database, for that is where they are put right.
func unusable(d *renewal.Dossier, about store.Found) []string {
	agreement := d.Agreement(about.AgreementID)
	var waits []string
	add := func(what, ref, fault string) {
		if fault != "" {
			waits = append(waits, fmt.Sprintf("%s %s waits until its data are put right: %s.", what, ref, fault))
		}
	}
	for i := range d.Customers {
		if c := &d.Customers[i]; agreement == nil || agreement.CustomerID == c.ID {
			add("Customer", c.Ref, c.BadData)
		}
	}
	for i := range d.Agreements {
		// An agreement that cannot be used holds the others of its customer too.
		if a := &d.Agreements[i]; agreement == nil || agreement.CustomerID == a.CustomerID {
			add("Agreement", a.Ref, a.BadData)
		}
	}
	return waits
}

// print shows people what explain found out.
func (x *explained) print(s *Session, zone *time.Location) error {
	const indent = 11
	for _, f := range x.facts {
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
	next := "What comes next, as things stand:"
	nothing := "Nothing comes in the next 400 days, as things stand."
	if len(x.unusable) > 0 {
		waits := printable(strings.Join(x.unusable, " "))
		next, nothing = waits+"\n\n"+next, waits
	}
	if x.paused != nil {
		next = fmt.Sprintf("Sending is paused since %s (%s: %s); the next try is at %s.\n\n%s", x.paused.Since.In(zone).Format(clock),
			x.paused.Reason, printable(x.paused.Text), x.paused.ProbeAt.In(zone).Format(clock), next)
	}
	columns := append(decisionColumns(zone), Column[decisionLine]{Below: true, Cell: func(l decisionLine) string {
		if l.Reply == "" || l.Decision == plan.Send {
			return ""
		}
		return "the server said: " + printable(l.Reply)
	}})
	if severalTerms(x.past) {
		columns = slices.Insert(columns, len(columns)-2, Column[decisionLine]{Title: "TERM ENDS", Cell: decisionLine.term})
	}
	for _, part := range []struct {
		title, none string
		columns     []Column[decisionLine]
		lines       []decisionLine
	}{
		{"Decided so far:", "Nothing was decided so far.", columns, x.past},
		{next, nothing, decisionColumns(zone), x.next},
	} {
		title := part.title
		if len(part.lines) == 0 {
			title = part.none
		}
		if err := s.Out.Line("\n%s", title); err != nil {
			return err
		}
		if err := PrintAll(s.Out, part.columns, Items(part.lines)); err != nil {
			return err
		}
	}
	return nil
}

// severalTerms reports whether decisions are about more than one term of one
// agreement.
func severalTerms(lines []decisionLine) bool {
	ends := map[string]string{}
	for _, l := range lines {
		for _, r := range l.Reminders {
			if known, seen := ends[r.Agreement]; seen && r.EndsOn != "" && known != r.EndsOn {
				return true
			}
			if r.EndsOn != "" {
				ends[r.Agreement] = r.EndsOn
			}
		}
	}
	return false
}

// term is the end of the term that a recorded decision was about.
func (l decisionLine) term() string { return l.Reminders[0].EndsOn }

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

// decisionsAbout lists what was decided, with what the mail server said by
// message.
func decisionsAbout(set *plan.Settings, d *renewal.Dossier, about store.Found, replies map[int64]string) []decisionLine {
	rows := slices.Clone(d.Reminders)
	slices.SortStableFunc(rows, func(a, b renewal.Reminder) int { return a.DecidedAt.Compare(b.DecidedAt) })
	var lines []decisionLine
	for i := range rows {
		r := &rows[i]
		if about.AgreementID != 0 && r.AgreementID != about.AgreementID {
			continue
		}
		if l := plan.Describe(set, d, r, r.DecidedAt); l.Decision != "" {
			line := newDecisionLine(l)
			line.Reminders[0].EndsOn = r.EndsOn.String()
			line.Reply = replies[r.MessageID]
			lines = append(lines, line)
		}
	}
	return lines
}
