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
	// Duties are those that a notice under legal duties meets, dates inclusive.
	Duties []renewal.DutyWindow `json:"duties,omitempty"`
	// Reply is what the mail server said to a message that was tried; forecasts
	// leave it out.
	Reply string `json:"reply,omitempty"`
	// name is the customer's, shown to people only.
	name string
}

type decisionReminder struct {
	// Agreement is left out for an event about a customer alone.
	Agreement string `json:"agreement,omitempty"`
	Step      string `json:"step"`
	// EndsOn is the end of the term that a recorded decision was about; forecasts
	// leave it out.
	EndsOn string `json:"ends_on,omitempty"`
}

func newDecisionLine(l plan.Line) decisionLine {
	line := decisionLine{At: renewal.FormatStamp(l.At), Customer: l.Customer, Rule: l.Rule, Class: string(l.Class),
		Template: l.Template, Decision: l.Decision, Reason: string(l.Reason), Until: renewal.FormatStamp(l.Until), Duties: windowsOf(l.Duties), name: l.Name}
	for _, r := range l.Reminders {
		line.Reminders = append(line.Reminders, decisionReminder{Agreement: r.Agreement, Step: r.Step})
	}
	return line
}

// windowsOf are duties as programs read them: by their windows.
func windowsOf(duties []renewal.DutyWindow) (shown []renewal.DutyWindow) {
	for _, d := range duties {
		shown = append(shown, renewal.DutyWindow{ID: d.ID, Opens: d.Opens, Closes: d.Closes})
	}
	return shown
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

// printDecisions shows decisions that were collected.
func printDecisions(s *Session, c *Config, lines []decisionLine) error {
	return PrintAll(s.Out, decisionColumns(c.Business.TimeZone), Items(lines))
}

// doForecast shows what will be sent, held and skipped.
func doForecast(ctx context.Context, s *Session, o ForecastOptions) error {
	return withStore(ctx, s, true, func(c *Config, db *store.DB) error { return forecast(ctx, s, c, db, o) })
}

func forecast(ctx context.Context, s *Session, c *Config, db *store.DB, o ForecastOptions) error {
	zone := c.Business.TimeZone
	span := plan.Span{Now: present()}
	var asOf time.Time
	var err error
	if o.Now != "" {
		if asOf, err = instant(o.Now, zone); err != nil {
			return usageError("--now: %w", err)
		}
		span.Now = asOf
	}
	span.From = span.Now
	if o.From != "" {
		if span.From, err = instant(o.From, zone); err != nil {
			return usageError("--from: %w", err)
		}
	}
	if span.From.Before(span.Now) {
		return usageError("--from %s is before the moment that the forecast starts at, %s",
			renewal.FormatStamp(span.From), renewal.FormatStamp(span.Now))
	}
	span.To = span.From.Add(time.Duration(o.Days) * 24 * time.Hour)
	n, err := printForecast(ctx, s, c, db, span, asOf)
	if err == nil && n == 0 && !s.Out.JSON() {
		return s.Err.Line("Nothing will be sent, held or skipped from %s to %s.",
			span.From.In(zone).Format(clock), span.To.In(zone).Format(clock))
	}
	return err
}

// simulate is a forecast that has taken in every household; asOf is the instant
// whose facts count, zero for all there are.
func simulate(ctx context.Context, c *Config, db *store.DB, span plan.Span, asOf time.Time) (*plan.Simulation, error) {
	set := c.settings(c.letters())
	var err error
	if span.Standing, err = standing(ctx, db, c, set, span.Now); err != nil {
		return nil, err
	}
	sim := plan.NewSimulation(span, set)
	err = db.Read(ctx, func(tx *store.Tx) error {
		return tx.EachDossier(asOf, func(d *renewal.Dossier) error {
			sim.Add(d)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the facts: %w", err)
	}
	return sim, nil
}

// simulated is everything that a forecast sees.
func simulated(ctx context.Context, c *Config, db *store.DB, span plan.Span, asOf time.Time) ([]decisionLine, error) {
	sim, err := simulate(ctx, c, db, span, asOf)
	if err != nil {
		return nil, err
	}
	var lines []decisionLine
	err = sim.Run(func(l plan.Line) error {
		lines = append(lines, newDecisionLine(l))
		return ctx.Err()
	})
	return lines, err
}

// printForecast plays every household forward over a span and prints what it
// sees: to programs each line as soon as its moment is done. It returns how many
// lines there were; asOf is that of simulate.
func printForecast(ctx context.Context, s *Session, c *Config, db *store.DB, span plan.Span, asOf time.Time) (lines int, err error) {
	if !s.Out.JSON() {
		seen, err := simulated(ctx, c, db, span, asOf)
		if err != nil {
			return 0, err
		}
		return len(seen), printDecisions(s, c, seen)
	}
	sim, err := simulate(ctx, c, db, span, asOf)
	if err != nil {
		return 0, err
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
	err = PrintAll(s.Out, nil, items)
	return lines, err
}
