package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"renewd/internal/daemon"
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
	zone, err := time.LoadLocation(demoZone)
	if err != nil {
		return err
	}
	d, err := newDemo(ctx, s, demoDay(present(), zone), zone)
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
	if o.Once || s.Out.JSON() {
		return d.showPlaces()
	}
	return d.serve(ctx)
}

// newDemo lays out the folder for a demo of the given day and brings the
// spreadsheets in, as they were known when the business began to use renewd.
func newDemo(ctx context.Context, s *Session, day renewal.Date, zone *time.Location) (*demo, error) {
	if err := freshDemoDir(); err != nil {
		return nil, err
	}
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
	d := &demo{s: s, c: c, db: db, today: demoNow(day, zone), clock: demoNow(day.AddDays(-demoPast), zone)}
	if err := d.bringIn(ctx, "products.csv", "customers.csv", "agreements.csv"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
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
		if _, err := importFile(ctx, d.s, d.db, filepath.Join(demoDir, name), ImportOptions{settings: d.c.settings(d.c.letters())}, d.clock); err != nil {
			return err
		}
	}
	return nil
}

// play runs the month up to the demo's today. The morning's events come in
// before the day's first pass.
func (d *demo) play(ctx context.Context) error {
	engine, _, err := d.c.engine(d.db, func() time.Time { return d.clock }, func(l plan.Line) {
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
	if err := d.passUntil(ctx, engine, d.today.Add(-2*time.Hour)); err != nil {
		return err
	}
	if err := d.bringIn(ctx, "events.csv"); err != nil {
		return err
	}
	if err := d.passUntil(ctx, engine, d.today); err != nil {
		return err
	}
	_, err = engine.Pass(ctx)
	return err
}

// passUntil makes a pass at every moment before an instant, and leaves the clock
// at that instant.
func (d *demo) passUntil(ctx context.Context, engine *daemon.Engine, end time.Time) error {
	for d.clock.Before(end) {
		if _, err := engine.Pass(ctx); err != nil {
			return err
		}
		next, err := d.nextLook(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(end) {
			next = end
		}
		d.clock = next
	}
	return nil
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
