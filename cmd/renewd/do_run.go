package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/plan"
	"renewd/internal/store"
)

// instance is who this installation is, for the guard against copies.
func (c *Config) instance() store.Instance {
	return store.Instance{StateFile: filepath.Join(c.StateDir(), "instance"), Machine: machineID(), Name: c.Instance.Name}
}

// standing is what holds for the whole database at the instant now.
func standing(ctx context.Context, db *store.DB, c *Config, set *plan.Settings, now time.Time) (plan.Standing, error) {
	instance, err := store.CheckInstance(ctx, db, c.instance())
	if err != nil {
		return plan.Standing{}, err
	}
	s := plan.Standing{Silent: !instance.MaySend()}
	fingerprint, err := daemon.Fingerprint(set)
	if err != nil {
		return s, err
	}
	err = db.Read(ctx, func(tx *store.Tx) error {
		if s.RulesSince, err = daemon.RulesSince(tx, fingerprint, now); err != nil {
			return err
		}
		jumped, err := tx.ClockJumped()
		s.ClockJumped = !jumped.IsZero()
		return err
	})
	return s, err
}

// engine is what makes passes with this configuration, for one that a person
// asked for. watch is told of every decision; close is for the end.
func (c *Config) engine(db *store.DB, now func() time.Time, watch func(plan.Line)) (e *daemon.Engine, close func() error, err error) {
	o, t, err := c.engineOptions(db, now, watch)
	if err != nil {
		return nil, nil, err
	}
	o.AtOnce = true
	if close = t.close; close == nil {
		close = func() error { return nil }
	}
	e, err = daemon.New(o)
	return e, close, err
}

// doRun makes one pass.
func doRun(ctx context.Context, s *Session, o RunOptions) error {
	if o.DryRun {
		return withStore(ctx, s, true, func(c *Config, db *store.DB) error { return dryRun(ctx, s, c, db) })
	}
	defer daemon.SpareProcessor()()
	return withStore(ctx, s, false, func(c *Config, db *store.DB) error { return runPass(ctx, s, c, db) })
}

func runPass(ctx context.Context, s *Session, c *Config, db *store.DB) error {
	lock, err := daemon.Lock(c.Database)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	var lines []decisionLine
	engine, closeEngine, err := c.engine(db, present, func(l plan.Line) { lines = append(lines, newDecisionLine(l)) })
	if err != nil {
		return err
	}
	summary, err := engine.Pass(ctx)
	_ = closeEngine() // what was sent is recorded: a farewell that fails changes nothing
	// What was decided is told even when somebody stops the pass.
	if printErr := printDecisions(s, c, lines); printErr != nil && err == nil {
		err = printErr
	}
	if err == nil {
		err = s.Err.Line("%s", sentence(summary))
	}
	if putOffErr := tellPutOff(context.WithoutCancel(ctx), s, c, db); putOffErr != nil && err == nil {
		err = putOffErr
	}
	if err != nil {
		return err
	}
	if pause := engine.Paused(); pause != nil {
		return needsPerson("messages wait, because the transport does not take them: %s", pause.Text)
	}
	if summary.Tasks > 0 {
		return needsPerson("%s that a person has to look at: see renewd tasks", count(summary.Tasks, "thing arose", "things arose"))
	}
	return nil
}

// tellPutOff says what waits because the transport was away or put it off.
func tellPutOff(ctx context.Context, s *Session, c *Config, db *store.DB) error {
	return db.Read(ctx, func(tx *store.Tx) error {
		n, next, err := tx.PutOff()
		if err != nil || n == 0 {
			return err
		}
		return s.Err.Line("%s for another try until %s.", count(n, "reminder waits", "reminders wait"), next.In(c.Business.TimeZone).Format(clock))
	})
}

// dryRun decides and shows what a pass would do now, and writes nothing.
func dryRun(ctx context.Context, s *Session, c *Config, db *store.DB) error {
	now := present()
	span := plan.Span{Now: now, From: now, To: now}
	n, err := printForecast(ctx, s, c, db, span, time.Time{})
	if err == nil && n == 0 && !s.Out.JSON() {
		return s.Err.Line("A pass would do nothing now.")
	}
	return err
}

// sentence says what a pass did.
func sentence(s daemon.Summary) string {
	text := count(s.Messages, "message sent", "messages sent")
	text += tally("waiting", s.Waiting) + tally("skipped", s.Skipped)
	if s.Failed > 0 {
		text += fmt.Sprintf(", %d failed or in doubt", s.Failed)
	}
	return text + "."
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// tally writes ", 3 waiting (complaint 2, frequency_cap 1)".
func tally(word string, reasons map[string]int) string {
	if len(reasons) == 0 {
		return ""
	}
	total := 0
	var parts []string
	for reason, n := range reasons {
		total += n
		parts = append(parts, fmt.Sprintf("%s %d", reason, n))
	}
	slices.Sort(parts)
	return fmt.Sprintf(", %d %s (%s)", total, word, strings.Join(parts, ", "))
}

// doAdopt makes this database the one that sends. A pass that sends nothing
// comes first, so that everything that may have left since a backup has its row.
func doAdopt(ctx context.Context, s *Session) error {
	return withStore(ctx, s, false, func(c *Config, db *store.DB) error { return adopt(ctx, s, c, db) })
}

func adopt(ctx context.Context, s *Session, c *Config, db *store.DB) error {
	standing, err := store.CheckInstance(ctx, db, c.instance())
	if err != nil {
		return err
	}
	if standing == store.Own {
		return s.Err.Line("This database already is the one that sends.")
	}
	if !standing.MaySend() {
		// So that everything that may have left has its row. It needs no transport,
		// and no password of one.
		o, err := c.planOptions(db, present, nil)
		if err != nil {
			return err
		}
		engine, err := daemon.New(o)
		if err != nil {
			return err
		}
		if _, err := engine.PlanOnly(ctx); err != nil {
			return err
		}
	}
	uncertain, err := store.Adopt(ctx, db, c.instance(), present())
	if err != nil {
		return err
	}
	if err := s.Err.Line("This database is now the one that sends."); err != nil {
		return err
	}
	if uncertain > 0 {
		return needsPerson("%s since the backup was made: see renewd tasks", count(uncertain, "reminder may have left", "reminders may have left"))
	}
	return nil
}
