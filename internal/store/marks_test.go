package store

import "testing"

// TestHouseholdMarks: the mark of a household says who belongs to it and when
// each is looked at, and there is none while a new fact waits.
func TestHouseholdMarks(t *testing.T) {
	db := newDB(t)
	ids := []int64{1, 2, 3, 9}
	run(t, db, `INSERT INTO customers(id, ref, email, next_look_at) VALUES
		(1, 'C1', 'a@x.example', '2027-03-02T00:00:00Z'), (2, 'C2', ' A@x.example', NULL), (3, 'C3', '', NULL)`)
	marks := func() (m map[int64]string) {
		t.Helper()
		read(t, db, func(tx *Tx) (err error) {
			m, err = tx.HouseholdMarks(ids)
			return err
		})
		return m
	}
	m := marks()
	if len(m) != 2 || m[1] == "" || m[1] != m[2] {
		t.Errorf("the marks are %v: one for the two who share an address, none for who has none", m)
	}
	before := m[1]
	for _, change := range []string{
		`UPDATE customers SET next_look_at = '2027-03-03T00:00:00Z' WHERE id = 1`,
		`INSERT INTO customers(id, ref, email, next_look_at) VALUES (4, 'C4', 'a@x.example', NULL)`,
	} {
		run(t, db, change)
		if m = marks(); m[1] == "" || m[1] == before {
			t.Errorf("after %s the mark is %q, as before", change, m[1])
		}
		before = m[1]
	}
	run(t, db, `INSERT INTO events(type, at, customer_id) VALUES ('complaint', '2027-03-01', 2)`)
	if m = marks(); len(m) != 0 {
		t.Errorf("the marks are %v, though a new fact waits", m)
	}
}
