package compose

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"renewd/internal/renewal"
)

func TestNewData(t *testing.T) {
	product := &renewal.Product{Ref: "P1", Name: "Annual pass", Term: renewal.MustPeriod("P1Y"), RenewURL: "https://shop.example/renew"}
	household := &renewal.Dossier{
		Customers: []renewal.Customer{{ID: 1, Ref: "C1", Name: "Ana", Email: "ana@customer.example", Attributes: map[string]string{"seat": "12"}}, {ID: 2, Ref: "C2", Name: "Léo"}},
		Agreements: []renewal.Agreement{
			{ID: 1, CustomerID: 1, Ref: "A1", Kind: renewal.KindPass, Product: product, StartsOn: date("2025-03-01"), EndsOn: date("2027-02-28"), AutoRenew: true,
				Price: renewal.Money{Minor: 9900, Currency: "EUR"}, NewPrice: renewal.Money{Minor: 10900, Currency: "EUR"}, NewPriceFrom: date("2027-03-01"), NoticePeriod: renewal.MustPeriod("P1M"),
				Terms: []renewal.Term{{StartsOn: date("2025-03-01"), EndsOn: date("2026-02-28")}, {EndsOn: date("2027-02-28"), Replaced: date("2026-02-28")}}},
			{ID: 2, CustomerID: 2, Ref: "A2", Kind: renewal.KindContract, StartsOn: date("2026-01-01"), EndsOn: date("2026-12-31")},
		},
	}
	at := time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC)
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	got := NewData(Facts{
		Household: household, Agreements: []*renewal.Agreement{&household.Agreements[0], &household.Agreements[1]},
		Event: &renewal.Event{Type: renewal.Payment, At: at, Amount: renewal.Money{Minor: 9900, Currency: "EUR"}, Until: date("2027-02-28"), Product: product, Note: "n", Channel: "c", Quantity: 2},
		Zone:  paris, Links: Links{Unsubscribe: "https://x.example/u", Manage: "https://x.example/m", Cancel: "javascript:x"}, Today: date("2027-01-01"),
	})
	year := renewal.MustPeriod("P1Y")
	ana := Customer{Ref: "C1", Name: "Ana", Email: "ana@customer.example", Attributes: map[string]string{"seat": "12"}}
	want := Data{
		Customer: ana,
		Agreements: []Agreement{
			{Ref: "A1", Kind: "pass", Product: &Product{ref: "P1", name: "Annual pass"}, Customer: ana, StartsOn: date("2026-03-01"), EndsOn: date("2027-02-28"),
				RenewsOn: date("2027-03-01"), CancelBy: date("2027-02-01"), Price: &renewal.Money{Minor: 9900, Currency: "EUR"}, NewPrice: &renewal.Money{Minor: 10900, Currency: "EUR"},
				NewPriceFrom: date("2027-03-01"), NewPriceChargedOn: date("2027-03-01"), NewPriceCancelBy: date("2027-02-01"), RenewURL: "https://shop.example/renew", Manage: "https://x.example/m", AutoRenew: true, Term: &year},
			{Ref: "A2", Kind: "contract", Customer: Customer{Ref: "C2", Name: "Léo"}, StartsOn: date("2026-01-01"), EndsOn: date("2026-12-31"),
				RenewsOn: date("2027-01-01"), CancelBy: date("2026-12-31"), CancelPassed: true, RenewURL: "https://x.example/m", Manage: "https://x.example/m", Ended: true},
		},
		Links: Links{Unsubscribe: "https://x.example/u", Manage: "https://x.example/m"},
		Event: &Event{Type: "payment", On: date("2027-01-01"), At: at.In(paris), Product: &Product{ref: "P1", name: "Annual pass"}, Amount: &renewal.Money{Minor: 9900, Currency: "EUR"},
			Until: date("2027-02-28"), Quantity: 2, Channel: "c", Note: "n"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Product{})); diff != "" {
		t.Error(diff)
	}
	if to := NewData(Facts{Household: household, To: &household.Customers[1]}).Customer.Name; to != "Léo" {
		t.Errorf("addressed to %q", to)
	}
	if ended := NewData(Facts{Household: household, Agreements: []*renewal.Agreement{&household.Agreements[1]}, Today: date("2026-12-31")}).Agreements[0].Ended; ended {
		t.Error("on its last day a term has not ended")
	}
}

func TestRenewalPrice(t *testing.T) {
	old, dearer := &renewal.Money{Minor: 100, Currency: "EUR"}, &renewal.Money{Minor: 120, Currency: "EUR"}
	for _, c := range []struct {
		title   string
		a       Agreement
		want    *renewal.Money
		changes bool
	}{
		{"no price", Agreement{}, nil, false},
		{"one price", Agreement{Price: old}, old, false},
		{"a new price from the renewal on", Agreement{Price: old, NewPrice: dearer, NewPriceFrom: date("2027-03-01"), RenewsOn: date("2027-03-01")}, dearer, true},
		{"a new price without a day", Agreement{Price: old, NewPrice: dearer, RenewsOn: date("2027-03-01")}, dearer, true},
		{"a new price only later", Agreement{Price: old, NewPrice: dearer, NewPriceFrom: date("2027-03-02"), RenewsOn: date("2027-03-01")}, old, false},
		{"the same price", Agreement{Price: old, NewPrice: &renewal.Money{Minor: 100, Currency: "EUR"}, RenewsOn: date("2027-03-01")}, old, false},
		{"only a new price", Agreement{NewPrice: dearer, RenewsOn: date("2027-03-01")}, dearer, false},
	} {
		if got := c.a.RenewalPrice(); cmp.Diff(c.want, got) != "" || c.a.PriceChanges() != c.changes {
			t.Errorf("%s: %v, changes %v", c.title, got, c.a.PriceChanges())
		}
	}
}

// TestPagesOfAgreements: each agreement of a letter has pages of its own, the
// letter those of its first.
func TestPagesOfAgreements(t *testing.T) {
	household := &renewal.Dossier{Agreements: []renewal.Agreement{{ID: 1, Ref: "A1"}, {ID: 2, Ref: "A2", Product: &renewal.Product{RenewURL: "https://shop.example/renew"}}, {ID: 3, Ref: "A3"}}}
	f := Facts{Household: household, Links: Links{Unsubscribe: "https://x.example/u", Manage: "https://x.example/m/0"}, Pages: map[int64]Links{
		1: {Manage: "https://x.example/m/1", Cancel: "https://x.example/m/1?cancel", Reason: "javascript:no"},
		2: {Manage: "https://x.example/m/2", Reason: "https://x.example/s/2"},
	}}
	for i := range household.Agreements {
		f.Agreements = append(f.Agreements, &household.Agreements[i])
	}
	d := NewData(f)
	if want := (Links{Unsubscribe: "https://x.example/u", Manage: "https://x.example/m/1", Cancel: "https://x.example/m/1?cancel"}); d.Links != want {
		t.Errorf("the letter's links are %+v", d.Links)
	}
	type pages struct{ renew, manage, cancel, reason string }
	for i, want := range []pages{
		{"https://x.example/m/1", "https://x.example/m/1", "https://x.example/m/1?cancel", ""},
		{"https://shop.example/renew", "https://x.example/m/2", "", "https://x.example/s/2"},
		{"https://x.example/m/0", "https://x.example/m/0", "", ""},
	} {
		if a := d.Agreements[i]; (pages{a.RenewURL, a.Manage, a.Cancel, a.Reason}) != want {
			t.Errorf("%s: %+v", a.Ref, a)
		}
	}
}
