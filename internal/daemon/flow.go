package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// The sizes of the steps of a pass: each is one write transaction, and other
// writers (an import, the sqlite3 shell) get their turn between two.
const (
	planBatch  = 500 // households planned in one transaction, well under a second
	walkBatch  = 20000
	claimBatch = 25 // households claimed in one transaction
)

// Pass looks at everything that is due and sends what may leave:
//
//	rescue what a crash left behind                        once a process
//	follow a changed configuration                         small transactions
//	plan:    dossier → Settle → Decide → rows, next look   small transactions
//	guard:   too many that were due at first sight? the clock jumped? hold them
//	deliver: claim → Decide again → compose → transport → outcome
//
// and once more, until neither a household nor a reminder is due and nothing is
// under way: a message that left may make the next step due or supersede one.
func (e *Engine) Pass(ctx context.Context) (Summary, error) {
	begun := e.o.Clock()
	err := e.begin(ctx)
	for err == nil {
		var planned, claimed int
		before, _ := e.flight.under()
		// With a clock that is not trusted nothing is decided: one that is a year
		// ahead would find that every moment of the year went by.
		if !e.standing.ClockJumped {
			if planned, err = e.planDue(ctx); err != nil {
				break
			}
		}
		if err = e.guard(ctx); err != nil {
			break
		}
		if !e.standing.ClockJumped {
			if claimed, err = e.deliverSome(ctx); err != nil {
				break
			}
		}
		if planned+claimed > 0 {
			if e.o.Turn > 0 && e.o.Clock().Sub(begun).Abs() >= e.o.Turn {
				e.count(func(s *Summary) { s.More = true })
				break
			}
			continue
		}
		rested := e.pulse.rest()
		landed := e.flight.await(ctx, e.o.Patience)
		rested()
		if after, _ := e.flight.under(); landed || before > 0 && after == 0 {
			continue // what waited until nothing else is under way has its turn
		}
		if err = errors.Join(e.troubled(), ctx.Err()); err == nil {
			err = e.closeCured(ctx, e.o.Clock())
		}
		break
	}
	if err != nil {
		if e.o.Patience == 0 {
			e.Land()
		}
		e.clearTrouble() // told by err: the next pass begins afresh
	}
	if e.saving != nil {
		err = errors.Join(err, e.saving.wait())
		e.saving = nil // what failed is told once: the next claim writes anew
	}
	return e.summed(), err
}

// Land waits until nothing is under way any more.
func (e *Engine) Land() {
	for e.flight.await(context.Background(), 0) {
	}
}

// PlanOnly is a pass that decides and writes down, but sends nothing: every
// reminder that is due by now has its row afterwards.
func (e *Engine) PlanOnly(ctx context.Context) (Summary, error) {
	err := e.begin(ctx)
	if err == nil {
		_, err = e.planDue(ctx)
	}
	return e.summed(), err
}

// begin brings the database and the engine together: what a crash left behind
// is rescued, the instance is checked, a changed configuration is followed.
func (e *Engine) begin(ctx context.Context) error {
	now := e.o.Clock()
	// What messages met that landed after the last pass.
	failed := e.troubled()
	e.clearTrouble()
	if err := errors.Join(e.writeDownRest(), failed); err != nil {
		return err
	}
	if e.lost.Swap(false) {
		e.rescued = false
	}
	if !e.rescued {
		replaced, err := e.o.Instance.Replaced(e.o.DB)
		if err != nil {
			return err
		}
		err = e.o.DB.Write(ctx, func(tx *store.Tx) error {
			rescued, err := tx.Rescue(e.flight.has, replaced, now)
			e.count(func(s *Summary) { s.Tasks += rescued.Uncertain })
			return err
		})
		if err != nil {
			return fmt.Errorf("rescuing interrupted messages: %w", err)
		}
		e.rescued = true
	}
	if err := e.checkInstance(ctx, now); err != nil {
		return err
	}
	if err := e.readStanding(ctx, now); err != nil {
		return err
	}
	if err := e.readCurable(ctx); err != nil {
		return err
	}
	if err := e.followLetters(ctx, now); err != nil {
		return err
	}
	return e.followRules(ctx, now)
}

