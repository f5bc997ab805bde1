package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// demoDir is where the demo lives; it is made anew at each start.
const demoDir = "renewd-demo"

// demoPast is how many days before its own today the demo's business begins.
const demoPast = 31

// demo is the sample business while it is being played.
type demo struct {
	s      *Session
	c      *Config
	db     *store.DB
	clock  time.Time
	today  time.Time
	lines  []decisionLine // of the demo's today
	before int            // letters sent on the days before
}

// doDemo plays a month of the sample business and shows what it did.
func doDemo(ctx context.Context, s *Session, o DemoOptions) error {
	d, err := newDemo(ctx, s)
	if err != nil {
		return err
	}
	defer d.db.Close()
	if err := d.play(ctx); err != nil {
		return err
	}
	if err := d.show(ctx); err != nil {
		return err
	}
	if o.Once {
		return s.Out.Line("\nEverything is in ./%s: look around with\n  cd %s && renewd explain P-102\nand see the letters in a browser with renewd demo.", demoDir, demoDir)
	}
	return d.serve(ctx)
}

// newDemo lays out the folder and brings the spreadsheets in, as they were
// known when the business began to use renewd.
func newDemo(ctx context.Context, s *Session) (*demo, error) {
	if err := freshDemoDir(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(demoZone)
	if err != nil {
		return nil, err
	}
	day := demoDay(renewal.LocalDate(present(), zone))
	files := demoFiles(day)
	files["config.toml"] = demoConfig
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(demoDir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	s.configFlag = filepath.Join(demoDir, "config.toml")
	c, err := s.Config()
	if err != nil {
		return nil, err
	}
	db, err := c.openStore(ctx, false)
	if err != nil {
		return nil, err
	}
	d := &demo{s: s, c: c, db: db, today: renewal.At(day, 10*60, zone), clock: renewal.At(day.AddDays(-demoPast), 10*60, zone)}
	return d, errors.Join(d.bringIn(ctx, "products.csv", "customers.csv", "agreements.csv"))
}

// freshDemoDir makes the folder anew, but only one that a demo made.
func freshDemoDir() error {
	if entries, err := os.ReadDir(demoDir); err == nil && len(entries) > 0 {
		config, err := os.ReadFile(filepath.Join(demoDir, "config.toml"))
		if err != nil || !strings.HasPrefix(string(config), strings.SplitN(demoConfig, "\n", 2)[0]) {
			return fmt.Errorf("./%s is there already, and no demo made it: move it away or start in another folder", demoDir)
		}
		if err := os.RemoveAll(demoDir); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(demoDir, "templates"), 0o755)
}

func (d *demo) bringIn(ctx context.Context, files ...string) error {
	for _, name := range files {
		if _, err := importFile(ctx, d.s, d.db, filepath.Join(demoDir, name), ImportOptions{}, d.clock); err != nil {
			return err
		}
	}
	return nil
}

// play runs the month up to the demo's today. The morning's events come in
// before the day's first pass.
func (d *demo) play(ctx context.Context) error {
	engine, err := d.c.engine(d.db, func() time.Time { return d.clock }, func(l plan.Line) {
		switch {
		case renewal.LocalDate(d.clock, d.c.Business.TimeZone) == renewal.LocalDate(d.today, d.c.Business.TimeZone):
			d.lines = append(d.lines, newDecisionLine(l))
		case l.Decision == plan.Send:
			d.before++
		}
	})
	if err != nil {
		return err
	}
	morning := d.today.Add(-2 * time.Hour)
	for d.clock.Before(morning) {
		if _, err := engine.Pass(ctx); err != nil {
			return err
		}
		next, err := d.nextLook(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(morning) {
			next = morning
		}
		d.clock = next
	}
	if err := d.bringIn(ctx, "events.csv"); err != nil {
		return err
	}
	for {
		if _, err := engine.Pass(ctx); err != nil {
			return err
		}
		next, err := d.nextLook(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(d.today) {
			d.clock = d.today
			_, err := engine.Pass(ctx)
			return err
		}
		d.clock = next
	}
}

func (d *demo) nextLook(ctx context.Context) (next time.Time, err error) {
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		next, err = tx.NextLook()
		return err
	})
	if next.Before(d.clock) && !next.IsZero() {
		next = d.clock.Add(time.Second)
	}
	return next, err
}

// show prints the demo's today: a letter, what left, what was held, what was
// skipped, what waits for a person, and the month to come.
func (d *demo) show(ctx context.Context) error {
	out := d.s.Out
	if out.JSON() {
		return PrintAll(out, decisionColumns(d.c.Business.TimeZone), Items(d.lines))
	}
	if err := out.Line("Rocha Alta, a climbing hall in Lisbon, has used renewd for a month: %s before today.\nIt is %s.",
		count(d.before, "letter went out", "letters went out"), d.today.In(d.c.Business.TimeZone).Format("Monday 2 January 2006, 15:04")); err != nil {
		return err
	}
	if err := d.showLetter(ctx); err != nil {
		return err
	}
	for _, part := range []struct{ decision, title string }{
		{plan.Send, "Sent today:"},
		{plan.Wait, "Held back today, and why:"},
		{plan.Skip, "Skipped today, and why:"},
	} {
		var lines []decisionLine
		for _, l := range d.lines {
			if l.Decision == part.decision {
				lines = append(lines, l)
			}
		}
		if err := d.section(part.title, lines); err != nil {
			return err
		}
	}
	if err := out.Line("\nWaiting for a person (renewd tasks):"); err != nil {
		return err
	}
	if err := doTasks(ctx, d.s); err != nil {
		return err
	}
	return d.showForecast(ctx)
}

func (d *demo) section(title string, lines []decisionLine) error {
	if err := d.s.Out.Line("\n%s", title); err != nil {
		return err
	}
	return PrintAll(d.s.Out, decisionColumns(d.c.Business.TimeZone), Items(lines))
}

// showLetter opens one of today's letters.
func (d *demo) showLetter(ctx context.Context) error {
	letters, err := d.letters(ctx)
	if err != nil {
		return err
	}
	for _, l := range letters {
		if l.Customer != "C04" || l.SentAt.Before(d.today.Add(-2*time.Hour)) {
			continue
		}
		if err := d.s.Out.Line("\nOne of today's letters, to a family whose three passes end together:\n\n    To: %s\n    Subject: %s\n",
			l.To, l.Subject); err != nil {
			return err
		}
		for line := range strings.Lines(l.Text) {
			if err := d.s.Out.Line("    %s", strings.TrimRight(line, "\r\n")); err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

// showForecast prints the days to come, from the demo's now.
func (d *demo) showForecast(ctx context.Context) error {
	const shown = 12
	set := d.c.settings(d.c.letters())
	span := plan.Span{Now: d.today, From: d.today, To: d.today.Add(30 * 24 * time.Hour)}
	var err error
	if span.Standing, err = standing(ctx, d.db, d.c, set, d.today); err != nil {
		return err
	}
	sim := plan.NewSimulation(span, set)
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		return tx.EachDossier(time.Time{}, func(h *renewal.Dossier) error {
			sim.Add(h)
			return nil
		})
	})
	if err != nil {
		return err
	}
	var lines []decisionLine
	err = sim.Run(func(l plan.Line) error {
		lines = append(lines, newDecisionLine(l))
		return nil
	})
	if err != nil {
		return err
	}
	title := "The next 30 days (renewd forecast):"
	if len(lines) > shown {
		title = fmt.Sprintf("The next 30 days (renewd forecast), the first %d of %d lines:", shown, len(lines))
		lines = lines[:shown]
	}
	return d.section(title, lines)
}
