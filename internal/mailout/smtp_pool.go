package mailout

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// errClosed is what a message gets that comes after Close.
var errClosed = errors.New("the connections to the mail server are closed")

// smtpPool holds at most size connections. A connection is idle, or in use by the
// goroutine that got it; the sum of those and of the dials under way never
// exceeds allowed, which is size unless the server has lately refused one more.
type smtpPool struct {
	dial func(context.Context) (*smtpConn, error)
	size int

	mu      sync.Mutex
	idle    []idleConn // the last one in is the first one out
	inUse   int
	dialing int
	allowed int
	restore *time.Timer // sets allowed to size again; nil when it is
	waiters []chan grant
	closed  bool
	closing sync.WaitGroup // idle connections that are taking leave
}

type idleConn struct {
	*smtpConn
	timer *time.Timer
}

// grant is what a waiting goroutine gets: a connection, or leave to dial one, or
// the error that it would get too.
type grant struct {
	conn *smtpConn
	err  error
}

func newSMTPPool(size int, dial func(context.Context) (*smtpConn, error)) *smtpPool {
	return &smtpPool{dial: dial, size: size, allowed: size}
}

// alive counts the connections that stand. The lock is held.
func (p *smtpPool) alive() int { return len(p.idle) + p.inUse }

// others reports whether the pool has connections besides one in use.
func (p *smtpPool) others() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alive()+p.dialing > 1
}

// get returns a connection for the caller alone, who gives it back with put,
// replace or yield.
func (p *smtpPool) get(ctx context.Context) (*smtpConn, error) {
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return nil, errClosed
	case ctx.Err() != nil:
		p.mu.Unlock()
		return nil, ctx.Err()
	case len(p.idle) > 0:
		last := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		p.inUse++
		p.mu.Unlock()
		last.timer.Stop() // if it has fired already, it finds the connection gone
		return last.smtpConn, nil
	case p.alive()+p.dialing < p.allowed:
		p.dialing++
		p.mu.Unlock()
		return p.connect(ctx)
	}
	return p.wait(ctx)
}

// wait waits for a connection or for leave to dial. The lock is held, and
// released.
func (p *smtpPool) wait(ctx context.Context) (*smtpConn, error) {
	mine := make(chan grant, 1)
	p.waiters = append(p.waiters, mine)
	p.mu.Unlock()
	select {
	case g := <-mine:
		if g.conn != nil || g.err != nil {
			return g.conn, g.err
		}
		return p.connect(ctx)
	case <-ctx.Done():
	}
	p.mu.Lock()
	if at := slices.Index(p.waiters, mine); at >= 0 {
		p.waiters = slices.Delete(p.waiters, at, at+1)
		p.mu.Unlock()
		return nil, ctx.Err()
	}
	p.mu.Unlock()
	switch g := <-mine; { // it came at the last moment: pass it on
	case g.conn != nil:
		p.put(g.conn, true)
	case g.err == nil:
		p.mu.Lock()
		p.dialing--
		p.next()
		p.mu.Unlock()
	}
	return nil, ctx.Err()
}

// connect dials; the caller has counted it under dialing. Where that fails while
// other connections stand, the server allows no more of them: then it waits for
// one of those.
func (p *smtpPool) connect(ctx context.Context) (*smtpConn, error) {
	c, err := p.dial(ctx)
	p.mu.Lock()
	p.dialing--
	if err == nil {
		p.inUse++
		p.mu.Unlock()
		return c, nil
	}
	if ctx.Err() != nil || p.closed {
		p.next()
		p.mu.Unlock()
		return nil, err
	}
	if p.alive()+p.dialing > 0 {
		p.restrain()
		if len(p.idle) > 0 {
			p.mu.Unlock()
			return p.get(ctx)
		}
		return p.wait(ctx)
	}
	// Whoever waits would hear the same: one probe, not one for each.
	for _, waiter := range p.waiters {
		waiter <- grant{err: err}
	}
	p.waiters = nil
	p.mu.Unlock()
	return nil, err
}

// restrain contents itself for a while with the connections that stand. The lock
// is held.
func (p *smtpPool) restrain() {
	p.allowed = max(1, p.alive()+p.dialing)
	if p.restore == nil && !p.closed {
		p.restore = time.AfterFunc(retryDialAfter, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.allowed, p.restore = p.size, nil
			p.next()
		})
	}
}

// next gives waiting goroutines leave to dial as far as there is room. The lock
// is held.
func (p *smtpPool) next() {
	for len(p.waiters) > 0 && p.alive()+p.dialing < p.allowed {
		p.dialing++
		p.hand(grant{})
	}
}

// hand gives the longest waiting goroutine its grant. The lock is held.
func (p *smtpPool) hand(g grant) {
	p.waiters[0] <- g
	p.waiters = p.waiters[1:]
}

// put gives a connection back; without keep it is closed already.
func (p *smtpPool) put(c *smtpConn, keep bool) {
	p.mu.Lock()
	if keep && (p.closed || c.begun >= messagesPerConn) {
		// It counts until it is closed: the server counts it too.
		p.mu.Unlock()
		c.quit()
		keep = false
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	switch {
	case !keep:
		p.inUse--
		p.next()
	case len(p.waiters) > 0:
		p.hand(grant{conn: c})
	default:
		p.inUse--
		p.idle = append(p.idle, idleConn{c, time.AfterFunc(idleTimeout, func() { p.retire(c) })})
	}
}

// retire closes a connection if it is still idle.
func (p *smtpPool) retire(c *smtpConn) {
	p.mu.Lock()
	at := slices.IndexFunc(p.idle, func(i idleConn) bool { return i.smtpConn == c })
	if at < 0 || p.closed {
		p.mu.Unlock()
		return
	}
	p.idle = slices.Delete(p.idle, at, at+1)
	p.inUse++ // by its leave-taking
	p.closing.Add(1)
	p.mu.Unlock()
	defer p.closing.Done()
	c.quit()
	p.put(c, false)
}

// replace gives a closed connection back for a new one, not for an idle one,
// which may be as old.
func (p *smtpPool) replace(ctx context.Context, _ *smtpConn) (*smtpConn, error) {
	p.mu.Lock()
	p.inUse--
	p.dialing++
	p.mu.Unlock()
	return p.connect(ctx)
}

// yield gives a closed connection back and contents itself with the others.
func (p *smtpPool) yield(ctx context.Context, _ *smtpConn) (*smtpConn, error) {
	p.mu.Lock()
	p.inUse--
	if p.alive()+p.dialing > 0 {
		p.restrain()
	}
	p.next()
	p.mu.Unlock()
	return p.get(ctx)
}

// close ends the idle connections and refuses new messages.
func (p *smtpPool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	if p.restore != nil {
		p.restore.Stop()
	}
	for _, waiter := range p.waiters {
		waiter <- grant{err: errClosed}
	}
	p.waiters = nil
	for _, i := range idle {
		i.timer.Stop()
		p.closing.Go(i.quit)
	}
	p.mu.Unlock()
	p.closing.Wait()
}
