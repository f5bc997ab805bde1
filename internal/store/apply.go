package store

import (
	"fmt"
	"slices"
	"time"

	"renewd/internal/renewal"
)

// ApplySettlement writes down what Settle did to the terms of the household d,
// which was read in this transaction: goods, terms, renewals, withdrawals and
// what is settled. Agreements and events that Settle made up get their ids here,
// also in d (which keeps its order) and s. What is already as it should be is
// not written.
func (tx *Tx) ApplySettlement(d *renewal.Dossier, s renewal.Settlement, now time.Time) error {
	ids := madeUp{agreements: map[int64]int64{}, events: map[int64]int64{}}
	for i := range s.Goods {
		if err := tx.insertGoods(d, &s.Goods[i], ids, now); err != nil {
			return fmt.Errorf("goods %s: %w", s.Goods[i].Ref, err)
		}
	}
	for _, t := range s.Terms {
		if err := tx.putInForce(ids.agreement(t.AgreementID), t.Term); err != nil {
			return fmt.Errorf("term of agreement %d: %w", t.AgreementID, err)
		}
	}
	for _, e := range slices.Concat(s.Renewals, s.Derived) {
		id, err := tx.insertEvent(&e, "")
		if err != nil {
			return fmt.Errorf("%s of agreement %d: %w", e.Type, e.AgreementID, err)
		}
		ids.events[e.ID] = id
	}
	for _, id := range s.Uncancelled {
		if _, err := tx.exec(`UPDATE agreements SET cancelled_on = NULL WHERE id = ? AND cancelled_on IS NOT NULL`, id); err != nil {
			return fmt.Errorf("withdrawn cancellation of agreement %d: %w", id, err)
		}
	}
	for _, id := range s.Settled {
		if _, err := tx.exec(`UPDATE events SET settled = 1 WHERE id = ? AND settled = 0`, id); err != nil {
			return fmt.Errorf("event %d: %w", id, err)
		}
	}
	ids.replaceIn(d, s)
	return nil
}

// ApplyDecisions writes down what a look at the household d decided: reminders
// that are new (ID 0; they get their ids here) or changed, and when to look
// again (the zero nextLook means never). It comes after ApplySettlement, in the
// same transaction: facts written there have triggers that say "at once". A
// second reminder for the same key is an error.
func (tx *Tx) ApplyDecisions(d *renewal.Dossier, changes []renewal.Reminder, nextLook time.Time) error {
	for i := range changes {
		if err := tx.applyReminder(&changes[i]); err != nil {
			return fmt.Errorf("reminder %s %s of customer %d: %w", changes[i].Rule, changes[i].Step, changes[i].CustomerID, err)
		}
	}
	for i := range d.Customers {
		next := any(nil)
		if i == 0 {
			next = stampOrNull(nextLook)
		}
		if _, err := tx.exec(`UPDATE customers SET next_look_at = ?1 WHERE id = ?2 AND next_look_at IS NOT ?1`,
			next, d.Customers[i].ID); err != nil {
			return fmt.Errorf("when to look at customer %d again: %w", d.Customers[i].ID, err)
		}
	}
	return nil
}

