package plan

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"renewd/internal/renewal"
)

// tellForecast writes the lines of a forecast as "03-01 09:00 send A1/step".
func tellForecast(t *testing.T, span Span, set *Settings, households ...*renewal.Dossier) []string {
	t.Helper()
	var told []string
	err := Forecast(span, set, households, func(l Line) error {
		told = append(told, fmt.Sprintf("%s %s %s %s/%s", l.At.Format("01-02 15:04"), l.Decision, l.Customer, l.Reminders[0].Agreement, l.Reminders[0].Step))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return told
}

// TestForecastSpan: it simulates from Now and prints from From to To, both ends
// included.
func TestForecastSpan(t *testing.T) {
	now := on(1, 1, 0)
	send30, send7 := "03-01 09:00 send C1 A1/before_end:P30D", "03-24 09:00 send C1 A1/before_end:P7D"
	cases := []struct {
		name     string
		from, to time.Time
		want     []string
	}{
		{"all of it", now, on(12, 31, 0), []string{send30, send7}},
		{"both ends are included", on(3, 1, 9), on(3, 24, 9), []string{send30, send7}},
		{"a second after the first, a second before the last", on(3, 1, 9).Add(time.Second), on(3, 24, 9).Add(-time.Second), nil},
		{"what leaves before From still counts as sent", on(3, 2, 0), on(12, 31, 0), []string{send7}},
		{"nothing in it", now, on(2, 1, 0), nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			set, d := plain()
			d.Events = nil
			if got := tellForecast(t, Span{Now: now, From: c.from, To: c.to}, set, d); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestForecastRepeatsNothing: what the database already says is not printed
// again, and a gate that held a reminder before is not printed a second time.
func TestForecastRepeatsNothing(t *testing.T) {
	set, d := plain()
	d.Events = []renewal.Event{{ID: 3, Type: renewal.ComplaintEvent, CustomerID: 1, At: on(2, 20, 12), StoredAt: on(2, 20, 12)}}
	span := Span{Now: on(3, 1, 9), From: on(3, 1, 9), To: on(3, 23, 0)}
	want := []string{"03-01 09:00 wait C1 A1/before_end:P30D", "03-22 12:00 send C1 A1/before_end:P30D"}
	if got := tellForecast(t, span, set, clone(d)); !slices.Equal(got, want) {
		t.Errorf("at first: got %q, want %q", got, want)
	}
	d.Reminders = Decide(on(3, 1, 9), set, Standing{}, d).Changes
	span.Now = on(3, 5, 0)
	if got := tellForecast(t, span, set, clone(d)); !slices.Equal(got, want[1:]) {
		t.Errorf("after the pass: got %q, want %q", got, want[1:])
	}
}

// TestForecastOrder: lines go by instant, then customer (refs compare as bytes),
// then the rule's place, then before the end before after it.
func TestForecastOrder(t *testing.T) {
	set, first := plain()
	set.Rules = []renewal.Rule{
		{Name: "two sides", Class: renewal.Commercial, BeforeEnd: []renewal.Period{renewal.Days(0)}, AfterEnd: []renewal.Period{renewal.Days(31)}},
		{Name: "last", Class: renewal.Commercial, BeforeEnd: []renewal.Period{renewal.Days(0)}},
	}
	_, second := plain()
	for _, d := range []*renewal.Dossier{first, second} {
		d.Events = nil
		old := d.Agreements[0]
		old.ID, old.Ref, old.EndsOn, old.Terms = 9, "A0", renewal.NewDate(2027, time.February, 28), nil
		d.Agreements = append(d.Agreements, old)
	}
	first.Customers[0].Ref = "a"
	second.Customers[0].Ref = "B"
	span := Span{Now: on(3, 2, 0), From: on(3, 2, 0), To: on(4, 1, 0)}
	want := []string{
		"03-31 09:00 send B A1/before_end:P0D", "03-31 09:00 send B A0/after_end:P31D", "03-31 09:00 send B A1/before_end:P0D",
		"03-31 09:00 send a A1/before_end:P0D", "03-31 09:00 send a A0/after_end:P31D", "03-31 09:00 send a A1/before_end:P0D",
	}
	if got := tellForecast(t, span, set, first, second); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestForecastStops: an error of the reader ends the forecast and comes back.
func TestForecastStops(t *testing.T) {
	set, d := plain()
	full := errors.New("no room")
	span := Span{Now: on(1, 1, 0), From: on(1, 1, 0), To: on(12, 31, 0)}
	if err := Forecast(span, set, []*renewal.Dossier{d}, func(Line) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}
