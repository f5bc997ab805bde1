package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// doTasks lists what waits for a person.
func doTasks(ctx context.Context, s *Session) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	db, err := c.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer db.Close()
	var open []store.OpenTask
	names := map[string]string{}
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		open, err = tx.OpenTasks()
		for i := 0; i < len(open) && err == nil && !s.Out.JSON(); i++ {
			ref := open[i].Customer
			names[ref], err = customerName(tx, ref)
		}
		return err
	})
	if err != nil {
		return err
	}
	tasks := make([]taskLine, len(open))
	for i, t := range open {
		tasks[i] = taskLine{t.ID, string(t.Kind), t.Customer, t.Agreement, renewal.FormatStamp(t.Since), t.Text, names[t.Customer]}
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
	c, err := s.Config()
	if err != nil {
		return err
	}
	db, err := c.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer db.Close()
	now := present()
	return db.Write(ctx, func(tx *store.Tx) error { return f(c, tx, now) })
}

func doTaskDone(ctx context.Context, s *Session, id int64) error {
	err := change(ctx, s, func(_ *Config, tx *store.Tx, now time.Time) error { return tx.DoneTask(id, now) })
	if err != nil {
		return plainly(err)
	}
	return s.Err.Line("Task %d is done.", id)
}

// doRelease lets a burst go.
func doRelease(ctx context.Context, s *Session, rule string) error {
	released := 0
	err := change(ctx, s, func(c *Config, tx *store.Tx, now time.Time) (err error) {
		if rule != "" && !c.hasRule(rule) {
			return usageError("there is no rule %q in %s", rule, c.File)
		}
		released, err = tx.Release(rule, now)
		return err
	})
	if err != nil {
		return err
	}
	return s.Err.Line("%s released; what nothing else holds leaves at the next pass.", count(released, "reminder was", "reminders were"))
}

func (c *Config) hasRule(name string) bool {
	for i := range c.Rules {
		if c.Rules[i].Name == name {
			return true
		}
	}
	return false
}
