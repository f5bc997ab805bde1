package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"renewd/internal/compose"
	"renewd/internal/mailout"
)

// testMark begins the subject of test messages.
const testMark = "[Test] "

// doSendTest sends one letter to one address.
func doSendTest(ctx context.Context, s *Session, o SendTestOptions) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	letter, data, err := c.renderFor(ctx, PreviewOptions{Template: o.Template, Locale: o.Locale, Agreement: o.Agreement})
	if err != nil {
		return err
	}
	to, err := compose.Mailbox(o.To)
	if err != nil {
		return usageError("--to: %w", err)
	}
	letter.Subject = testMark + letter.Subject
	at := strings.LastIndexByte(c.Business.From.Address, '@')
	id := rand.Text() + c.Business.From.Address[at:]
	raw, err := c.message(letter, strings.TrimSuffix(o.Template, ".sober"), id, to, data.Customer.Name)
	if err != nil {
		return err
	}
	if sign, err := c.sign(); err != nil {
		return err
	} else if sign != nil {
		if raw, err = sign(raw); err != nil {
			return err
		}
	}
	t, err := c.transport()
	if err != nil {
		return err
	}
	answer, err := t.Deliver(ctx, c.Business.From.Address, to, raw, nil)
	if t.close != nil {
		err = errors.Join(err, t.close())
	}
	switch {
	case err != nil:
		return err
	case answer.Outcome == mailout.Accepted:
		return s.Err.Line("Sent to %s: %s", to, answer.Text)
	}
	return fmt.Errorf("the test message was not accepted (%s): %s", answer.Outcome, answer.Text)
}
