package plan

import (
	"time"

	"renewd/internal/renewal"
)

// Hours are the sending hours: days of the week and hours of the day, less
// holidays, read on the wall clock of the customer written to.
type Hours struct {
	// Days says for each time.Weekday whether it is a sending day.
	Days [7]bool
	// Open and Close are minutes after midnight; Close is exclusive and may be
	// 1440, the end of the day.
	Open, Close int
	Holidays    map[renewal.Date]bool
}

// horizon bounds the search for a sending day; a configuration with no sending
// day in eleven years has none.
const horizon = 4000

// on returns the opening and the closing on d, and whether d is a sending day
// at all. A day whose opening a change of offset moves to its closing is none.
func (h *Hours) on(d renewal.Date, zone *time.Location) (open, closing time.Time, ok bool) {
	if !h.Days[d.Weekday()] || h.Holidays[d] {
		return open, closing, false
	}
	open = renewal.At(d, h.Open, zone)
	if h.Close >= 24*60 {
		closing = renewal.StartOf(d+1, zone)
	} else {
		closing = renewal.At(d, h.Close, zone)
	}
	return open, closing, open.Before(closing)
}

// OpenFrom returns the opening on d if d is a sending day, else the opening of
// the next one; the zero time where there is none.
func (h *Hours) OpenFrom(d renewal.Date, zone *time.Location) time.Time {
	for i := 0; i < horizon; i++ {
		if open, _, ok := h.on(d, zone); ok {
			return open
		}
		d++
	}
	return time.Time{}
}

// openBefore returns the opening of the last sending day before d.
func (h *Hours) openBefore(d renewal.Date, zone *time.Location) time.Time {
	for i := 0; i < horizon; i++ {
		d--
		if open, _, ok := h.on(d, zone); ok {
			return open
		}
	}
	return time.Time{}
}

// Next returns t itself where it lies within sending hours, else the next
// opening; the zero time where there is none.
func (h *Hours) Next(t time.Time, zone *time.Location) time.Time {
	d := renewal.LocalDate(t, zone)
	open, closing, ok := h.on(d, zone)
	switch {
	case ok && t.Before(open):
		return open
	case ok && t.Before(closing):
		return t
	}
	return h.OpenFrom(d+1, zone)
}
