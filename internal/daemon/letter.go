package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"renewd/internal/compose"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// errNotTheLetter is wrapped where a message cannot be made although the letter is
// not at fault: because of the database, or of the key that signs.
var errNotTheLetter = errors.New("what a message is made of is not to be had")

// prepare returns the bytes that an earlier try of this message kept, or
// composes it.
func (e *Engine) prepare(ctx context.Context, c claimed) (store.Prepared, error) {
	if c.stored.Doubts > 0 {
		var kept store.Prepared
		err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
			kept, err = tx.Kept(c.stored.ID)
			return err
		})
		if err != nil {
			return kept, fmt.Errorf("%w: %w", errNotTheLetter, err)
		}
		if kept.Contents != nil {
			return kept, nil
		}
	}
	first := &c.dossier.Customers[0]
	facts := e.factsFor(c)
	envelope := compose.Envelope{From: e.o.Sender.From, ReplyTo: e.o.Sender.ReplyTo, To: c.stored.To, ToName: first.Name,
		MessageID: c.stored.RFC822ID, Date: c.stored.At.In(facts.Zone), Class: c.stored.Class}
	if c.stored.Class == renewal.Commercial {
		token, err := e.links.unsubscribeToken(ctx, first.ID)
		if err != nil {
			return store.Prepared{}, fmt.Errorf("%w: %w", errNotTheLetter, err)
		}
		envelope.UnsubscribeToken = token
		facts.Links.Unsubscribe = compose.UnsubscribeMailto(e.o.Sender.From, e.o.Sender.ReplyTo, token)
		if e.o.BaseURL != "" {
			envelope.UnsubscribeURL = e.o.BaseURL + "/u/" + token
			facts.Links.Unsubscribe = envelope.UnsubscribeURL
		}
	}
	if e.o.BaseURL != "" {
		// The day of the claim, so that a later try of the same message is the same letter.
		pages, err := e.links.pagesOf(ctx, e.o.BaseURL, facts.Agreements, renewal.LocalDate(c.stored.At, time.UTC))
		if err != nil {
			return store.Prepared{}, fmt.Errorf("%w: %w", errNotTheLetter, err)
		}
		facts.Pages = pages
	}
	letter, err := e.o.Letters.Render(c.stored.Template, c.stored.Locale, c.message.Sober, compose.NewData(facts))
	if err != nil {
		return store.Prepared{}, err
	}
	raw, err := compose.Message(letter, envelope)
	if err != nil {
		return store.Prepared{}, err
	}
	if raw, err = e.o.signed(raw); err != nil {
		return store.Prepared{}, fmt.Errorf("%w: %w", errNotTheLetter, err)
	}
	prepared := store.Prepared{Subject: letter.Subject, Locale: letter.Locale, Contents: raw}
	return prepared, prepared.Pack()
}

// signed returns a message as it leaves: the same bytes are evidence.
func (o *Options) signed(raw []byte) ([]byte, error) {
	if o.Sign == nil {
		return raw, nil
	}
	return o.Sign(raw)
}

// factsFor gathers what the letter of a claimed message says.
func (e *Engine) factsFor(c claimed) compose.Facts {
	facts := compose.Facts{Household: c.dossier, Zone: c.dossier.ZoneOf(c.dossier.Customers[0].ID, e.o.Settings.Zone)}
	facts.Today = renewal.LocalDate(c.stored.At, facts.Zone)
	if u := c.message.Rule.Unused; u != nil && u.Then == renewal.UnusedHold && c.message.Template == u.Template {
		facts.Held = true
	}
	for _, r := range c.message.Reminders {
		// Two notices about one agreement may share a letter.
		if a := c.dossier.Agreement(r.AgreementID); a != nil && !slices.Contains(facts.Agreements, a) {
			facts.Agreements = append(facts.Agreements, a)
		}
		if len(r.Duties) > 0 {
			e.addMust(&facts, r)
		}
		for i := range c.dossier.Events {
			if r.EventID != 0 && c.dossier.Events[i].ID == r.EventID {
				facts.Event = &c.dossier.Events[i]
			}
		}
	}
	return facts
}

// addMust adds what the duties of a reminder ask the letter for, each item once.
func (e *Engine) addMust(facts *compose.Facts, r *renewal.Reminder) {
	if facts.Must == nil {
		facts.Must = map[int64][]string{}
	}
	for _, item := range e.o.Settings.Content(r.Duties) {
		if !slices.Contains(facts.Must[r.AgreementID], item) {
			facts.Must[r.AgreementID] = append(facts.Must[r.AgreementID], item)
		}
	}
}
