package ingest

import (
	"fmt"

	"renewd/internal/renewal"
)

// sighting is a value and where it stood.
type sighting struct {
	line  int
	value string
}

// survey gathers, over a whole file, what the dates of one column say about
// its order.
type survey struct {
	days, months         int // dates that can only be day first, month first
	firstDay, firstMonth sighting
	ambiguous            int
	firstAmbiguous       sighting
	ambiguousDate        dateText
}

// add looks at one cell. Only dates with the year last say anything; dots mean
// that the day comes first. A day equal to its month reads the same in both.
func (s *survey) add(line int, text string) {
	if len(text) == 10 && text[4] == '-' { // the common case: ISO
		return
	}
	d, ok := cutDate(text)
	if !ok || !d.yearTrails() {
		return
	}
	first, second := d.number[0], d.number[1]
	switch {
	case d.sep == '.' || first > 12 && second <= 12:
		if s.days++; s.days == 1 {
			s.firstDay = sighting{line, text}
		}
	case second > 12 && first <= 12:
		if s.months++; s.months == 1 {
			s.firstMonth = sighting{line, text}
		}
	case first != second && first <= 12:
		if s.ambiguous++; s.ambiguous == 1 {
			s.firstAmbiguous, s.ambiguousDate = sighting{line, text}, d
		}
	}
}

// order is what the column's dates agree on: the greater number where they
// contradict each other, contradicts where neither is greater, orderUnknown
// where they could be read in two ways.
func (s *survey) order() order {
	switch {
	case s.days > s.months:
		return dayFirst
	case s.months > s.days:
		return monthFirst
	case s.days > 0:
		return contradicts
	case s.ambiguous > 0:
		return orderUnknown
	}
	return dayFirst // no date depends on it
}

// contradiction is the sentence for the dates of a column that contradicts
// itself.
func (s *survey) contradiction() string {
	return fmt.Sprintf("in this column line %d (%q) can only be day first and line %d (%q) only month first; %s",
		s.firstDay.line, s.firstDay.value, s.firstMonth.line, s.firstMonth.value, writeISO)
}

// refusal is the fault of a column whose order nothing settles.
func (s *survey) refusal(column string) Fault {
	return Fault{Line: s.firstAmbiguous.line, Column: column, Value: s.firstAmbiguous.value, Text: fmt.Sprintf(
		"this is %s if the day comes first and %s if the month does, and no date of the column settles which; say --date-format dmy or --date-format mdy",
		reading(&s.ambiguousDate, dayFirst), reading(&s.ambiguousDate, monthFirst))}
}

// reading writes a date as it would be in one order.
func reading(d *dateText, o order) string {
	date, err := d.date(o)
	if err != nil {
		return "no date"
	}
	return dateInWords(date)
}

func dateInWords(d renewal.Date) string {
	year, month, day := d.Civil()
	return fmt.Sprintf("%d %s %d", day, month, year)
}
