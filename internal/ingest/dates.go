package ingest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// order is how a column writes its dates where the year does not come first.
type order int

const (
	orderUnknown order = iota
	dayFirst
	monthFirst
	yearFirst   // nothing but dates with the year first
	contradicts // some dates can only be day first, others only month first
)

// orderOf reads the value of --date-format.
func orderOf(flag string) (order, bool) {
	switch flag {
	case "":
		return orderUnknown, true
	case "dmy":
		return dayFirst, true
	case "mdy":
		return monthFirst, true
	case "ymd":
		return yearFirst, true
	}
	return 0, false
}

// writeISO ends the sentences about dates that cannot be read.
const writeISO = "write it as 2026-12-31"

// dateText is a date taken apart: three numbers as they stand, the separator
// between them, and what follows (a time).
type dateText struct {
	number [3]int
	width  [3]int
	sep    byte
	rest   string
}

// cutDate takes apart 31/12/2026, 31.12.2026, 2026-12-31 and the like; false
// where s does not start in this way.
func cutDate(s string) (dateText, bool) {
	var d dateText
	for part := range 3 {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			if n < 9 {
				d.number[part] = d.number[part]*10 + int(s[n]-'0')
			}
			n++
		}
		d.width[part] = n
		if n == 0 || n > 4 {
			return d, false
		}
		s = s[n:]
		if part == 2 {
			break
		}
		if s == "" || s[0] != '/' && s[0] != '.' && s[0] != '-' || part == 1 && s[0] != d.sep {
			return d, false
		}
		d.sep, s = s[0], s[1:]
		if d.sep == '.' { // 31. 12. 2026
			s = strings.TrimLeft(s, " \u00A0\u202F")
		}
	}
	d.rest = s
	return d, true
}

// yearLeads reports whether the year comes first, which settles everything.
func (d *dateText) yearLeads() bool { return d.width[0] == 4 && d.width[1] <= 2 && d.width[2] <= 2 }

// yearTrails reports whether the year comes last: day and month are to be told apart.
func (d *dateText) yearTrails() bool { return d.width[2] == 4 && d.width[0] <= 2 && d.width[1] <= 2 }

// date reads the numbers in the given order.
func (d *dateText) date(o order) (renewal.Date, error) {
	var year, month, day int
	switch {
	case d.yearLeads():
		year, month, day = d.number[0], d.number[1], d.number[2]
	case d.yearTrails() && o == monthFirst:
		month, day, year = d.number[0], d.number[1], d.number[2]
	case d.yearTrails():
		day, month, year = d.number[0], d.number[1], d.number[2]
	case d.width[0] <= 2 && d.width[1] <= 2 && d.width[2] <= 2:
		return 0, errors.New("the year has two digits; write all four: 2026-12-31")
	default:
		return 0, errors.New("this is no date; " + writeISO)
	}
	if year < 1000 {
		return 0, errors.New("the year must have four digits and not start with 0; " + writeISO)
	}
	if month < 1 || month > 12 || day < 1 || day > renewal.DaysIn(year, time.Month(month)) {
		return 0, d.notADay(o)
	}
	return renewal.NewDate(year, time.Month(month), day), nil
}

func (d *dateText) notADay(o order) error {
	how := ""
	if d.yearTrails() {
		how = " (read day first)"
		if o == monthFirst {
			how = " (read month first)"
		}
	}
	return fmt.Errorf("this is no day of the calendar%s; write a day that exists, such as 2026-12-31", how)
}

// parseDate reads a cell of a date column. A midnight after the date is what
// spreadsheets add by themselves; any other time is not.
func parseDate(s string, o order) (renewal.Date, error) {
	d, ok := cutDate(s)
	if !ok {
		return 0, notADate(s)
	}
	date, err := d.dateIn(o)
	if err != nil || d.rest == "" {
		return date, err
	}
	clock, ok := parseClock(d.rest)
	switch {
	case !ok:
		return 0, errors.New("this is no date; " + writeISO)
	case clock.seconds != 0 || clock.zoned && clock.offset != 0:
		return 0, errors.New("a date without a time is needed here; " + writeISO)
	}
	return date, nil
}

// dateIn is date where the column's order allows this spelling at all.
func (d *dateText) dateIn(o order) (renewal.Date, error) {
	if d.yearTrails() {
		switch o {
		case yearFirst:
			return 0, errors.New("--date-format ymd expects the year first; " + writeISO)
		case contradicts:
			return 0, errContradicts
		}
	}
	return d.date(o)
}

// errContradicts is replaced by a sentence that names the two lines.
var errContradicts = errors.New("this column contradicts itself")

// notADate says why a text that does not look like a date is refused.
func notADate(s string) error {
	whole, _, _ := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	if n := len(whole); n >= 5 && n <= 6 && strings.Trim(s, "0123456789.,") == "" {
		return errors.New("this is a spreadsheet's serial number, not a date; format the column as a date and export it again")
	}
	if n := len(s); n == 8 && strings.Trim(s, "0123456789") == "" {
		return errors.New("a date without separators could be read in more than one way; " + writeISO)
	}
	return errors.New("this is no date; " + writeISO)
}
