package renewal

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period is a calendar duration of whole years, months, weeks and days (ISO
// 8601-1:2019, 5.5.2, without its time part). A period has no fixed length in
// hours: nothing in renewd divides hours by 24. The zero value is "no period";
// P0D is told apart from it by Set.
type Period struct {
	Years, Months, Weeks, Days int
	// Set is true for every period that was written down, P0D included.
	Set bool
}

// maxPeriodPart bounds each number of a period: ten thousand years of days fit.
const maxPeriodPart = 3_700_000

// Days returns the period of n days.
func Days(n int) Period { return Period{Days: n, Set: true} }

// ParsePeriod reads a period such as P30D, P1M, P1Y6M or P2W: whole numbers in
// the order Y, M, W, D, each at most once, at least one. Time parts, fractions
// and signs are refused with a sentence.
func ParsePeriod(s string) (Period, error) {
	bad := func(why string) (Period, error) {
		return Period{}, fmt.Errorf("%q is not a period: %s", s, why)
	}
	const how = "write P30D, P1M, P1Y6M or P2W"
	if !strings.HasPrefix(s, "P") {
		return bad(how)
	}
	rest := s[1:]
	if strings.Contains(rest, "T") {
		return bad("hours and minutes are not counted; " + how)
	}
	if rest == "" {
		return bad("it has no number; " + how)
	}
	p := Period{Set: true}
	const units = "YMWD"
	next := 0
	for rest != "" {
		n := 0
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n == 0 || n == len(rest) {
			return bad("only whole numbers, each followed by Y, M, W or D; " + how)
		}
		value, err := strconv.Atoi(rest[:n])
		if err != nil || value > maxPeriodPart {
			return bad("the number is too large")
		}
		unit := strings.IndexByte(units[next:], rest[n])
		if unit < 0 {
			return bad("only Y, M, W and D, in this order, each once; " + how)
		}
		next += unit
		switch units[next] {
		case 'Y':
			p.Years = value
		case 'M':
			p.Months = value
		case 'W':
			p.Weeks = value
		case 'D':
			p.Days = value
		}
		next++
		rest = rest[n+1:]
	}
	return p, nil
}

// MustPeriod is ParsePeriod for periods written in code; it panics on a fault.
func MustPeriod(s string) Period {
	p, err := ParsePeriod(s)
	if err != nil {
		panic(err)
	}
	return p
}

// String writes p as ParsePeriod reads it; "no period" is the empty string.
func (p Period) String() string {
	if !p.Set {
		return ""
	}
	b := []byte{'P'}
	for _, part := range []struct {
		n    int
		unit byte
	}{{p.Years, 'Y'}, {p.Months, 'M'}, {p.Weeks, 'W'}, {p.Days, 'D'}} {
		if part.n != 0 {
			b = append(strconv.AppendInt(b, int64(part.n), 10), part.unit)
		}
	}
	if len(b) == 1 {
		return "P0D"
	}
	return string(b)
}

// UnmarshalText reads a period as ParsePeriod does; the empty text is "no period".
func (p *Period) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*p = Period{}
		return nil
	}
	parsed, err := ParsePeriod(string(b))
	*p = parsed
	return err
}

// MarshalText writes p as String does.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// IsZero reports whether p moves no date: "no period" and P0D.
func (p Period) IsZero() bool {
	return p.Years == 0 && p.Months == 0 && p.Weeks == 0 && p.Days == 0
}

// Times returns n times p.
func (p Period) Times(n int) Period {
	return Period{p.Years * n, p.Months * n, p.Weeks * n, p.Days * n, p.Set}
}

// Add returns d + p: years and months first, clamped to the last day of the
// month, then weeks and days (31 January + P1M is 28 or 29 February).
func (d Date) Add(p Period) Date { return d.shift(p, 1) }

// Sub returns d − p, in the same order as Add (31 March − P1M is 28 or 29
// February).
func (d Date) Sub(p Period) Date { return d.shift(p, -1) }

func (d Date) shift(p Period, sign int) Date {
	if p.Years != 0 || p.Months != 0 {
		y, m, day := d.Civil()
		months := int64(y)*12 + int64(m-1) + int64(sign)*(int64(p.Years)*12+int64(p.Months))
		year, month := int(floorDiv(months, 12)), time.Month(months-floorDiv(months, 12)*12+1)
		d = NewDate(year, month, min(day, DaysIn(year, month)))
	}
	return d.AddDays(sign * (7*p.Weeks + p.Days))
}

// DaysBetween returns the number of days from a to b, negative where b is earlier.
func DaysBetween(a, b Date) int { return int(b) - int(a) }
