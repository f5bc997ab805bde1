package main

import (
	"context"

	"github.com/spf13/cobra"
)

// longestForecast bounds --days: a hundred years.
const longestForecast = 36525

func (c *commands) forecast() *cobra.Command {
	var o ForecastOptions
	days := wholeNumber(30)
	cmd := &cobra.Command{
		Use:   "forecast",
		Short: "Show what will be sent, held and skipped, and why",
		Long: `Plays the coming days with the same code that decides in the daemon, taking it that
no new facts arrive and that every message is accepted. Nothing is written.

A T that is a date is its start; one that is a time without an offset is on the clock
of the business's zone.`,
		Example: `  renewd forecast
  renewd forecast --days 365 --json
  renewd forecast --now 2027-03-01T08:00:00Z          as if it were that moment
  renewd forecast --from 2027-06-01 --days 30`,
		Args: want(),
	}
	cmd.RunE = c.act(func(ctx context.Context, s *Session, _ []string) error {
		if err := instantFlag(cmd, "now", o.Now); err != nil {
			return err
		}
		if err := instantFlag(cmd, "from", o.From); err != nil {
			return err
		}
		if days < 0 || days > longestForecast {
			return wrongUse(cmd, "--days: write a number of days from 0 to %d", longestForecast)
		}
		o.Days = int(days)
		return c.app.Forecast(ctx, s, o)
	})
	flags := cmd.Flags()
	flags.StringVar(&o.Now, "now", "", "take it that it is `T`, a time such as 2027-03-01T08:00:00Z, or a date")
	flags.StringVar(&o.From, "from", "", "print only what leaves from `T` on")
	flags.Var(&days, "days", "how far to look: `N` days of 24 hours, from --from where it is given")
	return cmd
}
