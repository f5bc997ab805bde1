package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) demo() *cobra.Command {
	var o DemoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole product with a sample business",
		Long: `Plays a small business on this machine: sample customers with contracts, passes
and subscriptions, one look at what is due, and the letters that go out, with
what was held back and why. Mail goes to an embedded mailbox and nowhere else.

Everything happens in ./renewd-demo, which is made anew at each start. The demo's
clock ends on the latest morning within sending hours that has gone by; from there
on renewd works in that folder as in any other. The letters are shown at an address
of this machine until Ctrl-C.`,
		Example: `  renewd demo          look at the letters in a browser, end with Ctrl-C
  renewd demo --once   print what happened and exit`,
		Args: want(),
		RunE: c.act(func(ctx context.Context, s *Session, _ []string) error { return c.app.Demo(ctx, s, o) }),
	}
	cmd.Flags().BoolVar(&o.Once, "once", false, "print and exit")
	return cmd
}
