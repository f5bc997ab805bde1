package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"renewd/internal/mailout"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// answered is a message with what the transport said to it.
type answered struct {
	claimed
	// unkept is what was sent, where the transport had it before its bytes were
	// kept: a message that was there already.
	unkept store.Prepared
	answer mailout.Answer
	at     time.Time
}

// writeDown writes down what came of a message, even when somebody wants us to
// stop: without it, a message that did leave would look like one in doubt. Where
// that fails now, the next pass does it before anything else.
func (e *Engine) writeDown(a *answered) error {
	err := e.record(a)
	e.pulse.beat()
	switch {
	case errors.Is(err, store.ErrGone):
		return nil
	case err != nil:
		e.mu.Lock()
		e.unrecorded = append(e.unrecorded, a)
		e.mu.Unlock()
		return fmt.Errorf("writing down what came of message %d: %w", a.stored.ID, err)
	}
	e.tellAnswer(a)
	return nil
}

// writeDownRest writes down what could not be written down before.
func (e *Engine) writeDownRest() error {
	e.mu.Lock()
	open := e.unrecorded
	e.unrecorded = nil
	e.mu.Unlock()
	var errs []error
	for _, a := range open {
		errs = append(errs, e.writeDown(a))
	}
	return errors.Join(errs...)
}

// record writes down what came of a message and counts what that did.
func (e *Engine) record(a *answered) error {
	next, known := e.afterwards(a)
	pause := e.pauseAfter(a)
	if a.answer.Outcome == mailout.Uncertain {
		e.doubtful.Add(1) // here, since note may run twice
	}
	var n noted
	err := e.ledger.enterSoon(context.Background(), func(tx *store.Tx) (err error) {
		n, err = e.note(tx, a, pause, next, known)
		if errors.Is(err, store.ErrGone) {
			n, err = noted{gone: err}, nil // changed nothing: the others' writes may stand
		}
		return err
	})
	if err != nil {
		return err
	}
	e.count(func(s *Summary) { s.Tasks += n.asked })
	if n.applied {
		e.tell(a.dossier, &next, a.at)
	}
	return n.gone
}

// noted is what a note did.
type noted struct {
	// gone: the message was no longer sending.
	gone error
	// applied: what comes next is written down, too.
	applied bool
	// asked is how many tasks are new.
	asked int
}

// mostDoubtful is how many messages in a row may end in doubt before sending is
// paused.
const mostDoubtful = 100

// note is what each kind of answer means for the message, its reminders, and
// everybody else's. It may run twice for one answer.
func (e *Engine) note(tx *store.Tx, a *answered, pause store.Pause, next plan.Outcome, known bool) (n noted, err error) {
	now, id, answer := a.at, a.stored.ID, a.answer
	outcome := store.Outcome{Reply: answer.Text, Prepared: a.unkept, At: now}
	paused, state := false, renewal.State("")
	switch {
	case answer.Outcome == mailout.Accepted:
		return e.noteSent(tx, a, outcome, next, known)
	case answer.Outcome == mailout.Uncertain:
		state, err = tx.InDoubt(id, answer.Text, now)
		// A server that swallows one letter after the other is not to get them all.
		paused = e.doubtful.Load() >= mostDoubtful
	case answer.Outcome == mailout.Rejected && answer.About == mailout.AboutSender:
		paused, err = tx.Refused(id, answer.Text, pause.ProbeAt, now)
	case answer.Outcome == mailout.Rejected:
		outcome.State, state = renewal.Failed, renewal.Failed
		err = tx.Record(id, outcome)
		if err == nil && answer.NoSuchMailbox() {
			err = tx.Suppress(a.stored.To, now)
		}
	case answer.Away:
		// A server that is away burns no attempts.
		paused = true
		err = tx.Returned(id, renewal.Waiting, renewal.ServerAway, pause.ProbeAt, now)
	default:
		err = tx.Returned(id, renewal.Waiting, renewal.Deferred, now.Add(backOff(a.stored.Attempts)), now)
	}
	if err == nil {
		err = tx.Said(id, answer.Text)
	}
	if err == nil && paused {
		n.asked, err = e.beginPause(tx, pause, now)
	}
	if state == renewal.Uncertain || state == renewal.Failed && a.stored.Class == renewal.Notice {
		n.asked += len(a.stored.Reminders) // one task a reminder
	}
	return n, err
}

