package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) backup() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the database while the daemon runs",
		Long: `Writes a complete copy of the database to FILE, while the daemon goes on. Do not copy
the file by other means while it is in use.`,
		Example: `  renewd backup /var/backups/renewd.db`,
		Args:    want("FILE"),
		RunE:    c.act(func(ctx context.Context, s *Session, args []string) error { return c.app.Backup(ctx, s, args[0]) }),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
}
