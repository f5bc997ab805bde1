package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"renewd/internal/compose"
	"renewd/internal/mailout"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// claimed is a message that is out of everybody's reach and not yet sent.
type claimed struct {
	stored  store.Message
	message plan.Message
	dossier *renewal.Dossier
	// retried: an earlier try of the same message may have kept its bytes.
	retried bool
}

// deliverDue sends every reminder in state due and returns how many households
// it claimed. Its invariant: a claim either takes a household's due reminders
// into sending or gives them another state, so the loop ends.
func (e *Engine) deliverDue(ctx context.Context) (int, error) {
	total := 0
	for {
		batch, households, err := e.claim(ctx)
		if err != nil || households == 0 {
			return total, err
		}
		total += households
		for i, c := range batch {
			if ctx.Err() != nil {
				return total, errors.Join(ctx.Err(), e.giveBack(ctx, batch[i:]))
			}
			if err := e.send(ctx, c); err != nil {
				return total, errors.Join(err, e.giveBack(ctx, batch[i+1:]))
			}
		}
	}
}

// claim takes a few households and decides once more, inside the transaction
// that marks their messages as sending: a complaint committed a millisecond
// before still stops the message.
func (e *Engine) claim(ctx context.Context) (batch []claimed, households int, err error) {
	var ids []int64
	err = e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.ClaimableHouseholds(claimBatch)
		return err
	})
	if err != nil || len(ids) == 0 {
		return nil, 0, err
	}
	if e.unowned {
		if err := store.TakeOwnership(ctx, e.o.DB, e.o.Instance, e.o.Clock()); err != nil {
			return nil, 0, fmt.Errorf("taking the database over: %w", err)
		}
		e.unowned = false
	}
	var progress int64
	var now time.Time
	err = e.o.DB.Write(ctx, func(tx *store.Tx) error {
		// Only now that nobody else writes: what others committed while this
		// transaction waited for its turn must not lie in its future.
		now = e.o.Clock()
		for _, id := range ids {
			claims, err := e.claimHousehold(tx, id, now)
			if err != nil {
				return err
			}
			batch = append(batch, claims...)
		}
		var err error
		progress, _, err = tx.Progress()
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("claiming: %w", err)
	}
	if len(batch) > 0 {
		if err := store.SaveProgress(e.o.Instance, progress, now); err != nil {
			return nil, 0, err
		}
	}
	return batch, len(ids), nil
}

func (e *Engine) claimHousehold(tx *store.Tx, id int64, now time.Time) ([]claimed, error) {
	d, out, err := e.look(tx, id, now, now)
	if err != nil {
		return nil, err
	}
	rows := map[renewal.Key]int64{}
	for i := range d.Reminders {
		rows[d.Reminders[i].Key()] = d.Reminders[i].ID
	}
	for i := range out.Changes {
		rows[out.Changes[i].Key()] = out.Changes[i].ID
	}
	var claims []claimed
	for _, m := range out.Messages {
		c := claimed{message: m, dossier: d}
		c.stored, err = e.newMessage(tx, d, &m, rows, now)
		if err != nil {
			return nil, err
		}
		c.retried = c.stored.ID != 0
		if c.stored.ID, err = tx.Claim(c.stored, now); err != nil {
			return nil, err
		}
		claims = append(claims, c)
	}
	return claims, nil
}

// newMessage makes the row of a message. Reminders that were tried together
// before go again as the same message, with its Message-ID and date.
func (e *Engine) newMessage(tx *store.Tx, d *renewal.Dossier, m *plan.Message, rows map[renewal.Key]int64, now time.Time) (store.Message, error) {
	first := &d.Customers[0]
	s := store.Message{CustomerID: first.ID, To: strings.TrimSpace(first.Email), Class: m.Class, Rule: m.Rule.Name,
		Template: m.Template, Locale: e.o.Settings.LocaleOf(first), At: now}
	tried := m.Reminders[0].MessageID
	for _, r := range m.Reminders {
		s.Reminders = append(s.Reminders, rows[r.Key()])
		if r.MessageID != tried {
			tried = 0
		}
	}
	if tried != 0 {
		earlier, err := tx.Message(tried)
		if err != nil {
			return s, err
		}
		if len(earlier.Reminders) == len(m.Reminders) && earlier.To == s.To && earlier.Template == s.Template {
			s.ID, s.RFC822ID, s.At, s.Attempts = earlier.ID, earlier.RFC822ID, earlier.At, earlier.Attempts
			return s, nil
		}
	}
	s.RFC822ID = rand.Text() + "@" + e.domain()
	return s, nil
}

