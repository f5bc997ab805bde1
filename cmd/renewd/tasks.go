package main

import (
	"context"
	"strconv"

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
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil || id <= 0 {
			return wrongUse(done, "%q is not the number of a task", args[0])
		}
		return c.app.TaskDone(ctx, s, id)
	})
	cmd.AddCommand(done)
	return cmd
}
