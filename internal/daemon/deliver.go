package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"renewd/internal/mailout"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// After so many messages handed over, and after so long, the pass plans again: a
// notice that became due meanwhile must not wait for all the others.
const (
	replanAfter = 500
	replanEvery = 20 * time.Second
)

// crumb is how long a claim waits for more room, before it takes what there is.
const crumb = 20 * time.Millisecond

// deliverSome hands reminders in state due to the transport, the most urgent
// first, until none is left or it is time to plan again. It returns how many
// households it claimed. What it handed over may still be under way.
func (e *Engine) deliverSome(ctx context.Context) (households int, err error) {
	if due, err := e.anyDue(ctx); err != nil || !due {
		return 0, err
	}
	var next *prospect // nil where the next claim has still to look
	drop := func() {
		if next != nil {
			<-next.done
		}
		next = nil
	}
	defer drop()
	begun := e.o.Clock()
	for handed := 0; handed < replanAfter && e.o.Clock().Sub(begun).Abs() < replanEvery; {
		limit, probe, err := e.mayClaim(ctx)
		if err != nil || limit == 0 {
			return households, err
		}
		if probe {
			drop()
		}
		if next == nil {
			next = e.lookAhead(ctx, limit, probe)
		}
		batch, n, err := e.claim(ctx, next, limit)
		next = nil
		if err != nil || n == 0 {
			return households, err
		}
		households += n
		handed += len(batch)
		if probe && len(batch) > 0 {
			e.probing.Store(batch[0].stored.ID)
		}
		if e.limiter == nil && !probe { // with a rate the next claim is long after
			next = e.lookAhead(ctx, min(e.claimSize(), 2*n), false) // a slow server takes few at a time
		}
		for i, c := range batch {
			if err := e.dispatch(ctx, c); err != nil {
				return households, errors.Join(err, e.giveBack(batch[i:]...))
			}
		}
	}
	return households, nil
}

// mayClaim says how many households may be claimed now: none while sending is
// paused, one for a probe (and that it is one), and otherwise as many as there is
// room for. With a rate it is about a second's worth, so that nothing is claimed
// long before it leaves.
func (e *Engine) mayClaim(ctx context.Context) (limit int, probe bool, err error) {
	if err := errors.Join(e.troubled(), ctx.Err()); err != nil {
		return 0, false, err
	}
	if pause := e.paused(); pause != nil {
		if n, _ := e.flight.under(); n > 0 || e.o.Clock().Before(pause.ProbeAt) {
			return 0, false, nil
		}
		return 1, true, nil
	}
	limit = e.claimSize()
	if e.o.Connections > 0 {
		// A claim costs a few syncs of the disk, whatever its size.
		for e.flight.room() < limit && e.flight.await(ctx, crumb) {
		}
		limit = e.flight.room()
	}
	if e.limiter != nil {
		limit = min(limit, e.limiter.Burst())
	}
	return limit, false, nil
}

// claimSize is how many households a claim usually takes.
func (e *Engine) claimSize() int {
	if e.o.Connections > 0 {
		return e.o.Connections * readAhead / 2
	}
	return claimBatch
}

// dispatch starts one claimed message on its way: at once and to its end where
// messages go one after the other, else beside others.
func (e *Engine) dispatch(ctx context.Context, c claimed) error {
	if e.limiter != nil {
		rested := e.pulse.rest()
		err := e.limiter.Wait(ctx)
		rested()
		if err != nil {
			return err
		}
	}
	rested := e.pulse.rest()
	err := e.flight.admit(ctx, c.stored.ID)
	rested()
	if err != nil {
		return err
	}
	if e.o.Connections == 0 {
		defer e.flight.land(c.stored.ID)
		return e.send(ctx, c)
	}
	if e.o.Life != nil {
		ctx = e.o.Life
	}
	if e.o.Using != nil {
		e.o.Using.Add(1)
	}
	go func() {
		defer e.flight.land(c.stored.ID)
		if e.o.Using != nil {
			defer e.o.Using.Done()
		}
		if err := e.send(ctx, c); err != nil && ctx.Err() == nil {
			e.trouble(err)
		}
	}()
	return nil
}

