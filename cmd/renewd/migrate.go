package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) migrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date",
		Long: `Brings the schema of the database up to what this version of renewd needs, and makes
the database where there is none. The daemon does it too when it starts.`,
		Example: `  renewd migrate`,
		Args:    want(),
		RunE:    c.act(func(ctx context.Context, s *Session, _ []string) error { return c.app.Migrate(ctx, s) }),
	}
}
