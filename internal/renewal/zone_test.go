package renewal

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the zones are part of what is tested: not the machine's own

	"pgregory.net/rapid"
)

// oddZones are zones with an unusual history, and some plain ones.
var oddZones = []string{
	"UTC", "Europe/Paris", "Europe/London", "Europe/Lisbon", "Europe/Dublin", "Europe/Istanbul", "Europe/Moscow",
	"Europe/Volgograd", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo", "America/Recife", "America/Noronha",
	"America/Havana", "America/Santiago", "America/Asuncion", "America/St_Johns", "America/Goose_Bay", "America/Moncton",
	"America/Caracas", "America/Scoresbysund", "America/Nuuk", "America/Danmarkshavn", "America/Juneau", "America/Argentina/San_Luis",
	"Atlantic/Azores", "Africa/Cairo", "Africa/Casablanca", "Africa/El_Aaiun", "Africa/Freetown", "Africa/Monrovia", "Africa/Windhoek",
	"Asia/Beirut", "Asia/Tehran", "Asia/Gaza", "Asia/Amman", "Asia/Damascus", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Pyongyang",
	"Asia/Manila", "Asia/Anadyr", "Asia/Dhaka", "Australia/Lord_Howe", "Australia/Eucla", "Australia/Adelaide",
	"Antarctica/Troll", "Antarctica/Casey", "Antarctica/Vostok", "Pacific/Apia", "Pacific/Fakaofo", "Pacific/Kwajalein",
	"Pacific/Kiritimati", "Pacific/Tongatapu", "Pacific/Chatham", "Pacific/Norfolk", "Pacific/Fiji", "Pacific/Guam",
	"Etc/GMT-14", "Etc/GMT+12",
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// shown is the wall clock at the instant u, read as if it were UTC.
func shown(u int64, loc *time.Location) int64 {
	_, offset := time.Unix(u, 0).In(loc).Zone()
	return u + int64(offset)
}

// naiveWall says by brute force when clocks first show the wall time w or a
// later one: the first showing of a time that occurs, the first instant after
// the gap of one that does not. No zone was ever more than 16 hours from UTC.
// It looks at every step seconds, and at every second where the offset changed.
func naiveWall(w, step int64, loc *time.Location) int64 {
	for u := w - 16*3600; u <= w+16*3600; u += step {
		here, there := shown(u, loc), shown(u+step, loc)
		if here >= w {
			return u
		}
		switch {
		case there-here != step:
			for v := u; v < u+step; v++ {
				if shown(v, loc) >= w {
					return v
				}
			}
		case there >= w:
			return u + w - here
		}
	}
	return 0
}

// changes returns the instants at which loc changed its offset between the
// years, found by looking every six hours.
func changes(loc *time.Location, from, to int) []int64 {
	var found []int64
	const step = 6 * 3600
	offset := func(u int64) int64 { return shown(u, loc) - u }
	u := NewDate(from, 1, 1).Time().Unix()
	last := NewDate(to, 1, 1).Time().Unix()
	for here := offset(u); u < last; u += step {
		there := offset(u + step)
		if here == there {
			continue
		}
		low, high := u, u+step
		for high-low > 1 {
			if middle := (low + high) / 2; offset(middle) == here {
				low = middle
			} else {
				high = middle
			}
		}
		found = append(found, high)
		here = there
	}
	return found
}

// checkWall holds wall against brute force for the wall time w.
func checkWall(t *testing.T, w, step int64, loc *time.Location) {
	t.Helper()
	day := floorDiv(w, 86400)
	got, want := wall(unixDay+Date(day), int(w-day*86400), loc).Unix(), naiveWall(w, step, loc)
	if got != want {
		t.Errorf("%s: clocks show %s at %s, want %s", loc, time.Unix(w, 0).UTC().Format(time.DateTime),
			time.Unix(got, 0).UTC().Format(time.RFC3339), time.Unix(want, 0).UTC().Format(time.RFC3339))
	}
}

// aroundChanges returns the changes of a zone worth looking at: the youngest,
// the next ones, and all that moved clocks by more than an hour or so.
func aroundChanges(loc *time.Location) []int64 {
	all := changes(loc, 1840, 2035)
	var odd []int64
	for i, u := range all {
		if moved := shown(u, loc) - shown(u-1, loc) - 1; i >= len(all)-24 || i%8 == 0 || moved > 7200 || moved < -7200 {
			odd = append(odd, u)
		}
	}
	return odd
}

func TestAroundEveryKindOfChange(t *testing.T) {
	for _, name := range oddZones {
		loc := zone(t, name)
		for _, u := range aroundChanges(loc) {
			before, after := shown(u-1, loc)+1, shown(u, loc)
			low, high := min(before, after), max(before, after)
			for _, w := range []int64{low - 7200, low - 1, low, low + 1, (low + high) / 2, high - 1, high, high + 1, high + 7200} {
				checkWall(t, w, 900, loc)
			}
			for _, v := range []int64{u - 86400, u - 3600, u - 1, u, u + 1, u + 3600, u + 86400} {
				checkDates(t, time.Unix(v, 0), loc)
			}
		}
	}
}

// TestWallClockSecondBySecond needs no assumption at all about when offsets
// change, and vouches for the quicker search of the other tests.
func TestWallClockSecondBySecond(t *testing.T) {
	for _, c := range []struct{ zone, at string }{
		{"America/Sao_Paulo", "2018-11-04 00:00:00"},
		{"Pacific/Apia", "2011-12-30 12:00:00"},
		{"Pacific/Kwajalein", "1969-09-30 12:00:00"},
		{"Australia/Lord_Howe", "2027-04-04 01:45:00"},
		{"America/St_Johns", "2010-11-06 23:30:00"},
	} {
		w, err := time.Parse(time.DateTime, c.at)
		if err != nil {
			t.Fatal(err)
		}
		loc := zone(t, c.zone)
		checkWall(t, w.Unix(), 1, loc)
		if quick, slow := naiveWall(w.Unix(), 900, loc), naiveWall(w.Unix(), 1, loc); quick != slow {
			t.Errorf("%s at %s: the quick search finds %d, the slow one %d", c.zone, c.at, quick, slow)
		}
	}
}

// hastyZone is a zone of one hour ahead of UTC that goes two hours further at
// the instant from, and comes back at the instant to. No zone ever changed
// twice within two days, but a government could.
func hastyZone(t *testing.T, from, to int64) *time.Location {
	t.Helper()
	data := []byte("TZif")
	data = append(data, make([]byte, 16)...) // version 1, reserved
	number := func(n int64) { data = binary.BigEndian.AppendUint32(data, uint32(n)) }
	for _, count := range []int64{0, 0, 0, 2, 2, 8} { // of RFC 9636, 3.1: two changes, two offsets, eight bytes of names
		number(count)
	}
	number(from)
	number(to)
	data = append(data, 1, 0) // which of the offsets comes in at each change
	number(3600)
	data = append(data, 0, 0)
	number(3 * 3600)
	data = append(data, 1, 4)
	data = append(data, "ONE\x00TWO\x00"...)
	loc, err := time.LoadLocationFromTZData("hasty", data)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestTwoChangesWithinADay(t *testing.T) {
	from := stamp(t, "2027-06-01T06:00:00Z").Unix()
	for _, hours := range []int64{4, 12, 23} {
		to := from + hours*3600
		loc := hastyZone(t, from, to)
		if got := changes(loc, 2027, 2028); !slices.Equal(got, []int64{from, to}) && hours > 6 {
			t.Fatalf("the zone changes at %v, want %d and %d", got, from, to)
		}
		for w := from - 12*3600; w < to+12*3600; w += 1800 {
			checkWall(t, w, 900, loc)
		}
		for u := from - 36*3600; u < to+36*3600; u += 7200 {
			checkDates(t, time.Unix(u, 0), loc)
		}
	}
}

// TestNewYearInTheFarFuture: where a zone follows a rule for all years to come,
// package time does not know the bounds of 31 December in years of 366 days.
func TestNewYearInTheFarFuture(t *testing.T) {
	for _, name := range oddZones {
		loc := zone(t, name)
		for _, year := range []int{2028, 2040, 2043, 2044, 2100, 2400} {
			newYear := NewDate(year+1, time.January, 1).Time().Unix()
			for w := newYear - 3*86400; w < newYear+2*86400; w += 3 * 3600 {
				checkWall(t, w, 1800, loc)
			}
			checkDates(t, time.Unix(newYear-86400, 0), loc)
			checkDates(t, time.Unix(newYear, 0), loc)
		}
	}
}

// checkDates: dates follow each other without gap or overlap, and every date
// that clocks show begins with the first second that shows it.
func checkDates(t *testing.T, at time.Time, loc *time.Location) {
	t.Helper()
	d := LocalDate(at, loc)
	if y, m, day := at.In(loc).Date(); d != NewDate(y, m, day) {
		t.Errorf("%s: the local date of %s is %s", loc, at.UTC().Format(time.RFC3339), d)
	}
	start, end := StartOf(d, loc), EndOf(d, loc)
	if start.After(at) || LocalDate(start, loc) != d {
		t.Errorf("%s: %s starts at %s, but clocks show it at %s", loc, d, start, at.UTC())
	}
	if LocalDate(start.Add(-time.Second), loc) >= d {
		t.Errorf("%s: %s was there before its start %s", loc, d, start)
	}
	if next := StartOf(d+1, loc); !end.Add(time.Second).Equal(next) || end.Before(start) {
		t.Errorf("%s: %s runs from %s to %s, the next date starts at %s", loc, d, start, end, next)
	}
}

func TestWallClockAnywhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		loc := zone(t, rapid.SampledFrom(oddZones).Draw(rt, "zone"))
		w := rapid.Int64Range(NewDate(1850, 1, 1).Time().Unix(), NewDate(2400, 1, 1).Time().Unix()).Draw(rt, "wall")
		checkWall(t, w, 900, loc)
	})
}

func TestAddPeriodKeepsTheWallClock(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		loc := zone(t, rapid.SampledFrom(oddZones).Draw(rt, "zone"))
		u := rapid.Int64Range(NewDate(1970, 1, 1).Time().Unix(), NewDate(2100, 1, 1).Time().Unix()).Draw(rt, "instant")
		p := smallPeriod().Draw(rt, "period")
		got := AddPeriod(time.Unix(u, 0), p, loc)
		if p.IsZero() {
			if got.Unix() != u {
				rt.Errorf("P0D moves %d to %s", u, got)
			}
			return
		}
		day := floorDiv(shown(u, loc), 86400)
		target := (unixDay + Date(day)).Add(p)
		w := int64(target-unixDay)*86400 + shown(u, loc) - day*86400
		if want := naiveWall(w, 900, loc); got.Unix() != want {
			rt.Errorf("%s: %d + %s = %s, want %s", loc, u, p, got, time.Unix(want, 0).UTC())
		}
	})
}

func TestOddZonesAreNamedOnce(t *testing.T) {
	names := slices.Clone(oddZones)
	slices.Sort(names)
	if n := len(slices.Compact(names)); n != len(oddZones) {
		t.Errorf("%d zones, only %d of them different", len(oddZones), n)
	}
}
