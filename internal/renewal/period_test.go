package renewal

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// smallPeriod draws periods as people write them: parts of 0 to 40.
func smallPeriod() *rapid.Generator[Period] {
	part := rapid.IntRange(0, 40)
	return rapid.Custom(func(t *rapid.T) Period {
		return Period{part.Draw(t, "years"), part.Draw(t, "months"), part.Draw(t, "weeks"), part.Draw(t, "days"), true}
	})
}

func TestParsePeriod(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Period
		out  string
	}{
		{"P30D", Period{Days: 30, Set: true}, "P30D"},
		{"P1M", Period{Months: 1, Set: true}, "P1M"},
		{"P1Y6M", Period{Years: 1, Months: 6, Set: true}, "P1Y6M"},
		{"P2W", Period{Weeks: 2, Set: true}, "P2W"},
		{"P1Y2M3W4D", Period{1, 2, 3, 4, true}, "P1Y2M3W4D"},
		{"P0D", Period{Set: true}, "P0D"},
		{"P0Y", Period{Set: true}, "P0D"},
		{"P1Y0M", Period{Years: 1, Set: true}, "P1Y"},
		{"P007D", Period{Days: 7, Set: true}, "P7D"},
		{"P3700000D", Period{Days: 3_700_000, Set: true}, "P3700000D"},
	} {
		got, err := ParsePeriod(c.in)
		if err != nil || got != c.want || got.String() != c.out {
			t.Errorf("ParsePeriod(%q) = %+v (%s), %v; want %+v (%s)", c.in, got, got, err, c.want, c.out)
		}
	}
}

func TestParsePeriodRefuses(t *testing.T) {
	for _, s := range []string{
		"", "P", "30", "30D", "D30", "P30", "PD", "p30d", "P30d", "P1.5M", "P1,5M", "P-1D", "-P1D", "+P1D", "P+1D",
		" P1D", "P1D ", "P 1D", "P1D1D", "P1D1M", "P1M1Y", "P1W1M", "P1D2W", "P1Y1Y", "P1Q", "P1é",
		"PT1H", "P1DT", "P1DT12H", "PT", "P3700001D", "P99999999999999999999D", "P٣D",
	} {
		got, err := ParsePeriod(s)
		if err == nil || got != (Period{}) {
			t.Errorf("ParsePeriod(%q) = %+v, %v, want a refusal", s, got, err)
			continue
		}
		if !strings.Contains(err.Error(), "is not a period: ") {
			t.Errorf("ParsePeriod(%q) says %q, which is no sentence about a period", s, err)
		}
	}
}

func TestPeriodRoundTrip(t *testing.T) {
	part := rapid.IntRange(0, maxPeriodPart)
	rapid.Check(t, func(t *rapid.T) {
		p := Period{part.Draw(t, "years"), part.Draw(t, "months"), part.Draw(t, "weeks"), part.Draw(t, "days"), true}
		if got, err := ParsePeriod(p.String()); err != nil || got != p {
			t.Errorf("ParsePeriod(%s) = %+v, %v, want %+v", p, got, err, p)
		}
		var got Period
		if err := got.UnmarshalText([]byte(p.String())); err != nil || got != p {
			t.Errorf("UnmarshalText(%s) = %+v, %v, want %+v", p, got, err, p)
		}
	})
}

func TestNoPeriodAndPeriodOfNothing(t *testing.T) {
	none, nothing := Period{}, MustPeriod("P0D")
	if none.String() != "" || nothing.String() != "P0D" || none == nothing {
		t.Errorf("no period is %q, the period of nothing %q", none, nothing)
	}
	if !none.IsZero() || !nothing.IsZero() {
		t.Error("a period that moves no date is not zero")
	}
	if err := nothing.UnmarshalText(nil); err != nil || nothing != none {
		t.Errorf("the empty text is %+v, %v, want no period", nothing, err)
	}
	d := date(t, "2027-03-01")
	if d.Add(none) != d || d.Sub(none) != d || none.Times(3) != none {
		t.Error("no period moves a date")
	}
}

