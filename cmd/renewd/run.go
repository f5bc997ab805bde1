package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) run() *cobra.Command {
	var o RunOptions
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Make one pass now, as the daemon would, then exit",
		Long: `Looks once at everybody for whom something may be due, decides, and sends what may
leave. It refuses to work while the daemon runs on the same database.

Exit code 3 when something arose in this run that needs a person: see renewd tasks.`,
		Example: `  renewd run
  renewd run --dry-run   decide and show, but send and write nothing`,
		Args: want(),
		RunE: c.act(func(ctx context.Context, s *Session, _ []string) error { return c.app.Run(ctx, s, o) }),
	}
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "decide and show, but send and write nothing")
	return cmd
}
