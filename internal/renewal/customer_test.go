package renewal

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestHouseholdKey(t *testing.T) {
	for _, c := range []struct{ email, want string }{
		{"", ""},
		{" \t\r\n", ""},
		{"anna@example.org", "anna@example.org"},
		{" Anna@Example.ORG\r\n", "anna@example.org"},
		{"ÉMILE@Example.org", "Émile@example.org"}, // only ASCII letters are folded
		{"[Z]@example.org", "[z]@example.org"},
		{"an na@example.org", "an na@example.org"},
		{"\u00a0anna@example.org", "\u00a0anna@example.org"}, // only ASCII blanks are trimmed
	} {
		if got := HouseholdKey(c.email); got != c.want {
			t.Errorf("HouseholdKey(%q) = %q, want %q", c.email, got, c.want)
		}
	}
}

func TestHouseholdKeyIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		email := rapid.String().Draw(t, "email")
		key := HouseholdKey(email)
		if again := HouseholdKey(key); again != key {
			t.Errorf("HouseholdKey(%q) = %q, and of that %q", email, key, again)
		}
		if !strings.EqualFold(key, strings.Trim(email, " \t\r\n")) || strings.ContainsAny(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			t.Errorf("HouseholdKey(%q) = %q", email, key)
		}
	})
}

// TestDossierOrder: customers and agreements by ref as bytes, events by instant
// and id, reminders by id.
func TestDossierOrder(t *testing.T) {
	d := Dossier{
		Customers:  []Customer{{ID: 1, Ref: "a"}, {ID: 2, Ref: "B"}, {ID: 3, Ref: "A10"}, {ID: 4, Ref: "A2"}},
		Agreements: []Agreement{{ID: 1, Ref: "é"}, {ID: 2, Ref: "z"}, {ID: 3, Ref: "Z"}},
		Events: []Event{event(t, 3, Use, "2027-01-02T00:00:00Z", ""), event(t, 2, Use, "2027-01-02T00:00:00Z", ""),
			event(t, 9, Use, "2027-01-01T00:00:00Z", "")},
		Reminders: []Reminder{{ID: 5}, {ID: 4}},
	}
	d.Sort()
	var got []int64
	for _, c := range d.Customers {
		got = append(got, c.ID)
	}
	for _, a := range d.Agreements {
		got = append(got, a.ID)
	}
	for _, e := range d.Events {
		got = append(got, e.ID)
	}
	for _, r := range d.Reminders {
		got = append(got, r.ID)
	}
	want := []int64{3, 4, 2, 1, 3, 2, 1, 9, 2, 3, 4, 5}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("the order is %v, want %v", got, want)
		}
	}
	if c := d.Customer(4); c == nil || c.Ref != "A2" {
		t.Errorf("customer 4 is %+v", c)
	}
	if d.Customer(5) != nil || d.Agreement(5) != nil {
		t.Error("there is a customer or an agreement 5")
	}
}

func TestZoneOf(t *testing.T) {
	paris, havana := zone(t, "Europe/Paris"), zone(t, "America/Havana")
	d := Dossier{Customers: []Customer{{ID: 1}, {ID: 2, Zone: havana}}}
	if d.ZoneOf(1, paris) != paris || d.ZoneOf(2, paris) != havana || d.ZoneOf(3, paris) != paris {
		t.Error("a customer's zone is its own where it has one, else the business's")
	}
}

func TestConcerns(t *testing.T) {
	p, q := &Product{ID: 1}, &Product{ID: 2}
	a := Agreement{ID: 7, CustomerID: 1, Product: p}
	for _, c := range []struct {
		name string
		e    Event
		want bool
	}{
		{"names it", Event{CustomerID: 1, AgreementID: 7}, true},
		{"names it and another product", Event{CustomerID: 1, AgreementID: 7, Product: q}, true},
		{"names another", Event{CustomerID: 1, AgreementID: 8, Product: p}, false},
		{"names its product", Event{CustomerID: 1, Product: p}, true},
		{"names another product", Event{CustomerID: 1, Product: q}, false},
		{"names its product, of another customer", Event{CustomerID: 2, Product: p}, false},
		{"names neither", Event{CustomerID: 1}, true},
		{"names neither, of another customer", Event{CustomerID: 2}, false},
	} {
		if got := c.e.Concerns(&a); got != c.want {
			t.Errorf("an event that %s concerns it: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestEventTypes(t *testing.T) {
	var names []string
	for _, kind := range EventTypes {
		names = append(names, string(kind))
		if !KnownEventType(kind) {
			t.Errorf("%s is not known", kind)
		}
	}
	const want = "use purchase payment renewal payment_failed price_change complaint complaint_resolved cancel cancel_withdrawn " +
		"unsubscribe resubscribe bounce spam_report click reply answer level sign_up"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the event types are %s\nwant %s", got, want)
	}
	if KnownEventType("visit") || KnownEventType("") || KnownEventType("Use") {
		t.Error("a word that is no event type is known")
	}
}