// domain is that of the sender, for Message-IDs.
func (e *Engine) domain() string {
	if at := strings.LastIndexByte(e.o.Sender.Address, '@'); at >= 0 {
		return e.o.Sender.Address[at+1:]
	}
	return "localhost"
}

// send renders a claimed message once, or takes the bytes that an earlier try
// kept, hands them to the transport, and records what came of it.
func (e *Engine) send(ctx context.Context, c claimed) error {
	prepared, err := e.prepare(ctx, c)
	if err != nil {
		return e.cannotRender(ctx, c, err)
	}
	unkept := prepared
	answer, err := e.o.Transport.Deliver(ctx, e.o.Sender.Address, c.stored.To, prepared.Contents, func() error {
		unkept = store.Prepared{}
		return e.o.DB.Write(ctx, func(tx *store.Tx) error { return tx.Streaming(c.stored.ID, prepared, e.o.Clock()) })
	})
	if err != nil && ctx.Err() != nil && answer.Outcome == mailout.Deferred {
		// Somebody wants us to stop: nothing left, and the transport is not to blame.
		return errors.Join(ctx.Err(), e.giveBack(ctx, []claimed{c}))
	}
	// The transport has had the message: what came of it is written down even
	// when somebody wants us to stop, and if that fails now, by the next pass.
	e.unrecorded = &answered{claimed: c, unkept: unkept, answer: answer, at: e.o.Clock()}
	if recordErr := e.recordAnswer(context.WithoutCancel(ctx)); recordErr != nil {
		return errors.Join(err, recordErr)
	}
	if err != nil && answer.About == mailout.AboutTransport {
		// Nobody's message would fare better: one probe, not a thousand.
		return fmt.Errorf("the transport does not take messages: %w", err)
	}
	return nil
}

