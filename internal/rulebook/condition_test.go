package rulebook

import (
	"strings"
	"testing"

	"renewd/internal/renewal"
)

// TestConditionsAtTheirBounds: what is exactly as long as a bound, and a day or
// a month off.
func TestConditionsAtTheirBounds(t *testing.T) {
	b := loaded(t)
	trial := func(ends string) Subject {
		s := subject(t, "2027-03-01", "2028-02-29", "P1Y")
		s.TrialEndsOn = date(t, ends)
		return s
	}
	for _, c := range []struct {
		id   string
		name string
		s    Subject
		want bool
	}{
		{"us-ca-renewal", "first term of P1Y", subject(t, "2027-01-01", "2027-12-31", "P1Y"), true},
		{"us-ca-renewal", "first term of P12M, then P2M", subject(t, "2027-01-01", "2027-12-31", "P2M"), true},
		{"us-ca-renewal", "first term of P11M", subject(t, "2027-01-01", "2027-11-30", "P1Y"), false},
		{"us-ca-renewal", "a day less than a year", subject(t, "2027-01-01", "2027-12-30", "P1Y"), false},
		{"us-ca-renewal", "365 days with a leap day among them", subject(t, "2028-01-01", "2028-12-30", "P1Y"), false},
		{"us-ca-renewal", "next term of P1M", subject(t, "2027-01-01", "2027-12-31", "P1M"), false},
		{"us-ca-renewal", "next term of P31D, a January", subject(t, "2027-01-01", "2027-12-31", "P31D"), false},
		{"us-ca-renewal", "next term of P32D", subject(t, "2027-01-01", "2027-12-31", "P32D"), true},
		{"us-ca-trial", "31 days", trial("2027-03-31"), false},
		{"us-ca-trial", "32 days", trial("2027-04-01"), true},
		{"us-ny-renewal", "next term of P6M", subject(t, "2027-01-01", "2027-12-31", "P6M"), true},
		{"us-ny-renewal", "next term of P5M", subject(t, "2027-01-01", "2027-12-31", "P5M"), false},
		{"us-nyc-renewal", "next term of P1M", subject(t, "2027-01-01", "2027-12-31", "P1M"), true},
		{"us-ny-trial", "a month, March", trial("2027-03-31"), false},
		{"us-ny-trial", "a month and a day", trial("2027-04-01"), true},
		{"us-dc-trial", "a month", trial("2027-03-31"), true},
		{"us-dc-trial", "a day less than a month", trial("2027-03-30"), false},
		{"us-va-trial", "30 days", trial("2027-03-30"), false},
		{"us-va-trial", "31 days", trial("2027-03-31"), true},
		{"us-mn-trial", "30 days", trial("2027-03-30"), false},
		{"us-mn-trial", "31 days", trial("2027-03-31"), true},
		{"mc-trial", "7 days", trial("2027-03-07"), false},
		{"mc-trial", "8 days", trial("2027-03-08"), true},
		{"visa-trial", "a day", trial("2027-03-01"), true},
		{"us-il", "next term of P1M", subject(t, "2027-01-01", "2027-12-31", "P1M"), false},
		{"us-dc", "next term of P1M", subject(t, "2027-01-01", "2027-12-31", "P1M"), true},
		{"us-va", "P30D next", subject(t, "2027-01-01", "2027-12-31", "P30D"), false},
		{"us-va", "P31D next", subject(t, "2027-01-01", "2027-12-31", "P31D"), true},
		{"us-va", "six months, then six: twelve in all", subject(t, "2027-01-01", "2027-06-30", "P6M"), false},
		{"us-va", "six months, then seven", subject(t, "2027-01-01", "2027-06-30", "P7M"), true},
		{"us-ut", "P45D next", subject(t, "2027-01-01", "2027-12-31", "P45D"), false},
		{"us-ut", "P46D next", subject(t, "2027-01-01", "2027-12-31", "P46D"), true},
		{"us-ma", "a month", subject(t, "2027-01-01", "2027-01-31", "P1M"), false},
		{"us-ma-monthly", "a month", subject(t, "2027-01-01", "2027-01-31", "P1M"), true},
		{"us-ma", "32 days", subject(t, "2027-01-01", "2027-02-01", "P32D"), true},
		{"us-ma-monthly", "32 days", subject(t, "2027-01-01", "2027-02-01", "P32D"), false},
		{"us-ct-renewal", "180 days", subject(t, "2027-01-01", "2027-06-29", "P1Y"), false},
		{"us-ct-renewal", "181 days", subject(t, "2027-01-01", "2027-06-30", "P1Y"), true},
		{"mc-renewal", "P6M", subject(t, "2027-01-01", "2027-06-30", "P6M"), true},
		{"mc-renewal", "P5M", subject(t, "2027-01-01", "2027-05-31", "P5M"), false},
		{"ca-qc", "60 days", subject(t, "2027-01-01", "2027-03-01", "P60D"), false},
		{"ca-qc", "61 days", subject(t, "2027-01-01", "2027-03-02", "P60D"), true},
		{"br", "P11M", subject(t, "2027-01-01", "2027-11-30", "P11M"), false},
		{"br", "P12M", subject(t, "2027-01-01", "2027-12-31", "P12M"), true},
	} {
		if got := one(t, b, c.id, c.s) != ""; got != c.want {
			t.Errorf("%s, %s: applies %v, want %v", c.id, c.name, got, c.want)
		}
	}
}

