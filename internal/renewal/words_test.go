package renewal

import "testing"

// TestStates: a reminder may still leave, or may have reached the customer, or
// neither; never both.
func TestStates(t *testing.T) {
	for _, c := range []struct {
		state       State
		unsent, out bool
	}{
		{Planned, true, false}, {Waiting, true, false}, {Due, true, false},
		{Sending, false, true}, {Sent, false, true}, {Uncertain, false, true},
		{Failed, false, false}, {Skipped, false, false},
	} {
		if c.state.Unsent() != c.unsent || c.state.CountsAsSent() != c.out {
			t.Errorf("%s: may still leave %v, counts as sent %v", c.state, c.state.Unsent(), c.state.CountsAsSent())
		}
	}
}

// TestReminderKey: agreement or customer, end or event, rule, step; nothing
// else of a reminder belongs to its key.
func TestReminderKey(t *testing.T) {
	r := Reminder{ID: 1, CustomerID: 2, AgreementID: 3, EndsOn: date(t, "2027-12-31"), Rule: "annual-pass", Step: "before_end:P30D",
		Class: Commercial, State: Planned}
	key := r.Key()
	same := r
	same.ID, same.CustomerID, same.State, same.Class, same.MessageID = 9, 8, Sent, Notice, 7
	if same.Key() != key {
		t.Errorf("%+v and %+v are one reminder", r, same)
	}
	for name, change := range map[string]func(*Reminder){
		"agreement": func(r *Reminder) { r.AgreementID = 4 },
		"event":     func(r *Reminder) { r.EventID = 4 },
		"end":       func(r *Reminder) { r.EndsOn++ },
		"rule":      func(r *Reminder) { r.Rule = "other" },
		"step":      func(r *Reminder) { r.Step = "before_end:P7D" },
	} {
		other := r
		change(&other)
		if other.Key() == key {
			t.Errorf("another %s, yet the same key %+v", name, key)
		}
	}
	mine := Reminder{CustomerID: 2, EventID: 5, Rule: "welcome", Step: "on:sign_up"}
	theirs := mine
	theirs.CustomerID = 3
	if mine.Key() == theirs.Key() {
		t.Error("without an agreement two customers have one key")
	}
}

func TestSideOf(t *testing.T) {
	for step, want := range map[string]Side{
		"before_end:P30D": BeforeTheEnd, "after_use": BeforeTheEnd, "after_end:P7D": AfterTheEnd, "notice": NoticeSide, "on:renewal": EventSide,
	} {
		if got := SideOf(step); got != want {
			t.Errorf("%s is on the side %d, want %d", step, got, want)
		}
	}
}

func TestTemplateFor(t *testing.T) {
	r := Rule{Template: "pass-renewal", TemplateAfter: "win-back"}
	if got := r.TemplateFor("before_end:P7D"); got != "pass-renewal" {
		t.Errorf("before the end the letter is %s", got)
	}
	if got := r.TemplateFor("after_end:P7D"); got != "win-back" {
		t.Errorf("after the end the letter is %s", got)
	}
	r.TemplateAfter = ""
	if got := r.TemplateFor("after_end:P7D"); got != "pass-renewal" {
		t.Errorf("without a letter for after the end it is %s", got)
	}
}

func TestMoneyKnown(t *testing.T) {
	if (Money{Minor: 100}).Known() || !(Money{Currency: "EUR"}).Known() {
		t.Error("an amount is known by its currency: 0.00 EUR is a price, 1.00 of nothing is none")
	}
}
