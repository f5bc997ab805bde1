package store

import (
	"context"
	"errors"
	"testing"

	"renewd/internal/renewal"
)

// TestCorrect: a correction changes what it names, keeps the rest, and has the
// household looked at.
func TestCorrect(t *testing.T) {
	db := newDB(t)
	run(t, db, `INSERT INTO customers(id, ref, name, email, attributes, next_look_at) VALUES
		(1, 'C1', 'Ann', 'ann@x.example', '{"rue":"1 rue A","points":12,"ville":"Lyon"}', NULL), (2, 'C2', 'Bob', 'bob@x.example', 'not JSON', NULL)`)
	run(t, db, `INSERT INTO customers(id, ref, erased_at) VALUES (3, 'C3', '2027-01-01T00:00:00Z')`)
	state := func(id int64) (name, email, attributes string, woken bool) {
		t.Helper()
		read(t, db, func(tx *Tx) error {
			return tx.one(`SELECT name, email, attributes, next_look_at IS NOT NULL FROM customers WHERE id = ?`, []any{id}, &name, &email, &attributes, &woken)
		})
		return name, email, attributes, woken
	}
	email := "anna@y.example"
	write(t, db, func(tx *Tx) error {
		return tx.Correct(1, Correction{Email: &email, Attributes: map[string]string{"rue": "2 rue \"B\"", "ville": ""}})
	})
	name, mail, attributes, woken := state(1)
	if name != "Ann" || mail != email || attributes != `{"points":12,"rue":"2 rue \"B\"","ville":""}` || !woken {
		t.Errorf("%s, %s, %s, woken %v", name, mail, attributes, woken)
	}
	other := "Robert"
	write(t, db, func(tx *Tx) error { return tx.Correct(2, Correction{Name: &other}) })
	if name, mail, attributes, _ := state(2); name != other || mail != "bob@x.example" || attributes != "not JSON" {
		t.Errorf("%s, %s, %s", name, mail, attributes)
	}
	err := db.Write(context.Background(), func(tx *Tx) error { return tx.Correct(2, Correction{Attributes: map[string]string{"rue": "x"}}) })
	if err == nil {
		t.Error("attributes that cannot be read were replaced")
	}
	for _, id := range []int64{3, 9} {
		if err := db.Write(context.Background(), func(tx *Tx) error { return tx.Correct(id, Correction{Name: &other}) }); !errors.Is(err, ErrNotFound) {
			t.Errorf("customer %d: %v", id, err)
		}
	}
}

// TestKnown: what was recorded or asked before is known, whatever became of it.
func TestKnown(t *testing.T) {
	db := newDB(t)
	run(t, db, `INSERT INTO customers(id, ref) VALUES (1, 'C1')`)
	run(t, db, `INSERT INTO events(type, at, customer_id, source, source_id) VALUES ('answer', '2027-03-01', 1, 'page', 'a')`)
	run(t, db, `INSERT INTO staff_tasks(kind, topic, since, text, done_at) VALUES ('wish', 'w', '2027-03-01T00:00:00Z', 'x', '2027-03-02T00:00:00Z')`)
	read(t, db, func(tx *Tx) error {
		for id, want := range map[string]bool{"a": true, "b": false} {
			if has, err := tx.HasEvent("page", id); err != nil || has != want {
				t.Errorf("event %s: %v, %v", id, has, err)
			}
		}
		for topic, want := range map[string]bool{"w": true, "v": false} {
			if known, err := tx.KnownTask(renewal.Task{Topic: topic}); err != nil || known != want {
				t.Errorf("task %s: %v, %v", topic, known, err)
			}
		}
		return nil
	})
}
