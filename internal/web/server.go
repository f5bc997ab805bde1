package web

import (
	"container/list"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

const (
	// maxConnections is how many connections a listener has open at most.
	maxConnections = 512
	// fewConnections is from how many on a new one pushes out the one that has
	// been without an answer for longest. It is less than maxConnections, so that
	// the listener never has to stop accepting.
	fewConnections = 448
)

// Server returns a server for a handler whose limits hold slow and idle clients
// off: 10 s for the header, of 16 kB at most, 30 s for a request and for its
// answer, 60 s between two requests. With many connections open, a new one pushes out
// the one that has waited for longest, so that an honest client, who is served
// in a few milliseconds, gets through whoever else is there. Serve it on a Limit
// listener.
func Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16<<10 - headerSlop,
		ConnState:         newCrowd(fewConnections).watch,
		// "OPTIONS *" is for the handler like everything else.
		DisableGeneralOptionsHandler: true,
	}
}

// headerSlop is what net/http adds to MaxHeaderBytes for its own buffer.
const headerSlop = 4096

// Limit returns a listener that never has more than 512 connections open.
func Limit(l net.Listener) net.Listener { return netutil.LimitListener(l, maxConnections) }

// crowd is the open connections of a server, in the order in which they were
// opened or last got an answer.
type crowd struct {
	most int

	mu    sync.Mutex
	order list.List // of net.Conn, the longest waiting first
	at    map[net.Conn]*list.Element
}

func newCrowd(most int) *crowd { return &crowd{most: most, at: map[net.Conn]*list.Element{}} }

// watch is told of every change of a connection, of new ones before the next is
// accepted.
func (c *crowd) watch(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if out := c.enter(conn); out != nil {
			_ = out.Close() // its own goroutine ends on the error
		}
	case http.StateIdle:
		c.mu.Lock()
		if e := c.at[conn]; e != nil {
			c.order.MoveToBack(e)
		}
		c.mu.Unlock()
	case http.StateClosed, http.StateHijacked:
		c.mu.Lock()
		c.leave(conn)
		c.mu.Unlock()
	}
}

// enter adds a connection and returns the one that has to go for it, if any.
func (c *crowd) enter(conn net.Conn) net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at[conn] = c.order.PushBack(conn)
	if c.order.Len() <= c.most {
		return nil
	}
	out := c.order.Front().Value.(net.Conn)
	c.leave(out)
	return out
}

func (c *crowd) leave(conn net.Conn) {
	if e := c.at[conn]; e != nil {
		c.order.Remove(e)
		delete(c.at, conn)
	}
}
