package renewal

import (
	"slices"
	"testing"
	"time"
)

// filter is a product whose purchases last three months.
func filter() *Product {
	return &Product{ID: 9, Ref: "filter", Kind: KindGoods, Life: MustPeriod("P3M")}
}

// purchase is an event of customer 1.
func purchase(t testing.TB, id int64, at string, p *Product) Event {
	e := event(t, id, PurchaseEvent, at, "")
	e.AgreementID, e.Product = 0, p
	return e
}

func TestAPurchaseOpensAnEstimatedTerm(t *testing.T) {
	e := purchase(t, 1, "2027-01-31T12:00:00Z", filter())
	e.StoredAt = stamp(t, "2027-01-31T18:00:00Z")
	d := household(nil, e)
	now := stamp(t, "2027-02-01T08:00:00Z")
	s := Settle(d, now, zone(t, "Europe/Paris"), Conditions{})
	if len(s.Goods) != 1 || len(d.Agreements) != 1 || len(s.Terms) != 1 {
		t.Fatalf("the purchase changes %+v", s)
	}
	a := d.Agreements[0]
	if a.ID >= 0 || a.ID != s.Goods[0].ID || a.ID != s.Terms[0].AgreementID {
		t.Errorf("the new agreement is %d here, %d among the goods, %d at its term", a.ID, s.Goods[0].ID, s.Terms[0].AgreementID)
	}
	if a.Kind != KindGoods || a.Ref != "C1/filter" || a.CustomerID != 1 || a.Product.ID != 9 || a.Basis != BasisEstimated || a.AutoRenew {
		t.Errorf("the new agreement is %+v", a)
	}
	if got, want := spans(&a), "2027-01-31..2027-04-30 purchase"; got != want {
		t.Errorf("its terms are %s, want %s", got, want)
	}
	if !slices.Equal(s.Settled, []int64{1}) || !a.Terms[0].KnownAt.Equal(e.StoredAt) || !a.Terms[0].Replaced.IsZero() {
		t.Errorf("settled %v, the term %+v", s.Settled, a.Terms[0])
	}
	checkSettled(t, d, now, zone(t, "Europe/Paris"))
}

func TestPurchases(t *testing.T) {
	p := filter()
	for _, c := range []struct {
		name   string
		events []Event
		want   string
	}{
		{"the next purchase closes the term",
			[]Event{purchase(t, 1, "2027-01-10T12:00:00Z", p), purchase(t, 2, "2027-03-20T12:00:00Z", p)},
			"2027-01-10..2027-04-10 purchase, 2027-03-20..2027-06-20 purchase"},
		{"a purchase after the term is over opens the next",
			[]Event{purchase(t, 1, "2027-01-10T12:00:00Z", p), purchase(t, 2, "2028-03-20T12:00:00Z", p)},
			"2027-01-10..2027-04-10 purchase, 2028-03-20..2028-06-20 purchase"},
		{"two on one day are one",
			[]Event{purchase(t, 1, "2027-01-10T12:00:00Z", p), purchase(t, 2, "2027-01-10T13:00:00Z", p)},
			"2027-01-10..2027-04-10 purchase"},
		{"the day is the customer's: 23:30 in UTC is the next day in Paris",
			[]Event{purchase(t, 1, "2027-01-10T23:30:00Z", p)}, "2027-01-11..2027-04-11 purchase"},
	} {
		t.Run(c.name, func(t *testing.T) {
			paris := zone(t, "Europe/Paris")
			d := household(nil, c.events...)
			now := stamp(t, "2029-01-01T00:00:00Z")
			s := Settle(d, now, paris, Conditions{})
			if len(d.Agreements) != 1 || len(s.Goods) != 1 {
				t.Fatalf("%d agreements, %d new ones, want 1", len(d.Agreements), len(s.Goods))
			}
			if got := spans(&d.Agreements[0]); got != c.want {
				t.Errorf("terms %s\nwant  %s", got, c.want)
			}
			if len(s.Terms) != len(d.Agreements[0].Terms) {
				t.Errorf("%d terms came into force, want %d", len(s.Terms), len(d.Agreements[0].Terms))
			}
			checkSettled(t, d, now, paris)
		})
	}
}

func TestThePurchaseDayIsTheCustomers(t *testing.T) {
	d := household(nil, purchase(t, 1, "2027-01-10T12:00:00Z", filter()))
	d.Customers[0].Zone = zone(t, "Pacific/Kiritimati")
	Settle(d, stamp(t, "2027-02-01T00:00:00Z"), zone(t, "Europe/Paris"), Conditions{})
	if got, want := spans(&d.Agreements[0]), "2027-01-11..2027-04-11 purchase"; got != want {
		t.Errorf("terms %s, want %s", got, want)
	}
}

