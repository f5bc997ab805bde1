package renewal

import (
	"testing"

	"pgregory.net/rapid"
)

func TestSlack(t *testing.T) {
	for _, c := range []struct {
		endsOn, term string
		want         int
	}{
		{"2027-12-31", "P1Y", 60}, // half of 365 days, but never more than 60
		{"2027-12-31", "P4M", 60}, // half of 122 days
		{"2027-03-31", "P1M", 15}, // 31 days, from 28 February: half of 31
		{"2027-03-30", "P1M", 15}, // 30 days
		{"2027-03-28", "P1M", 14}, // 28 days
		{"2027-03-31", "P7D", 3},  // rounded down
		{"2027-03-31", "P1D", 0},  // only on the last day itself
		{"2027-03-31", "P119D", 59},
		{"2027-03-31", "P120D", 60},
		{"2027-03-31", "", 60},
	} {
		var term Period
		if err := term.UnmarshalText([]byte(c.term)); err != nil {
			t.Fatal(err)
		}
		if got := Slack(date(t, c.endsOn), term); got != c.want {
			t.Errorf("Slack(%s, %q) = %d, want %d", c.endsOn, c.term, got, c.want)
		}
	}
}

func TestIsCorrection(t *testing.T) {
	for _, c := range []struct {
		from, to, term string
		want           bool
	}{
		{"2027-12-31", "2028-01-01", "P1Y", true},
		{"2027-12-31", "2027-12-01", "P1Y", true},
		{"2027-12-31", "2028-02-28", "P1Y", true}, // 59 days
		{"2027-12-31", "2028-03-01", "P1Y", false},
		{"2027-12-31", "2028-12-31", "P1Y", false},
		{"2027-04-30", "2027-05-14", "P1M", true},
		{"2027-04-30", "2027-05-31", "P1M", false},
		{"2027-04-30", "2027-03-31", "P1M", false},
		{"2027-03-31", "2027-04-14", "P30D", true},
		{"2027-03-31", "2027-04-15", "P30D", false}, // half the term is not less than half
		{"2027-03-31", "2027-03-16", "P30D", false},
		{"2027-03-31", "2027-04-02", "P7D", true},
		{"2027-03-31", "2027-04-04", "P7D", false},
	} {
		if got := IsCorrection(date(t, c.from), date(t, c.to), MustPeriod(c.term)); got != c.want {
			t.Errorf("IsCorrection(%s, %s, %s) = %v, want %v", c.from, c.to, c.term, got, c.want)
		}
	}
}

// rollTwelve rolls an agreement twelve times and returns the ends.
func rollTwelve(a *Agreement) []string {
	var ends []string
	for range 12 {
		end, ok := a.NextEnd()
		if !ok {
			return append(ends, "none")
		}
		a.Terms = append(a.Terms, Term{StartsOn: a.RenewsOn(), EndsOn: end, Cause: CausePayment})
		a.EndsOn = end
		ends = append(ends, end.String())
	}
	return ends
}

// TestRepetitionNeverDrifts: start 31 January, term P1M; the renewals are on 28
// February, 31 March, 30 April … and each end is the day before.
func TestRepetitionNeverDrifts(t *testing.T) {
	a := Agreement{StartsOn: date(t, "2027-01-31"), EndsOn: date(t, "2027-02-27"), Term: MustPeriod("P1M")}
	want := []string{"2027-03-30", "2027-04-29", "2027-05-30", "2027-06-29", "2027-07-30", "2027-08-30",
		"2027-09-29", "2027-10-30", "2027-11-29", "2027-12-30", "2028-01-30", "2028-02-28"}
	for i, end := range rollTwelve(&a) {
		if end != want[i] {
			t.Errorf("end %d is %s, want %s", i+2, end, want[i])
		}
	}
	if a.StartsOn.String() != "2027-01-31" {
		t.Errorf("the first day of the first term moved to %s", a.StartsOn)
	}
}

// TestGridWithoutStart: the grid starts at the renewal date, and stays there.
func TestGridWithoutStart(t *testing.T) {
	for name, start := range map[string]string{"no start": "", "off the grid": "2026-05-17"} {
		a := Agreement{StartsOn: date(t, start), EndsOn: date(t, "2027-01-30"), Term: MustPeriod("P1M")}
		want := []string{"2027-02-27", "2027-03-30", "2027-04-29"}
		for i, end := range rollTwelve(&a)[:3] {
			if end != want[i] {
				t.Errorf("%s: end %d is %s, want %s", name, i+1, end, want[i])
			}
		}
	}
}

func TestNoNextEndWithoutATerm(t *testing.T) {
	for name, a := range map[string]Agreement{
		"no term":         {EndsOn: date(t, "2027-01-30")},
		"a term of P0D":   {EndsOn: date(t, "2027-01-30"), Term: MustPeriod("P0D")},
		"no end":          {Term: MustPeriod("P1M")},
		"product without": {EndsOn: date(t, "2027-01-30"), Product: &Product{}},
	} {
		if end, ok := a.NextEnd(); ok {
			t.Errorf("%s: the next end is %s", name, end)
		}
	}
	a := Agreement{EndsOn: date(t, "2027-01-30"), Product: &Product{Term: MustPeriod("P1M")}}
	if end, ok := a.NextEnd(); !ok || end.String() != "2027-02-27" {
		t.Errorf("with the product's term the next end is %s, %v", end, ok)
	}
}

