package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// commands builds the command tree over an App.
type commands struct {
	app        App
	configFlag string
	jsonFlag   bool
}

// newRoot returns the root command with a subcommand for every function that
// the App has.
func newRoot(app App) *cobra.Command {
	c := &commands{app: app}
	root := &cobra.Command{
		Use:   "renewd",
		Short: "Writes to your customers before a contract, pass or subscription ends",
		Long: `renewd writes to the right customer at the right moment: before a contract, pass
or subscription ends, before and after a card is charged, and not while that
customer is waiting for an answer to a complaint. It never writes twice, and
says for every message sent and every message not sent why.

Exit codes: 0 done; 1 it failed; 2 wrong usage or configuration; 3 done, but
something needs a person; 78 serve cannot start with this configuration.`,
		Example: `  renewd init /etc/renewd          write a configuration to edit
  renewd check                     look for faults
  renewd import customers.csv      bring in a spreadsheet
  renewd forecast --days 60        what will be sent, held and skipped`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("renewd {{.Version}}\n")
	root.PersistentFlags().StringVar(&c.configFlag, "config", "",
		"configuration `FILE` (default: $RENEWD_CONFIG, ./config.toml, /etc/renewd/config.toml)")
	root.PersistentFlags().BoolVar(&c.jsonFlag, "json", false, "print data as one JSON object a line")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return wrongUse(cmd, "%w", err) })
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	for _, entry := range c.all() {
		if entry.present {
			entry.command.Args = checkedArgs(entry.command.Args)
			root.AddCommand(entry.command)
		} else {
			root.AddCommand(absent(entry.command.Name()))
		}
	}
	for _, name := range absentCommands {
		root.AddCommand(absent(name))
	}
	addCompletion(root)
	return root
}

// addCompletion adds cobra's own command, which lets any shell's name pass.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return wrongUse(cmd, "completion needs bash, fish, powershell or zsh")
			}
			return wrongUse(cmd, "completion knows no shell %q: write bash, fish, powershell or zsh", args[0])
		}
	}
}

// entry is one subcommand and whether its feature is there.
type entry struct {
	present bool
	command *cobra.Command
}

// all lists the subcommands.
func (c *commands) all() []entry {
	a := &c.app
	return []entry{
		{a.Demo != nil, c.demo()},
		{true, c.init()},
		{true, c.check()},
		{a.Serve != nil, c.serve()},
		{a.Run != nil, c.run()},
		{a.Import != nil, c.importFiles()},
		{a.Record != nil, c.record()},
		{a.Forecast != nil, c.forecast()},
		{a.Explain != nil, c.explain()},
		{a.Preview != nil, c.preview()},
		{a.SendTest != nil, c.sendTest()},
		{a.Release != nil, c.release()},
		{a.Tasks != nil, c.tasks()},
		{a.Adopt != nil, c.adopt()},
		{a.Retry != nil, c.retry()},
		{a.Audit != nil, c.audit()},
		{a.Backup != nil, c.backup()},
		{a.Migrate != nil, c.migrate()},
	}
}

// absent answers for a command of a later version; it is not listed.
func absent(name string) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return usageError("%s: not in this version yet", name)
		},
	}
}

// act wraps what a command does: it makes the session, and whatever error is
// not an exitError has failed (exit code 1) and is no wrong use.
func (c *commands) act(do func(ctx context.Context, s *Session, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s := &Session{
			Out:        newPrinter(cmd.OutOrStdout(), c.jsonFlag),
			Err:        newPrinter(cmd.ErrOrStderr(), false),
			configFlag: c.configFlag,
			checks:     c.app.Checks, online: c.app.Online, templateNames: c.app.TemplateNames,
		}
		err := do(cmd.Context(), s, args)
		var chosen *exitError
		if err != nil && !errors.As(err, &chosen) {
			err = &exitError{exitFailed, err}
		}
		return err
	}
}

// wrongUse is a usage error that points to the command's help.
func wrongUse(cmd *cobra.Command, format string, args ...any) error {
	return usageError("%w\nSee '%s --help'.", fmt.Errorf(format, args...), cmd.CommandPath())
}

// checkedArgs makes a refusal of arguments a wrong use.
func checkedArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return wrongUse(cmd, "%w", err)
		}
		return nil
	}
}

// want accepts exactly the named arguments.
func want(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("%s needs %s", cmd.Name(), strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return fmt.Errorf("%s does not take %q", cmd.Name(), args[len(names)])
		}
		return nil
	}
}

// version is what the build knows about itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development version"
	}
	return info.Main.Version
}

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, app App, args []string, stdout, stderr io.Writer) int {
	root := newRoot(app)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var chosen *exitError
	if err != nil && !errors.As(err, &chosen) {
		// Commands wrap their own errors: the rest is cobra's about the usage.
		err = wrongUse(root, "%w", err)
	}
	if err != nil && err.Error() != "" {
		_, _ = fmt.Fprintf(stderr, "renewd: %v\n", err) // nowhere else to tell it
	}
	return exitCode(err)
}
