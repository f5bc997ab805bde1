package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// completion finds the words that can stand where the cursor is. It must be
// quiet: a shell shows whatever it prints in the middle of a line.
type completion = cobra.CompletionFunc

// mustComplete attaches a completion to a flag that the command has.
func mustComplete(cmd *cobra.Command, flag string, f completion) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(fmt.Sprintf("completion of --%s: %v", flag, err)) // a flag that was never defined
	}
}

// onlyFirst completes the first argument and nothing behind it.
func onlyFirst(f completion) completion {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f(cmd, args, typed)
	}
}

// quietConfig reads the configuration for a completion; nil where there is none
// to use.
func (c *commands) quietConfig() *Config {
	path, err := findConfig(c.configFlag)
	if err != nil {
		return nil
	}
	config, _ := LoadConfig(path)
	return config
}

func (c *commands) completeTemplates(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	if c.app.TemplateNames == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	dir := ""
	if config := c.quietConfig(); config != nil {
		dir = config.Templates
	}
	return c.app.TemplateNames(dir), cobra.ShellCompDirectiveNoFileComp
}

func (c *commands) completeRules(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	config := c.quietConfig()
	if config == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := make([]string, len(config.Rules))
	for i := range config.Rules {
		names[i] = config.Rules[i].Name
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
