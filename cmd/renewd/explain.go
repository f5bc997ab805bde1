package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain REF",
		Short: "Show one customer's or agreement's facts, decisions and next moments",
		Long: `Answers "why was this sent?" and "why was nothing sent?": every fact about a customer
or agreement, every decision with its reason, and what comes next. Nothing is
written.

REF is a ref or an e-mail address; where a customer and an agreement have the same
ref, write customer:REF or agreement:REF.`,
		Example: `  renewd explain A17
  renewd explain ana@example.org
  renewd explain customer:17 --json`,
		Args: want("REF"),
		RunE: c.act(func(ctx context.Context, s *Session, args []string) error { return c.app.Explain(ctx, s, args[0]) }),
	}
}