// giveBack returns claimed messages that were not tried.
func (e *Engine) giveBack(ctx context.Context, batch []claimed) error {
	if len(batch) == 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	now := e.o.Clock()
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		for _, c := range batch {
			if err := tx.Returned(c.stored.ID, renewal.Due, renewal.IsDue, time.Time{}, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// answered is a message with what the transport said to it.
type answered struct {
	claimed
	// unkept is what was sent, where the transport had it before its bytes were
	// kept: a message that was there already.
	unkept store.Prepared
	answer mailout.Answer
	at     time.Time
}

// recordAnswer writes down what came of the last message, if that is still to be
// done: without it, a message that did leave would look like one in doubt.
func (e *Engine) recordAnswer(ctx context.Context) error {
	if e.unrecorded == nil {
		return nil
	}
	a := e.unrecorded
	err := e.record(ctx, a)
	if err != nil && !errors.Is(err, store.ErrGone) {
		return fmt.Errorf("writing down what came of message %d: %w", a.stored.ID, err)
	}
	e.unrecorded = nil
	if err == nil {
		e.tellAnswer(a)
	}
	return err
}

// tellAnswer counts and reports what came of a message, once it is written down.
func (e *Engine) tellAnswer(a *answered) {
	switch {
	case a.answer.Outcome == mailout.Accepted:
		e.summary.Messages++
		if e.o.Watch != nil {
			e.o.Watch(plan.DescribeMessage(e.o.Settings, a.dossier, &a.message, a.at))
		}
	case a.answer.Outcome == mailout.Rejected, a.answer.Outcome == mailout.Uncertain:
		e.summary.Failed++
	case a.answer.About == mailout.AboutTransport:
		e.summary.Waiting[string(renewal.ServerAway)]++
	default:
		e.summary.Waiting[string(renewal.Deferred)]++
	}
}

func (e *Engine) record(ctx context.Context, a *answered) error {
	now, id, answer := a.at, a.stored.ID, a.answer
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		outcome := store.Outcome{Reply: answer.Text, Prepared: a.unkept, At: now}
		switch answer.Outcome {
		case mailout.Accepted:
			outcome.State = renewal.Sent
			return tx.Record(id, outcome)
		case mailout.Rejected:
			outcome.State = renewal.Failed
			return tx.Record(id, outcome)
		case mailout.Uncertain:
			_, err := tx.InDoubt(id, answer.Text, now)
			return err
		}
		reason, wait := renewal.Deferred, backOff(a.stored.Attempts)
		if answer.About == mailout.AboutTransport {
			// A transport that is away burns no attempts.
			reason, wait = renewal.ServerAway, backOff(0)
			err := e.ask(tx, renewal.Task{Kind: renewal.TaskServerAway, Topic: "server_away", Text: "Messages wait, because the transport does not take them: " + answer.Text +
				". Put that right; they leave by themselves then."}, now)
			if err != nil {
				return err
			}
		}
		return tx.Returned(id, renewal.Waiting, reason, now.Add(wait), now)
	})
}

// backOff is how long after a deferral the next try comes: 1, 5, 15, 30, 60 …
// minutes, at most 4 hours. attempts counts the tries before this one.
func backOff(attempts int) time.Duration {
	minutes := []int{1, 5, 15, 30, 60, 120, 240}
	return time.Duration(minutes[min(attempts, len(minutes)-1)]) * time.Minute
}

// prepare returns the bytes that an earlier try of this message kept, or
// composes it.
func (e *Engine) prepare(ctx context.Context, c claimed) (store.Prepared, error) {
	if c.retried {
		var kept store.Prepared
		err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
			kept, err = tx.Kept(c.stored.ID)
			return err
		})
		if err != nil || kept.Contents != nil {
			return kept, err
		}
	}
	first := &c.dossier.Customers[0]
	facts := e.factsFor(c)
	envelope := compose.Envelope{From: e.o.Sender.From, ReplyTo: e.o.Sender.ReplyTo, To: c.stored.To, ToName: first.Name,
		MessageID: c.stored.RFC822ID, Date: c.stored.At.In(facts.Zone), Class: c.stored.Class}
	if c.stored.Class == renewal.Commercial {
		token, err := e.unsubscribeToken(ctx, first)
		if err != nil {
			return store.Prepared{}, err
		}
		envelope.UnsubscribeToken = token
		facts.Links.Unsubscribe = compose.UnsubscribeMailto(e.o.Sender.From, e.o.Sender.ReplyTo, token)
	}
	letter, err := e.o.Letters.Render(c.stored.Template, c.stored.Locale, c.message.Sober, compose.NewData(facts))
	if err != nil {
		return store.Prepared{}, err
	}
	raw, err := compose.Message(letter, envelope)
	return store.Prepared{Subject: letter.Subject, Locale: letter.Locale, Contents: raw}, err
}

// factsFor gathers what the letter of a claimed message says.
func (e *Engine) factsFor(c claimed) compose.Facts {
	facts := compose.Facts{Household: c.dossier, Zone: c.dossier.ZoneOf(c.dossier.Customers[0].ID, e.o.Settings.Zone)}
	facts.Today = renewal.LocalDate(c.stored.At, facts.Zone)
	for _, r := range c.message.Reminders {
		if a := c.dossier.Agreement(r.AgreementID); a != nil {
			facts.Agreements = append(facts.Agreements, a)
		}
		for i := range c.dossier.Events {
			if r.EventID != 0 && c.dossier.Events[i].ID == r.EventID {
				facts.Event = &c.dossier.Events[i]
			}
		}
	}
	return facts
}

// cannotRender gives a claimed message back: its reminders wait, and staff are
// told file and line.
func (e *Engine) cannotRender(ctx context.Context, c claimed, cause error) error {
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), e.giveBack(ctx, []claimed{c}))
	}
	now := e.o.Clock()
	e.summary.Waiting[string(renewal.TemplateError)]++
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Returned(c.stored.ID, renewal.Waiting, renewal.TemplateError, time.Time{}, now); err != nil {
			return err
		}
		return e.ask(tx, plan.TemplateTask(c.stored.Template, c.stored.Locale, cause), now)
	})
}
