package daemon

import (
	"context"
	"fmt"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// mostJump is how far the wall clock may move against the one that only counts
// before everything that is due waits for a person.
const mostJump = 24 * time.Hour

// Hands compares the wall clock with one that only counts, from look to look.
type Hands struct {
	wall    time.Time
	counted time.Duration
	known   bool
}

// Jump returns by how much the wall clock moved against the counting one since
// the last look; zero at the first.
func (h *Hands) Jump(wall time.Time, counted time.Duration) time.Duration {
	jump := time.Duration(0)
	if h.known {
		jump = wall.Sub(h.wall) - (counted - h.counted)
	}
	h.wall, h.counted, h.known = wall, counted, true
	return jump
}

// ClockJumped notes that the wall clock moved by so much; a jump of less than a
// day is nothing. What is due then waits for `renewd release`: a clock that is a
// year ahead must not send the year's reminders.
func (e *Engine) ClockJumped(ctx context.Context, by time.Duration) error {
	if by.Abs() <= mostJump {
		return nil
	}
	now := e.o.Clock()
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetClockJumped(now); err != nil {
			return err
		}
		return e.ask(tx, renewal.Task{Kind: renewal.TaskBurst, Topic: "burst", Text: fmt.Sprintf(
			"The clock of this machine moved by %s at once, and is at %s (UTC) now: everything that is due waits. Put the clock right if it is wrong, then let them go with renewd release.",
			by.Round(time.Minute), now.Format("2006-01-02 15:04"))}, now)
	})
}
