package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"renewd/internal/renewal"
)

func dossier(t testing.TB, db *DB, customer int64, asOf time.Time) *renewal.Dossier {
	t.Helper()
	var d *renewal.Dossier
	read(t, db, func(tx *Tx) (err error) {
		d, err = tx.Dossier(customer, asOf)
		return err
	})
	return d
}

var compareZones = cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })

func TestDossierOfAHousehold(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, `UPDATE agreements SET assume_renewal = 1, notice_period = 'P1M', new_price_minor = 13000, new_price_from = '2027-04-01',
		trial_ends_on = '2026-04-10', renews_by = 'none' WHERE id = 1`)
	got := dossier(t, db, 2, time.Time{})
	for i := range got.Agreements {
		if got.Agreements[i].KnownAt.IsZero() {
			t.Errorf("nobody knows since when there is %s", got.Agreements[i].Ref)
		}
		got.Agreements[i].KnownAt = time.Time{}
	}
	for i := range got.Events {
		got.Events[i].StoredAt = time.Time{} // the real time of this test
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	year := &renewal.Product{ID: 1, Ref: "year", Name: "Year pass", Term: renewal.MustPeriod("P1Y")}
	yes := true
	want := &renewal.Dossier{
		Customers: []renewal.Customer{
			{ID: 1, Ref: "C1", Name: "Ann", Email: "ann@family.example", TimeZone: "Europe/Paris", Zone: paris,
				Attributes: map[string]string{"plan": "gold", "points": "3"}},
			{ID: 2, Ref: "C2", Name: "Bob", Email: " Ann@Family.example"},
		},
		Agreements: []renewal.Agreement{
			{ID: 1, CustomerID: 1, Ref: "A1", Kind: "pass", Product: year, StartsOn: day("2026-04-01"), EndsOn: day("2027-03-31"),
				Price: renewal.Money{Minor: 12000, Currency: "EUR"}, Basis: "written", AssumeRenewal: &yes, RenewsBy: "none",
				NoticePeriod: renewal.MustPeriod("P1M"), TrialEndsOn: day("2026-04-10"),
				NewPrice: renewal.Money{Minor: 13000, Currency: "EUR"}, NewPriceFrom: day("2027-04-01"),
				Terms: []renewal.Term{{StartsOn: day("2026-04-01"), EndsOn: day("2027-03-31"), Cause: renewal.CauseImport,
					KnownAt: instant("2026-04-02T08:00:00Z"), InForceAt: instant("2026-04-02T08:00:00Z")}}},
			{ID: 2, CustomerID: 2, Ref: "A2", Kind: "pass", Product: year, StartsOn: day("2026-04-01"), EndsOn: day("2027-03-31"),
				Price: renewal.Money{Minor: 9000, Currency: "EUR"}, Basis: "written"},
		},
		Events: []renewal.Event{
			{ID: 1, Type: renewal.Use, At: instant("2027-02-01T10:00:00Z"), CustomerID: 1, AgreementID: 1, Source: "sqlite3"},
			// A date alone is its start in Paris.
			{ID: 2, Type: renewal.ComplaintEvent, At: instant("2027-02-02T23:00:00Z"), CustomerID: 1, Source: "sqlite3"},
		},
	}
	if diff := cmp.Diff(want, got, compareZones); diff != "" {
		t.Error(diff)
	}
	if got.Agreements[0].Product != got.Agreements[1].Product {
		t.Error("the product is there twice")
	}
}

func TestDossierDatesInTheBusinessZone(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, `INSERT INTO events(type, at, customer_id) VALUES ('use', '2027-02-10', 3)`)
	if got := dossier(t, db, 3, time.Time{}).Events[0].At; !got.Equal(instant("2027-02-10T00:00:00Z")) {
		t.Errorf("without a business zone: %s", got)
	}
	db.SetZone(time.FixedZone("east", 5*3600))
	if got := dossier(t, db, 3, time.Time{}).Events[0].At; !got.Equal(instant("2027-02-09T19:00:00Z")) {
		t.Errorf("five hours east: %s", got)
	}
}

