package daemon

import (
	"context"
	"errors"
	"sync"
	"time"

	"renewd/internal/store"
)

// mostEntries bounds how many entries share one transaction, so that an import
// or the sqlite3 shell gets its turn.
const mostEntries = 128

// The times by which a ledger gathers: how long an entry that is in no hurry waits
// for others to go with, and how long one that is waits for those of other
// connections. Each is a fraction of what a sync of the disk or a round trip costs.
const (
	noHurry  = 2 * time.Millisecond
	gathered = 250 * time.Microsecond
)

// ledger writes down what several connections want written at the same time in
// one transaction with one sync of the disk (group commit): a sync each would
// bound the sending to a few hundred messages a second. Whoever comes first
// writes for all who wait, and then hands over to the next in line, so there is
// no goroutine of its own.
type ledger struct {
	db *store.DB
	// others is how many connections are in use, whose entries may be gathered.
	others func() int

	mu      sync.Mutex
	waiting []*entry
	busy    bool // somebody writes at the moment
}

// entry is what one caller wants written.
type entry struct {
	write func(tx *store.Tx) error
	err   error
	// hurry: it waits for no others. taken: it is in the transaction that is being
	// written. Both are guarded by the ledger's mutex.
	hurry, taken bool
	// lead is told that it is this caller's turn to write, done that it is written.
	lead, done chan struct{}
}

// enter runs write in a transaction, which it may share with others, and returns
// once it is durable or has failed. Where a shared transaction fails for another
// reason than a locked database, each write is run once more in one of its own:
// write has to bear a second run, and an expected refusal is better kept in a
// variable than returned. A ctx that ends does not interrupt it: what happened
// has to be written down.
func (l *ledger) enter(ctx context.Context, write func(tx *store.Tx) error) error {
	return l.add(ctx, &entry{write: write, hurry: true})
}

// enterSoon is enter for what nobody waits for: it goes along with the next
// transaction, or is written by itself a little later.
func (l *ledger) enterSoon(ctx context.Context, write func(tx *store.Tx) error) error {
	return l.add(ctx, &entry{write: write, hurry: l.others() == 0})
}

func (l *ledger) add(ctx context.Context, e *entry) error {
	e.lead, e.done = make(chan struct{}, 1), make(chan struct{})
	var waited <-chan time.Time
	if !e.hurry {
		timer := time.NewTimer(noHurry)
		defer timer.Stop()
		waited = timer.C
	}
	l.mu.Lock()
	l.waiting = append(l.waiting, e)
	for e.taken || l.busy || !e.hurry {
		l.mu.Unlock()
		select {
		case <-e.done:
			return e.err
		case <-e.lead:
			l.mu.Lock()
		case <-waited:
			l.mu.Lock()
			e.hurry = true
		}
	}
	l.busy = true
	for !e.taken {
		l.gather()
		n := min(len(l.waiting), mostEntries)
		batch := l.waiting[:n:n]
		l.waiting = l.waiting[n:]
		for _, one := range batch {
			one.taken = true
		}
		l.mu.Unlock()
		l.commit(context.WithoutCancel(ctx), batch)
		for _, one := range batch {
			close(one.done)
		}
		l.mu.Lock()
	}
	l.busy = false
	for _, next := range l.waiting {
		if next.hurry {
			next.lead <- struct{}{}
			break
		}
	}
	l.mu.Unlock()
	return e.err
}

// gather waits a moment where only few of the connections in use have come. It is
// called, and returns, with the mutex held.
func (l *ledger) gather() {
	hurrying := 0
	for _, e := range l.waiting {
		if e.hurry {
			hurrying++
		}
	}
	if 2*hurrying < l.others() {
		l.mu.Unlock()
		time.Sleep(gathered)
		l.mu.Lock()
	}
}

// commit writes a batch. The one who writes is the first of it.
func (l *ledger) commit(ctx context.Context, batch []*entry) {
	err := l.db.Write(ctx, func(tx *store.Tx) error {
		for _, e := range batch {
			if err := e.write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	// Where another program holds the database, each of them would wait as long
	// again for the same answer.
	if err == nil || len(batch) == 1 || errors.Is(err, store.ErrBusy) {
		for _, e := range batch {
			e.err = err
		}
		return
	}
	for _, e := range batch {
		e.err = l.db.Write(ctx, e.write)
	}
}
