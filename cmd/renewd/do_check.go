package main

import (
	"context"
	"fmt"
)

// checkExample looks for what init wrote and nobody has replaced: letters would
// come from a business that does not exist.
func checkExample(_ context.Context, c *Config) []Problem {
	example, _ := parseConfig(c.File, exampleConfig, "", nil)
	if example == nil {
		return nil
	}
	var problems []Problem
	for _, key := range []struct{ name, has, shown string }{
		{"name", c.Business.Name, example.Business.Name},
		{"from", c.Business.From.Address, example.Business.From.Address},
		{"postal_address", c.Business.PostalAddress, example.Business.PostalAddress},
	} {
		if key.has == key.shown {
			problems = append(problems, Problem{File: c.File, Level: LevelWarning,
				Text: fmt.Sprintf("business.%s: it is still that of the example, %q: put your own in", key.name, key.has)})
		}
	}
	return problems
}
