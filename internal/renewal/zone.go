package renewal

import (
	"fmt"
	"time"
)

// Stamp is how an instant is written in the database and in JSON: UTC, whole
// seconds (RFC 3339).
const Stamp = "2006-01-02T15:04:05Z"

// The first and the last instant that can be written with a year of four digits
// and told from "no instant".
var (
	firstStamp = time.Time{}.Add(time.Second)
	lastStamp  = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
)

// FormatStamp writes an instant as Stamp; the zero instant is the empty string.
// One outside the years 1 to 9999 is written as the nearest that ParseStamp
// reads: stamps are compared as text, and a fifth digit would sort one before
// all others.
func FormatStamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if t.Before(firstStamp) {
		t = firstStamp
	} else if t.After(lastStamp) {
		t = lastStamp
	}
	return t.UTC().Format(Stamp)
}

// ParseStamp reads an instant: 2027-03-01T08:00:00Z, any RFC 3339 offset, or
// what SQLite's datetime('now') writes (2027-03-01 08:00:00, taken as UTC).
// Fractions of a second are cut off. Years run from 1 to 9999 in UTC; the first
// instant of the year 1 is refused too, because it means "no instant".
func ParseStamp(s string) (time.Time, error) {
	for _, layout := range []string{Stamp, time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			t = t.UTC().Truncate(time.Second)
			if t.Before(firstStamp) || t.After(lastStamp) {
				break
			}
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time such as 2027-03-01T08:00:00Z", s)
}

// LocalDate returns the civil date of t in loc.
func LocalDate(t time.Time, loc *time.Location) Date {
	_, offset := t.In(loc).Zone()
	return unixDay + Date(floorDiv(t.Unix()+int64(offset), 86400))
}

// At returns the instant at which clocks in loc show the given minutes after
// midnight of d. A wall-clock time that a change of offset skips is the first
// instant after the gap; one that occurs twice is the first of the two.
func At(d Date, minutes int, loc *time.Location) time.Time {
	return wall(d, minutes*60, loc)
}

// wall is At in seconds. Offsets change by hours, or at most (Samoa 2011) by a
// day, so the two candidate offsets are those in force a day and a bit before
// and after the wall time read as UTC.
func wall(d Date, seconds int, loc *time.Location) time.Time {
	w := int64(d-unixDay)*86400 + int64(seconds)
	const reach = 26 * 3600
	earlier := time.Unix(w-reach, 0).In(loc)
	_, before := earlier.Zone()
	_, after := time.Unix(w+reach, 0).In(loc).Zone()
	if before == after {
		return resolveSteady(w, int64(before), earlier, loc)
	}
	return resolveAround(w, earlier, loc)
}

// resolveSteady handles the common case: the same offset on both sides. A zone
// that left an offset and came back within two days is checked for as well.
func resolveSteady(w, offset int64, earlier time.Time, loc *time.Location) time.Time {
	t := time.Unix(w-offset, 0).In(loc)
	if _, end := earlier.ZoneBounds(); end.IsZero() || end.Unix() > w+26*3600 {
		return t.UTC()
	}
	return resolveAround(w, earlier, loc)
}

// resolveAround walks the periods of constant offset from earlier on and
// returns the first instant whose wall clock shows w, or the start of the first
// period whose wall clock is already past it (the end of the gap).
//
// The loop's invariant: before t no clock showed w or later. ZoneBounds is not
// to be trusted with that: where a zone follows a rule for all years to come,
// it lets years of 366 days end a day early, and so names an end for 31
// December that has gone by. The walk then goes on in steps of an hour.
func resolveAround(w int64, earlier time.Time, loc *time.Location) time.Time {
	for t := earlier; ; {
		_, end := t.ZoneBounds()
		if !end.IsZero() && !end.After(t) {
			end = t.Add(time.Hour)
		}
		_, o := t.Zone()
		u := w - int64(o)
		if u < t.Unix() {
			return t.UTC()
		}
		if end.IsZero() || u < end.Unix() {
			return time.Unix(u, 0).UTC()
		}
		t = end.In(loc)
	}
}

// StartOf returns the first second of d in loc.
func StartOf(d Date, loc *time.Location) time.Time { return wall(d, 0, loc) }

// EndOf returns the last second of d in loc, the one before the next date
// starts, so that dates follow each other without gap or overlap.
func EndOf(d Date, loc *time.Location) time.Time {
	return StartOf(d+1, loc).Add(-time.Second)
}

// AddPeriod returns t + p with the wall-clock time of t kept in loc.
func AddPeriod(t time.Time, p Period, loc *time.Location) time.Time {
	if p.IsZero() {
		return t
	}
	h, m, s := t.In(loc).Clock()
	return wall(LocalDate(t, loc).Add(p), h*3600+m*60+s, loc)
}
