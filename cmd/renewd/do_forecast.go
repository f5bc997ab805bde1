package main

import (
	"context"
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
}

type decisionReminder struct {
	Agreement string `json:"agreement"`
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

// decisionColumns show decisions to people, with times on the business's clock.
func decisionColumns(zone *time.Location) []Column[decisionLine] {
	local := func(stamp string) string {
		t, err := renewal.ParseStamp(stamp)
		if err != nil {
			return ""
		}
		return t.In(zone).Format("Mon 2006-01-02 15:04")
	}
	return []Column[decisionLine]{
		{Title: "WHEN", Cell: func(l decisionLine) string { return local(l.At) }},
		{Title: "DECISION", Cell: func(l decisionLine) string { return l.Decision }},
		{Title: "WHY", Cell: func(l decisionLine) string { return l.Reason }},
		{Title: "CUSTOMER", Cell: func(l decisionLine) string { return l.Customer }},
		{Title: "RULE", Cell: func(l decisionLine) string { return l.Rule }},
		{Title: "AGREEMENT AND STEP", Cell: func(l decisionLine) string {
			var parts []string
			for _, r := range l.Reminders {
				parts = append(parts, strings.TrimSpace(r.Agreement+" "+r.Step))
			}
			return strings.Join(parts, ", ")
		}},
		{Title: "UNTIL", Cell: func(l decisionLine) string { return local(l.Until) }},
	}
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

// printForecast plays every household forward over a span and prints each line
// as soon as its moment is done. asOf is --now, zero where it was not given.
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
	return lines, PrintAll(s.Out, decisionColumns(c.Business.TimeZone), items)
}
