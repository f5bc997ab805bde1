package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// doTasks lists what waits for a person.
func doTasks(ctx context.Context, s *Session) error {
	return withStore(ctx, s, true, func(c *Config, db *store.DB) error { return listTasks(ctx, s, c, db) })
}

func listTasks(ctx context.Context, s *Session, c *Config, db *store.DB) error {
	var open []store.OpenTask
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		open, err = tx.OpenTasks()
		return err
	})
	if err != nil {
		return err
	}
	tasks := make([]taskLine, len(open))
	for i, t := range open {
		tasks[i] = taskLine{t.ID, string(t.Kind), t.Customer, t.Agreement, renewal.FormatStamp(t.Since), t.Text, t.CustomerName}
	}
	if len(tasks) == 0 && !s.Out.JSON() {
		return s.Err.Line("Nothing waits for a person.")
	}
	return PrintAll(s.Out, []Column[taskLine]{
		{Title: "ID", Right: true, Cell: func(t taskLine) string { return strconv.FormatInt(t.ID, 10) }},
		{Title: "KIND", Cell: func(t taskLine) string { return t.Kind }},
		{Title: "CUSTOMER", Cell: func(t taskLine) string { return strings.TrimSpace(t.Customer + " " + t.name) }},
		{Title: "AGREEMENT", Cell: func(t taskLine) string { return t.Agreement }},
		{Title: "SINCE", Solid: true, Cell: func(t taskLine) string { return localTime(t.Since, c.Business.TimeZone) }},
		{Title: "WHAT", Below: true, Cell: func(t taskLine) string { return t.Text }},
	}, Items(tasks))
}

// taskLine is a task as programs read it.
type taskLine struct {
	ID        int64  `json:"id"`
	Kind      string `json:"kind"`
	Customer  string `json:"customer"`
	Agreement string `json:"agreement"`
	Since     string `json:"since"`
	Text      string `json:"text"`
	// name is the customer's, shown to people only.
	name string
}

// change opens the database for writing and runs f in one transaction.
func change(ctx context.Context, s *Session, f func(c *Config, tx *store.Tx, now time.Time) error) error {
	return withStore(ctx, s, false, func(c *Config, db *store.DB) error {
		// Only once nobody else writes: what was committed meanwhile is not in its future.
		return db.Write(ctx, func(tx *store.Tx) error { return f(c, tx, present()) })
	})
}

func doTaskDone(ctx context.Context, s *Session, id int64) error {
	err := change(ctx, s, func(_ *Config, tx *store.Tx, now time.Time) error { return tx.DoneTask(id, now) })
	if err != nil {
		return plainly(err)
	}
	return s.Err.Line("Task %d is done.", id)
}

// doRetry has failed or uncertain reminders sent again: all of them, or none.
func doRetry(ctx context.Context, s *Session, ids []int64) error {
	going := map[int64]bool{} // those of one letter go together
	err := change(ctx, s, func(c *Config, tx *store.Tx, now time.Time) error {
		for _, id := range ids {
			if going[id] {
				continue
			}
			together, err := retry(c, tx, id, now)
			if err != nil {
				return err
			}
			for _, one := range together {
				going[one] = true
			}
		}
		return nil
	})
	if err != nil {
		return plainly(err)
	}
	return s.Err.Line("%s again at the next pass, unless a gate holds it then.", count(len(going), "reminder goes", "reminders go"))
}

// retry has a reminder sent again and returns it with those of the same letter.
func retry(c *Config, tx *store.Tx, id int64, now time.Time) ([]int64, error) {
	r, err := tx.Reminder(id)
	switch {
	case err != nil:
		return nil, err
	case r.State != renewal.Failed && r.State != renewal.Uncertain:
		return nil, fmt.Errorf("reminder %d (%s %s) is %s: only one that failed or is uncertain goes again; nothing was changed",
			id, r.Rule, r.Step, r.State)
	case now.After(r.NotAfter):
		return nil, fmt.Errorf("reminder %d (%s %s) is too late to go again: its last moment was %s; nothing was changed; tell the customer by other means",
			id, r.Rule, r.Step, r.NotAfter.In(c.Business.TimeZone).Format(clock))
	}
	return tx.Retry(id, now)
}

// doRelease lets a burst go, and has the server tried where sending is paused.
func doRelease(ctx context.Context, s *Session, rule string) error {
	released := 0
	goesOn := ""
	err := change(ctx, s, func(c *Config, tx *store.Tx, now time.Time) (err error) {
		if rule != "" && !c.hasRule(rule) {
			return usageError("there is no rule %q in %s", rule, c.File)
		}
		before, err := tx.Pause()
		if err == nil {
			released, err = tx.Release(rule, now)
		}
		if before != nil && rule == "" {
			goesOn = " Sending was paused: the mail server is tried at once."
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.Err.Line("%s released; what nothing else holds leaves at the next pass.%s", count(released, "reminder was", "reminders were"), goesOn)
}

func (c *Config) hasRule(name string) bool {
	for i := range c.Rules {
		if c.Rules[i].Name == name {
			return true
		}
	}
	return false
}
