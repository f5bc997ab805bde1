package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"renewd/internal/renewal"
)

// look settles a household and applies what f makes of it.
func look(t *testing.T, db *DB, customer int64, at time.Time, f func(d *renewal.Dossier, s renewal.Settlement) ([]renewal.Reminder, []renewal.Task, time.Time)) {
	t.Helper()
	write(t, db, func(tx *Tx) error {
		d, err := tx.Dossier(customer, time.Time{})
		if err != nil {
			return err
		}
		s := renewal.Settle(d, at, time.UTC, renewal.Conditions{})
		if err := tx.ApplySettlement(d, s, at); err != nil {
			return err
		}
		changes, tasks, next := f(d, s)
		for _, task := range tasks {
			if _, err := tx.AddTask(task, at); err != nil {
				return err
			}
		}
		return tx.ApplyDecisions(d, changes, next)
	})
}

func nothing(*renewal.Dossier, renewal.Settlement) ([]renewal.Reminder, []renewal.Task, time.Time) {
	return nil, nil, time.Time{}
}

// TestApplyPaymentAndPurchase: a payment rolls a term and becomes a renewal, a
// purchase opens goods; reminders about both get the ids that those rows got.
func TestApplyPaymentAndPurchase(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, `UPDATE agreements SET renews_by = 'payment', cancelled_on = '2027-02-01' WHERE id = 1;
		INSERT INTO events(id, type, at, agreement_id, until) VALUES (10, 'payment', '2027-02-20T10:00:00Z', 1, '2028-03-31');
		INSERT INTO events(id, type, at, customer_id, product_id) VALUES (11, 'purchase', '2027-02-21T10:00:00Z', 2, 2)`)
	next := instant("2027-04-01T08:00:00Z")
	var changes []renewal.Reminder
	var settled *renewal.Dossier
	look(t, db, 1, now, func(d *renewal.Dossier, s renewal.Settlement) ([]renewal.Reminder, []renewal.Task, time.Time) {
		settled = d
		reminder := renewal.Reminder{CustomerID: 1, Class: renewal.Commercial, State: renewal.Planned, DueAt: now, NotAfter: next, PlannedAt: now, DecidedAt: now}
		confirmation, goods := reminder, reminder
		confirmation.AgreementID, confirmation.EventID = 1, s.Renewals[0].ID
		confirmation.Rule, confirmation.Step, confirmation.Class = "confirm", "on:renewal", renewal.Transactional
		goods.CustomerID, goods.AgreementID, goods.EndsOn = 2, s.Goods[0].ID, day("2027-05-21")
		goods.Rule, goods.Step = "filter", "before_end:P7D"
		changes = []renewal.Reminder{confirmation, goods}
		return changes, []renewal.Task{{Kind: renewal.TaskWish, Topic: "w", AgreementID: s.Goods[0].ID, Text: "x"}}, next
	})
	wantRows(t, db, `SELECT ref, kind, customer_id, starts_on, ends_on, basis, cancelled_on FROM agreements WHERE id IN (1, 4)`,
		"A1|pass|1|2026-04-01|2028-03-31|written|;C2/filter|goods|2|2027-02-21|2027-05-21|estimated|")
	// A2 was typed in and never known before.
	wantRows(t, db, `SELECT agreement_id, starts_on, ends_on, cause, replaced, place FROM terms ORDER BY agreement_id, place`,
		"1|2026-04-01|2027-03-31|import||1;1|2027-04-01|2028-03-31|payment|2027-03-31|2;"+
			"2|2026-04-01|2027-03-31|edit||1;4|2027-02-21|2027-05-21|purchase||1")
	wantRows(t, db, `SELECT type, at, customer_id, agreement_id, until, source, source_id, settled FROM events WHERE id = 12`,
		"renewal|2027-02-20T10:00:00Z|1|1|2028-03-31|renewd|payment:10|1")
	wantRows(t, db, `SELECT id FROM events WHERE settled = 1 ORDER BY id`, "10;11;12")
	wantRows(t, db, `SELECT agreement_id, event_id, ends_on, rule, step FROM reminders ORDER BY id`, "1|12||confirm|on:renewal;4||2027-05-21|filter|before_end:P7D")
	wantRows(t, db, `SELECT agreement_id FROM staff_tasks`, "4")
	wantRows(t, db, `SELECT id, next_look_at FROM customers ORDER BY id`, "1|2027-04-01T08:00:00Z;2|;3|;4|")
	if changes[0].ID != 1 || changes[0].EventID != 12 || changes[1].ID != 2 || changes[1].AgreementID != 4 {
		t.Errorf("the changes do not have their ids: %+v", changes)
	}
	// What was settled in memory is what a new look reads.
	again := dossier(t, db, 1, time.Time{})
	settled.Sort()
	settled.Reminders, again.Reminders = nil, nil
	for _, d := range []*renewal.Dossier{settled, again} {
		for i := range d.Events {
			d.Events[i].StoredAt = time.Time{}
		}
	}
	if diff := cmp.Diff(settled, again, compareZones); diff != "" {
		t.Error(diff)
	}
}

