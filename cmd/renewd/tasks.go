package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) tasks() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tasks",
		Short: "List what waits for a person",
		Long: `Lists missed notices, renewals in doubt, addresses that fail, letters that do not
render, and whatever else only a person can settle.`,
		Example: `  renewd tasks
  renewd tasks --json
  renewd tasks done 12   tick one off`,
		Args: want(),
		RunE: c.act(func(ctx context.Context, s *Session, _ []string) error { return c.app.Tasks(ctx, s) }),
	}
	if c.app.TaskDone == nil {
		return cmd
	}
	done := &cobra.Command{
		Use:     "done ID",
		Short:   "Tick one task off",
		Long:    `Ticks off the task with the number ID, as renewd tasks shows it.`,
		Example: `  renewd tasks done 12`,
		Args:    checkedArgs(want("ID")),
	}
	done.RunE = c.act(func(ctx context.Context, s *Session, args []string) error {
		ids, err := numberArgs(done, args, "task")
		if err != nil {
			return err
		}
		return c.app.TaskDone(ctx, s, ids[0])
	})
	cmd.AddCommand(done)
	return cmd
}
