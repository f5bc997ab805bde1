package daemon

import (
	"context"
	"sync"
	"time"
)

// flight knows the messages that are claimed and not yet written down: on their
// way through rendering and a connection.
type flight struct {
	// admitted bounds how many there are, slots how many of them have a connection;
	// both nil where messages go one after the other.
	admitted, slots chan struct{}

	mu sync.Mutex
	// flying are the messages under way, with what each took of admitted.
	flying map[int64]chan struct{}
	// overtaken are those whose household was looked at again since.
	overtaken map[int64]bool
	landing   chan struct{} // closed and made anew whenever one lands
}

// readAhead is how many messages a connection are claimed and rendered while
// others are under way.
const readAhead = 8

func newFlight(connections int) *flight {
	f := &flight{flying: map[int64]chan struct{}{}, overtaken: map[int64]bool{}, landing: make(chan struct{})}
	if connections > 0 {
		f.admitted = make(chan struct{}, connections*readAhead)
		f.slots = make(chan struct{}, connections)
	}
	return f
}

// resize follows a changed number of connections; it and admit are called by one
// goroutine. Messages under way keep what they have.
func (f *flight) resize(connections int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if connections != cap(f.slots) {
		next := newFlight(connections)
		f.admitted, f.slots = next.admitted, next.slots
	}
}

// admit waits for room for one more message and notes that it is under way.
func (f *flight) admit(ctx context.Context, id int64) error {
	if f.admitted != nil {
		select {
		case f.admitted <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flying[id] = f.admitted
	return nil
}

// land notes that a message is written down or given back.
func (f *flight) land(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if admitted := f.flying[id]; admitted != nil {
		<-admitted // it holds at least what this message put there
	}
	delete(f.flying, id)
	delete(f.overtaken, id)
	close(f.landing)
	f.landing = make(chan struct{})
}

// board waits for a connection. leave gives it back: before the outcome is
// written down, so that the next message of the connection gets as far as its
// contents meanwhile.
func (f *flight) board() (leave func()) {
	f.mu.Lock()
	slots := f.slots
	f.mu.Unlock()
	if slots == nil {
		return func() {}
	}
	slots <- struct{}{}
	return func() { <-slots }
}

// overtake notes that the household of a message was looked at, for a new fact
// perhaps: if its first byte has not left, it has to be decided about once more.
func (f *flight) overtake(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, under := f.flying[id]; under {
		f.overtaken[id] = true
	}
}

func (f *flight) isOvertaken(id int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.overtaken[id]
}

// boarded returns how many connections are in use; 0 where messages go one after
// the other.
func (f *flight) boarded() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.slots)
}

// has reports whether a message is under way.
func (f *flight) has(id int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, under := f.flying[id]
	return under
}

// under returns how many messages are under way, and what is closed when the
// next one lands.
func (f *flight) under() (int, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.flying), f.landing
}

// room returns how many more messages can be admitted at once, at least 1.
func (f *flight) room() int {
	if f.admitted == nil {
		return 1
	}
	return max(1, cap(f.admitted)-len(f.admitted))
}

// await waits until a message lands and reports whether one did: not where none
// is under way, ctx ends, or patience (0: no end) is over.
func (f *flight) await(ctx context.Context, patience time.Duration) bool {
	n, landing := f.under()
	if n == 0 {
		return false
	}
	var over <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-landing:
		return true
	case <-ctx.Done():
	case <-over:
	}
	return false
}