// TestUnknownLosesNoNotice: of an agreement of which only its end is known,
// every duty about renewals that has a window opens one.
func TestUnknownLosesNoNotice(t *testing.T) {
	s := Subject{EndsOn: date(t, "2028-12-31")}
	for _, d := range loaded(t).All() {
		if !d.Latest.Set || !d.followsTerm() {
			continue
		}
		if len(Windows([]*Duty{d}, s, nil)) != 1 {
			t.Errorf("%s has no window where only the end is known", d.ID)
		}
	}
	if got := Windows(loaded(t).All(), Subject{StartsOn: date(t, "2027-01-01")}, nil); len(got) != 0 {
		t.Errorf("%d windows of an agreement without an end", len(got))
	}
}

// renewals walks an agreement term by term and returns the renewal days on which
// the duty has a window.
func renewals(t *testing.T, d *Duty, starts, first, next string, terms int) string {
	t.Helper()
	start := date(t, starts)
	renewsOn, from := start.Add(renewal.MustPeriod(first)), start
	firstEnds := renewsOn - 1
	var days []string
	for n := range terms {
		s := Subject{StartsOn: start, FirstEndsOn: firstEnds, TermStartsOn: from, EndsOn: renewsOn - 1, Term: renewal.MustPeriod(next)}
		if len(Windows([]*Duty{d}, s, nil)) > 0 {
			days = append(days, renewsOn.String())
		}
		from, renewsOn = renewsOn, (firstEnds + 1).Add(renewal.MustPeriod(next).Times(n+1))
	}
	return strings.Join(days, " ")
}

