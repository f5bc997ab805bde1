package plan

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"renewd/internal/renewal"
)

// plain returns settings with one rule that reminds 30 and 7 days before the end
// and the day after a use, and a household with one pass that ends on 31 March
// 2027 and was used on 10 February.
func plain() (*Settings, *renewal.Dossier) {
	set := &Settings{Zone: time.UTC, Locale: "en", Cap: renewal.Days(0), Hold: renewal.Days(30), AfterResolution: renewal.Days(7),
		Hours: Hours{Days: [7]bool{true, true, true, true, true, true, true}, Open: 9 * 60, Close: 18 * 60},
		Rules: []renewal.Rule{{Name: "renew", Class: renewal.Commercial, BeforeEnd: []renewal.Period{renewal.Days(30), renewal.Days(7)},
			AfterUse: &renewal.AfterUse{Delay: renewal.Days(1), From: renewal.Days(90), Until: renewal.Days(14)}}}}
	d := &renewal.Dossier{
		Customers: []renewal.Customer{{ID: 1, Ref: "C1", Email: "c1@example.com"}},
		Agreements: []renewal.Agreement{{ID: 2, CustomerID: 1, Ref: "A1", Kind: renewal.KindPass,
			EndsOn: renewal.NewDate(2027, time.March, 31)}},
		Events: []renewal.Event{{ID: 3, Type: renewal.Use, CustomerID: 1, AgreementID: 2, At: on(2, 10, 14), StoredAt: on(2, 10, 14)}},
	}
	renewal.Settle(d, on(1, 1, 0), time.UTC, renewal.Conditions{})
	return set, d
}

// on is an hour of a day of 2027 in UTC.
func on(month time.Month, day, hour int) time.Time {
	return time.Date(2027, month, day, hour, 0, 0, 0, time.UTC)
}

// TestAfterUseUnderWay follows the step that an after_use stands for while that
// one is under way and after it ended one way or the other.
func TestAfterUseUnderWay(t *testing.T) {
	cases := []struct {
		name  string
		state renewal.State
		now   time.Time
		want  renewal.State
		why   renewal.Reason
	}{
		{"under way: the step keeps its own date", renewal.Sending, on(2, 11, 10), renewal.Planned, ""},
		{"under way when the step is due: never two messages", renewal.Sending, on(3, 1, 10), renewal.Skipped, renewal.Superseded},
		{"sent", renewal.Sent, on(2, 11, 10), renewal.Skipped, renewal.Superseded},
		{"nobody knows: at most once", renewal.Uncertain, on(2, 11, 10), renewal.Skipped, renewal.Superseded},
		{"refused: the step keeps its own date", renewal.Failed, on(2, 11, 10), renewal.Planned, ""},
		{"refused: the step leaves in its time", renewal.Failed, on(3, 1, 10), renewal.Due, renewal.IsDue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			set, d := plain()
			first := Decide(on(2, 11, 9), set, Standing{}, d)
			if len(first.Messages) != 1 || first.Messages[0].Reminders[0].Step != renewal.StepAfterUse {
				t.Fatalf("the use brings forward %v, want one after_use", first.Messages)
			}
			d.Reminders = first.Changes
			i := slices.IndexFunc(d.Reminders, func(r renewal.Reminder) bool { return r.Step == renewal.StepAfterUse })
			d.Reminders[i].State = c.state

			out := Decide(c.now, set, Standing{}, d)
			rows := append(out.Changes, d.Reminders...) // a changed row goes before the one it replaces
			i = slices.IndexFunc(rows, func(r renewal.Reminder) bool { return r.Step == "before_end:P30D" })
			if i < 0 || rows[i].State != c.want || rows[i].Reason != c.why {
				t.Errorf("the step is %+v, want %s %q", rows[max(i, 0)], c.want, c.why)
			}
		})
	}
}

// TestNobodyAtAll decides for a household without customers: nothing happens.
func TestNobodyAtAll(t *testing.T) {
	set, _ := plain()
	if out := Decide(on(1, 1, 0), set, Standing{}, &renewal.Dossier{}); len(out.Changes)+len(out.Messages)+len(out.Tasks) > 0 || !out.NextLook.IsZero() {
		t.Errorf("deciding for nobody gives %+v", out)
	}
}

// TestDecideLeavesTheDossierAlone: a decision is a value; the facts and rows it
// was made from stay as they are.
func TestDecideLeavesTheDossierAlone(t *testing.T) {
	set, d := plain()
	d.Reminders = Decide(on(2, 1, 9), set, Standing{}, d).Changes
	before := clone(d)
	out := Decide(on(2, 11, 9), set, Standing{}, d)
	if len(out.Changes) == 0 {
		t.Fatal("nothing was decided")
	}
	for i, r := range d.Reminders {
		if !reflect.DeepEqual(r, before.Reminders[i]) {
			t.Errorf("the row %s %s became %s", r.Rule, r.Step, r.State)
		}
	}
}

// TestNextLookIsTheNextMoment names the moment to which a household may be left
// alone: the opening of the next step's day, the end of a hold, never.
func TestNextLookIsTheNextMoment(t *testing.T) {
	set, d := plain()
	d.Events = nil
	for _, c := range []struct{ now, want time.Time }{
		{on(1, 1, 0), on(3, 1, 9)},
		{on(3, 2, 8), on(3, 2, 9)},
		{on(4, 1, 0), time.Time{}},
	} {
		if out := Decide(c.now, set, Standing{}, d); !out.NextLook.Equal(c.want) {
			t.Errorf("at %s the next look is at %s, want %s", c.now, out.NextLook, c.want)
		}
	}
}
