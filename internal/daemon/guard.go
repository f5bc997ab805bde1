package daemon

import (
	"context"
	"fmt"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// guard holds what must not leave without a person's word.
func (e *Engine) guard(ctx context.Context) error {
	if e.standing.ClockJumped {
		return e.holdDue(ctx)
	}
	return e.guardBurst(ctx)
}

// guardBurst holds every commercial reminder that was already due when first
// planned, once there are more of them than the configuration allows.
func (e *Engine) guardBurst(ctx context.Context) error {
	limit := e.o.Settings.Burst
	e.standing.BurstOn = false
	if limit == 0 {
		return nil
	}
	count := 0
	err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		count, err = tx.BurstCount()
		return err
	})
	if err != nil || count <= limit {
		return err
	}
	e.standing.BurstOn = true
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		now := e.o.Clock()
		held, err := tx.HoldBurst()
		if err != nil || held == 0 {
			return err
		}
		return e.ask(tx, renewal.Task{Kind: renewal.TaskBurst, Topic: "burst", Text: fmt.Sprintf(
			"%d commercial reminders were already due when they were first planned (send.burst allows %d): all of them wait. Look at them with renewd explain or sqlite3 (SELECT * FROM waiting), then let them go with renewd release.",
			count, limit)}, now)
	})
}

// holdDue holds everything that is due while the clock is not trusted.
func (e *Engine) holdDue(ctx context.Context) error {
	now := e.o.Clock()
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.HoldDue(now)
		return err
	})
}