func TestCadences(t *testing.T) {
	b := loaded(t)
	for _, c := range []struct {
		id, starts, first, next string
		terms                   int
		want                    string
	}{
		// Colorado: once a year for a monthly plan, every renewal of a year or more.
		{"us-co", "2027-01-15", "P1M", "P1M", 40, "2028-01-15 2029-01-15 2030-01-15"},
		// Renewed on the 28th, since a February was short: the 31st lies in that term.
		{"us-co", "2027-01-31", "P1M", "P1M", 26, "2028-01-28 2029-01-28"},
		{"us-co", "2027-01-01", "P1Y", "P1Y", 3, "2028-01-01 2029-01-01 2030-01-01"},
		{"us-co", "2027-01-01", "P2Y", "P2Y", 2, "2029-01-01 2031-01-01"},
		{"us-co", "2027-01-01", "P6M", "P6M", 4, "2028-01-01 2029-01-01"},
		{"us-co", "2027-01-01", "P5M", "P5M", 5, "2027-11-01 2028-09-01"},
		{"us-co", "2028-02-29", "P1Y", "P1Y", 2, "2029-02-28 2030-02-28"},
		// Delaware: each renewal of more than a month that goes past 12 months.
		{"us-de", "2027-01-01", "P6M", "P6M", 4, "2028-01-01 2028-07-01 2029-01-01"},
		{"us-de", "2027-01-01", "P1Y", "P1Y", 3, "2028-01-01 2029-01-01 2030-01-01"},
		{"us-de", "2027-01-01", "P1Y", "P1M", 20, ""},
		// The District of Columbia: the first renewal, then once a year.
		{"us-dc", "2027-01-01", "P1Y", "P1M", 26, "2028-01-01 2029-01-01 2030-01-01"},
		{"us-dc", "2027-01-01", "P1Y", "P1Y", 3, "2028-01-01 2029-01-01 2030-01-01"},
		{"us-dc", "2027-01-01", "P18M", "P3M", 6, "2028-07-01 2029-07-01"},
		{"us-dc", "2027-01-01", "P6M", "P1Y", 3, ""},
		// A reminder every year, on the term that reaches the anniversary.
		{"us-ca-annual", "2027-01-15", "P1M", "P1M", 25, "2028-01-15 2029-01-15"},
		{"us-ca-annual", "2027-01-01", "P5M", "P5M", 5, "2028-04-01 2029-02-01"},
		{"us-ct-annual", "2027-01-01", "P3Y", "P3Y", 2, "2030-01-01 2033-01-01"},
		{"us-mn-yearly", "2027-01-10", "P1M", "P1M", 25, "2028-01-10 2029-01-10"},
	} {
		if got := renewals(t, b.Duty(c.id), c.starts, c.first, c.next, c.terms); got != c.want {
			t.Errorf("%s, %s from %s, then %s: %q, want %q", c.id, c.first, c.starts, c.next, got, c.want)
		}
	}
}

// TestAnniversaryWindows: the first anniversary of a term of years, and a window
// that stays in its calendar year.
func TestAnniversaryWindows(t *testing.T) {
	b := loaded(t)
	for _, c := range []struct{ id, starts, ends, want string }{
		{"us-ca-annual", "2027-01-01", "2029-12-31", "2027-12-02..2028-01-01"}, // and the next two years
		{"us-ca-annual", "2027-01-01", "2027-12-30", ""},
		{"us-mn-yearly", "2027-01-10", "2028-01-09", "2027-12-11..2027-12-31"},
		{"us-mn-yearly", "2027-01-01", "2027-12-31", "2027-12-02..2027-12-31"},
		{"us-mn-yearly", "2027-01-15", "2028-01-14", "2027-12-16..2027-12-31"}, // 16 days of December, 15 of January
		{"us-mn-yearly", "2027-01-16", "2028-01-15", "2028-01-01..2028-01-16"}, // 15 and 16
		{"us-mn-yearly", "2027-12-31", "2028-12-30", "2028-12-01..2028-12-31"},
		{"us-mn-yearly", "2027-06-10", "2028-06-09", "2028-05-11..2028-06-10"},
	} {
		if got := one(t, b, c.id, subject(t, c.starts, c.ends, "P1Y")); got != c.want {
			t.Errorf("%s, %s to %s: %q, want %q", c.id, c.starts, c.ends, got, c.want)
		}
	}
}

// TestEveryYearOfATerm: a term of several years has a window for each of them, up to
// the day of renewal.
func TestEveryYearOfATerm(t *testing.T) {
	b := loaded(t)
	for ends, want := range map[string]string{
		"2029-12-31": "2028-01-01 2029-01-01 2030-01-01",
		"2030-06-30": "2028-01-01 2029-01-01 2030-01-01",
		"2028-12-30": "2028-01-01",
	} {
		var days []string
		for _, w := range Windows([]*Duty{b.Duty("us-ct-annual")}, subject(t, "2027-01-01", ends, "P3Y"), nil) {
			days = append(days, w.On.String())
		}
		if got := strings.Join(days, " "); got != want {
			t.Errorf("until %s: %s, want %s", ends, got, want)
		}
	}
}

