package daemon

import (
	"context"
	"errors"
	"sync"

	"renewd/internal/store"
)

// mostEntries bounds how many entries share one transaction, so that an import
// or the sqlite3 shell gets its turn.
const mostEntries = 128

// ledger writes down what several connections want written at the same time in
// one transaction with one sync of the disk (group commit): a sync each would
// bound the sending to a few hundred messages a second. Whoever comes first
// writes for all who wait, and then hands over to the next in line, so there is
// no goroutine of its own.
type ledger struct {
	db *store.DB

	mu      sync.Mutex
	waiting []*entry
	busy    bool // somebody writes at the moment
}

// entry is what one caller wants written.
type entry struct {
	write func(tx *store.Tx) error
	err   error
	// turn tells the caller that it is written (false), or that it is now the
	// one who writes (true).
	turn chan bool
}

// enter runs write in a transaction, which it may share with others, and returns
// once it is durable or has failed. Where a shared transaction fails for another
// reason than a locked database, each write is run once more in one of its own: write has to bear a second run, and an
// expected refusal is better kept in a variable than returned. A ctx that ends
// does not interrupt it: what happened has to be written down.
func (l *ledger) enter(ctx context.Context, write func(tx *store.Tx) error) error {
	e := &entry{write: write, turn: make(chan bool, 1)}
	l.mu.Lock()
	l.waiting = append(l.waiting, e)
	if l.busy {
		l.mu.Unlock()
		if lead := <-e.turn; !lead {
			return e.err
		}
		l.mu.Lock()
	}
	l.busy = true
	n := min(len(l.waiting), mostEntries)
	batch := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	l.mu.Unlock()

	l.commit(context.WithoutCancel(ctx), batch)

	l.mu.Lock()
	l.busy = len(l.waiting) > 0
	if l.busy {
		l.waiting[0].turn <- true
	}
	l.mu.Unlock()
	for _, other := range batch {
		if other != e {
			other.turn <- false
		}
	}
	return e.err
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
