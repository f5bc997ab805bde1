package rulebook

import (
	"fmt"
	"strconv"
	"strings"

	"renewd/internal/renewal"
)

// Bound compares a span of days with a period: ">=P1Y", ">P1M", "<=P31D". The
// zero Bound is met by every span.
type Bound struct {
	// Op is one of >=, >, <=, <.
	Op     string
	Period renewal.Period
}

// Set reports whether b bounds anything.
func (b Bound) Set() bool { return b.Op != "" }

// String writes b as UnmarshalText reads it.
func (b Bound) String() string { return b.Op + b.Period.String() }

// UnmarshalText reads a bound such as ">=P1Y".
func (b *Bound) UnmarshalText(text []byte) error {
	s := string(text)
	for _, op := range []string{">=", "<=", ">", "<"} {
		rest, ok := strings.CutPrefix(s, op)
		if !ok {
			continue
		}
		period, err := renewal.ParsePeriod(rest)
		if err != nil {
			return err
		}
		*b = Bound{Op: op, Period: period}
		return nil
	}
	return fmt.Errorf("%q is not a bound: write >=P1Y, >P1M, <=P31D or <P6M", s)
}

// Holds reports whether the span from its first day up to, not including, the
// day end keeps the bound. Lengths are compared on the calendar from that first
// day, so P12M equals P1Y. A span with an unknown side keeps every bound: a gap
// in the data must not lose a notice.
func (b Bound) Holds(first, end renewal.Date) bool {
	if !b.Set() || first.IsZero() || end.IsZero() {
		return true
	}
	limit := first.Add(b.Period)
	switch b.Op {
	case ">=":
		return end >= limit
	case ">":
		return end > limit
	case "<=":
		return end <= limit
	}
	return end < limit
}

// Lead is how long before its anchor a window closes: a period, or hours.
type Lead struct {
	// Period is the lead where Hours is 0.
	renewal.Period
	Hours int
}

// maxLeadHours bounds a lead in hours: a year.
const maxLeadHours = 366 * 24

// UnmarshalText reads a period such as P15D, or hours such as PT24H.
func (l *Lead) UnmarshalText(text []byte) error {
	s := string(text)
	if rest, ok := strings.CutPrefix(s, "PT"); ok {
		digits, ok := strings.CutSuffix(rest, "H")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 1 || n > maxLeadHours {
			return fmt.Errorf("%q is not a number of hours such as PT24H", s)
		}
		*l = Lead{Period: renewal.Period{Set: true}, Hours: n}
		return nil
	}
	*l = Lead{}
	return l.Period.UnmarshalText(text)
}

// MarshalText writes l as String does.
func (l Lead) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// String writes l as UnmarshalText reads it; the zero Lead is the empty string.
func (l Lead) String() string {
	if l.Hours > 0 {
		return "PT" + strconv.Itoa(l.Hours) + "H"
	}
	return l.Period.String()
}

// earliestDay counts p back from d. A day that a month lacks becomes the first
// of the next month: clamped inward, into the window.
func earliestDay(d renewal.Date, p renewal.Period) renewal.Date {
	months := renewal.Period{Years: p.Years, Months: p.Months, Set: true}
	day := d.Sub(months)
	_, _, want := d.Civil()
	if _, _, got := day.Civil(); got != want {
		day++ // Sub stopped at the last day of the month
	}
	return day.AddDays(-7*p.Weeks - p.Days)
}

// latestDay counts the lead of a duty back from d. A day that a month lacks
// becomes the last one of that month.
func latestDay(d renewal.Date, duty *Duty, holiday func(renewal.Date) bool) renewal.Date {
	switch duty.Unit {
	case UnitHour:
		return d.AddDays(-(duty.Latest.Hours + 23) / 24)
	case UnitBusinessDay:
		for left := duty.Latest.Days; left > 0; {
			d--
			if !holiday(d) {
				left--
			}
		}
		return d
	}
	return d.Sub(duty.Latest.Period)
}
