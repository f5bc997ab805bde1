package daemon_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
)

// TestServeUnsound: while the whole database is being read the daemon is ready,
// and writes and sends nothing; damage ends it with its reason.
func TestServeUnsound(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.term(1, renewal.KindPass, 30)
		damaged := errors.New("page 7 is damaged")
		found := make(chan error)
		h.sound = func(ctx context.Context) error {
			select {
			case err := <-found:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		h.start()
		if len(h.heard("READY=1")) != 1 {
			t.Errorf("said: %v", h.said)
		}
		h.pass(10 * time.Minute)
		if tries, _ := h.mail.seen(); len(tries) > 0 || h.states() != "" {
			t.Errorf("before the database was read: %v, %q", tries, h.states())
		}
		found <- damaged
		err := <-h.process.done
		if !errors.Is(err, daemon.ErrUnsound) || !errors.Is(err, damaged) {
			t.Errorf("it ended with %v", err)
		}
		h.process.done <- nil // what the end of the house waits for
		if tries, _ := h.mail.seen(); len(tries) > 0 || h.states() != "" {
			t.Errorf("after the damage was found: %v, %q", tries, h.states())
		}
	})
}

// TestServeSound: a sound database is at work as soon as it was read.
func TestServeSound(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.term(1, renewal.KindPass, 30)
		h.sound = func(context.Context) error { return nil }
		h.start()
		h.pass(2 * time.Minute)
		h.want("reminders", h.states(), "1 sent due")
	})
}