func TestMustPeriodPanicsOnAFault(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustPeriod took 30D")
		}
	}()
	MustPeriod("30D")
}

func TestAddAndSub(t *testing.T) {
	for _, c := range []struct{ from, op, period, want string }{
		{"2027-01-31", "+", "P1M", "2027-02-28"},
		{"2028-01-31", "+", "P1M", "2028-02-29"},
		{"2027-03-31", "-", "P1M", "2027-02-28"},
		{"2028-03-31", "-", "P1M", "2028-02-29"},
		{"2028-02-29", "+", "P1Y", "2029-02-28"},
		{"2028-02-29", "+", "P4Y", "2032-02-29"},
		{"2028-02-29", "-", "P1Y", "2027-02-28"},
		{"2028-02-29", "+", "P1Y1M", "2029-03-29"}, // years and months are one step: no clamp in between
		{"2027-01-31", "+", "P1M1D", "2027-03-01"}, // months are clamped before the days are added
		{"2027-03-31", "-", "P1M1D", "2027-02-27"}, // and before they are taken off
		{"2027-01-31", "+", "P1M1W1D", "2027-03-08"},
		{"2027-12-31", "+", "P2M", "2028-02-29"},
		{"2027-01-15", "-", "P1M", "2026-12-15"},
		{"2027-01-15", "-", "P25M", "2024-12-15"},
		{"2027-03-01", "-", "P60D", "2026-12-31"},
		{"2027-03-01", "+", "P2W", "2027-03-15"},
		{"2027-03-01", "+", "P0D", "2027-03-01"},
	} {
		from, p := date(t, c.from), MustPeriod(c.period)
		got := from.Add(p)
		if c.op == "-" {
			got = from.Sub(p)
		}
		if got.String() != c.want {
			t.Errorf("%s %s %s = %s, want %s", c.from, c.op, c.period, got, c.want)
		}
	}
}

// naiveShift adds (sign 1) or subtracts (sign -1) a period one step at a time:
// month by month on the first of the month, then the day of the month moved
// down until the month has it, then day by day.
func naiveShift(d Date, p Period, sign int) Date {
	at := d.Time()
	first := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	for range p.Years*12 + p.Months {
		first = first.AddDate(0, sign, 0)
	}
	day := at.Day()
	for first.AddDate(0, 0, day-1).Month() != first.Month() {
		day--
	}
	at = first.AddDate(0, 0, day-1)
	for range p.Weeks {
		at = at.AddDate(0, 0, 7*sign)
	}
	for range p.Days {
		at = at.AddDate(0, 0, sign)
	}
	return LocalDate(at, time.UTC)
}

func TestAddAndSubAgainstStepByStep(t *testing.T) {
	near := rapid.Int32Range(int32(NewDate(1890, 1, 1)), int32(NewDate(2110, 1, 1)))
	rapid.Check(t, func(t *rapid.T) {
		d, p := Date(near.Draw(t, "date")), smallPeriod().Draw(t, "period")
		if got, want := d.Add(p), naiveShift(d, p, 1); got != want {
			t.Errorf("%s + %s = %s, want %s", d, p, got, want)
		}
		if got, want := d.Sub(p), naiveShift(d, p, -1); got != want {
			t.Errorf("%s - %s = %s, want %s", d, p, got, want)
		}
	})
}

func TestAddKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, p := anyDate().Draw(t, "a"), anyDate().Draw(t, "b"), smallPeriod().Draw(t, "period")
		if a <= b && (a.Add(p) > b.Add(p) || a.Sub(p) > b.Sub(p)) {
			t.Errorf("%s <= %s, but not after moving both by %s", a, b, p)
		}
		if a.Add(p) < a || a.Sub(p) > a {
			t.Errorf("%s moves %s the wrong way", p, a)
		}
	})
}
