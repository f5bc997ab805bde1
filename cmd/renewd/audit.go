package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) audit() *cobra.Command {
	return &cobra.Command{
		Use:   "audit",
		Short: "List auto-renewals without a timely, provable notice",
		Long: `Shows every notice with its window and what became of it: met, open, missed (it did not
leave in time, or that it did cannot be proved), not_needed (the term was renewed,
corrected or cancelled first), before_our_time (the window closed before renewd knew the
term: no alarm).

Exit code 3 if any was missed.`,
		Example: `  renewd audit
  renewd audit --json`,
		Args: want(),
		RunE: c.act(func(ctx context.Context, s *Session, _ []string) error { return c.app.Audit(ctx, s) }),
	}
}
