package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"
)

// importKinds are the values of --as, dateFormats those of --date-format.
var (
	importKinds = []string{"customers", "products", "agreements", "events"}
	dateFormats = []string{"dmy", "mdy", "ymd"}
)

func (c *commands) importFiles() *cobra.Command {
	var o ImportOptions
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Bring in customers, products, agreements or events from CSV files",
		Long: `Reads files as spreadsheets write them and prints how many rows were added,
changed, unchanged and rejected. What a file holds is told by its header: type
means events, ends_on agreements, term, life or renew_url products, else customers.

A file is brought in as a whole or not at all: with any bad row nothing is changed
and every bad row is listed with its line, column, value and the reason. The same
file twice changes nothing, and a cell that says what it said last time overwrites
nothing.

Exit code 3 when --skip-bad left rows out.`,
		Example: `  renewd import customers.csv agreements.csv
  renewd import --dry-run export.csv                look, but change nothing
  renewd import --as events --date-format dmy visits.csv
  renewd import --skip-bad export.csv               bad rows go to export.csv.rejected.csv
  renewd import --full agreements.csv               cancel agreements that the file lacks
  renewd import --ignore Remarks agreements.csv     let an unknown column pass`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("import needs FILE")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	cmd.RunE = c.act(func(ctx context.Context, s *Session, args []string) error {
		o.Files = args
		if err := wordFlag(cmd, "as", o.As, importKinds); err != nil {
			return err
		}
		if err := wordFlag(cmd, "date-format", o.DateFormat, dateFormats); err != nil {
			return err
		}
		if o.Full && o.As != "" && o.As != "agreements" {
			return wrongUse(cmd, "--full goes with agreements only")
		}
		return c.app.Import(ctx, s, o)
	})
	flags := cmd.Flags()
	flags.StringVar(&o.As, "as", "", "what the files hold: `KIND` is customers, products, agreements or events")
	flags.BoolVar(&o.DryRun, "dry-run", false, "look, but change nothing")
	flags.BoolVar(&o.SkipBad, "skip-bad", false, "bring in the good rows; write the bad ones to FILE.rejected.csv")
	flags.BoolVar(&o.Full, "full", false, "cancel agreements that an earlier import brought and the file lacks")
	flags.StringArrayVar(&o.Ignore, "ignore", nil, "let the unknown column `COL` pass (may be repeated)")
	flags.StringVar(&o.DateFormat, "date-format", "", "how dates are written: `FORMAT` is dmy, mdy or ymd")
	mustComplete(cmd, "as", cobra.FixedCompletions(importKinds, cobra.ShellCompDirectiveNoFileComp))
	mustComplete(cmd, "date-format", cobra.FixedCompletions(dateFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// wordFlag refuses a flag's value that is not of its closed list.
func wordFlag(cmd *cobra.Command, name, value string, words []string) error {
	if value == "" && !cmd.Flags().Changed(name) || slices.Contains(words, value) {
		return nil
	}
	return wrongUse(cmd, "--%s: %q is not possible: write %s%s", name, value, orList(words), didYouMean(value, words))
}
