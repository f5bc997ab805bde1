package daemon

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"renewd/internal/store"
)

// mostEntries bounds how many entries share one transaction, so that an import
// or the sqlite3 shell gets its turn.
const mostEntries = 128

// noHurry is how long an entry that is in no hurry waits for others to go with.
const noHurry = 2 * time.Millisecond

// An open transaction waits for the entries of most connections in use before it
// is committed, this often and this long at most: together less than the sync of
// the disk that is saved.
const (
	mostWaits = 3
	oneWait   = 150 * time.Microsecond
)

// ledger writes down what several connections want written at the same time in
// one transaction with one sync of the disk (group commit): a sync each would
// bound the sending to a few hundred messages a second. A goroutine writes as
// long as something is in a hurry, and ends then.
type ledger struct {
	db *store.DB
	// others is how many connections are in use, whose entries may be gathered.
	others func() int

	mu      sync.Mutex
	waiting []*entry
	busy    bool // that goroutine is there
}

// entry is what one caller wants written.
type entry struct {
	write func(tx *store.Tx) error
	err   error
	// hurry: it waits for no others; guarded by the ledger's mutex.
	hurry bool
	// done is closed once it is written, or err says why not.
	done chan struct{}
}

// enter runs write in a transaction, which it may share with others, and returns
// once it is durable or has failed. Where a shared transaction fails for another
// reason than a locked database, each write is run once more in one of its own:
// write has to bear a second run, and an expected refusal is better kept in a
// variable than returned. A ctx that ends does not interrupt it: what happened
// has to be written down.
func (l *ledger) enter(ctx context.Context, write func(tx *store.Tx) error) error {
	e := &entry{write: write, done: make(chan struct{})}
	l.add(ctx, e, true)
	<-e.done
	return e.err
}

// enterSoon is enter for what nobody waits for: it goes along with the next
// transaction, or is written by itself a little later.
func (l *ledger) enterSoon(ctx context.Context, write func(tx *store.Tx) error) error {
	if l.others() == 0 {
		return l.enter(ctx, write)
	}
	e := &entry{write: write, done: make(chan struct{})}
	l.add(ctx, e, false)
	timer := time.NewTimer(noHurry)
	defer timer.Stop()
	select {
	case <-e.done:
		return e.err
	case <-timer.C:
	}
	l.mu.Lock()
	l.hasten(ctx, e)
	l.mu.Unlock()
	<-e.done
	return e.err
}

func (l *ledger) add(ctx context.Context, e *entry, hurry bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, e)
	if hurry {
		l.hasten(ctx, e)
	}
}

// hasten has an entry written without waiting for others. It is called with the
// mutex held.
func (l *ledger) hasten(ctx context.Context, e *entry) {
	e.hurry = true
	if !l.busy {
		l.busy = true
		go l.work(context.WithoutCancel(ctx))
	}
}

// work writes until nothing is in a hurry.
func (l *ledger) work(ctx context.Context) {
	for l.wanted() {
		for _, e := range l.commit(ctx) {
			close(e.done)
		}
	}
}

// wanted reports whether anything is in a hurry; where not, the goroutine is over.
func (l *ledger) wanted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = slices.ContainsFunc(l.waiting, func(e *entry) bool { return e.hurry })
	return l.busy
}

// commit writes what waits, and what comes while that is written, in one
// transaction, and returns it.
func (l *ledger) commit(ctx context.Context) (batch []*entry) {
	err := l.db.Write(ctx, func(tx *store.Tx) error {
		hurrying, waits := 0, 0
		for len(batch) < mostEntries {
			e, hurry := l.next()
			switch {
			case e != nil:
				batch = append(batch, e)
				if hurry {
					hurrying++
				}
				if err := e.write(tx); err != nil {
					return err
				}
			case waits == mostWaits || 4*hurrying >= 3*l.others():
				return nil
			default:
				time.Sleep(oneWait)
				waits++
			}
		}
		return nil
	})
	if len(batch) == 0 { // no transaction could begin
		batch = l.all()
	}
	// Where another program holds the database, each of them would wait as long
	// again for the same answer.
	together := err == nil || len(batch) == 1 || errors.Is(err, store.ErrBusy)
	for _, e := range batch {
		if e.err = err; !together {
			e.err = l.db.Write(ctx, e.write)
		}
	}
	return batch
}

// next takes the entry that has waited longest, and whether it is in a hurry; nil
// where none waits.
func (l *ledger) next() (*entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return nil, false
	}
	e := l.waiting[0]
	l.waiting = l.waiting[1:]
	return e, e.hurry
}

// all takes all that wait.
func (l *ledger) all() []*entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch := l.waiting
	l.waiting = nil
	return batch
}