// TestAnOlderPurchaseThatIsToldLate moves nothing.
func TestAnOlderPurchaseThatIsToldLate(t *testing.T) {
	p, paris := filter(), zone(t, "Europe/Paris")
	d := household(nil, purchase(t, 1, "2027-03-20T12:00:00Z", p))
	now := stamp(t, "2027-04-01T00:00:00Z")
	Settle(d, now, paris, Conditions{})
	d.Events = append(d.Events, purchase(t, 2, "2027-01-10T12:00:00Z", p))
	d.Sort()
	s := Settle(d, now, paris, Conditions{})
	if len(s.Terms) != 0 || !slices.Equal(s.Settled, []int64{2}) || d.Agreements[0].EndsOn.String() != "2027-06-20" {
		t.Errorf("the older purchase changes %+v", s)
	}
}

func TestPurchasesThatOpenNothing(t *testing.T) {
	learned := filter()
	learned.Life, learned.LifeLearned = Period{}, true
	lifeless := filter()
	lifeless.Life = Period{}
	nothing := filter()
	nothing.Life = MustPeriod("P0D")
	stranger := purchase(t, 1, "2027-01-10T12:00:00Z", filter())
	stranger.CustomerID = 2
	for name, e := range map[string]Event{
		"of no product":                      purchase(t, 1, "2027-01-10T12:00:00Z", nil),
		"of a product without a life":        purchase(t, 1, "2027-01-10T12:00:00Z", lifeless),
		"of one whose life is not known":     purchase(t, 1, "2027-01-10T12:00:00Z", learned),
		"of one with a life of P0D":          purchase(t, 1, "2027-01-10T12:00:00Z", nothing),
		"by a customer of another household": stranger,
	} {
		d := household(nil, e)
		s := Settle(d, stamp(t, "2027-02-01T00:00:00Z"), time.UTC, Conditions{})
		if len(d.Agreements) != 0 || len(s.Terms) != 0 || !slices.Equal(s.Settled, []int64{1}) {
			t.Errorf("a purchase %s changes %+v", name, s)
		}
	}
}

// TestGoodsAreOfOneCustomerAndOneProduct, and each new agreement has an id of
// its own until it is stored, also when several Settles open them.
func TestGoodsAreOfOneCustomerAndOneProduct(t *testing.T) {
	p, q := filter(), filter()
	q.ID, q.Ref = 10, "brush"
	wife := purchase(t, 3, "2027-01-12T12:00:00Z", p)
	wife.CustomerID = 2
	d := household(nil, purchase(t, 1, "2027-01-10T12:00:00Z", p), purchase(t, 2, "2027-01-11T12:00:00Z", q), wife,
		purchase(t, 4, "2027-04-09T12:00:00Z", p))
	d.Customers = append(d.Customers, Customer{ID: 2, Ref: "C2"})
	for _, now := range []string{"2027-01-10T12:00:00Z", "2027-01-11T12:00:00Z", "2027-06-01T00:00:00Z"} {
		Settle(d, stamp(t, now), time.UTC, Conditions{})
		checkSettled(t, d, stamp(t, now), time.UTC)
	}
	want := []struct{ ref, spans string }{
		{"C1/brush", "2027-01-11..2027-04-11 purchase"},
		{"C1/filter", "2027-01-10..2027-04-10 purchase, 2027-04-09..2027-07-09 purchase"},
		{"C2/filter", "2027-01-12..2027-04-12 purchase"},
	}
	if len(d.Agreements) != len(want) {
		t.Fatalf("%d agreements, want %d", len(d.Agreements), len(want))
	}
	ids := map[int64]bool{}
	for i, w := range want {
		if a := &d.Agreements[i]; a.Ref != w.ref || spans(a) != w.spans {
			t.Errorf("agreement %d is %s with %s, want %s with %s", i, a.Ref, spans(a), w.ref, w.spans)
		}
		ids[d.Agreements[i].ID] = true
	}
	if len(ids) != len(want) {
		t.Errorf("the %d new agreements have the ids %v", len(want), ids)
	}
}

// TestTwoPurchasesWithOneEstimatedEnd: at the end of a month two purchase days
// can have the same estimated end. That is one term, which replaces no other.
func TestTwoPurchasesWithOneEstimatedEnd(t *testing.T) {
	p := filter()
	d := household(nil, purchase(t, 1, "2026-11-29T12:00:00Z", p), purchase(t, 2, "2026-11-30T12:00:00Z", p))
	now := stamp(t, "2026-12-01T00:00:00Z")
	Settle(d, now, time.UTC, Conditions{})
	if got, want := spans(&d.Agreements[0]), "2026-11-29..2027-02-28 purchase"; got != want {
		t.Errorf("terms %s, want %s", got, want)
	}
	if got := d.Agreements[0].Terms[0].Replaced; !got.IsZero() {
		t.Errorf("the only term replaces the one that ended on %s", got)
	}
	checkSettled(t, d, now, time.UTC)
}
