package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) serve() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "The daemon: looks, decides and sends until it is stopped",
		Long: `Looks at everybody for whom something may be due, as often as [cron] pass says,
sends what may leave, serves the public pages and /healthz and /metrics, makes
backups, and removes what has had its time. Run it under systemd (see
docs/systemd.md); it logs to stderr.

SIGHUP (systemctl reload) reads the configuration and the letters again; a broken
configuration leaves the old one running. SIGTERM ends the messages that are under
way and stops.

Exit code 78 when it cannot start with this configuration or database.`,
		Example: `  renewd serve --config /etc/renewd/config.toml`,
		Args:    want(),
		RunE:    c.act(func(ctx context.Context, s *Session, _ []string) error { return c.app.Serve(ctx, s) }),
	}
}