// anyTerm draws a period of at least a day.
func anyTerm() *rapid.Generator[Period] {
	return rapid.OneOf(
		rapid.SampledFrom([]Period{MustPeriod("P1M"), MustPeriod("P3M"), MustPeriod("P1Y"), MustPeriod("P2Y"), MustPeriod("P30D"), MustPeriod("P4W")}),
		rapid.Map(smallPeriod(), func(p Period) Period { p.Days++; return p }),
	)
}

// TestNthEndIsCountedFromTheFirstStart: wherever on its grid an agreement
// stands, the next end is start + (n+1) × term − P1D, also after many rolls.
func TestNthEndIsCountedFromTheFirstStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := Date(rapid.Int32Range(int32(NewDate(1950, 1, 1)), int32(NewDate(2050, 1, 1))).Draw(t, "start"))
		term, n := anyTerm().Draw(t, "term"), rapid.IntRange(1, 200).Draw(t, "n")
		nth := func(n int) Date { return start.Add(term.Times(n)) - 1 }
		a := Agreement{StartsOn: start, EndsOn: nth(n), Term: term}
		if end, ok := a.NextEnd(); !ok || end != nth(n+1) {
			t.Errorf("the end after %s is %s, %v, want %s", a.EndsOn, end, ok, nth(n+1))
		}
		if got, ok := onGrid(start, nth(n), term); !ok || got != n {
			t.Errorf("%s is end %d, %v, want %d", nth(n), got, ok, n)
		}
		for _, near := range []Date{nth(n) - 1, nth(n) + 1} {
			if near != nth(n-1) && near != nth(n+1) {
				if got, ok := onGrid(start, near, term); ok {
					t.Errorf("%s is taken for end %d", near, got)
				}
			}
		}
		a.EndsOn = nth(1)
		for _, end := range rollTwelve(&a) {
			if end == "none" {
				t.Fatal("an agreement with a term did not roll")
			}
		}
		if a.EndsOn != nth(13) {
			t.Errorf("after twelve rolls the end is %s, want %s", a.EndsOn, nth(13))
		}
	})
}

func TestCancelBy(t *testing.T) {
	for _, c := range []struct{ endsOn, notice, want string }{
		{"2027-12-31", "", "2027-12-31"}, // P1D, so the end itself
		{"2027-12-31", "P1D", "2027-12-31"},
		{"2027-12-31", "P0D", "2028-01-01"},
		{"2027-12-31", "P1M", "2027-12-01"},
		{"2027-12-31", "P30D", "2027-12-02"},
		{"2027-03-30", "P1M", "2027-02-28"}, // renews on 31 March
	} {
		a := Agreement{EndsOn: date(t, c.endsOn)}
		if err := a.NoticePeriod.UnmarshalText([]byte(c.notice)); err != nil {
			t.Fatal(err)
		}
		if got := a.CancelBy(); got.String() != c.want {
			t.Errorf("ends on %s, notice %q: cancel by %s, want %s", c.endsOn, c.notice, got, c.want)
		}
		if got := a.RenewsOn(); got != a.EndsOn+1 {
			t.Errorf("ends on %s: renews on %s", c.endsOn, got)
		}
	}
}

// TestTermStart: the first day of the term in force, also where an import brought
// an agreement that began whole terms ago.
func TestTermStart(t *testing.T) {
	term := func(starts, ends, replaced string) Term {
		one := Term{EndsOn: date(t, ends)}
		if starts != "" {
			one.StartsOn = date(t, starts)
		}
		if replaced != "" {
			one.Replaced = date(t, replaced)
		}
		return one
	}
	for _, c := range []struct {
		name, starts, ends, length string
		terms                      []Term
		want                       string
	}{
		{"written", "2026-04-01", "2027-03-31", "P1Y", []Term{term("2026-04-01", "2027-03-31", "")}, "2026-04-01"},
		{"begun long ago", "2019-04-01", "2027-03-31", "P1Y", []Term{term("2019-04-01", "2027-03-31", "")}, "2026-04-01"},
		{"from the 31st", "2027-01-31", "2027-03-30", "P1M", nil, "2027-02-28"},
		{"off its grid", "2019-04-05", "2027-03-31", "P1Y", nil, "2019-04-05"},
		{"without a length", "2019-04-01", "2027-03-31", "", nil, "2019-04-01"},
		{"after another", "2019-04-01", "2027-03-31", "P1Y", []Term{term("2025-04-01", "2026-03-31", ""), term("", "2027-03-31", "2026-03-31")}, "2026-04-01"},
		{"not known", "", "2027-03-31", "P1Y", nil, ""},
	} {
		a := Agreement{EndsOn: date(t, c.ends), Terms: c.terms}
		if c.starts != "" {
			a.StartsOn = date(t, c.starts)
		}
		if c.length != "" {
			a.Term = MustPeriod(c.length)
		}
		if got := a.TermStart(); got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
