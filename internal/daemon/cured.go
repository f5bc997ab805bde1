package daemon

import (
	"context"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// Tasks whose cause is gone are closed without a person: a letter that renders
// again, a transport that is back, a date that was put right. What a person
// ticked off is not touched.

// cures says, for kinds of tasks about waiting reminders, what those wait for:
// when none waits any more, the cause is gone.
var cures = map[renewal.TaskKind]renewal.Reason{
	renewal.TaskTemplateError: renewal.TemplateError,
}

// closeCured closes the tasks about reminders none of which waits any more.
func (e *Engine) closeCured(ctx context.Context, now time.Time) error {
	var cured []string
	err := e.o.DB.Read(ctx, func(tx *store.Tx) error {
		for kind, reason := range cures {
			topics, err := tx.OpenTopics(kind)
			if err != nil {
				return err
			}
			if len(topics) == 0 {
				continue
			}
			waiting, err := tx.WaitingWith(reason)
			if err != nil {
				return err
			}
			if waiting == 0 {
				cured = append(cured, topics...)
			}
		}
		return nil
	})
	if err == nil {
		err = e.endIdlePause(ctx, now)
	}
	if err != nil || len(cured) == 0 {
		return err
	}
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		for _, topic := range cured {
			if _, err := tx.CloseTopic(topic, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// readCurable remembers the open tasks that a look at their household can find
// cured, once a pass.
func (e *Engine) readCurable(ctx context.Context) error {
	found := map[string]bool{}
	err := e.o.DB.Read(ctx, func(tx *store.Tx) error {
		for _, kind := range []renewal.TaskKind{renewal.TaskBadData, renewal.TaskRenewed} {
			topics, err := tx.OpenTopics(kind)
			if err != nil {
				return err
			}
			for _, topic := range topics {
				found[topic] = true
			}
		}
		return nil
	})
	if err == nil {
		e.mu.Lock()
		e.curable = found
		e.mu.Unlock()
	}
	return err
}

// closeCurable closes the tasks about a household whose cause a look no longer
// found: data that were put right, an agreement that is renewed or cancelled by
// now. Whoever does that wakes the household, so there is such a look.
func (e *Engine) closeCurable(tx *store.Tx, d *renewal.Dossier, found []renewal.Task, now time.Time) error {
	e.mu.Lock()
	curable := e.curable
	e.mu.Unlock()
	if len(curable) == 0 {
		return nil
	}
	open := map[string]bool{}
	for i := range d.Customers {
		open[plan.BadDataTopic(d.Customers[i].ID, 0)] = true
	}
	for i := range d.Agreements {
		a := &d.Agreements[i]
		open[plan.BadDataTopic(a.CustomerID, a.ID)] = true
		open[plan.RenewedTopic(a.ID, a.EndsOn)] = true
		for _, t := range a.Terms {
			open[plan.RenewedTopic(a.ID, t.EndsOn)] = true
		}
	}
	for _, t := range found {
		delete(open, t.Topic)
	}
	for topic := range open {
		if !curable[topic] {
			continue
		}
		if _, err := tx.CloseTopic(topic, now); err != nil {
			return err
		}
	}
	return nil
}

// endIdlePause ends a pause when nothing is left that could be a probe: the next
// message is one. What waits for the morning is left: a night is no reason to
// believe that the server is back, nor to ask a person again the next day.
func (e *Engine) endIdlePause(ctx context.Context, now time.Time) error {
	pause := e.paused()
	if pause == nil {
		return nil
	}
	left := 0
	err := e.o.DB.Read(ctx, func(tx *store.Tx) error {
		waiting, err := tx.WaitingWith(pause.Reason)
		if err != nil {
			return err
		}
		asleep, err := tx.WaitingWith(renewal.OutsideHours)
		if err != nil {
			return err
		}
		due, err := tx.ClaimableHouseholds(1, true)
		left = waiting + asleep + len(due)
		return err
	})
	if err != nil || left > 0 {
		return err
	}
	err = e.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.EndPause(now)
		return err
	})
	if err != nil {
		return err
	}
	e.setPaused(nil)
	return nil
}
