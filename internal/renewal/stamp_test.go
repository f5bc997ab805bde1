package renewal

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// stamp reads an instant written in a test.
func stamp(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := ParseStamp(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestParseStamp(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"2027-03-01T08:00:00Z", "2027-03-01T08:00:00Z"},
		{"2027-03-01T08:00:00+00:00", "2027-03-01T08:00:00Z"},
		{"2027-03-01T09:00:00+01:00", "2027-03-01T08:00:00Z"},
		{"2027-02-28T23:30:00-08:30", "2027-03-01T08:00:00Z"},
		{"2027-03-01T08:00:00.999Z", "2027-03-01T08:00:00Z"},
		{"2027-03-01T09:00:00.123456789+01:00", "2027-03-01T08:00:00Z"},
		{"2027-03-01 08:00:00", "2027-03-01T08:00:00Z"}, // SQLite's datetime('now')
		{"2027-03-01 08:00:00.5", "2027-03-01T08:00:00Z"},
		{"2027-03-01T08:00:00", "2027-03-01T08:00:00Z"},
		{"2027-03-01 08:00", "2027-03-01T08:00:00Z"},
		{"1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59Z"}, // cut off, not rounded towards 1970
		{"0001-01-01T00:00:01Z", "0001-01-01T00:00:01Z"},
		{"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
	} {
		at, err := ParseStamp(c.in)
		if err != nil || FormatStamp(at) != c.want {
			t.Errorf("ParseStamp(%q) = %s, %v, want %s", c.in, FormatStamp(at), err, c.want)
		}
		if at.Location() != time.UTC {
			t.Errorf("ParseStamp(%q) is in %s, not in UTC", c.in, at.Location())
		}
	}
}

func TestParseStampRefuses(t *testing.T) {
	for _, s := range []string{
		"", "now", "2027-03-01", "08:00:00", "2027-03-01T08:00", "2027-02-29T08:00:00Z", "2027-03-01T24:00:00Z",
		"2027-03-01T08:60:00Z", "2027-03-01T08:00:60Z", "2027-03-01T08:00:00ZZ", " 2027-03-01T08:00:00Z", "2027-03-01T08:00:00 ",
		"01/03/2027 08:00:00", "1803801600", "0000-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "0001-01-01T00:30:00+01:00",
		"9999-12-31T23:59:59-01:00", "10000-01-01T00:00:00Z",
	} {
		if at, err := ParseStamp(s); err == nil || !at.IsZero() {
			t.Errorf("ParseStamp(%q) = %s, %v, want a refusal", s, at, err)
		}
	}
}

func TestFormatStamp(t *testing.T) {
	if got := FormatStamp(time.Time{}); got != "" {
		t.Errorf("no instant is written %q", got)
	}
	local := time.Date(2027, time.March, 1, 9, 0, 0, 999, zone(t, "Europe/Paris"))
	if got := FormatStamp(local); got != "2027-03-01T08:00:00Z" {
		t.Errorf("%s is written %q", local, got)
	}
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{EndOf(MaxDate, zone(t, "America/New_York")), "9999-12-31T23:59:59Z"},
		{StartOf(1, zone(t, "Europe/Paris")), "0001-01-01T00:00:01Z"},
	} {
		if got := FormatStamp(c.at); got != c.want {
			t.Errorf("%s, outside the years 1 to 9999, is written %q, want %q", c.at, got, c.want)
		}
	}
}

func TestStampsSortAsText(t *testing.T) {
	second := rapid.Int64Range(firstStamp.Unix()-400*86400, lastStamp.Unix()+400*86400)
	rapid.Check(t, func(t *rapid.T) {
		a, b := time.Unix(second.Draw(t, "a"), 0), time.Unix(second.Draw(t, "b"), 0)
		if a.IsZero() || b.IsZero() {
			return
		}
		if a.After(b) {
			a, b = b, a
		}
		if FormatStamp(a) > FormatStamp(b) {
			t.Errorf("%s is before %s, but written %s and %s", a.UTC(), b.UTC(), FormatStamp(a), FormatStamp(b))
		}
		inside := !a.Before(firstStamp) && !a.After(lastStamp)
		if got, err := ParseStamp(FormatStamp(a)); err != nil || inside && !got.Equal(a) {
			t.Errorf("%s is written %s, read back as %s, %v", a.UTC(), FormatStamp(a), got, err)
		}
	})
}
