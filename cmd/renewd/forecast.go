package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"renewd/internal/renewal"
)

// longestForecast bounds --days: a hundred years.
const longestForecast = 36525

func (c *commands) forecast() *cobra.Command {
	var o ForecastOptions
	var now, from string
	cmd := &cobra.Command{
		Use:   "forecast",
		Short: "Show what will be sent, held and skipped, and why",
		Long: `Plays the coming days with the same code that decides in the daemon, taking it that
no new facts arrive and that every message is accepted. Nothing is written.`,
		Example: `  renewd forecast
  renewd forecast --days 365 --json
  renewd forecast --now 2027-03-01T08:00:00Z          as if it were that moment
  renewd forecast --from 2027-06-01T00:00:00Z --days 30`,
		Args: want(),
	}
	cmd.RunE = c.act(func(ctx context.Context, s *Session, _ []string) error {
		var err error
		if o.Now, err = instantFlag(cmd, "now", now); err != nil {
			return err
		}
		if o.From, err = instantFlag(cmd, "from", from); err != nil {
			return err
		}
		if o.Days < 0 || o.Days > longestForecast {
			return wrongUse(cmd, "--days: write a number of days from 0 to %d", longestForecast)
		}
		return c.app.Forecast(ctx, s, o)
	})
	flags := cmd.Flags()
	flags.StringVar(&now, "now", "", "take it that it is `T`, such as 2027-03-01T08:00:00Z")
	flags.StringVar(&from, "from", "", "print only what leaves from `T` on")
	flags.IntVar(&o.Days, "days", 30, "how far to look: `N` days of 24 hours, from --from where it is given")
	return cmd
}

// instantFlag reads the value of a flag that is an instant; an empty one is the
// zero instant.
func instantFlag(cmd *cobra.Command, name, value string) (time.Time, error) {
	if value == "" && !cmd.Flags().Changed(name) {
		return time.Time{}, nil
	}
	t, err := renewal.ParseStamp(value)
	if err != nil {
		return t, wrongUse(cmd, "--%s: %w", name, err)
	}
	return t, nil
}
