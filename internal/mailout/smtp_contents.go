package mailout

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// contents writes the message with its final dot and reads what the server says
// to it.
func (c *smtpConn) contents(l *letter) verdict {
	c.buf = l.appendContents(c.buf[:0])
	err := c.client.UpdateDeadline(c.limits.Dot)
	if err == nil {
		err = c.write(c.buf)
	}
	if cap(c.buf) > maxKeptBuffer {
		c.buf = nil
	}
	if err != nil {
		// The dot is the last that is written: the server does not have it.
		c.drop()
		return verdict{answer: Answer{Outcome: Deferred, About: AboutTransport,
			Text: oneLine("the connection broke while the contents were written: " + err.Error())}}
	}
	r, err := readReply(c.client.Text.R)
	if r.class() < 2 || r.class() == 3 {
		_ = c.raw.Close()
		if err == nil {
			err = fmt.Errorf("%w: %q at this point", errReply, r.text)
		}
		return verdict{answer: Answer{Outcome: Uncertain, About: AboutTransport,
			Text: oneLine("the message was sent, and no reply came: " + err.Error())}}
	}
	if err != nil {
		_ = c.raw.Close()
	}
	if r.class() == 2 {
		return verdict{keep: err == nil, answer: Answer{Outcome: Accepted, Code: r.code, Enhanced: r.enhanced, Text: r.text}}
	}
	if serverGone(r) {
		v := c.unusable(r, err)
		v.gone = false // this message had its try
		if c.begun > 1 && r.code == 421 {
			v.answer.Away, v.err = false, nil // the end of a used connection says nothing about the next
		}
		return v
	}
	return verdict{keep: err == nil, answer: refusal(atDot, r)}
}

// hasSpoken reports whether the server said something unasked, or closed the
// connection: while it waits for contents it has nothing to say but farewell.
func (c *smtpConn) hasSpoken() bool {
	if c.client.Text.R.Buffered() > 0 {
		return true
	}
	tcp, ok := c.raw.(*net.TCPConn)
	if !ok {
		return false
	}
	control, err := tcp.SyscallConn()
	if err != nil {
		return true
	}
	quiet := false
	err = control.Control(func(fd uintptr) {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN)
	})
	return err != nil || !quiet
}

// afterEnd calls f when grace has passed since the end of ctx, unless release is
// called before.
func afterEnd(ctx context.Context, grace time.Duration, f func()) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	var mu sync.Mutex
	var timer *time.Timer
	released := false
	stop := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		if !released {
			timer = time.AfterFunc(grace, f)
		}
	})
	return func() {
		stop()
		mu.Lock()
		defer mu.Unlock()
		released = true
		if timer != nil {
			timer.Stop()
		}
	}
}