// TestApplyNothingWritesNothing: a second look with nothing due leaves the file
// as it is, to the byte.
func TestApplyNothingWritesNothing(t *testing.T) {
	db := newOutbox(t)
	look(t, db, 1, now, nothing)
	before := rows(t, db, "PRAGMA data_version") + rows(t, db, "SELECT total_changes()")
	look(t, db, 1, now, nothing)
	if after := rows(t, db, "PRAGMA data_version") + rows(t, db, "SELECT total_changes()"); after != before {
		t.Errorf("rows changed: %s, then %s", before, after)
	}
}

func TestApplyChangesAReminder(t *testing.T) {
	db := newOutbox(t)
	look(t, db, 1, now, func(d *renewal.Dossier, _ renewal.Settlement) ([]renewal.Reminder, []renewal.Task, time.Time) {
		r := d.Reminders[0]
		r.State, r.Reason, r.Until, r.Burst = renewal.Waiting, renewal.Complaint, now.Add(time.Hour), renewal.BurstCounted
		r.StandsFor, r.OnDay = "before_end:P30D", day("2027-03-02")
		return []renewal.Reminder{r}, nil, r.Until
	})
	wantRows(t, db, `SELECT state, reason, until, burst, stands_for, on_day FROM reminders WHERE id = 1`,
		"waiting|complaint|2027-03-01T09:00:00Z|1|before_end:P30D|2027-03-02")
}

func TestApplyRefusesASecondReminderForAKey(t *testing.T) {
	db := newOutbox(t)
	err := db.Write(context.Background(), func(tx *Tx) error {
		d, err := tx.Dossier(1, time.Time{})
		if err != nil {
			return err
		}
		r := d.Reminders[0]
		r.ID = 0
		return tx.ApplyDecisions(d, []renewal.Reminder{r}, time.Time{})
	})
	if err == nil || !strings.Contains(err.Error(), "there is one already") {
		t.Errorf("got %v", err)
	}
	wantRows(t, db, `SELECT count(*) FROM reminders`, "3")
}

// TestApplyATermAgain: an end that was in force before keeps when it was first
// known, and comes last again.
func TestApplyATermAgain(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	for i, end := range []string{"2027-03-31", "2027-05-31", "2027-03-31"} {
		run(t, db, `UPDATE agreements SET ends_on = '`+end+`' WHERE id = 1`)
		look(t, db, 1, now.AddDate(0, 0, i), nothing)
	}
	wantRows(t, db, `SELECT ends_on, known_at, replaced, place FROM terms WHERE agreement_id = 1 ORDER BY place`,
		"2027-05-31|2027-03-02T08:00:00Z|2027-03-31|2;2027-03-31|2026-04-02T08:00:00Z|2027-05-31|3")
	if got := dossier(t, db, 1, time.Time{}).Agreement(1).InForce().EndsOn; got != day("2027-03-31") {
		t.Errorf("in force until %s", got)
	}
}
