package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// closeCured closes the tasks whose cause is gone: a letter that renders again,
// a date that was put right. What a person ticked off is not touched.
func (e *Engine) closeCured(ctx context.Context, now time.Time) error {
	var open []store.OpenTask
	err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		open, err = tx.OpenTasks()
		return err
	})
	if err != nil {
		return err
	}
	var cured []int64
	err = e.o.DB.Read(ctx, func(tx *store.Tx) error {
		for _, t := range open {
			gone, err := isCured(tx, t)
			if err != nil {
				return err
			}
			if gone {
				cured = append(cured, t.ID)
			}
		}
		return nil
	})
	if err != nil || len(cured) == 0 {
		return err
	}
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		for _, id := range cured {
			if err := tx.CloseTask(id, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func isCured(tx *store.Tx, t store.OpenTask) (bool, error) {
	switch t.Kind {
	case renewal.TaskTemplateError:
		n, err := tx.WaitingWith(renewal.TemplateError)
		return n == 0, err
	case renewal.TaskServerAway:
		n, err := tx.WaitingWith(renewal.ServerAway)
		return n == 0, err
	case renewal.TaskBadData:
		return badDataGone(tx, t)
	}
	return false, nil
}

// badDataGone reports whether the customer or agreement that a task is about
// can be used again.
func badDataGone(tx *store.Tx, t store.OpenTask) (bool, error) {
	id, err := tx.CustomerByRef(t.Customer)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	d, err := tx.Dossier(id, time.Time{})
	if err != nil {
		return false, fmt.Errorf("looking whether task %d is settled: %w", t.ID, err)
	}
	if t.Agreement == "" {
		c := d.Customer(id)
		return c == nil || c.BadData == "", nil
	}
	for i := range d.Agreements {
		if a := &d.Agreements[i]; a.Ref == t.Agreement {
			return a.BadData == "", nil
		}
	}
	return true, nil
}
