package renewal

import (
	"fmt"
	"time"
)

// Date is a civil date of the proleptic Gregorian calendar, without a zone. It
// counts days: 1 is 1 January of the year 1, so dates compare with < and ==.
// The zero value means "no date".
type Date int32

// unixDay is the Date of 1 January 1970.
const unixDay Date = 719163

// MaxDate is the last date that can be written with a year of four digits.
var MaxDate = NewDate(9999, time.December, 31)

// NewDate returns the date of the given year, month and day. A day that the
// month does not have is carried over, as time.Date does.
func NewDate(year int, month time.Month, day int) Date {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return unixDay + Date(floorDiv(t.Unix(), 86400))
}

// ParseDate reads a date written as 2027-03-01 (RFC 3339, full-date). Years run
// from 1 to 9999. The error says what is wrong in words that fit a sentence.
func ParseDate(s string) (Date, error) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, fmt.Errorf("%q is not a date such as 2027-03-01", s)
	}
	year, ok1 := digits(s[0:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:10])
	if !ok1 || !ok2 || !ok3 {
		return 0, fmt.Errorf("%q is not a date such as 2027-03-01", s)
	}
	if year < 1 || month < 1 || month > 12 || day < 1 || day > DaysIn(year, time.Month(month)) {
		return 0, fmt.Errorf("%q is not a day of the calendar", s)
	}
	return NewDate(year, time.Month(month), day), nil
}

// digits reads an unsigned decimal number that has nothing but digits.
func digits(s string) (int, bool) {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// DaysIn returns the number of days of a month: 28 to 31.
func DaysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// IsZero reports whether d means "no date".
func (d Date) IsZero() bool { return d == 0 }

// Civil returns the year, month and day of d.
func (d Date) Civil() (year int, month time.Month, day int) { return d.Time().Date() }

// Weekday returns the day of the week of d.
func (d Date) Weekday() time.Weekday { return d.Time().Weekday() }

// AddDays returns the date n days after d (before it, where n is negative).
func (d Date) AddDays(n int) Date { return d + Date(n) }

// Time returns d as midnight UTC, for formatting only: a date has no zone.
func (d Date) Time() time.Time {
	return time.Unix(int64(d-unixDay)*86400, 0).UTC()
}

// String writes d as 2027-03-01, and "no date" as the empty string. A date that
// arithmetic carried out of the years 1 to 9999 (a period added to an end of
// 9999-12-31) is written as the nearest one that ParseDate reads.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	y, m, day := min(max(d, 1), MaxDate).Civil()
	b := [10]byte{4: '-', 7: '-'}
	put := func(at, width, n int) {
		for i := at + width - 1; i >= at; i-- {
			b[i] = byte('0' + n%10)
			n /= 10
		}
	}
	put(0, 4, y)
	put(5, 2, int(m))
	put(8, 2, day)
	return string(b[:])
}

// MarshalText writes d as String does.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what String writes; the empty text means "no date".
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	parsed, err := ParseDate(string(b))
	*d = parsed
	return err
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
