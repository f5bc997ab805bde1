package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
)

// demoWidth is how wide the demo prints: a terminal as it is opened.
const demoWidth = 80

// show prints the demo's today: a letter, what left, what was held, what was
// skipped, what waits for a person, and the month to come.
func (d *demo) show(ctx context.Context) error {
	if d.s.Out.JSON() {
		return PrintAll(d.s.Out, nil, Items(d.lines))
	}
	d.s.Out = d.s.Out.within(demoWidth)
	err := d.s.Out.Line("%s, a climbing hall in Lisbon, has used renewd for a month:\n%s before today.\n"+
		"The demo has a clock of its own: on it, it is %s.", d.c.Business.Name, count(d.before, "letter went out", "letters went out"),
		d.today.In(d.c.Business.TimeZone).Format("Mon 2 January 2006, 15:04"))
	if err != nil {
		return err
	}
	if err := d.showLetter(ctx); err != nil {
		return err
	}
	for _, part := range []struct{ decision, title string }{
		{plan.Send, "Sent today"},
		{plan.Wait, "Held back today, and why"},
		{plan.Skip, "Not sent, and why"},
	} {
		lines := d.decided(part.decision)
		if err := d.heading(part.title); err != nil {
			return err
		}
		if err := PrintAll(d.s.Out, demoColumns(part.decision, d.c.Business.TimeZone), Items(lines)); err != nil {
			return err
		}
	}
	if err := d.heading("Waiting for a person (renewd tasks)"); err != nil {
		return err
	}
	if err := listTasks(ctx, d.s, d.c, d.db); err != nil {
		return err
	}
	return d.showForecast(ctx)
}

// heading starts a section.
func (d *demo) heading(title string) error {
	if d.s.Out.colour {
		return d.s.Out.Line("\n\x1b[1;4m%s\x1b[0m", title)
	}
	return d.s.Out.Line("\n%s\n%s", title, strings.Repeat("-", cellWidth(title)))
}

// decided are today's decisions of one kind.
func (d *demo) decided(decision string) []decisionLine {
	return slices.DeleteFunc(slices.Clone(d.lines), func(l decisionLine) bool { return l.Decision != decision })
}

// demoColumns show today's decisions with a word to each reason.
func demoColumns(decision string, zone *time.Location) []Column[decisionLine] {
	columns := []Column[decisionLine]{
		{Title: "AT", Cell: func(l decisionLine) string { return timeIn(l.At, zone, "15:04") }},
		{Title: "CUSTOMER", Cell: func(l decisionLine) string { return l.name }},
		{Title: "LETTER", Cell: func(l decisionLine) string { return l.Template }},
		{Title: "FOR", Cell: decisionLine.concerned},
	}
	if decision == plan.Send {
		return columns
	}
	return append(columns, Column[decisionLine]{Title: "WHY", Below: true, Cell: func(l decisionLine) string { return l.because(zone) }})
}

// because is the reason with a word to it, and the end of a wait.
func (l decisionLine) because(zone *time.Location) string {
	text := l.Reason
	if words := demoWords(l); words != "" {
		text += ": " + words
	}
	if l.Until != "" {
		text += ", " + l.end(zone)
	}
	return text
}

// demoWords says what a reason means for the demo's own customers.
func demoWords(l decisionLine) string {
	switch renewal.Reason(l.Reason) {
	case renewal.Complaint:
		return "this customer complained recently"
	case renewal.FrequencyCap:
		return "another letter has just gone to this customer"
	case renewal.OutsideHours:
		return "too early in the morning"
	case renewal.Renewed:
		return "paid yesterday"
	case renewal.Unsubscribed:
		return "wants no reminders"
	case renewal.NoAddress:
		return "there is nowhere to write to"
	case renewal.Superseded:
		return "a visit brought the reminder forward"
	}
	return ""
}

// showLetter opens one of today's letters.
func (d *demo) showLetter(ctx context.Context) error {
	letters, err := d.letters(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(letters, func(l demoLetter) bool { return l.Customer == demoFamily && l.Today })
	if i < 0 {
		return fmt.Errorf("no letter went to customer %s today", demoFamily)
	}
	l := &letters[i]
	if err := d.heading("One of today's letters: to a family whose three passes end together"); err != nil {
		return err
	}
	text := fmt.Sprintf("To: %s\nSubject: %s\n\n%s", l.To, l.Subject, strings.ReplaceAll(strings.TrimSpace(l.Text), "\r\n", "\n"))
	for line := range strings.SplitSeq(text, "\n") {
		if err := d.s.Out.Line("%s", strings.TrimRight("  | "+line, " ")); err != nil {
			return err
		}
	}
	return nil
}

// lookAhead is the forecast from the demo's now.
func (d *demo) lookAhead(ctx context.Context) ([]decisionLine, error) {
	span := plan.Span{Now: d.today, From: d.today, To: d.today.Add(30 * 24 * time.Hour)}
	return simulated(ctx, d.c, d.db, span, time.Time{})
}

// showForecast prints the days to come.
func (d *demo) showForecast(ctx context.Context) error {
	lines, err := d.lookAhead(ctx)
	if err != nil {
		return err
	}
	if err := d.heading("The next 30 days (renewd forecast)"); err != nil {
		return err
	}
	zone := d.c.Business.TimeZone
	return PrintAll(d.s.Out, []Column[decisionLine]{
		{Title: "WHEN", Solid: true, Cell: func(l decisionLine) string { return localTime(l.At, zone) }},
		{Title: "DECISION", Cell: decisionLine.verdict},
		{Title: "CUSTOMER", Cell: func(l decisionLine) string { return l.name }},
		{Title: "FOR", Cell: decisionLine.concerned},
		{Below: true, Cell: func(l decisionLine) string { return l.end(zone) }},
	}, Items(lines))
}

// showPlaces says where to look next.
func (d *demo) showPlaces() error {
	if d.s.Out.JSON() {
		return nil
	}
	return d.s.Out.Line(`
Everything is in ./%[1]s: the spreadsheets, config.toml, renewd.db and, in
outbox, the letters. Look around:
  renewd demo                                     the letters in a browser
  cd %[1]s && renewd explain P-102          why Marie Laurent got nothing
  cd %[1]s && sqlite3 renewd.db 'SELECT * FROM sent'`, demoDir)
}
