package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

func (c *commands) retry() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retry ID...",
		Short: "Send failed or uncertain reminders again",
		Long: `Lets reminders go again, at the next pass and through all gates: those that were
refused (failed) and those of which nobody can know whether they arrived (uncertain).
The customer of an uncertain one may then have the letter twice, with the same
Message-ID.

ID is the number of a reminder, as renewd tasks tells it. Name all reminders of one
message together, so that they are one message again. Either all of them go or none.`,
		Example: `  renewd retry 12
  renewd retry 12 13 14   the three passes of a family
  sqlite3 renewd.db "SELECT reminder, customer FROM decisions WHERE state = 'failed'"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("retry needs ID")
			}
			return nil
		},
	}
	cmd.RunE = c.act(func(ctx context.Context, s *Session, args []string) error {
		ids, err := numberArgs(cmd, args, "reminder")
		if err != nil {
			return err
		}
		return c.app.Retry(ctx, s, ids)
	})
	return cmd
}
