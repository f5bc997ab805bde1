package renewal

import (
	"fmt"
	"time"
)

// Stamp is how an instant is written in the database and in JSON: UTC, whole
// seconds (RFC 3339).
const Stamp = "2006-01-02T15:04:05Z"

// FormatStamp writes an instant as Stamp; the zero instant is the empty string.
func FormatStamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(Stamp)
}

// ParseStamp reads an instant: 2027-03-01T08:00:00Z, any RFC 3339 offset, or
// what SQLite's datetime('now') writes (2027-03-01 08:00:00, taken as UTC).
// Fractions of a second are cut off.
func ParseStamp(s string) (time.Time, error) {
	for _, layout := range []string{Stamp, time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Second), nil
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
func resolveAround(w int64, earlier time.Time, loc *time.Location) time.Time {
	t := earlier
	for {
		start, end := t.ZoneBounds()
		_, o := t.Zone()
		u := w - int64(o)
		if !start.IsZero() && u < start.Unix() {
			return start.UTC()
		}
		if end.IsZero() || u < end.Unix() {
			return time.Unix(u, 0).UTC()
		}
		t = end.In(loc)
	}
}

// StartOf returns the first second of d in loc.
func StartOf(d Date, loc *time.Location) time.Time { return wall(d, 0, loc) }

// EndOf returns the last second of d in loc.
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