// readStanding reads what holds everything for the time being. A pass that a
// person asked for waits for no probe.
func (e *Engine) readStanding(ctx context.Context, now time.Time) error {
	var pause *store.Pause
	var jumped time.Time
	err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if pause, err = tx.Pause(); err == nil {
			jumped, err = tx.ClockJumped()
		}
		return err
	})
	if err == nil && pause != nil && e.o.AtOnce {
		err = e.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
			pause, err = tx.ProbeNow(now)
			return err
		})
	}
	e.setPaused(pause)
	e.standing.ClockJumped = !jumped.IsZero()
	return err
}

// planDue plans every household that is due and returns how many there were.
// Its invariant: a household that was looked at has a next look after now, or
// none, so the loop ends.
func (e *Engine) planDue(ctx context.Context) (int, error) {
	total := 0
	for {
		now := e.o.Clock()
		var ids []int64
		var looks []looked
		err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
			ids, err = tx.DueHouseholds(now, planBatch)
			return err
		})
		if err != nil || len(ids) == 0 {
			return total, err
		}
		err = e.o.DB.Write(ctx, func(tx *store.Tx) error {
			now = e.o.Clock() // the wait for this turn may have been long
			looks = looks[:0]
			for _, id := range ids {
				l, err := e.look(tx, id, now)
				if err != nil {
					return err
				}
				looks = append(looks, l)
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("planning: %w", err)
		}
		e.pulse.beat()
		e.tellAll(looks)
		total += len(ids)
		e.count(func(s *Summary) { s.Households += len(ids) })
	}
}

// looked is what a look at one household came to.
type looked struct {
	dossier *renewal.Dossier
	out     plan.Outcome
	// now and standing are what it was decided by.
	now      time.Time
	standing plan.Standing
	// asked is how many tasks are new to the people who read them.
	asked int
}

// look reads one household, brings its terms up to date, decides, and writes
// down what was decided and when to look again. What comes of a message has the
// household looked at again anyhow.
func (e *Engine) look(tx *store.Tx, customerID int64, now time.Time) (looked, error) {
	d, err := tx.Dossier(customerID, time.Time{})
	if err != nil {
		return looked{}, fmt.Errorf("looking at customer %d: %w", customerID, err)
	}
	for i := range d.Reminders {
		// After this look the household no longer says that there is a new fact,
		// and a message that was claimed before it must not miss it.
		if r := &d.Reminders[i]; r.State == renewal.Sending {
			e.flight.overtake(r.MessageID)
		}
	}
	settled := plan.Settle(now, e.o.Settings, d)
	if err := tx.ApplySettlement(d, settled, now); err != nil {
		return looked{}, err
	}
	standing := e.standingNow()
	l := looked{dossier: d, out: plan.Decide(now, e.o.Settings, standing, d), now: now, standing: standing}
	l.asked, err = e.apply(tx, d, &l.out, now)
	return l, err
}

// apply writes down what was decided about a household, and returns how many
// tasks are new.
func (e *Engine) apply(tx *store.Tx, d *renewal.Dossier, out *plan.Outcome, now time.Time) (asked int, err error) {
	for _, t := range out.Tasks {
		added, err := tx.AddTask(t, now)
		if err != nil {
			return 0, err
		}
		if added {
			asked++
		}
	}
	if err := tx.ApplyDecisions(d, out.Changes, out.NextLook); err != nil {
		return 0, err
	}
	return asked, e.closeCurable(tx, d, out.Tasks, now)
}

// ask adds a task and counts it where it is new to the people who read them.
func (e *Engine) ask(tx *store.Tx, t renewal.Task, now time.Time) error {
	added, err := tx.AddTask(t, now)
	if added {
		e.count(func(s *Summary) { s.Tasks++ })
	}
	return err
}

// tellAll counts and reports what a transaction decided, once it is written.
func (e *Engine) tellAll(looks []looked) {
	for i := range looks {
		e.tell(looks[i].dossier, &looks[i].out, looks[i].now)
		e.count(func(s *Summary) { s.Tasks += looks[i].asked })
	}
}

func (e *Engine) tell(d *renewal.Dossier, out *plan.Outcome, now time.Time) {
	for i := range out.Changes {
		r := &out.Changes[i]
		if r.State != renewal.Waiting && r.State != renewal.Skipped {
			continue
		}
		e.count(func(s *Summary) {
			if r.State == renewal.Waiting {
				s.Waiting[string(r.Reason)]++
			} else {
				s.Skipped[string(r.Reason)]++
			}
			if e.o.Watch != nil {
				e.o.Watch(plan.Describe(e.o.Settings, d, r, now))
			}
		})
	}
}