// send renders a claimed message once, or takes the bytes that an earlier try
// kept, hands them to the transport, and records what came of it. Its error is
// one that the pass has to end with.
func (e *Engine) send(ctx context.Context, c claimed) error {
	prepared, err := e.prepare(ctx, c)
	if err != nil {
		return e.cannotRender(ctx, c, err)
	}
	if err := c.saved.wait(); err != nil {
		return errors.Join(err, e.giveBack(c))
	}
	leave := e.flight.board()
	if e.paused() != nil && e.probing.Load() != c.stored.ID {
		leave() // claimed before the trouble began
		return e.giveBack(c)
	}
	unkept := prepared
	var refused error
	answer, err := e.o.Transport.Deliver(ctx, e.o.Sender.Address, c.stored.To, prepared.Contents, func() error {
		refused = e.streaming(ctx, c, prepared)
		if refused == nil {
			unkept = store.Prepared{}
		}
		return refused
	})
	if answer.Away || answer.About == mailout.AboutSender {
		// What concerns everybody is written down before the next message of this
		// connection is tried.
		defer leave()
	} else {
		leave()
	}
	if refused != nil || err != nil && ctx.Err() != nil && answer.Outcome == mailout.Deferred {
		// Nothing left, and the transport is not to blame: a new fact stopped the
		// message, the database is in trouble, or somebody wants us to stop.
		if errors.Is(refused, store.ErrOvertaken) || errors.Is(refused, store.ErrGone) {
			return e.giveBack(c)
		}
		return errors.Join(refused, ctx.Err(), e.giveBack(c))
	}
	return e.writeDown(&answered{claimed: c, unkept: unkept, answer: answer, at: e.o.Clock()})
}

// streaming makes it durable that the first byte of a message is about to leave.
func (e *Engine) streaming(ctx context.Context, c claimed, prepared store.Prepared) error {
	var refused error
	err := e.ledger.enter(ctx, func(tx *store.Tx) error {
		if e.flight.isOvertaken(c.stored.ID) {
			refused = store.ErrOvertaken
			return nil
		}
		err := tx.Streaming(c.stored.ID, prepared, e.o.Clock())
		if errors.Is(err, store.ErrOvertaken) || errors.Is(err, store.ErrGone) {
			refused, err = err, nil // changed nothing: the others' writes may stand
		}
		return err
	})
	if err != nil {
		return err
	}
	return refused
}

// giveBack returns claimed messages that were not tried. Where that fails, the
// next pass finds them.
func (e *Engine) giveBack(batch ...claimed) error {
	if len(batch) == 0 {
		return nil
	}
	now := e.o.Clock()
	err := e.ledger.enter(context.Background(), func(tx *store.Tx) error {
		for _, c := range batch {
			err := tx.Returned(c.stored.ID, renewal.Due, renewal.IsDue, time.Time{}, now)
			if err != nil && !errors.Is(err, store.ErrGone) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		e.lost.Store(true)
		return fmt.Errorf("giving back what was not sent: %w", err)
	}
	return nil
}

// cannotRender gives a claimed message back: its reminders wait, and staff are
// told file and line.
func (e *Engine) cannotRender(ctx context.Context, c claimed, cause error) error {
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), e.giveBack(c))
	}
	if errors.Is(cause, errNotTheLetter) {
		return errors.Join(cause, e.giveBack(c))
	}
	now := e.o.Clock()
	asked := false
	err := e.ledger.enter(ctx, func(tx *store.Tx) (err error) {
		if err := tx.Returned(c.stored.ID, renewal.Waiting, renewal.TemplateError, time.Time{}, now); err != nil {
			return err
		}
		asked, err = tx.AddTask(plan.TemplateTask(c.stored.Template, c.stored.Locale, cause), now)
		return err
	})
	if err != nil {
		e.lost.Store(true)
		return err
	}
	e.count(func(s *Summary) {
		s.Waiting[string(renewal.TemplateError)]++
		if asked {
			s.Tasks++
		}
	})
	return nil
}

// trouble keeps the first error of the messages under way for the pass.
func (e *Engine) trouble(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure == nil {
		e.failure = err
	}
}

// clearTrouble forgets that error.
func (e *Engine) clearTrouble() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failure = nil
}

// troubled returns the error that the messages under way met.
func (e *Engine) troubled() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.failure
}