func TestDossierOfNobody(t *testing.T) {
	err := newDB(t).Read(context.Background(), func(tx *Tx) error {
		_, err := tx.Dossier(7, time.Time{})
		return err
	})
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// TestDossierBadData types what cannot be used: the row says so, nothing fails.
func TestDossierBadData(t *testing.T) {
	for _, c := range []struct{ statement, customer, agreement string }{
		{`UPDATE customers SET time_zone = 'Europe/Pariss' WHERE id = 1`, `time_zone: "Europe/Pariss" is not a time zone`, ""},
		{`UPDATE customers SET time_zone = 'Local' WHERE id = 1`, `time_zone: "Local" is not a time zone`, ""},
		{`UPDATE customers SET email = 'ann at family' WHERE id = 1`, `email: "ann at family" is not an e-mail address`, ""},
		{`UPDATE customers SET email = 'a@b.example, c@d.example' WHERE id = 1`, `is not an e-mail address`, ""},
		{`UPDATE customers SET attributes = 'gold' WHERE id = 1`, `attributes: not a JSON object`, ""},
		{`UPDATE customers SET since = '1.1.2020' WHERE id = 1`, `since: "1.1.2020" is not a date`, ""},
		{`UPDATE agreements SET ends_on = '31/12/2027' WHERE id = 1`, "", `ends_on: "31/12/2027" is not a date`},
		{`UPDATE agreements SET ends_on = '' WHERE id = 1`, "", `ends_on: there is no date`},
		{`UPDATE agreements SET term = '1 year' WHERE id = 1`, "", `term: "1 year" is not a period`},
		{`UPDATE agreements SET renews_by = 'magic' WHERE id = 1`, "", `renews_by: "magic" is neither payment nor none`},
		{`UPDATE products SET term = 'yearly' WHERE id = 1`, "", `product year, term: "yearly" is not a period`},
		{`UPDATE customers SET time_zone = 'X', since = 'Y' WHERE id = 1`, `since: "Y" is not a date such as 2027-03-01; time_zone: "X"`, ""},
	} {
		db := newDB(t)
		run(t, db, someHouseholds)
		run(t, db, c.statement)
		d := dossier(t, db, 1, time.Time{})
		if got := d.Customer(1).BadData; !strings.Contains(got, c.customer) || c.customer == "" && got != "" {
			t.Errorf("%s: customer: %q, want …%s…", c.statement, got, c.customer)
		}
		if got := d.Agreement(1).BadData; !strings.Contains(got, c.agreement) || c.agreement == "" && got != "" {
			t.Errorf("%s: agreement: %q, want …%s…", c.statement, got, c.agreement)
		}
	}
}

func TestUsableAddress(t *testing.T) {
	for address, want := range map[string]bool{
		"ann@x.example": true, "a.b+c_d-e@x-y.example": true, "ann@localhost": true, "o'neil@x.example": true, "müller@x.example": true,
		`"a b"@x.example`: true, "": false, "@x.example": false, "ann@": false, "ann": false, "a@b@c": false, "ann@x..example": false,
		"a..b@x.example": false, ".a@x.example": false, "a.@x.example": false, "ann@.example": false, "ann@x.example.": false,
		"Ann <ann@x.example>": false, "ann@x.example\nBcc: eve@x.example": false, "ann @x.example": false,
	} {
		if got := usableAddress(address); got != want {
			t.Errorf("%q: got %v", address, got)
		}
	}
}

func TestParseStampAgreesWithTheHub(t *testing.T) {
	for _, s := range []string{
		"2027-03-01T08:09:10Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2024-02-29T23:59:59Z",
		"2027-03-01 08:09:10", "2027-03-01T08:09:10+02:00", "2027-02-30T00:00:00Z", "2027-03-01T24:00:00Z", "2027-03-01T08:60:00Z",
		"2027-03-01T08:09:1xZ", "2027-03-01T08.09.10Z", "", "now",
	} {
		want, wantErr := renewal.ParseStamp(s)
		got, err := parseStamp(s)
		if !got.Equal(want) || (err == nil) != (wantErr == nil) {
			t.Errorf("%q: got %s %v, want %s %v", s, got, err, want, wantErr)
		}
		if err == nil && got.Location() != time.UTC {
			t.Errorf("%q: in %s", s, got.Location())
		}
	}
}

// TestDossierAsOf looks back: what came later is left out.
func TestDossierAsOf(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, `
		INSERT INTO suppressions(address, reason, at) VALUES ('ann@family.example', 'bounced', '2027-02-20T08:00:00Z');
		INSERT INTO messages(id, rfc822_id, customer_id, household, to_address, class, rule, template, state, claimed_at, sent_at) VALUES
		  (1, 'm1', 1, 'ann@family.example', '', 'commercial', 'r', 't', 'sent', '2027-02-10T08:00:00Z', '2027-02-10T08:05:00Z'),
		  (2, 'm2', 2, 'other@x.example', '', 'commercial', 'r', 't', 'uncertain', '2027-02-15T08:00:00Z', NULL),
		  (3, 'm3', 1, 'ann@family.example', '', 'notice', 'r', 't', 'sent', '2027-02-16T08:00:00Z', '2027-02-16T08:00:00Z'),
		  (4, 'm4', 1, 'ann@family.example', '', 'commercial', 'r', 't', 'failed', '2027-02-17T08:00:00Z', NULL);
		INSERT INTO reminders(customer_id, agreement_id, rule, step, class, ends_on, due_at, not_after, state, planned_at, decided_at) VALUES
		  (1, 1, 'r', 'early', 'commercial', '2027-03-31', '2027-02-01T08:00:00Z', '2027-03-01T08:00:00Z', 'sent', '2027-01-01T08:00:00Z', '2027-02-01T08:00:00Z'),
		  (2, 2, 'r', 'late', 'commercial', '2027-03-31', '2027-02-10T08:00:00Z', '2027-03-01T08:00:00Z', 'due', '2027-01-01T08:00:00Z', '2027-02-10T08:00:00Z')`)
	for _, c := range []struct {
		asOf              string
		events, reminders int
		known             string
		bounced, last     string
	}{
		{"", 2, 2, "2026-04-02T08:00:00Z", "2027-02-20T08:00:00Z", "2027-02-15T08:00:00Z"},
		{"2027-02-20T08:00:00Z", 2, 2, "2026-04-02T08:00:00Z", "2027-02-20T08:00:00Z", "2027-02-15T08:00:00Z"},
		{"2027-02-12T08:00:00Z", 2, 2, "2026-04-02T08:00:00Z", "", "2027-02-10T08:05:00Z"},
		{"2027-02-10T08:04:59Z", 2, 2, "2026-04-02T08:00:00Z", "", "2027-02-10T08:00:00Z"},
		{"2027-02-02T22:59:59Z", 1, 1, "2026-04-02T08:00:00Z", "", ""},
		{"2026-01-01T00:00:00Z", 0, 0, "2026-01-01T00:00:00Z", "", ""},
	} {
		var asOf time.Time
		if c.asOf != "" {
			asOf = instant(c.asOf)
		}
		d := dossier(t, db, 1, asOf)
		if len(d.Events) != c.events || len(d.Reminders) != c.reminders {
			t.Errorf("as of %q: %d events, %d reminders", c.asOf, len(d.Events), len(d.Reminders))
		}
		if got := renewal.FormatStamp(d.Agreement(1).Terms[0].KnownAt); got != c.known {
			t.Errorf("as of %q the term is known from %s", c.asOf, got)
		}
		if got := renewal.FormatStamp(d.BouncedAt); got != c.bounced {
			t.Errorf("as of %q bounced at %q", c.asOf, got)
		}
		if got := renewal.FormatStamp(d.LastCommercialAt); got != c.last {
			t.Errorf("as of %q the last commercial message is of %q", c.asOf, got)
		}
	}
}

