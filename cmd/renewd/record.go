package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"renewd/internal/renewal"
)

func (c *commands) record() *cobra.Command {
	var o RecordOptions
	var until string
	var quantity wholeNumber
	cmd := &cobra.Command{
		Use:   "record TYPE",
		Short: "Record one event: a visit, a payment, a complaint, a cancellation",
		Long: `Stores one fact with its time. It takes effect at the daemon's next pass, and a
complaint at once for what has not left yet. The same --id twice changes nothing.

A T that is a date is its start; one that is a time without an offset, such as
"2027-03-01 10:00", is on the clock of the customer's zone.

TYPE is one of
  ` + strings.Join(eventTypeNames()[:8], ", ") + `,
  ` + strings.Join(eventTypeNames()[8:], ", ") + `.`,
		Example: `  renewd record use --agreement A17
  renewd record payment --agreement A17 --amount 49.00 --currency EUR --until 2028-02-29
  renewd record complaint --customer C4 --note "the pool was closed"
  renewd record complaint_resolved --customer C4
  renewd record purchase --customer C4 --product filter --at 2027-03-01 --quantity 2`,
		Args:              want("TYPE"),
		ValidArgsFunction: onlyFirst(cobra.FixedCompletions(eventTypeNames(), cobra.ShellCompDirectiveNoFileComp)),
	}
	cmd.RunE = c.act(func(ctx context.Context, s *Session, args []string) error {
		o.Type = renewal.EventType(args[0])
		if cmd.Flags().Changed("quantity") {
			n := int64(quantity)
			o.Quantity = &n
		}
		if err := checkRecord(cmd, &o, until); err != nil {
			return err
		}
		return c.app.Record(ctx, s, o)
	})
	flags := cmd.Flags()
	flags.StringVar(&o.Customer, "customer", "", "the customer's `REF`")
	flags.StringVar(&o.Agreement, "agreement", "", "the agreement's `REF`")
	flags.StringVar(&o.Product, "product", "", "the product's `REF`")
	flags.StringVar(&o.At, "at", "", "when: `T` is a time such as 2027-03-01T08:00:00Z, or a date; see above (default: now)")
	flags.StringVar(&until, "until", "", "the date `D` up to which a payment pays")
	flags.StringVar(&o.Amount, "amount", "", "amount `A`, with --currency")
	flags.StringVar(&o.Currency, "currency", "", "currency `C`, such as EUR")
	flags.Var(&quantity, "quantity", "how many: `N`")
	flags.StringVar(&o.Channel, "channel", "", "where it happened: `C`, such as phone or shop")
	flags.StringVar(&o.Note, "note", "", "`TEXT` in your own words")
	flags.StringVar(&o.ID, "id", "", "the event's own `ID`, so that it counts once")
	return cmd
}

func eventTypeNames() []string {
	names := make([]string, len(renewal.EventTypes))
	for i, t := range renewal.EventTypes {
		names[i] = string(t)
	}
	return names
}

// checkRecord checks what can be known without the database.
func checkRecord(cmd *cobra.Command, o *RecordOptions, until string) error {
	names := eventTypeNames()
	if !renewal.KnownEventType(o.Type) {
		return wrongUse(cmd, "%q is not an event type%s", o.Type, didYouMean(string(o.Type), names))
	}
	if o.Customer == "" && o.Agreement == "" {
		return wrongUse(cmd, "an event needs --customer or --agreement")
	}
	if (o.Amount == "") != (o.Currency == "") {
		return wrongUse(cmd, "--amount and --currency belong together")
	}
	if until != "" {
		date, err := renewal.ParseDate(until)
		if err != nil {
			return wrongUse(cmd, "--until: %w", err)
		}
		o.Until = date
	}
	return instantFlag(cmd, "at", o.At)
}
