package main

import (
	"context"

	"github.com/spf13/cobra"
)

// SendTestOptions are the flags of send-test.
type SendTestOptions struct {
	// Template is the letter, To the address that it goes to, Agreement the ref of
	// the agreement whose facts it shows; empty for made-up ones.
	Template, To, Agreement, Locale string
}

func (c *commands) sendTest() *cobra.Command {
	var o SendTestOptions
	cmd := &cobra.Command{
		Use:   "send-test TEMPLATE --to ADDRESS",
		Short: "Send one marked test message through the real transport",
		Long: `Renders a letter and sends it to one address, as the daemon would: the same mail
server, sender and headers. Its subject begins with [Test]. Nothing is written
down in the database.`,
		Example: `  renewd send-test pass-renewal --to me@example.org
  renewd send-test auto-renewal-notice --to me@example.org --agreement S-301`,
		Args:              want("TEMPLATE"),
		ValidArgsFunction: c.completeTemplates,
		RunE: c.act(func(ctx context.Context, s *Session, args []string) error {
			o.Template = args[0]
			if o.To == "" {
				return usageError("send-test needs --to ADDRESS: your own, to see how the letter arrives")
			}
			return c.app.SendTest(ctx, s, o)
		}),
	}
	cmd.Flags().StringVar(&o.To, "to", "", "`ADDRESS` that it goes to")
	cmd.Flags().StringVar(&o.Agreement, "agreement", "", "`REF` of the agreement whose facts it shows (default: made-up ones)")
	cmd.Flags().StringVar(&o.Locale, "locale", "", "language `TAG` (default: the customer's, else the business's)")
	return cmd
}
