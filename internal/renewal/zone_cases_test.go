package renewal

import (
	"testing"
	"time"
)

func TestWallClockCases(t *testing.T) {
	for _, c := range []struct{ zone, date, clock, want, why string }{
		{"Europe/Paris", "2027-03-28", "02:30", "2027-03-28T01:00:00Z", "skipped: the first instant after the gap"},
		{"Europe/Paris", "2027-10-31", "02:30", "2027-10-31T00:30:00Z", "occurs twice: the first"},
		{"Europe/Paris", "2027-07-01", "09:00", "2027-07-01T07:00:00Z", "summer time"},
		{"Europe/Paris", "2027-07-01", "24:00", "2027-07-01T22:00:00Z", "the end of the day"},
		{"America/Sao_Paulo", "2018-11-04", "00:00", "2018-11-04T03:00:00Z", "midnight skipped"},
		{"America/Sao_Paulo", "2018-02-17", "23:30", "2018-02-18T01:30:00Z", "the last hour of the day twice"},
		{"America/Sao_Paulo", "2018-02-18", "00:00", "2018-02-18T03:00:00Z", "midnight after the hour that came twice"},
		{"Asia/Beirut", "2027-03-28", "00:00", "2027-03-27T22:00:00Z", "midnight skipped"},
		{"Africa/Cairo", "2027-04-30", "00:15", "2027-04-29T22:00:00Z", "midnight skipped"},
		{"America/Havana", "2027-11-07", "00:30", "2027-11-07T04:30:00Z", "the first hour of the day twice"},
		{"Australia/Lord_Howe", "2027-04-04", "01:45", "2027-04-03T14:45:00Z", "half an hour twice"},
		{"Australia/Lord_Howe", "2027-10-03", "02:15", "2027-10-02T15:30:00Z", "half an hour skipped"},
		{"Antarctica/Troll", "2027-03-28", "01:30", "2027-03-28T01:00:00Z", "two hours skipped"},
		{"Antarctica/Troll", "2027-10-31", "02:30", "2027-10-31T00:30:00Z", "two hours twice"},
		{"Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T10:00:00Z", "a whole day skipped"},
		{"Pacific/Kwajalein", "1969-09-30", "12:00", "1969-09-30T01:00:00Z", "nearly a whole day twice"},
		{"Pacific/Kiritimati", "2027-01-01", "00:00", "2026-12-31T10:00:00Z", "UTC+14"},
		{"Etc/GMT+12", "2027-01-01", "00:00", "2027-01-01T12:00:00Z", "UTC-12"},
		{"Asia/Tehran", "2022-03-22", "00:30", "2022-03-21T20:30:00Z", "midnight skipped"},
		{"Asia/Kathmandu", "2027-01-01", "00:00", "2026-12-31T18:15:00Z", "a quarter of an hour"},
	} {
		clock, err := time.Parse("15:04", c.clock)
		minutes := clock.Hour()*60 + clock.Minute()
		if c.clock == "24:00" {
			minutes, err = 24*60, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := FormatStamp(At(date(t, c.date), minutes, zone(t, c.zone))); got != c.want {
			t.Errorf("%s %s in %s is %s, want %s (%s)", c.date, c.clock, c.zone, got, c.want, c.why)
		}
	}
}

func TestAddPeriodCases(t *testing.T) {
	for _, c := range []struct{ zone, from, period, want string }{
		{"Europe/Paris", "2027-03-27T08:00:00Z", "P1D", "2027-03-28T07:00:00Z"},
		{"Europe/Paris", "2027-03-27T01:30:00Z", "P1D", "2027-03-28T01:00:00Z"}, // 02:30 is skipped
		{"Europe/Paris", "2027-10-30T00:30:00Z", "P1D", "2027-10-31T00:30:00Z"}, // the first 02:30
		{"Europe/Paris", "2027-10-31T01:30:00Z", "P0D", "2027-10-31T01:30:00Z"}, // the second stays
		{"Europe/Paris", "2027-01-31T22:59:59Z", "P1M", "2027-02-28T22:59:59Z"},
		{"Europe/Paris", "2027-01-31T23:00:00Z", "P1M", "2027-02-28T23:00:00Z"}, // 1 February there
		{"Pacific/Apia", "2011-12-29T22:00:00Z", "P1D", "2011-12-30T10:00:00Z"}, // the day that was not
		{"America/New_York", "2027-03-01T05:00:00Z", "P30D", "2027-03-31T04:00:00Z"},
	} {
		got := FormatStamp(AddPeriod(stamp(t, c.from), MustPeriod(c.period), zone(t, c.zone)))
		if got != c.want {
			t.Errorf("%s + %s in %s = %s, want %s", c.from, c.period, c.zone, got, c.want)
		}
	}
}

// TestResultsAreInUTC: instants are kept in UTC whatever the zone, so that ==
// and printing do not depend on where they came from.
func TestResultsAreInUTC(t *testing.T) {
	loc := zone(t, "America/Sao_Paulo")
	d := date(t, "2018-11-04")
	for _, got := range []time.Time{At(d, 0, loc), At(d, 600, loc), StartOf(d, loc), EndOf(d, loc), AddPeriod(StartOf(d, loc), Days(1), loc)} {
		if got.Location() != time.UTC {
			t.Errorf("%s is not in UTC", got)
		}
	}
}
