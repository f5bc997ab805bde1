package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serve starts a server on a loopback address and returns the address.
func serve(t *testing.T, s *http.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(Limit(l)) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func dial(t *testing.T, addr, send string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, send); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestLimits are those that the documentation names.
func TestLimits(t *testing.T) {
	s := Server(http.NotFoundHandler())
	if s.ReadHeaderTimeout != 10*time.Second || s.ReadTimeout != 30*time.Second || s.WriteTimeout != 30*time.Second || s.IdleTimeout != time.Minute {
		t.Errorf("%v %v %v %v", s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout)
	}
}

// TestRawRequests sends what no client sends.
func TestRawRequests(t *testing.T) {
	s := newSite(t, nil)
	addr := serve(t, Server(s.handler))
	path := "/u/" + s.token("u1")
	for _, c := range []struct{ name, send, want string }{
		{"a header of 1 MB", "GET " + path + " HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<20), "431"},
		{"a header of 17 kB", "GET " + path + " HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 17<<10) + "\r\n\r\n", "431"},
		{"a header of 15 kB", "GET " + path + " HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 15<<10) + "\r\n\r\n", "200"},
		{"a long address", "GET /u/" + strings.Repeat("x", 15<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
		{"a body of 1 GB", "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n" + strings.Repeat("x", maxBody+1), "413"},
		{"all of the server", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "204"},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01\r\n\r\n", "400"},
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(conn, c.send) }() // the server may stop reading
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || !strings.HasPrefix(answer.Status, c.want) {
			t.Errorf("%s: %v, %v", c.name, answer, err)
		}
		_ = conn.Close()
	}
	if s.gone() != 0 {
		t.Errorf("%d unsubscribed", s.gone())
	}
}

// TestClientThatHangsUp: who has sent the wish need not wait for the answer.
func TestClientThatHangsUp(t *testing.T) {
	s := newSite(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if done, err := s.handler.(*public).unsubscribe(ctx, s.token("u1")); err != nil || !done.Unsubscribed {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestCrowd: hundreds of clients who open a connection and say nothing, or
// never end what they say, do not keep an honest one out. No time-out helps here.
func TestCrowd(t *testing.T) {
	s := newSite(t, nil)
	server := Server(s.handler)
	server.ReadHeaderTimeout, server.ReadTimeout, server.IdleTimeout = 0, 0, 0
	c := newCrowd(fewConnections)
	server.ConnState = c.watch
	addr := serve(t, server)
	post := "POST /u/" + s.token("u2") + " HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nList-"
	for i := range 600 {
		dial(t, addr, []string{"", "G", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", post}[i%4])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for i := range 20 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/u/"+s.token(fmt.Sprintf("u%d", 3+i%3)), strings.NewReader(oneClick))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Error(answer.Status)
		}
	}
	if s.gone() != 3 {
		t.Errorf("%d unsubscribed, want the three who asked for it to the end", s.gone())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.order.Len(); n > fewConnections || n < fewConnections-100 {
		t.Errorf("%d connections are open", n)
	}
}

// named is a connection that knows only whether it was closed.
type named struct {
	net.Conn
	closed bool
}

func (n *named) Close() error { n.closed = true; return nil }

// TestWhoHasToGo: the connection without an answer for the longest time.
func TestWhoHasToGo(t *testing.T) {
	c := newCrowd(3)
	conns := make([]*named, 6)
	for i := range conns {
		conns[i] = &named{}
	}
	for _, conn := range conns[:3] {
		c.watch(conn, http.StateNew)
		c.watch(conn, http.StateActive)
	}
	c.watch(conns[0], http.StateIdle) // it got an answer
	c.watch(conns[3], http.StateNew)  // pushes out 1
	c.watch(conns[1], http.StateClosed)
	c.watch(conns[2], http.StateClosed)
	c.watch(conns[4], http.StateNew) // there is room now
	c.watch(conns[5], http.StateNew) // pushes out 0
	for i, want := range []bool{true, true, false, false, false, false} {
		if conns[i].closed != want {
			t.Errorf("%d: closed %v", i, conns[i].closed)
		}
	}
	if c.order.Len() != 3 || len(c.at) != 3 {
		t.Errorf("%d and %d remembered", c.order.Len(), len(c.at))
	}
}