func TestSupersedes(t *testing.T) {
	b := loaded(t)
	s := subject(t, "2027-03-01", "2028-02-29", "P1Y")
	s.Country, s.Region, s.TrialEndsOn = "US", "CA", date(t, "2027-04-30")
	ids := func(windows []Window) string {
		var list []string
		for _, w := range windows {
			list = append(list, w.Duty.ID)
		}
		return strings.Join(list, " ")
	}
	both := b.Select([]string{"us-ca-trial", "us-ca-renewal"}, s)
	if got := ids(Windows(both, s, nil)); got != "us-ca-renewal" {
		t.Errorf("a trial in a first term of a year: %s", got)
	}
	if got := ids(Windows(b.Select([]string{"us-ca-trial"}, s), s, nil)); got != "us-ca-trial" {
		t.Errorf("where only the trial is looked at: %s", got)
	}
	s.EndsOn = date(t, "2027-08-31")
	s.FirstEndsOn = s.EndsOn
	if got := ids(Windows(both, s, nil)); got != "us-ca-trial" {
		t.Errorf("a trial in a first term of six months: %s", got)
	}
}

func TestFirstDayOfALaw(t *testing.T) {
	b := loaded(t)
	yearUntil := func(ends string) Subject {
		s := Subject{EndsOn: date(t, ends), Term: renewal.MustPeriod("P1Y")}
		s.StartsOn = (s.EndsOn + 1).Sub(renewal.MustPeriod("P1Y"))
		s.TermStartsOn, s.FirstEndsOn = s.StartsOn, s.EndsOn
		return s
	}
	for _, c := range []struct{ id, ends, want string }{
		{"us-ny-renewal", "2023-12-27", ""},                       // closes 12 December 2023
		{"us-ny-renewal", "2023-12-28", "2023-11-13..2023-12-13"}, // closes on the first day
		{"mx", "2025-12-16", ""},
		{"mx", "2025-12-17", "2025-11-13..2025-12-13"},
	} {
		if got := one(t, b, c.id, yearUntil(c.ends)); got != c.want {
			t.Errorf("%s, ends %s: %q, want %q", c.id, c.ends, got, c.want)
		}
	}
	// California's rules of 2025 bind older contracts from their next term on.
	for _, c := range []struct {
		name, starts, termStarts string
		want                     bool
	}{
		{"started before, still in its first term", "2025-06-30", "2025-06-30", false},
		{"started on the day", "2025-07-01", "2025-07-01", true},
		{"extended since", "2024-06-30", "2026-06-30", true},
		{"start unknown", "", "", true},
	} {
		s := Subject{StartsOn: date(t, c.starts), TermStartsOn: date(t, c.termStarts), EndsOn: date(t, "2027-06-29"), NewPriceFrom: date(t, "2027-06-01")}
		if got := one(t, b, "us-ca-price", s) != ""; got != c.want {
			t.Errorf("%s: applies %v, want %v", c.name, got, c.want)
		}
	}
	older := *b.Duty("us-ca-price")
	older.OrExtended = false
	s := subject(t, "2024-06-30", "2027-06-29", "P1Y")
	s.TermStartsOn, s.NewPriceFrom = date(t, "2026-06-30"), date(t, "2027-06-01")
	if got := Windows([]*Duty{&older}, s, nil); len(got) != 0 {
		t.Errorf("a contract of before, where extension does not count, has %d windows", len(got))
	}
}

// TestEveryCalendarYear: whatever the day of the start, ten years have ten
// notices of Minnesota's, one in each, whichever day of its window is taken.
func TestEveryCalendarYear(t *testing.T) {
	d := loaded(t).Duty("us-mn-yearly")
	for offset := range 366 {
		start := renewal.NewDate(2028, 1, 1).AddDays(offset)
		seen := map[int]bool{}
		for n := 1; n <= 10; n++ {
			renewsOn := start.Add(renewal.Period{Years: n, Set: true})
			s := Subject{StartsOn: start, TermStartsOn: start.Add(renewal.Period{Years: n - 1, Set: true}), EndsOn: renewsOn - 1}
			windows := Windows([]*Duty{d}, s, nil)
			if len(windows) != 1 {
				t.Fatalf("started %s, year %d: %d windows", start, n, len(windows))
			}
			opens, _, _ := windows[0].Opens.Civil()
			closes, _, _ := windows[0].Closes.Civil()
			if opens != closes || seen[opens] || windows[0].Closes-windows[0].Opens < 14 {
				t.Fatalf("started %s: the window %s, after the years %v", start, span(windows[0].Opens, windows[0].Closes), seen)
			}
			seen[opens] = true
		}
	}
}
