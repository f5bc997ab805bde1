package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) adopt() *cobra.Command {
	return &cobra.Command{
		Use:   "adopt",
		Short: "Make this copy of the database the one that sends",
		Long: `A database that was copied from another machine, or restored from a backup, plans
and shows everything and sends nothing, so that no customer is written to twice.
This command makes it the one that sends. Be sure that the other one does not.

Reminders that fell due in the gap of a restored backup may have been sent: they
become uncertain until a person decides about each: renewd retry sends it, else tick
its task off.`,
		Example: `  renewd adopt`,
		Args:    want(),
		RunE:    c.act(func(ctx context.Context, s *Session, _ []string) error { return c.app.Adopt(ctx, s) }),
	}
}
