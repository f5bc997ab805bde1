package plan

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"renewd/internal/renewal"
)

// sentKey is a reminder's key within its household: goods that are not stored
// yet have the same makeshift id in each.
type sentKey struct {
	d   *renewal.Dossier
	key renewal.Key
}

// judge checks every message that leaves against the plainest reading of the
// rules, apart from the code under test.
type judge struct {
	t    *rapid.T
	set  *Settings
	sent map[sentKey]int
	last map[*renewal.Dossier]time.Time
}

func (j *judge) see(t time.Time, d *renewal.Dossier, m Message) {
	for _, r := range m.Reminders {
		key := sentKey{d, r.Key()}
		if j.sent[key]++; j.sent[key] > 1 {
			j.t.Fatalf("%s %s left twice, the second time at %s", r.Rule, r.Step, t)
		}
		if t.Before(r.DueAt) || t.After(r.NotAfter) {
			j.t.Fatalf("%s %s left at %s, outside %s..%s", r.Rule, r.Step, t, r.DueAt, r.NotAfter)
		}
		if m.Class == renewal.Commercial {
			j.commercial(t, d, m.Rule, r)
		}
	}
	if m.Class == renewal.Commercial {
		j.last[d] = t
	}
}

func (j *judge) commercial(t time.Time, d *renewal.Dossier, rule *renewal.Rule, r *renewal.Reminder) {
	zone := d.ZoneOf(r.CustomerID, j.set.Zone)
	day := renewal.LocalDate(t, zone)
	hour, minute, _ := t.In(zone).Clock()
	if at := hour*60 + minute; at < j.set.Hours.Open || at >= j.set.Hours.Close ||
		!j.set.Hours.Days[day.Weekday()] || j.set.Hours.Holidays[day] {
		j.t.Fatalf("%s %s left at %s, outside sending hours", r.Rule, r.Step, t.In(zone))
	}
	if last, ok := j.last[d]; ok && day < renewal.LocalDate(last, zone).Add(j.set.Cap) {
		j.t.Fatalf("%s %s left at %s, too soon after %s", r.Rule, r.Step, t, last)
	}
	if a := d.Agreement(r.AgreementID); a != nil && !rule.Audience.TakesCancelled(true) && cancelled(d, a, t) {
		j.t.Fatalf("%s %s left at %s for the cancelled agreement %s", r.Rule, r.Step, t, a.Ref)
	}
	if r.EventID == 0 && d.Agreement(r.AgreementID).EndsOn != r.EndsOn {
		j.t.Fatalf("%s %s left at %s for the end %s that is no longer in force", r.Rule, r.Step, t, r.EndsOn)
	}
	j.refusals(t, d, r)
}

// refusals checks unsubscribes and complaints of the whole household.
func (j *judge) refusals(t time.Time, d *renewal.Dossier, r *renewal.Reminder) {
	var out, back time.Time
	for _, e := range d.Events {
		if e.At.After(t) {
			continue
		}
		switch e.Type {
		case renewal.Unsubscribe:
			out = e.At
		case renewal.Resubscribe:
			back = e.At
		case renewal.ComplaintEvent:
			zone := d.ZoneOf(e.CustomerID, j.set.Zone)
			until := renewal.AddPeriod(e.At, j.set.Hold, zone)
			i := slices.IndexFunc(d.Events, func(x renewal.Event) bool {
				return x.Type == renewal.ComplaintResolved && x.CustomerID == e.CustomerID && !x.At.Before(e.At) && !x.At.After(t)
			})
			if i >= 0 {
				until = renewal.AddPeriod(d.Events[i].At, j.set.AfterResolution, zone)
			}
			if t.Before(until) {
				j.t.Fatalf("%s %s left at %s though a complaint of %s holds until %s", r.Rule, r.Step, t, e.At, until)
			}
		}
	}
	if !out.IsZero() && !back.After(out) {
		j.t.Fatalf("%s %s left at %s though the customer unsubscribed at %s", r.Rule, r.Step, t, out)
	}
}

// final checks that everything whose last moment went by has come to an end.
func (j *judge) final(dossiers []*renewal.Dossier, now time.Time) {
	for _, d := range dossiers {
		for i := range d.Reminders {
			r := &d.Reminders[i]
			if r.State.Unsent() && r.NotAfter.Before(now) {
				j.t.Fatalf("%s %s is %s %s though its last moment was %s", r.Rule, r.Step, r.State, r.Reason, r.NotAfter)
			}
			if r.State != renewal.Planned && r.Reason == "" {
				j.t.Fatalf("%s %s is %s without a reason", r.Rule, r.Step, r.State)
			}
		}
	}
}

func forecastOf(t *rapid.T, set *Settings, standing Standing, dossiers []*renewal.Dossier, from, to time.Time) []Line {
	var lines []Line
	err := Forecast(Span{Now: from, From: from, To: to, Standing: standing}, set, clones(dossiers), func(l Line) error {
		lines = append(lines, l)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestRandomHouseholds plays random small households through 220 days, with
// changes of facts and rules after 40 and 70 days. At every moment: a second look changes
// nothing, a look between two moments changes nothing, what leaves may leave;
// and over every stretch the forecast from its start is what then happens, and
// the forecast made twice is the same.
func TestRandomHouseholds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRandom(t)
		set := r.settings()
		standing := r.standing(set)
		dossiers := r.households()
		j := &judge{t: t, set: set, sent: map[sentKey]int{}, last: map[*renewal.Dossier]time.Time{}}
		start := renewal.StartOf(randomStart, time.UTC)
		now := start
		for _, day := range []int{40, 70, 220} {
			to := start.AddDate(0, 0, day).Add(-time.Second)
			lines := forecastOf(t, set, standing, dossiers, now, to)
			if again := forecastOf(t, set, standing, dossiers, now, to); !reflect.DeepEqual(lines, again) {
				t.Fatalf("forecasting twice differs:\n%v\n%v", lines, again)
			}
			s := newStepper(set, standing, now, dossiers)
			s.onSend = j.see
			s.run(to)
			if text := s.disagreement(lines); text != "" {
				t.Fatal(text)
			}
			j.final(dossiers, to)
			now = to.Add(time.Second)
			if day < 220 {
				for _, d := range dossiers {
					r.change(d, now)
				}
				r.changeRule(set)
			}
		}
	})
}

// TestForecastFromTheMiddle forecasts a random business from a moment in the
// middle, with the rows that were written up to then: it foretells the rest of
// what the first forecast said.
func TestForecastFromTheMiddle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRandom(t)
		set := r.settings()
		standing := r.standing(set)
		dossiers := r.households()
		start := renewal.StartOf(randomStart, time.UTC)
		end := start.AddDate(0, 0, 150)
		all := forecastOf(t, set, standing, dossiers, start, end)
		middle := r.instant(100, "middle")
		s := newStepper(set, standing, start, dossiers)
		s.run(middle)
		rest := forecastOf(t, set, standing, dossiers, middle, end)
		sent, skipped := foretold(slices.DeleteFunc(all, func(l Line) bool { return !l.At.After(middle) }))
		sentLater, skippedLater := foretold(rest)
		if !slices.Equal(sent, sentLater) || !slices.Equal(skipped, skippedLater) {
			t.Fatalf("from the start:\n%v\n%v\nfrom %s:\n%v\n%v", sent, skipped, middle, sentLater, skippedLater)
		}
	})
}
