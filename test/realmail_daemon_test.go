package test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
)

// daemon is a running `renewd serve`.
type daemon struct {
	b *business
	c *exec.Cmd
	// ended ends with the daemon; what it said and err may be read after that.
	ended context.Context
	said  bytes.Buffer
	err   error
}

// start starts the daemon, which ends with the test at the latest.
func (b *business) start() *daemon {
	b.t.Helper()
	d := &daemon{b: b, c: b.command(b.t.Context(), "serve")}
	d.c.Stdout, d.c.Stderr = &d.said, &d.said
	if err := d.c.Start(); err != nil {
		b.t.Fatal(err)
	}
	ended, end := context.WithCancel(context.Background())
	d.ended = ended
	go func() {
		d.err = d.c.Wait()
		end()
	}()
	b.t.Cleanup(func() {
		<-d.ended.Done() // the end of the test's context has killed it
		if b.t.Failed() {
			b.t.Logf("what the daemon said (%v):\n%s", d.err, &d.said)
		}
	})
	return d
}

// stop asks the daemon to end, as systemd does, and it does so with success.
func (d *daemon) stop() {
	d.b.t.Helper()
	d.signal(syscall.SIGTERM)
	if d.err != nil {
		d.b.t.Errorf("the daemon ended with %v", d.err)
	}
	if log := d.said.String(); strings.Contains(log, d.b.s.Password) || strings.Contains(log, "@client.test") {
		d.b.t.Errorf("the log tells the password or a customer's address:\n%s", log)
	}
}

// kill ends the daemon as a crash does.
func (d *daemon) kill() {
	d.b.t.Helper()
	d.signal(syscall.SIGKILL)
	if exit, ok := errors.AsType[*exec.ExitError](d.err); !ok || exit.ExitCode() != -1 {
		d.b.t.Errorf("the daemon ended before it was killed: %v", d.err)
	}
}

// signal sends a signal and waits for the end.
func (d *daemon) signal(s syscall.Signal) {
	d.b.t.Helper()
	if err := d.c.Process.Signal(s); err != nil {
		d.b.t.Errorf("the daemon ended by itself: %v", err)
	}
	<-d.ended.Done()
}
