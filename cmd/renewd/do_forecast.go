package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// decisionLine is a line of forecast and explain as programs read it.
type decisionLine struct {
	At        string             `json:"at"`
	Customer  string             `json:"customer"`
	Rule      string             `json:"rule"`
	Class     string             `json:"class"`
	Template  string             `json:"template"`
	Decision  string             `json:"decision"`
	Reason    string             `json:"reason"`
	Until     string             `json:"until,omitempty"`
	Reminders []decisionReminder `json:"reminders"`
	// name is the customer's, shown to people only.
	name string
}

type decisionReminder struct {
	// Agreement is left out for an event about a customer alone.
	Agreement string `json:"agreement,omitempty"`
	Step      string `json:"step"`
}

func newDecisionLine(l plan.Line) decisionLine {
	line := decisionLine{At: renewal.FormatStamp(l.At), Customer: l.Customer, Rule: l.Rule, Class: string(l.Class),
		Template: l.Template, Decision: l.Decision, Reason: string(l.Reason), Until: renewal.FormatStamp(l.Until)}
	for _, r := range l.Reminders {
		line.Reminders = append(line.Reminders, decisionReminder(r))
	}
	return line
}

// clock is how people are shown an instant, on the business's clock.
const clock = "2006-01-02 15:04"

// decisionColumns show decisions to people.
func decisionColumns(zone *time.Location) []Column[decisionLine] {
	return []Column[decisionLine]{
		{Title: "WHEN", Solid: true, Cell: func(l decisionLine) string { return localTime(l.At, zone) }},
		{Title: "DECISION", Cell: decisionLine.verdict},
		{Title: "CUSTOMER", Cell: func(l decisionLine) string { return strings.TrimSpace(l.Customer + " " + l.name) }},
		{Title: "RULE", Cell: func(l decisionLine) string { return l.Rule }},
		{Title: "FOR", Cell: decisionLine.concerned},
		{Below: true, Cell: func(l decisionLine) string { return l.end(zone) }},
	}
}

// localTime writes a stamp as people read it on a clock of the zone; no stamp is
// the empty string.
func localTime(stamp string, zone *time.Location) string { return timeIn(stamp, zone, clock) }

// timeIn is localTime in a layout of package time.
func timeIn(stamp string, zone *time.Location, layout string) string {
	t, err := renewal.ParseStamp(stamp)
	if err != nil {
		return ""
	}
	return t.In(zone).Format(layout)
}

// verdict says in two words what was decided and why.
func (l decisionLine) verdict() string {
	if l.Decision == plan.Send && l.Reason == string(renewal.IsDue) {
		return l.Decision
	}
	return l.Decision + " " + l.Reason
}

// end says until when a wait lasts; empty where nobody knows.
func (l decisionLine) end(zone *time.Location) string {
	if l.Until == "" {
		return ""
	}
	return "until " + localTime(l.Until, zone)
}

// concerned lists the reminders, those of one step together.
func (l decisionLine) concerned() string {
	var steps []string
	refs := map[string][]string{}
	for _, r := range l.Reminders {
		if refs[r.Step] == nil {
			steps = append(steps, r.Step)
		}
		refs[r.Step] = append(refs[r.Step], r.Agreement)
	}
	for i, step := range steps {
		steps[i] = strings.TrimSpace(strings.Join(refs[step], ", ") + " " + step)
	}
	return strings.Join(steps, "; ")
}

// printDecisions shows decisions that were collected, to people with the names
// of the customers.
func printDecisions(ctx context.Context, s *Session, c *Config, db *store.DB, lines []decisionLine) error {
	if !s.Out.JSON() {
		if err := nameCustomers(ctx, db, lines); err != nil {
			return err
		}
	}
	return PrintAll(s.Out, decisionColumns(c.Business.TimeZone), Items(lines))
}

// nameCustomers adds the names that belong to the refs.
func nameCustomers(ctx context.Context, db *store.DB, lines []decisionLine) error {
	return db.Read(ctx, func(tx *store.Tx) error {
		names := map[string]string{}
		for i := range lines {
			l := &lines[i]
			if name, known := names[l.Customer]; known {
				l.name = name
				continue
			}
			name, err := customerName(tx, l.Customer)
			if err != nil {
				return err
			}
			names[l.Customer], l.name = name, name
		}
		return nil
	})
}

// customerName is the name of the customer with a ref; empty where there is none.
func customerName(tx *store.Tx, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	id, err := tx.CustomerByRef(ref)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	d, err := tx.Dossier(id, time.Time{})
	if err != nil {
		return "", err
	}
	return d.Customer(id).Name, nil
}

// doForecast shows what will be sent, held and skipped.
func doForecast(ctx context.Context, s *Session, o ForecastOptions) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	db, err := c.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer db.Close()
	span := plan.Span{Now: o.Now, From: o.From}
	if span.Now.IsZero() {
		span.Now = present()
	}
	if span.From.IsZero() {
		span.From = span.Now
	}
	if span.From.Before(span.Now) {
		return usageError("--from %s is before the moment that the forecast starts at, %s",
			renewal.FormatStamp(span.From), renewal.FormatStamp(span.Now))
	}
	span.To = span.From.Add(time.Duration(o.Days) * 24 * time.Hour)
	n, err := printForecast(ctx, s, c, db, span, o.Now)
	if err == nil && n == 0 && !s.Out.JSON() {
		return s.Err.Line("Nothing will be sent, held or skipped from %s to %s.",
			span.From.In(c.Business.TimeZone).Format("2006-01-02 15:04"), span.To.In(c.Business.TimeZone).Format("2006-01-02 15:04"))
	}
	return err
}

// printForecast plays every household forward over a span and prints what it
// sees: to programs each line as soon as its moment is done. asOf is --now, zero where it was not given.
func printForecast(ctx context.Context, s *Session, c *Config, db *store.DB, span plan.Span, asOf time.Time) (lines int, err error) {
	set := c.settings(c.letters())
	if span.Standing, err = standing(ctx, db, c, set, span.Now); err != nil {
		return 0, err
	}
	sim := plan.NewSimulation(span, set)
	err = db.Read(ctx, func(tx *store.Tx) error {
		return tx.EachDossier(asOf, func(d *renewal.Dossier) error {
			sim.Add(d)
			return nil
		})
	})
	if err != nil {
		return 0, fmt.Errorf("reading the facts: %w", err)
	}
	if s.Out.JSON() {
		items := func(yield func(decisionLine, error) bool) {
			stopped := false
			err := sim.Run(func(l plan.Line) error {
				lines++
				if stopped = !yield(newDecisionLine(l), nil); stopped {
					return errTold
				}
				return ctx.Err()
			})
			if err != nil && !stopped {
				yield(decisionLine{}, err)
			}
		}
		err = PrintAll(s.Out, nil, items)
		return lines, err
	}
	var collected []decisionLine
	err = sim.Run(func(l plan.Line) error {
		collected = append(collected, newDecisionLine(l))
		return ctx.Err()
	})
	if err != nil {
		return 0, err
	}
	return len(collected), printDecisions(ctx, s, c, db, collected)
}
