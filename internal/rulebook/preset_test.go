package rulebook

import (
	"testing"

	"renewd/internal/renewal"
)

func date(t testing.TB, s string) renewal.Date {
	t.Helper()
	var d renewal.Date
	if err := d.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return d
}

// subject is an agreement whose first term is the one in force.
func subject(t testing.TB, starts, ends, term string) Subject {
	s := Subject{StartsOn: date(t, starts), TermStartsOn: date(t, starts), EndsOn: date(t, ends), FirstEndsOn: date(t, ends)}
	if term != "" {
		s.Term = renewal.MustPeriod(term)
	}
	return s
}

// one is the window of one duty, written as opens..closes; empty for none.
func one(t testing.TB, b *Book, id string, s Subject) string {
	t.Helper()
	d := b.Duty(id)
	if d == nil {
		t.Fatalf("there is no duty %s", id)
	}
	windows := Windows([]*Duty{d}, s, PublicHolidays(nil))
	if len(windows) == 0 {
		return ""
	}
	return span(windows[0].Opens, windows[0].Closes)
}

func span(opens, closes renewal.Date) string { return opens.String() + ".." + closes.String() }

// TestRenewalPresets: a year from 1 March 2026, renewing on 1 March 2027 for
// another one; it can be cancelled until 28 February 2027. The dates were
// counted on a calendar, not by this package.
func TestRenewalPresets(t *testing.T) {
	b := loaded(t)
	s := subject(t, "2026-03-01", "2027-02-28", "P1Y")
	s.Kind = renewal.KindSubscription
	for id, want := range map[string]string{
		"us-ca-renewal":  "2027-01-15..2027-02-14", // 45 to 15 before 1 March
		"us-ca-annual":   "2027-01-30..2027-03-01",
		"us-ny-renewal":  "2027-01-14..2027-02-13", // 45 to 15 before 28 February
		"us-nyc-renewal": "2027-01-14..2027-02-13",
		"us-ny-service":  "",                       // for contracts, see below
		"us-co":          "2027-01-20..2027-02-04", // 40 to 25 before 1 March
		"us-va":          "2026-12-30..2027-01-29", // 60 to 30 before 28 February
		"us-il":          "2026-12-30..2027-01-29",
		"us-de":          "2026-12-30..2027-01-29",
		"us-dc":          "2026-12-30..2027-01-29",
		"us-vt":          "2026-12-30..2027-01-29",
		"us-fl":          "2026-12-30..2027-01-29",
		"us-ut":          "2026-12-31..2027-01-30", // 60 to 30 before 1 March
		"us-ma":          "2027-01-29..2027-02-23", // 30 to 5 before 28 February
		"us-ma-monthly":  "",
		"us-mn-yearly":   "2027-01-30..2027-03-01",
		"us-mn-renewal":  "2027-01-29..2027-02-23",
		"us-ct-renewal":  "2026-12-30..2027-02-13", // 60 to 15 before 28 February
		"us-ct-annual":   "2027-01-30..2027-03-01",
		"us-nm":          "",
		"us-reg-e":       "2027-02-12..2027-02-19",
		"mc-renewal":     "2027-02-22..2027-02-26", // 7 to 3 before 1 March
		"sepa":           "2027-02-08..2027-02-15", // 14 before 1 March, and a week
		"uk-bacs":        "2027-02-08..2027-02-15", // 10 working days: Monday 15 February
		"fr-chatel":      "2026-11-28..2027-01-28", // 3 months to 1 month before 28 February
		"es":             "2027-01-14..2027-02-13", // 15 before 28 February, and 30
		"be":             "2027-01-14..2027-02-13",
		"uk-dmcc":        "",
		"ca-qc":          "2026-11-30..2026-12-30", // 90 to 60 before 28 February
		"ca-on":          "2026-12-01..2027-01-30",
		"mx":             "2027-01-25..2027-02-24", // 5 before 1 March, and 30
		"br":             "2026-12-31..2027-01-30",
		"in-rbi":         "2027-02-21..2027-02-28", // 24 hours before 1 March, and a week
		"au":             "",
		"us-ca-trial":    "", "us-ca-price": "", "visa-trial": "", "visa-change": "",
	} {
		if got := one(t, b, id, s); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	s.Kind = renewal.KindContract
	for id, want := range map[string]string{"us-nm": "2026-12-30..2027-01-29", "us-ny-service": "2027-01-29..2027-02-13"} {
		if got := one(t, b, id, s); got != want {
			t.Errorf("%s, a contract: %q, want %q", id, got, want)
		}
	}
}

// TestNoticePeriodMovesTheAnchor: with a month's notice the last day to cancel
// is 30 January 2027, and New York no longer counts from where California does.
func TestNoticePeriodMovesTheAnchor(t *testing.T) {
	b := loaded(t)
	s := subject(t, "2026-03-01", "2027-02-28", "P1Y")
	s.CancelBy = date(t, "2027-01-30")
	for id, want := range map[string]string{
		"us-ca-renewal": "2027-01-15..2027-02-14",
		"us-ny-renewal": "2026-12-16..2027-01-15",
		"us-vt":         "2026-12-01..2026-12-31",
		"us-va":         "2026-12-01..2026-12-31",
		"us-il":         "2026-12-01..2026-12-31",
		"us-co":         "2027-01-20..2027-02-04",
		"us-ut":         "2026-12-31..2027-01-30",
		"es":            "2026-12-16..2027-01-15",
		"fr-chatel":     "2026-10-30..2026-12-30",
	} {
		if got := one(t, b, id, s); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

// TestTrialPresets: two months of trial, 1 March to 30 April 2027, in a year.
func TestTrialPresets(t *testing.T) {
	b := loaded(t)
	s := subject(t, "2027-03-01", "2028-02-29", "P1Y")
	s.TrialEndsOn = date(t, "2027-04-30")
	for id, want := range map[string]string{
		"us-ca-trial":  "2027-04-09..2027-04-27", // 21 to 3
		"us-ny-trial":  "2027-04-09..2027-04-27",
		"us-nyc-trial": "2027-04-09..2027-04-27",
		"us-md-trial":  "2027-04-09..2027-04-27",
		"us-dc-trial":  "2027-03-31..2027-04-15", // 30 to 15
		"us-va-trial":  "2027-03-31..2027-04-30", // 30 to 0
		"us-mn-trial":  "2027-03-31..2027-04-25", // 30 to 5
		"us-ma-trial":  "2027-03-31..2027-04-25",
		"us-ut-trial":  "2027-04-20..2027-04-27", // 3, and a week
		"visa-trial":   "2027-04-16..2027-04-23", // 7, and a week
		"mc-trial":     "2027-04-23..2027-04-27", // 7 to 3
		"ca-qc-trial":  "2027-04-20..2027-04-28", // 10 to 2
	} {
		if got := one(t, b, id, s); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	// A first term that is the trial itself can be left until its cancel-by date.
	s = subject(t, "2027-03-01", "2027-04-30", "P1Y")
	s.TrialEndsOn, s.CancelBy = s.EndsOn, date(t, "2027-04-24")
	if got, want := one(t, b, "us-ny-trial", s), "2027-04-03..2027-04-21"; got != want {
		t.Errorf("a trial that can be left until 24 April: %s, want %s", got, want)
	}
}

// TestTrialBelongsToOneTerm: over monthly terms, the notice of a trial is of the
// term in which its window closes, and of no other.
func TestTrialBelongsToOneTerm(t *testing.T) {
	b := loaded(t)
	for _, c := range []struct{ trial, want string }{
		{"2027-02-03", "2027-01-31"}, // closes on 31 January
		{"2027-02-04", "2027-02-28"}, // closes on 1 February
		{"2027-02-28", "2027-02-28"},
		{"2027-01-02", "2027-01-31"}, // closed before the first day: of the first term
	} {
		var got string
		for _, ends := range []string{"2027-01-31", "2027-02-28", "2027-03-31"} {
			end := date(t, ends)
			year, month, _ := end.Civil()
			s := Subject{StartsOn: date(t, "2027-01-01"), FirstEndsOn: date(t, "2027-01-31"), TermStartsOn: renewal.NewDate(year, month, 1),
				EndsOn: end, Term: renewal.MustPeriod("P1M"), TrialEndsOn: date(t, c.trial)}
			if one(t, b, "us-ut-trial", s) != "" {
				got += ends
			}
		}
		if got != c.want {
			t.Errorf("a trial until %s is of the terms %q, want %q", c.trial, got, c.want)
		}
	}
}

// TestPricePresets: a new price in the middle of the year 2027.
func TestPricePresets(t *testing.T) {
	b := loaded(t)
	s := subject(t, "2027-01-01", "2027-12-31", "P1Y")
	for _, c := range []struct{ from, id, want string }{
		{"2027-12-01", "us-ca-price", "2027-11-01..2027-11-24"},
		{"2027-12-01", "visa-change", "2027-10-25..2027-11-24"},
		{"2027-12-01", "ca-qc-change", "2027-10-02..2027-11-01"},
		// Wednesday 1 December: 30, 29, 26, 24, 23 November; the 25th is Thanksgiving.
		{"2027-12-01", "us-ny-change", "2027-11-01..2027-11-23"},
		{"2027-12-01", "us-nyc-change", "2027-11-01..2027-11-23"},
		// Friday 31 December: 30, 29, 28, 27, 23; Christmas, a Saturday, is kept on the 24th.
		{"2027-12-31", "us-ny-change", "2027-12-01..2027-12-23"},
		// Monday 3 January 2028: New Year's Day is kept on 31 December.
		{"2028-01-03", "us-ny-change", "2027-12-04..2027-12-23"},
		// Monday 12 July: Independence Day, a Sunday, is kept on the 5th.
		{"2027-07-12", "us-ny-change", "2027-06-12..2027-07-02"},
	} {
		s.NewPriceFrom = date(t, c.from)
		if got := one(t, b, c.id, s); got != c.want {
			t.Errorf("%s for a price from %s: %q, want %q", c.id, c.from, got, c.want)
		}
	}
}

// TestMonthEnds: months are clamped into the window.
func TestMonthEnds(t *testing.T) {
	b := loaded(t)
	for _, c := range []struct{ deadline, want string }{
		{"2027-05-31", "2027-03-01..2027-04-30"}, // no 31 February, no 31 April
		{"2027-05-30", "2027-03-01..2027-04-30"}, // no 30 February
		{"2027-05-29", "2027-03-01..2027-04-29"}, // no 29 February
		{"2028-05-29", "2028-02-29..2028-04-29"}, // a leap year has it
		{"2028-05-30", "2028-03-01..2028-04-30"},
		{"2027-05-28", "2027-02-28..2027-04-28"},
		{"2027-03-31", "2026-12-31..2027-02-28"},
		{"2028-03-31", "2027-12-31..2028-02-29"},
		{"2027-12-31", "2027-10-01..2027-11-30"}, // no 31 September
		{"2027-01-31", "2026-10-31..2026-12-31"},
	} {
		s := subject(t, "2026-06-01", "2027-12-31", "P1Y")
		s.EndsOn = date(t, c.deadline).AddDays(60)
		s.FirstEndsOn, s.CancelBy = s.EndsOn, date(t, c.deadline)
		if got := one(t, b, "fr-chatel", s); got != c.want {
			t.Errorf("deadline %s: %s, want %s", c.deadline, got, c.want)
		}
	}
}

// TestLeapYear: the windows around 29 February 2028.
func TestLeapYear(t *testing.T) {
	b := loaded(t)
	s := subject(t, "2027-03-01", "2028-02-29", "P1Y")
	for id, want := range map[string]string{
		"us-ca-renewal": "2028-01-16..2028-02-15", // 45 to 15 before 1 March
		"us-il":         "2027-12-31..2028-01-30", // 60 to 30 before 29 February
	} {
		if got := one(t, b, id, s); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	// A start on 29 February has its anniversary on the 28th of other years.
	s = subject(t, "2028-02-29", "2029-02-27", "P1Y")
	if got, want := one(t, b, "us-ca-annual", s), "2029-01-29..2029-02-28"; got != want {
		t.Errorf("anniversary of 29 February: %s, want %s", got, want)
	}
}
