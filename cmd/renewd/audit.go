package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) audit() *cobra.Command {
	return &cobra.Command{
		Use:   "audit",
		Short: "List auto-renewals without a timely, provable notice",
		Long: `Goes through every notice whose window is open or over and lists those that were not
sent in time, or whose sending cannot be proved.

Exit code 3 if there is any.`,
		Example: `  renewd audit
  renewd audit --json`,
		Args: want(),
		RunE: c.act(func(ctx context.Context, s *Session, _ []string) error { return c.app.Audit(ctx, s) }),
	}
}
