package main

import (
	"context"

	"github.com/spf13/cobra"

	"renewd/internal/renewal"
)

func (c *commands) audit() *cobra.Command {
	var o AuditOptions
	var from, to string
	cmd := &cobra.Command{
		Use:   "audit [DIR]",
		Short: "List auto-renewals without a timely, provable notice",
		Long: `Shows every notice with its window, the legal duties that it was for, and what became
of it: met, open, missed (it did not leave in time, that it did cannot be proved, or
none was ever planned), not_needed (the term was renewed, corrected or cancelled
first), before_our_time (the window closed before renewd knew the term, or before it
knew that the agreement needs a notice: no alarm).

With --evidence it writes, for a dispute, all that is known about one agreement into
the folder DIR, which has to be new or empty: every message as it left, a summary to
read and SHA256SUMS. What a message says about others of the same household is in it
as well: look before you hand it over.

Exit code 3 if any was missed. What the rule books say is engineering help, not legal
advice.`,
		Example: `  renewd audit
  renewd audit --agreement A17 --json
  renewd audit --from 2027-01-01 --to 2027-12-31 --csv >audit.csv
  renewd audit --evidence A17 dispute-A17`,
	}
	cmd.ValidArgsFunction = onlyFirst(func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("evidence") {
			return want("DIR")(cmd, args)
		}
		return want()(cmd, args)
	}
	cmd.RunE = c.act(func(ctx context.Context, s *Session, args []string) (err error) {
		if o.From, err = dateFlag(cmd, "from", from); err != nil {
			return err
		}
		if o.To, err = dateFlag(cmd, "to", to); err != nil {
			return err
		}
		if len(args) > 0 {
			o.Dir = args[0]
		}
		if err := checkAudit(cmd, &o, s.Out.JSON()); err != nil {
			return err
		}
		return c.app.Audit(ctx, s, o)
	})
	flags := cmd.Flags()
	flags.StringVar(&o.Agreement, "agreement", "", "only the agreement `REF`")
	flags.StringVar(&from, "from", "", "only terms that end on `D` or later")
	flags.StringVar(&to, "to", "", "only terms that end on `D` or earlier")
	flags.BoolVar(&o.CSV, "csv", false, "print a spreadsheet")
	flags.StringVar(&o.Evidence, "evidence", "", "write the evidence about the agreement `REF` into DIR")
	return cmd
}

// dateFlag reads the value of a flag that is a date; zero where it was not given.
func dateFlag(cmd *cobra.Command, name, value string) (renewal.Date, error) {
	if !cmd.Flags().Changed(name) {
		return 0, nil
	}
	day, err := renewal.ParseDate(value)
	if err != nil {
		return 0, wrongUse(cmd, "--%s: %w", name, err)
	}
	return day, nil
}

// checkAudit checks what can be known without the database.
func checkAudit(cmd *cobra.Command, o *AuditOptions, asJSON bool) error {
	given := cmd.Flags().Changed
	for _, name := range []string{"agreement", "evidence"} {
		if given(name) && cmd.Flag(name).Value.String() == "" {
			return wrongUse(cmd, "--%s needs the ref of an agreement", name)
		}
	}
	switch {
	case o.CSV && asJSON:
		return wrongUse(cmd, "--csv and --json do not go together")
	case !o.From.IsZero() && !o.To.IsZero() && o.From > o.To:
		return wrongUse(cmd, "--from %s comes after --to %s", o.From, o.To)
	case !given("evidence"):
		return nil
	case o.Dir == "":
		return wrongUse(cmd, "--evidence needs the folder to write to")
	case given("agreement") || given("from") || given("to") || o.CSV:
		return wrongUse(cmd, "--evidence goes without --agreement, --from, --to and --csv: it writes all about one agreement")
	}
	return nil
}
