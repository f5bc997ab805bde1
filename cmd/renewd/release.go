package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) release() *cobra.Command {
	var rule string
	cmd := &cobra.Command{
		Use:   "release",
		Short: "Let a burst go",
		Long: `When many reminders are due at once that were not foreseen (a first import, a new
rule), they all wait for a person. Look at them with renewd forecast; this command
lets them go, at the next pass and within sending hours. Without --rule it also ends
a pause of the sending: the mail server is tried at once.`,
		Example: `  renewd release
  renewd release --rule annual-pass`,
		Args: want(),
		RunE: c.act(func(ctx context.Context, s *Session, _ []string) error { return c.app.Release(ctx, s, rule) }),
	}
	cmd.Flags().StringVar(&rule, "rule", "", "only reminders of the rule `R`")
	mustComplete(cmd, "rule", c.completeRules)
	return cmd
}
