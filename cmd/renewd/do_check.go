package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// checkExample looks for what init wrote and nobody has replaced: letters would
// come from a business that does not exist.
func checkExample(_ context.Context, c *Config) []Problem {
	example, _ := parseConfig(c.File, exampleConfig, "", nil)
	if example == nil {
		return nil
	}
	problems := &problemList{file: c.File}
	for _, key := range []struct{ name, has, shown string }{
		{"name", c.Business.Name, example.Business.Name},
		{"from", c.Business.From.Address, example.Business.From.Address},
		{"postal_address", c.Business.PostalAddress, example.Business.PostalAddress},
	} {
		if key.has == key.shown {
			problems.warnf(c.keyAt("business", key.name), "business.%s: it is still that of the example, %q: put your own in", key.name, key.has)
		}
	}
	return problems.found
}

// checkLetters renders every letter in every language with made-up data.
func checkLetters(_ context.Context, c *Config) []Problem {
	letters := c.letters()
	var problems []Problem
	for _, f := range letters.Check() {
		p := Problem{File: filepath.Join(c.Templates, f.File), Line: f.Line, Column: f.Column, Level: LevelError, Text: f.Text}
		if f.Harmless {
			p.Level = LevelWarning
		}
		if f.BuiltIn {
			p.File = "built-in " + f.File
		}
		problems = append(problems, p)
	}
	return problems
}

// checkEventLetters tries the letters of rules that may answer an event about a
// customer alone without any agreement.
func checkEventLetters(_ context.Context, c *Config) []Problem {
	letters := c.letters()
	problems := &problemList{file: c.File}
	for i := range c.Rules {
		r := &c.Rules[i]
		if !customerAlone(r.On) || len(r.Audience.Kind) > 0 || len(r.Audience.AutoRenew) > 0 {
			continue
		}
		for _, f := range letters.CheckWithoutAgreement(r.Template, r.On) {
			problems.warnf(c.ruleKeyAt(r, "template"), "rule %q: template: a %s may name no agreement, and then the letter does not render: %s; "+
				"write {{if .Agreements}} around what needs one, or a kind into the rule", r.Name, r.On, f)
		}
	}
	return problems.found
}

// customerAlone reports whether an event of this type may name no agreement and
// then concerns its customer alone.
func customerAlone(t renewal.EventType) bool {
	switch t {
	case "", renewal.Use, renewal.Cancel, renewal.CancelWithdrawn, renewal.Payment, renewal.Renewal, renewal.PaymentFailed, renewal.PriceChange:
		return false
	}
	return true
}

// checkDatabase opens the database, where there is one, and looks at what it
// says against the configuration.
func checkDatabase(ctx context.Context, c *Config) []Problem {
	if _, err := os.Stat(c.Database); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	problem := func(level, format string, args ...any) []Problem {
		return []Problem{{File: c.Database, Level: level, Text: fmt.Sprintf(format, args...)}}
	}
	db, err := c.openStore(ctx, true)
	if err != nil {
		return problem(LevelError, "%v", err)
	}
	defer db.Close()
	var problems []Problem
	if standing, err := store.CheckInstance(ctx, db, c.instance()); err != nil {
		problems = append(problems, problem(LevelError, "%v", err)...)
	} else if !standing.MaySend() {
		problems = append(problems, problem(LevelWarning, "%s", standing.Sentence())...)
	}
	err = db.Read(ctx, func(tx *store.Tx) error {
		unpaid, err := tx.UnpaidAutoRenewals()
		if err == nil && unpaid > 0 {
			problems = append(problems, problem(LevelWarning,
				"%s and no payment was ever recorded: import payments (or set assume_renewal), else staff are asked about each renewal",
				count(unpaid, "agreement renews by itself", "agreements renew by themselves"))...)
		}
		learned := 0
		if err == nil {
			learned, err = tx.LearnedProducts()
		}
		if learned > 0 {
			problems = append(problems, problem(LevelWarning,
				"life = \"learned\" of %s is known, but without effect in this version: write a period such as P3M",
				count(learned, "product", "products"))...)
		}
		return err
	})
	if err != nil {
		problems = append(problems, problem(LevelError, "%v", err)...)
	}
	return problems
}
