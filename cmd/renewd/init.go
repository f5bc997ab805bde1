package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// exampleConfig is what init writes. Embedding does not reach outside its own
// folder, so this is a copy of the example at the top of the repository.
//
//go:generate cp ../../config.example.toml config.example.toml
//go:embed config.example.toml
var exampleConfig []byte

func (c *commands) init() *cobra.Command {
	var template string
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a commented configuration to edit",
		Long: `Writes config.toml into DIR (default: here), with every key, its default and a
comment. A file that is there already is never overwritten.`,
		Example: `  renewd init
  renewd init /etc/renewd`,
		Args: cobra.MaximumNArgs(1),
		RunE: c.act(func(_ context.Context, s *Session, args []string) error {
			dir := ""
			if len(args) == 1 {
				dir = args[0]
			}
			if template != "" {
				return c.copyTemplate(s, template, dir)
			}
			return writeConfig(s, dir)
		}),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	if c.app.CopyTemplate != nil {
		cmd.Long += `

With --template NAME it copies a built-in letter instead, in every language, into
the folder of templates of your configuration (or into DIR). Your copy then takes
the place of the built-in letter.`
		cmd.Example += "\n  renewd init --template pass-renewal"
		cmd.Flags().StringVar(&template, "template", "", "copy the built-in letter `NAME` instead")
		mustComplete(cmd, "template", c.completeTemplates)
	}
	return cmd
}

// writeConfig writes the example; whatever is there stays.
func writeConfig(s *Session, dir string) error {
	if dir == "" {
		dir = "."
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, "config.toml")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and stays as it is", path)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(exampleFor(dir))
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return s.Err.Line("%s is written: put your business's name and addresses in, then look for faults with `renewd check`", path)
}

// exampleFor is the example for a folder. Under /etc, which no service may write
// to, data go where systemd has them; so that a command typed by hand finds the
// same database as the daemon, the path is written in full.
func exampleFor(dir string) []byte {
	path, err := filepath.Abs(dir)
	if err != nil || !strings.HasPrefix(path+"/", "/etc/") {
		return exampleConfig
	}
	text := string(exampleConfig)
	for _, key := range []struct{ written, full string }{
		{`database  = "renewd.db"`, `database  = "/var/lib/renewd/renewd.db"`},
		{`maildir = "outbox"`, `maildir = "/var/lib/renewd/outbox"`},
		{`#dir = "backups" `, `dir = "/var/lib/renewd/backups" `},
	} {
		text = strings.Replace(text, key.written, key.full, 1)
	}
	return []byte(text)
}

// copyTemplate copies a letter into dir, else where the configuration says.
func (c *commands) copyTemplate(s *Session, name, dir string) error {
	if dir == "" {
		config, err := s.Config()
		if err != nil {
			return err
		}
		dir = config.Templates
	}
	files, err := c.app.CopyTemplate(name, dir)
	for _, file := range files {
		if lineErr := s.Err.Line("%s is written", file); lineErr != nil {
			return lineErr
		}
	}
	return err
}
