package mailout

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// pipeServer speaks SMTP over a pipe inside a bubble whose time stands still
// while anybody works: so tests see minutes pass exactly.
type pipeServer struct {
	beforeDot time.Duration // how long the reply to the contents takes
	quits     atomic.Int32
	letters   atomic.Int32
	running   sync.WaitGroup
}

// dial connects to the server as SMTP.dial would over the network.
func (p *pipeServer) dial(limits *SMTPOptions) func(context.Context) (*smtpConn, error) {
	return func(context.Context) (*smtpConn, error) {
		ours, theirs := net.Pipe()
		p.running.Go(func() { p.serve(theirs) })
		client, err := smtp.NewClient(ours, "pipe")
		if err != nil {
			return nil, err
		}
		if err := client.Hello("pipe"); err != nil {
			return nil, err
		}
		return &smtpConn{client: client, raw: ours, limits: limits, server: "pipe"}, nil
	}
}

func (p *pipeServer) serve(conn net.Conn) {
	defer conn.Close()
	say := func(line string) { _, _ = conn.Write([]byte(line + "\r\n")) }
	say("220 pipe")
	contents := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		switch verb, _, _ := strings.Cut(lines.Text(), " "); {
		case contents && lines.Text() == ".":
			contents = false
			time.Sleep(p.beforeDot)
			p.letters.Add(1)
			say("250 ok")
		case contents:
		case verb == "DATA":
			contents = true
			say("354 go")
		case verb == "QUIT":
			p.quits.Add(1)
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// pipeSMTP returns a transport to the server; finish ends both.
func pipeSMTP(p *pipeServer) (s *SMTP, finish func()) {
	s = &SMTP{o: SMTPOptions{Connections: 1, Grace: defaultGrace, Dial: defaultDial, Commands: defaultCommands, Dot: defaultDot}}
	s.pool = newSMTPPool(1, p.dial(&s.o))
	return s, func() {
		_ = s.Close() // never an error
		p.running.Wait()
	}
}

func pipeDeliver(ctx context.Context, s *SMTP, streaming func() error) (Answer, time.Duration, error) {
	start := time.Now()
	answer, err := s.Deliver(ctx, "a@shop.example", "b@customer.example", []byte("x\r\n"), streaming)
	return answer, time.Since(start), err
}

// The database may be locked for minutes between the 354 and the first byte.
func TestDeadlineIsRenewedAfterStreaming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, finish := pipeSMTP(&pipeServer{beforeDot: 9 * time.Minute})
		answer, took, err := pipeDeliver(t.Context(), s, func() error { time.Sleep(20 * time.Minute); return nil })
		if answer.Outcome != Accepted || err != nil || took != 29*time.Minute {
			t.Errorf("%+v, %v, after %v", answer, err, took)
		}
		finish()
	})
}

func TestReplyToTheDotHasTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, finish := pipeSMTP(&pipeServer{beforeDot: 11 * time.Minute})
		answer, took, err := pipeDeliver(t.Context(), s, nil)
		if answer.Outcome != Uncertain || err != nil || took != 10*time.Minute {
			t.Errorf("%+v, %v, after %v", answer, err, took)
		}
		finish()
	})
}

func TestGraceAfterTheEnd(t *testing.T) {
	for beforeDot, want := range map[time.Duration]Outcome{59 * time.Second: Accepted, 61 * time.Second: Uncertain} {
		synctest.Test(t, func(t *testing.T) {
			s, finish := pipeSMTP(&pipeServer{beforeDot: beforeDot})
			ctx, cancel := context.WithCancel(t.Context())
			answer, took, err := pipeDeliver(ctx, s, func() error { cancel(); return nil })
			if answer.Outcome != want || err != nil || took != min(beforeDot, time.Minute) {
				t.Errorf("%v: %+v, %v, after %v", beforeDot, answer, err, took)
			}
			// What remains of the grace does not touch the connection any more.
			time.Sleep(30 * time.Second)
			if n := alive(s); (n == 1) != (want == Accepted) {
				t.Errorf("%v: %d connections", beforeDot, n)
			}
			finish()
		})
	}
}

func TestIdleConnectionsAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &pipeServer{}
		s, finish := pipeSMTP(server)
		for range 3 {
			if answer, _, err := pipeDeliver(t.Context(), s, nil); answer.Outcome != Accepted || err != nil {
				t.Fatalf("%+v, %v", answer, err)
			}
			time.Sleep(59 * time.Second)
		}
		if server.quits.Load() != 0 || alive(s) != 1 {
			t.Errorf("%d QUITs, %d connections", server.quits.Load(), alive(s))
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if server.quits.Load() != 1 || alive(s) != 0 || server.letters.Load() != 3 {
			t.Errorf("%d QUITs, %d connections, %d letters", server.quits.Load(), s.pool.alive(), server.letters.Load())
		}
		finish()
	})
}

// After a refused connection the pool is modest for a minute, and then asks again.
func TestPoolAsksAgainForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := &SMTPOptions{Commands: time.Minute}
		server := &pipeServer{}
		var refuse atomic.Bool
		var dials atomic.Int32
		tooMany := errors.New("too many connections")
		pool := newSMTPPool(2, func(ctx context.Context) (*smtpConn, error) {
			dials.Add(1)
			if refuse.Load() {
				return nil, tooMany
			}
			return server.dial(limits)(ctx)
		})
		first, err := pool.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		refuse.Store(true)
		got := make(chan *smtpConn)
		for range 2 {
			go func() {
				c, _ := pool.get(t.Context())
				got <- c
			}()
		}
		synctest.Wait()
		if dials.Load() != 2 || allowed(pool) != 1 {
			t.Errorf("%d dials, %d allowed", dials.Load(), allowed(pool))
		}
		pool.put(first, true)
		if c := <-got; c != first {
			t.Error("the one that stands was not handed on")
		}
		refuse.Store(false)
		time.Sleep(retryDialAfter)
		if c := <-got; c == nil || c == first || dials.Load() != 3 || allowed(pool) != 2 {
			t.Errorf("connection %p, %d dials, %d allowed", c, dials.Load(), allowed(pool))
		} else {
			pool.put(c, true)
		}
		pool.put(first, true)
		pool.close()
		server.running.Wait()
		if server.quits.Load() != 2 {
			t.Errorf("%d QUITs", server.quits.Load())
		}
	})
}

func allowed(p *smtpPool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.allowed
}

func alive(s *SMTP) int {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	return s.pool.alive()
}

// Nothing of a message is ever left out or added by how it is cut into lines.
func TestAppendContents(t *testing.T) {
	for raw, want := range map[string]string{
		"a\r\n":             "a\r\n.\r\n",
		".\r\n":             "..\r\n.\r\n",
		"a\r\n.b\r\n..\r\n": "a\r\n..b\r\n...\r\n.\r\n",
		"a":                 "a\r\n.\r\n",
	} {
		if got := (&letter{raw: []byte(raw)}).appendContents(nil); !bytes.Equal(got, []byte(want)) {
			t.Errorf("%q: %q", raw, got)
		}
	}
}
