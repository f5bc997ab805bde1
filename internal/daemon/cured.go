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
	renewal.TaskServerAway:    renewal.ServerAway,
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

// readBadData remembers the open tasks about bad data, once a pass.
func (e *Engine) readBadData(ctx context.Context) error {
	return e.o.DB.Read(ctx, func(tx *store.Tx) error {
		topics, err := tx.OpenTopics(renewal.TaskBadData)
		e.badData = make(map[string]bool, len(topics))
		for _, topic := range topics {
			e.badData[topic] = true
		}
		return err
	})
}

// closeBadData closes the tasks about data of a household that a look found
// usable. Whoever puts data right wakes the household, so there is such a look.
func (e *Engine) closeBadData(tx *store.Tx, d *renewal.Dossier, now time.Time) error {
	if len(e.badData) == 0 {
		return nil
	}
	var usable []string
	for i := range d.Customers {
		if c := &d.Customers[i]; c.BadData == "" {
			usable = append(usable, plan.BadDataTopic(c.ID, 0))
		}
	}
	for i := range d.Agreements {
		if a := &d.Agreements[i]; a.BadData == "" {
			usable = append(usable, plan.BadDataTopic(a.CustomerID, a.ID))
		}
	}
	for _, topic := range usable {
		if !e.badData[topic] {
			continue
		}
		if _, err := tx.CloseTopic(topic, now); err != nil {
			return err
		}
	}
	return nil
}