// noteSent writes down that a message was accepted. A pause is over then.
func (e *Engine) noteSent(tx *store.Tx, a *answered, outcome store.Outcome, next plan.Outcome, known bool) (n noted, err error) {
	outcome.State = renewal.Sent
	if n.applied, err = e.undisturbed(tx, a, known); err != nil {
		return n, err
	}
	outcome.LookKnown = n.applied
	if err = tx.Record(a.stored.ID, outcome); err != nil {
		return n, err
	}
	if n.applied {
		next.Changes = slices.Clone(next.Changes) // they get ids, and this may run again
		if n.asked, err = e.apply(tx, a.dossier, &next, a.at); err != nil {
			return n, err
		}
	}
	e.doubtful.Store(0)
	if e.paused() != nil {
		_, err = tx.EndPause(a.at)
		e.setPaused(nil)
	}
	return n, err
}

// afterwards decides what comes after a message that was accepted, from what its
// claim read: for most messages that saves reading everything again. ok is false
// where that is not enough: other messages are under way, a term has moved since,
// or the clock seems to have jumped.
func (e *Engine) afterwards(a *answered) (out plan.Outcome, ok bool) {
	if a.answer.Outcome != mailout.Accepted || a.alone == nil || a.at.Sub(a.alone.now).Abs() > mostJump {
		return out, false
	}
	if a.message.Rule.HoldsRenewals() {
		return out, false // the renewal that waited for this message may go ahead
	}
	if moves := renewal.NextSettle(a.dossier, a.alone.now, e.o.Settings.Zone); !moves.IsZero() && !moves.After(a.at) {
		return out, false
	}
	d := *a.dossier
	d.Reminders = slices.Clone(d.Reminders)
	rows := map[renewal.Key]int{}
	for i := range d.Reminders {
		rows[d.Reminders[i].Key()] = i
	}
	put := func(r renewal.Reminder) {
		if i, there := rows[r.Key()]; there {
			d.Reminders[i] = r
			return
		}
		rows[r.Key()] = len(d.Reminders)
		d.Reminders = append(d.Reminders, r)
	}
	for _, r := range a.alone.out.Changes {
		put(r)
	}
	for _, r := range a.message.Reminders {
		sent := d.Reminders[rows[r.Key()]]
		sent.State, sent.Until, sent.MessageID, sent.DecidedAt = renewal.Sent, time.Time{}, a.stored.ID, a.at
		put(sent)
	}
	if a.stored.Class == renewal.Commercial {
		d.LastCommercialAt = a.at
	}
	return plan.Decide(a.at, e.o.Settings, a.alone.standing, &d), true
}

// undisturbed reports whether nobody has looked at the household or added a fact
// about it since the claim, so that what afterwards found still holds.
func (e *Engine) undisturbed(tx *store.Tx, a *answered, known bool) (bool, error) {
	if !known || e.flight.isOvertaken(a.stored.ID) {
		return false, nil
	}
	return tx.NextLookIs(a.dossier, a.alone.out.NextLook)
}

// tellAnswer counts and reports what came of a message, once it is written down.
func (e *Engine) tellAnswer(a *answered) {
	e.count(func(s *Summary) {
		switch {
		case a.answer.Outcome == mailout.Accepted:
			s.Messages++
			if e.o.Watch != nil {
				e.o.Watch(plan.DescribeMessage(e.o.Settings, a.dossier, &a.message, a.at))
			}
		case a.answer.Outcome == mailout.Rejected && a.answer.About == mailout.AboutSender:
			s.Waiting[string(renewal.SenderRefused)]++
		case a.answer.Outcome == mailout.Rejected, a.answer.Outcome == mailout.Uncertain:
			s.Failed++
		case a.answer.Away:
			s.Waiting[string(renewal.ServerAway)]++
		default:
			s.Waiting[string(renewal.Deferred)]++
		}
	})
	if e.o.Sent != nil {
		e.o.Sent(a.report())
	}
}

// report says what came of the try.
func (a *answered) report() Report {
	r := Report{Message: a.stored.ID, Rule: a.stored.Rule, Class: a.stored.Class, Answer: a.answer}
	for _, m := range a.message.Reminders {
		r.Late = max(r.Late, a.at.Sub(m.DueAt))
	}
	return r
}

// backOff is how long after a deferral the next try comes: 1, 5, 15, 30, 60 …
// minutes, at most 4 hours. attempts counts the tries before this one.
func backOff(attempts int) time.Duration {
	minutes := []int{1, 5, 15, 30, 60, 120, 240}
	return time.Duration(minutes[min(attempts, len(minutes)-1)]) * time.Minute
}
