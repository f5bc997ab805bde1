package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// prospect is what the next claim will find: households whose turn it is, read
// and decided about ahead of the transaction that claims, beside those who write
// and send.
type prospect struct {
	// now and standing are what it is decided by.
	now      time.Time
	standing plan.Standing
	// done is closed when the rest is known.
	done chan struct{}
	err  error
	// ids are one customer of each household, the most urgent first.
	ids []int64
	// seen are the looks by customer, but for those that have more to do than to
	// decide, which the claim makes itself.
	seen map[int64]foreseen
}

// foreseen is a look that wrote nothing.
type foreseen struct {
	looked
	// mark is the household's mark in the snapshot that the look was made from.
	mark string
}

// lookAhead begins to look at the households whose turn it is. Whether what it
// finds still holds, the transaction that claims has to ask.
func (e *Engine) lookAhead(ctx context.Context, limit int, probe bool) *prospect {
	p := &prospect{now: e.o.Clock(), standing: e.standingNow(), done: make(chan struct{}), seen: map[int64]foreseen{}}
	go func() {
		defer close(p.done)
		p.err = e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
			if p.ids, err = e.claimable(tx, limit, probe); err != nil {
				return err
			}
			return e.foresee(tx, p)
		})
		if p.err != nil {
			p.err = fmt.Errorf("looking at what is to be claimed: %w", p.err)
		}
	}()
	return p
}

func (e *Engine) foresee(tx *store.Tx, p *prospect) error {
	marks, err := tx.HouseholdMarks(p.ids)
	if err != nil {
		return err
	}
	dossiers, err := tx.Dossiers(slices.Collect(maps.Keys(marks)))
	if err != nil {
		return err
	}
	for id, d := range dossiers {
		// A message under way has to learn of the look, and a settlement is written.
		if slices.ContainsFunc(d.Reminders, isSending) {
			continue
		}
		if settled := plan.Settle(p.now, e.o.Settings, d); !settled.Empty() {
			continue
		}
		out := plan.Decide(p.now, e.o.Settings, p.standing, d)
		p.seen[id] = foreseen{mark: marks[id], looked: looked{dossier: d, out: out, now: p.now, standing: p.standing}}
	}
	return nil
}

func isSending(r renewal.Reminder) bool { return r.State == renewal.Sending }

// wait returns once everything is known.
func (p *prospect) wait() error {
	<-p.done
	return p.err
}

// still returns the look at a household where a look in the transaction that
// claims, now, would come to the same. A new fact gives the household another
// mark until somebody looks again, and nobody did: only the goroutine that claims
// looks, and what writes down the outcome of a message, of which this household
// had none under way. Time alone changes nothing within a second, since every
// instant is a whole one.
func (p *prospect) still(id int64, mark string, standing plan.Standing, now time.Time) (looked, bool) {
	f, ok := p.seen[id]
	ok = ok && f.mark == mark && p.standing == standing && p.now.Truncate(time.Second).Equal(now.Truncate(time.Second))
	return f.looked, ok
}

// standingNow is what holds everything at present.
func (e *Engine) standingNow() plan.Standing {
	standing := e.standing
	if pause := e.paused(); pause != nil {
		standing.Paused = pause.Reason
	}
	return standing
}

// saving is on its way to the state file: how far the database got.
type saving struct {
	done chan struct{}
	err  error
}

// saveProgress writes to the state file, after what it wrote before. Messages
// claimed with this progress wait for it before they leave.
func (e *Engine) saveProgress(progress int64, now time.Time) *saving {
	before, s := e.saving, &saving{done: make(chan struct{})}
	e.saving = s
	go func() {
		defer close(s.done)
		if before != nil {
			<-before.done
		}
		s.err = store.SaveProgress(e.o.Instance, e.o.DB, progress, now)
	}()
	return s
}

// wait returns once it is on the disk.
func (s *saving) wait() error {
	<-s.done
	return s.err
}