// TestEachDossierEqualsDossier: the sweeps over all households, and over some, give
// what asking for each one gives.
func TestEachDossierEqualsDossier(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, `
		INSERT INTO customers(id, ref, email) VALUES (5, 'C5', ''), (6, 'B6', 'ANN@family.example');
		INSERT INTO agreements(id, ref, customer_id, kind, ends_on) VALUES (6, 'A6', 6, 'pass', '2027-05-31'), (7, 'A7', 5, 'pass', '2027-05-31');
		INSERT INTO terms(agreement_id, ends_on, known_at, cause, in_force_at, place) VALUES
		  (7, '2027-05-31', '2026-05-02T08:00:00Z', 'payment', '2026-05-02T08:00:00Z', 2),
		  (7, '2028-05-31', '2026-04-02T08:00:00Z', 'import', '2026-04-02T08:00:00Z', 1);
		INSERT INTO reminders(customer_id, agreement_id, rule, step, class, ends_on, due_at, not_after, state, planned_at, decided_at) VALUES
		  (5, 7, 'r', 's', 'commercial', '2027-05-31', '2027-02-01T08:00:00Z', '2027-03-01T08:00:00Z', 'due', '2027-01-01T08:00:00Z', '2027-02-01T08:00:00Z')`)
	for _, asOf := range []time.Time{{}, instant("2027-02-01T12:00:00Z"), instant("2027-01-31T12:00:00Z")} {
		var refs []string
		read(t, db, func(tx *Tx) error {
			return tx.EachDossier(asOf, func(d *renewal.Dossier) error {
				refs = append(refs, d.Customers[0].Ref)
				if diff := cmp.Diff(dossier(t, db, d.Customers[0].ID, asOf), d, compareZones); diff != "" {
					t.Error(diff)
				}
				return nil
			})
		})
		if got := strings.Join(refs, " "); got != "C3 C4 C5 B6" {
			t.Errorf("households: %s", got)
		}
	}
	// Of those asked for: one of a family, one without an address, one who is not there.
	for _, ids := range [][]int64{{5, 1, 99}, {6, 3}, {4, 2, 3}, {99}, nil} {
		want := map[int64]*renewal.Dossier{}
		for _, id := range ids {
			if id != 99 {
				want[id] = dossier(t, db, id, time.Time{})
			}
		}
		read(t, db, func(tx *Tx) error {
			got, err := tx.Dossiers(ids)
			if diff := cmp.Diff(want, got, compareZones); diff != "" {
				t.Errorf("%v: %s", ids, diff)
			}
			return err
		})
	}
	stop := errors.New("enough")
	err := db.Read(context.Background(), func(tx *Tx) error {
		return tx.EachDossier(time.Time{}, func(*renewal.Dossier) error { return stop })
	})
	if !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

func TestDueHouseholds(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, `UPDATE customers SET next_look_at = CASE id WHEN 1 THEN '2027-03-01T08:00:00Z' WHEN 2 THEN '2027-02-01T08:00:00Z'
		WHEN 3 THEN '2027-03-01T08:00:01Z' WHEN 4 THEN '`+atOnce+`' END`)
	for _, c := range []struct {
		limit int
		want  []int64
	}{{10, []int64{4, 2}}, {1, []int64{4}}} {
		read(t, db, func(tx *Tx) error {
			got, err := tx.DueHouseholds(now, c.limit)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			return err
		})
	}
	read(t, db, func(tx *Tx) error {
		at, err := tx.NextLook()
		if !at.Equal(time.Unix(0, 0)) {
			t.Errorf("the next look is at %s", at)
		}
		return err
	})
}
