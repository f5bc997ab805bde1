package main

import (
	"context"

	"github.com/spf13/cobra"
)

// previewForms are what a message can be shown as; the first is the default.
var previewForms = []string{"text", "html", "eml"}

func (c *commands) preview() *cobra.Command {
	var o PreviewOptions
	forms := make([]bool, len(previewForms))
	cmd := &cobra.Command{
		Use:   "preview TEMPLATE",
		Short: "Show a rendered message",
		Long: `Renders a letter as it would be sent, with a real agreement's data or with made-up
ones. Nothing is sent or written.`,
		Example: `  renewd preview pass-renewal
  renewd preview pass-renewal --locale pt-BR --html > letter.html
  renewd preview win-back --agreement A17 --eml > letter.eml`,
		Args:              want("TEMPLATE"),
		ValidArgsFunction: onlyFirst(c.completeTemplates),
	}
	cmd.RunE = c.act(func(ctx context.Context, s *Session, args []string) error {
		o.Template, o.Form = args[0], ""
		for i, chosen := range forms {
			if chosen && o.Form != "" {
				return wrongUse(cmd, "--%s and --%s do not go together: write one of them", o.Form, previewForms[i])
			}
			if chosen {
				o.Form = previewForms[i]
			}
		}
		if o.Form == "" {
			o.Form = previewForms[0]
		}
		if o.Locale != "" {
			tag, err := localeTag(o.Locale)
			if err != nil {
				return wrongUse(cmd, "--locale: %w", err)
			}
			o.Locale = tag
		}
		return c.app.Preview(ctx, s, o)
	})
	flags := cmd.Flags()
	flags.StringVar(&o.Locale, "locale", "", "in the language `L`, such as fr or pt-BR (default: the customer's, else the business's)")
	flags.StringVar(&o.Agreement, "agreement", "", "with the data of the agreement `REF`")
	flags.BoolVar(&forms[0], "text", false, "the text part (default)")
	flags.BoolVar(&forms[1], "html", false, "the HTML part")
	flags.BoolVar(&forms[2], "eml", false, "the whole message")
	return cmd
}
