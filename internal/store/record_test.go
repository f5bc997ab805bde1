package store

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"renewd/internal/renewal"
)

func TestRecordEventOnce(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	payment := renewal.Event{Type: renewal.Payment, At: now, AgreementID: 1, Amount: renewal.Money{Minor: 12000, Currency: "EUR"},
		Until: day("2028-03-31"), Source: "till", SourceID: "p1", StoredAt: now}
	record := func(e renewal.Event) (added bool, err error) {
		err = db.Write(context.Background(), func(tx *Tx) (err error) {
			added, err = tx.RecordEvent(&e, "")
			if err == nil && e.ID == 0 {
				t.Error("the event has no id")
			}
			return err
		})
		return added, err
	}
	if added, err := record(payment); !added || err != nil {
		t.Errorf("new: %v %v", added, err)
	}
	if added, err := record(payment); added || err != nil {
		t.Errorf("again: %v %v", added, err)
	}
	other := payment
	other.Amount.Minor = 13000
	if added, err := record(other); added || !errors.Is(err, ErrContradicts) {
		t.Errorf("other contents: %v %v", added, err)
	}
	other.Source = "shop" // its ids are its own
	if added, err := record(other); !added || err != nil {
		t.Errorf("another source: %v %v", added, err)
	}
	other.SourceID = ""
	for range 2 {
		if added, err := record(other); !added || err != nil {
			t.Errorf("without an id: %v %v", added, err)
		}
	}
	other.CustomerID = 4
	if _, err := record(other); err == nil || !strings.Contains(err.Error(), "the payment was refused: this agreement belongs to another customer") {
		t.Errorf("somebody else's agreement: %v", err)
	}
	wantRows(t, db, `SELECT source, source_id, customer_id, amount_minor, until FROM events WHERE type = 'payment' ORDER BY id`,
		"till|p1|1|12000|2028-03-31;shop|p1|1|13000|2028-03-31;shop||1|13000|2028-03-31;shop||1|13000|2028-03-31")
	wantRows(t, db, `SELECT next_look_at FROM customers WHERE id = 1`, atOnce)
}

func TestFindRef(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, `INSERT INTO customers(id, ref) VALUES (7, 'A1'), (8, 'customer:A1')`)
	ann, bob := Found{Kind: "customer", Ref: "C1", CustomerID: 1}, Found{Kind: "customer", Ref: "C2", CustomerID: 2}
	agreement, namesake := Found{Kind: "agreement", Ref: "A1", CustomerID: 1, AgreementID: 1}, Found{Kind: "customer", Ref: "A1", CustomerID: 7}
	for text, want := range map[string][]Found{
		"C1":                 {ann},
		"A1":                 {agreement, namesake},
		"agreement:A1":       {agreement},
		"customer:C1":        {ann},
		"customer:A1":        {namesake, {Kind: "customer", Ref: "customer:A1", CustomerID: 8}},
		"ANN@family.example": {ann, bob},
		"nobody":             nil,
		"":                   nil,
	} {
		read(t, db, func(tx *Tx) error {
			got, err := tx.FindRef(text)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q: %s", text, diff)
			}
			return err
		})
	}
}

func TestByRef(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	read(t, db, func(tx *Tx) error {
		if id, err := tx.CustomerByRef("C4"); id != 4 || err != nil {
			t.Errorf("customer %d %v", id, err)
		}
		if id, customer, err := tx.AgreementByRef("A3"); id != 3 || customer != 4 || err != nil {
			t.Errorf("agreement %d of %d %v", id, customer, err)
		}
		if p, err := tx.ProductByRef("filter"); err != nil || p.ID != 2 || p.Life != renewal.MustPeriod("P3M") {
			t.Errorf("product %+v %v", p, err)
		}
		if _, err := tx.ProductByRef("none"); !errors.Is(err, ErrNotFound) {
			t.Errorf("no product gave %v", err)
		}
		return nil
	})
}
