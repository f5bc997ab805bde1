package ingest

import (
	"errors"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// clock is a time of day, perhaps with an offset from UTC.
type clock struct {
	seconds int // after midnight
	zoned   bool
	offset  int // seconds east of UTC
}

// parseClock reads what follows a date: T or blanks, H:MM, perhaps :SS, a
// fraction of a second (cut off), AM or PM, and Z or an offset.
func parseClock(s string) (clock, bool) {
	var c clock
	if s == "" || s[0] != 'T' && s[0] != 't' && s[0] != ' ' && !strings.HasPrefix(s, "\u00A0") && !strings.HasPrefix(s, "\u202F") {
		return c, false
	}
	if s[0] == 'T' || s[0] == 't' {
		s = s[1:]
	} else {
		s = trim(s)
	}
	hour, s, ok := number(s, 1, 2)
	if !ok || s == "" || s[0] != ':' {
		return c, false
	}
	minute, s, ok := number(s[1:], 2, 2)
	if !ok {
		return c, false
	}
	second := 0
	if s != "" && s[0] == ':' {
		if second, s, ok = number(s[1:], 2, 2); !ok {
			return c, false
		}
		if s != "" && (s[0] == '.' || s[0] == ',') {
			if _, s, ok = number(s[1:], 1, 9); !ok {
				return c, false
			}
		}
	}
	if hour, s, ok = halfDay(hour, s); !ok || hour > 23 || minute > 59 || second > 59 {
		return c, false
	}
	c.seconds = hour*3600 + minute*60 + second
	if s == "" {
		return c, true
	}
	c.zoned = true
	c.offset, ok = parseOffset(strings.TrimLeft(s, " "))
	return c, ok
}

// halfDay reads AM and PM.
func halfDay(hour int, s string) (int, string, bool) {
	t := strings.TrimLeft(s, " \u00A0\u202F")
	if len(t) < 2 || t[1] != 'M' && t[1] != 'm' {
		return hour, s, true
	}
	if hour < 1 || hour > 12 {
		return 0, "", false
	}
	switch t[0] {
	case 'A', 'a':
		return hour % 12, t[2:], true
	case 'P', 'p':
		return hour%12 + 12, t[2:], true
	}
	return 0, "", false
}

// parseOffset reads Z, +01:00, +0100 or +01.
func parseOffset(s string) (seconds int, ok bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	sign := 1
	if s[0] == '-' {
		sign = -1
	}
	hours, rest, ok := number(s[1:], 2, 2)
	if !ok {
		return 0, false
	}
	minutes := 0
	if rest != "" {
		if minutes, rest, ok = number(strings.TrimPrefix(rest, ":"), 2, 2); !ok || rest != "" {
			return 0, false
		}
	}
	if hours > 18 || minutes > 59 {
		return 0, false
	}
	return sign * (hours*3600 + minutes*60), true
}

// number reads between least and most digits at the start of s.
func number(s string, least, most int) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && i < most && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, s[i:], i >= least
}

// LocalStamp is how a time of day without a zone is written in a row of
// events; like a date alone it is meant in the customer's zone.
const LocalStamp = "2006-01-02T15:04:05"

// parseInstant reads when an event was. The result is one of three spellings:
// 2027-03-01 (the start of that day where the customer is), LocalStamp, or
// renewal.Stamp (UTC). A local midnight is the start of its day.
func parseInstant(s string, o order) (string, error) {
	d, ok := cutDate(s)
	if !ok {
		return "", notADate(s)
	}
	date, err := d.dateIn(o)
	if err != nil {
		return "", err
	}
	if d.rest == "" {
		return date.String(), nil
	}
	c, ok := parseClock(d.rest)
	if !ok {
		return "", errors.New("this is no time; write it as 2027-03-01 08:00 or 2027-03-01T08:00:00Z")
	}
	if !c.zoned && c.seconds == 0 {
		return date.String(), nil
	}
	t := date.Time().Add(time.Duration(c.seconds) * time.Second)
	if !c.zoned {
		return t.Format(LocalStamp), nil
	}
	t = t.Add(-time.Duration(c.offset) * time.Second)
	if t.Year() < 1000 || t.Year() > 9999 {
		return "", errors.New("this is no time; write it as 2027-03-01T08:00:00Z")
	}
	return renewal.FormatStamp(t), nil
}