func (tx *Tx) insertGoods(d *renewal.Dossier, g *renewal.Agreement, ids madeUp, now time.Time) error {
	var product int64
	if g.Product != nil {
		product = g.Product.ID
	}
	id, err := tx.insert(`INSERT INTO agreements(ref, customer_id, product_id, kind, starts_on, ends_on, basis, known_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		g.Ref, g.CustomerID, idOrNull(product), g.Kind, dateOrNull(g.StartsOn), g.EndsOn.String(), g.Basis, renewal.FormatStamp(now))
	if err == nil {
		ids.agreements[g.ID] = id
	}
	return err
}

// upsertTerm makes a term the last one of its agreement. A term that was in
// force before keeps its start and the instant at which it was first known. The
// arguments are agreement_id, starts_on, ends_on, known_at, cause, replaced and
// in_force_at.
const upsertTerm = `INSERT INTO terms(agreement_id, starts_on, ends_on, known_at, cause, replaced, in_force_at, place)
	VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT coalesce(max(place), 0) + 1 FROM terms WHERE agreement_id = ?1))
	ON CONFLICT(agreement_id, ends_on) DO UPDATE SET cause = excluded.cause, replaced = excluded.replaced,
	  in_force_at = excluded.in_force_at, place = excluded.place`

// putInForce records that a term is now the one in force.
func (tx *Tx) putInForce(agreementID int64, t renewal.Term) error {
	_, err := tx.exec(upsertTerm, agreementID, dateOrNull(t.StartsOn), t.EndsOn.String(), renewal.FormatStamp(t.KnownAt),
		t.Cause, dateOrNull(t.Replaced), renewal.FormatStamp(t.InForceAt))
	if err != nil {
		return err
	}
	_, err = tx.exec(`UPDATE agreements SET ends_on = ?2 WHERE id = ?1 AND ends_on <> ?2`, agreementID, t.EndsOn.String())
	return err
}

func (tx *Tx) applyReminder(r *renewal.Reminder) error {
	if r.ID == 0 {
		id, err := tx.insert(`INSERT INTO reminders(customer_id, agreement_id, event_id, rule, step, class, ends_on, due_at,
			not_after, state, reason, until, planned_at, decided_at, burst, stands_for, on_day, message_id, duties)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.CustomerID, idOrNull(r.AgreementID), idOrNull(r.EventID), r.Rule, r.Step, string(r.Class), dateOrNull(r.EndsOn),
			renewal.FormatStamp(r.DueAt), renewal.FormatStamp(r.NotAfter), string(r.State), string(r.Reason), stampOrNull(r.Until),
			renewal.FormatStamp(r.PlannedAt), renewal.FormatStamp(r.DecidedAt), int(r.Burst), r.StandsFor, dateOrNull(r.OnDay),
			idOrNull(r.MessageID), writeDuties(r.Duties))
		if isUnique(err) {
			return fmt.Errorf("there is one already for the same term or event: %w", err)
		}
		r.ID = id
		return err
	}
	// The key never changes; customer_id may, when an agreement changes hands.
	n, err := tx.exec(`UPDATE reminders SET customer_id = ?, class = ?, due_at = ?, not_after = ?, state = ?, reason = ?,
		until = ?, planned_at = ?, decided_at = ?, burst = ?, stands_for = ?, on_day = ?, message_id = ?, duties = ? WHERE id = ?`,
		r.CustomerID, string(r.Class), renewal.FormatStamp(r.DueAt), renewal.FormatStamp(r.NotAfter), string(r.State),
		string(r.Reason), stampOrNull(r.Until), renewal.FormatStamp(r.PlannedAt), renewal.FormatStamp(r.DecidedAt), int(r.Burst),
		r.StandsFor, dateOrNull(r.OnDay), idOrNull(r.MessageID), writeDuties(r.Duties), r.ID)
	if err == nil && n == 0 {
		return fmt.Errorf("reminder %d: %w", r.ID, ErrNotFound)
	}
	return err
}

// madeUp maps the negative ids that Settle gave to rows that did not exist yet
// to the ids that they got in the database.
type madeUp struct {
	agreements, events map[int64]int64
}

func (m madeUp) agreement(id int64) int64 {
	if stored, ok := m.agreements[id]; ok {
		return stored
	}
	return id
}

func (m madeUp) event(id int64) int64 {
	if stored, ok := m.events[id]; ok {
		return stored
	}
	return id
}

func (m madeUp) replaceIn(d *renewal.Dossier, s renewal.Settlement) {
	if len(m.agreements) == 0 && len(m.events) == 0 {
		return
	}
	for i := range d.Agreements {
		d.Agreements[i].ID = m.agreement(d.Agreements[i].ID)
	}
	for i := range s.Goods {
		s.Goods[i].ID = m.agreement(s.Goods[i].ID)
	}
	for i := range s.Terms {
		s.Terms[i].AgreementID = m.agreement(s.Terms[i].AgreementID)
	}
	for _, events := range [][]renewal.Event{d.Events, s.Renewals, s.Derived} {
		for i := range events {
			events[i].ID = m.event(events[i].ID)
			events[i].AgreementID = m.agreement(events[i].AgreementID)
		}
	}
}
