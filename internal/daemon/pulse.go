package daemon

import "sync/atomic"

// pulse tells a watchdog that work goes on: it beats with every transaction and
// every answer of the transport, and it rests while a wait is as it should be.
type pulse struct {
	beats   atomic.Int64
	resting atomic.Int32
}

func (p *pulse) beat() { p.beats.Add(1) }

// rest begins a wait without a known end (for a rate, for a server that does not
// answer yet) and returns what ends it.
func (p *pulse) rest() (end func()) {
	p.resting.Add(1)
	return func() { p.resting.Add(-1) }
}

// goesOn reports whether there was a beat since the last time it was asked, or
// the wait is as it should be. last is what it returned last time.
func (p *pulse) goesOn(last int64) (now int64, ok bool) {
	now = p.beats.Load()
	return now, now != last || p.resting.Load() > 0
}
