package renewal

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// date reads a date written in a test; the empty string is no date.
func date(t testing.TB, s string) Date {
	t.Helper()
	var d Date
	if err := d.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return d
}

// anyDate draws a date of the years 1 to 9999.
func anyDate() *rapid.Generator[Date] {
	return rapid.Map(rapid.Int32Range(1, int32(MaxDate)), func(n int32) Date { return Date(n) })
}

func TestParseDate(t *testing.T) {
	for _, s := range []string{"0001-01-01", "1970-01-01", "2000-02-29", "2024-02-29", "2027-03-01", "9999-12-31"} {
		d, err := ParseDate(s)
		if err != nil || d.String() != s {
			t.Errorf("ParseDate(%q) = %s, %v", s, d, err)
		}
	}
	if first := date(t, "0001-01-01"); first != 1 {
		t.Errorf("the first date counts as %d, want 1", first)
	}
}

func TestParseDateRefuses(t *testing.T) {
	for _, s := range []string{
		"", "2027", "2027-3-1", "2027-03-1", "27-03-01", "2027/03/01", "01.03.2027", "20270301",
		"2027-03-01T00:00:00Z", " 2027-03-01", "2027-03-01 ", "2027-03- 1", "2027-+3-01", "-027-03-01", "２027-03-01",
		"2027-00-01", "2027-13-01", "2027-03-00", "2027-03-32", "2027-04-31", "2027-02-29", "1900-02-29", "2100-02-29",
		"0000-01-01", "10000-01-01",
	} {
		if d, err := ParseDate(s); err == nil || d != 0 {
			t.Errorf("ParseDate(%q) = %s, %v, want a refusal", s, d, err)
		}
	}
}

// TestEveryDay walks every day of the years 1 to 9999 and holds the civil date
// and the day of the week against package time.
func TestEveryDay(t *testing.T) {
	want := time.Date(1, time.January, 1, 0, 0, 0, 0, time.UTC)
	for d := Date(1); d <= MaxDate; d++ {
		y, m, day := d.Civil()
		wy, wm, wd := want.Date()
		if y != wy || m != wm || day != wd || d.Weekday() != want.Weekday() {
			t.Fatalf("day %d is %d-%d-%d, a %s; want %s", d, y, m, day, d.Weekday(), want.Format("2006-01-02, Monday"))
		}
		want = want.AddDate(0, 0, 1)
	}
	if y := want.Year(); y != 10000 {
		t.Errorf("the day after MaxDate lies in the year %d, want 10000", y)
	}
}

func TestDateRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate().Draw(t, "date")
		if got := NewDate(d.Civil()); got != d {
			t.Errorf("NewDate(Civil()) = %d, want %d", got, d)
		}
		if got, err := ParseDate(d.String()); err != nil || got != d {
			t.Errorf("ParseDate(%s) = %d, %v, want %d", d, got, err, d)
		}
		if got, want := d.String(), d.Time().Format("2006-01-02"); got != want {
			t.Errorf("String() = %s, want %s", got, want)
		}
		if got := LocalDate(d.Time(), time.UTC); got != d {
			t.Errorf("LocalDate(Time()) = %s, want %s", got, d)
		}
		other := anyDate().Draw(t, "other date")
		if (d < other) != (d.String() < other.String()) {
			t.Errorf("%s and %s sort differently as numbers and as text", d, other)
		}
		if got := d.AddDays(DaysBetween(d, other)); got != other {
			t.Errorf("%s + DaysBetween = %s, want %s", d, got, other)
		}
	})
}

// TestDateBeyondTheCalendar: what arithmetic carries out of the years 1 to 9999
// is written as the nearest date that can be read back, and still sorts.
func TestDateBeyondTheCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Date(rapid.Int32().Draw(t, "date"))
		if d.IsZero() {
			return
		}
		got, err := ParseDate(d.String())
		if want := min(max(d, 1), MaxDate); err != nil || got != want {
			t.Errorf("day %d is written %q, read back as %d, %v; want %d", d, d.String(), got, err, want)
		}
	})
	if got := (MaxDate + 1).String(); got != "9999-12-31" {
		t.Errorf("the day after the last one is written %q", got)
	}
}

func TestDaysIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		year, month := rapid.IntRange(1, 9999).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month"))
		if got, want := DaysIn(year, month), time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day(); got != want {
			t.Errorf("DaysIn(%d, %s) = %d, want %d", year, month, got, want)
		}
	})
}

func TestDateAsText(t *testing.T) {
	type row struct {
		From, To Date
		Notice   Period
	}
	in := row{From: date(t, "2027-03-01"), Notice: MustPeriod("P1M")}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"From":"2027-03-01","To":"","Notice":"P1M"}`; string(text) != want {
		t.Errorf("written as %s, want %s", text, want)
	}
	out := row{To: MaxDate}
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("read back as %+v, %v, want %+v", out, err, in)
	}
	for _, broken := range []string{`{"From":"01.03.2027"}`, `{"Notice":"30 days"}`} {
		if err := json.Unmarshal([]byte(broken), &out); err == nil {
			t.Errorf("%s was read without an error", broken)
		}
	}
}

func TestZeroDateIsNoDate(t *testing.T) {
	var none Date
	if !none.IsZero() || none.String() != "" {
		t.Errorf("the zero date is written %q", none)
	}
	if date(t, "0001-01-01").IsZero() {
		t.Error("1 January of the year 1 counts as no date")
	}
}
