package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (c *commands) check() *cobra.Command {
	var online bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look for faults in the configuration and what it points to",
		Long: `Reads the configuration as the daemon would and names every fault with file, line
and column, and what to do about it. Warnings name what works but is probably not
meant, and keys that have no effect in this version.

Exit code 0 with or without warnings, 2 with an error.`,
		Example: `  renewd check
  renewd check --config /etc/renewd/config.toml --json
  renewd check --online                              log in at the mail server, too`,
		Args: want(),
		RunE: c.act(func(ctx context.Context, s *Session, _ []string) error { return checkAll(ctx, s, online) }),
	}
	cmd.Flags().BoolVar(&online, "online", false, "also log in at the mail server")
	return cmd
}

// checkAll prints every problem: of the configuration, and where that can be
// used, of what it points to.
func checkAll(ctx context.Context, s *Session, online bool) error {
	path, err := findConfig(s.configFlag)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	config, problems := inspectConfig(path)
	usable := !hasErrors(problems)
	if config != nil && s.templateNames != nil {
		problems = append(problems, config.missingLetters(s.templateNames(config.Templates))...)
	}
	if usable {
		for _, look := range s.checks {
			problems = append(problems, look(ctx, config)...)
		}
	}
	if usable && online && s.online != nil {
		problems = append(problems, s.online(ctx, s, config)...)
	}
	sortProblems(problems, path)
	for _, p := range problems {
		if s.Out.JSON() {
			err = s.Out.Object(p)
		} else {
			err = s.Out.Line("%s", p)
		}
		if err != nil {
			return err
		}
	}
	if usable {
		if err := tellRecord(s, config); err != nil {
			return err
		}
	}
	if err := s.Err.Line("%s: %s", path, countProblems(problems)); err != nil {
		return err
	}
	if hasErrors(problems) {
		return &exitError{exitUsage, errTold}
	}
	return nil
}

// countProblems is the last line that a person reads.
func countProblems(problems []Problem) string {
	errors, warnings := 0, 0
	for _, p := range problems {
		switch p.Level {
		case LevelError:
			errors++
		case LevelWarning:
			warnings++
		}
	}
	plural := func(n int, word string) string {
		if n == 1 {
			return "1 " + word
		}
		return fmt.Sprintf("%d %ss", n, word)
	}
	switch {
	case errors == 0 && warnings == 0:
		return "no faults"
	case errors == 0:
		return "no errors, " + plural(warnings, "warning")
	case warnings == 0:
		return plural(errors, "error")
	}
	return plural(errors, "error") + ", " + plural(warnings, "warning")
}
