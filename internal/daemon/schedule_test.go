package daemon

import (
	"testing"
	"time"
)

// TestDailyScheduleRunsOnceADay: in zones whose clocks change at night, at
// midnight and by half an hour, every daily time runs exactly once on each day.
func TestDailyScheduleRunsOnceADay(t *testing.T) {
	for _, zone := range []string{"Europe/Lisbon", "America/Santiago", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Auckland"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"0 0 * * *", "30 0 * * *", "30 1 * * *", "15 2 * * *", "30 2 * * *", "0 9 * * *", "59 23 * * *"} {
			s, err := ParseSchedule(text, loc, false)
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(2025, 12, 31, 23, 59, 59, 0, loc)
			day := time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)
			for range 3 * 365 {
				next := s.Next(at)
				day = day.AddDate(0, 0, 1)
				if got := next.In(loc).Format("2006-01-02"); got != day.Format("2006-01-02") {
					t.Fatalf("%s in %s: after %s comes %s, want one on %s", text, zone, at, next.In(loc), day.Format("2006-01-02"))
				}
				at = next
			}
		}
	}
}

// TestOftenScheduleHasNoQuietHour: what runs every minute goes on while the
// clocks show an hour for the second time.
func TestOftenScheduleHasNoQuietHour(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for text, most := range map[string]time.Duration{"* * * * *": time.Minute, "*/5 * * * *": 5 * time.Minute, "@every 2m": 2 * time.Minute, "0 * * * *": time.Hour} {
		s, err := ParseSchedule(text, loc, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []time.Time{time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC), time.Date(2027, 3, 27, 22, 0, 0, 0, time.UTC)} {
			for at := from; at.Before(from.Add(8 * time.Hour)); {
				next := s.Next(at)
				if gap := next.Sub(at); gap <= 0 || gap > most {
					t.Fatalf("%s: after %s comes %s", text, at.In(loc), next.In(loc))
				}
				at = next
			}
		}
	}
}

func TestScheduleRefusals(t *testing.T) {
	for _, text := range []string{"TZ=UTC", "* * * *", "nonsense", "CRON_TZ=Nowhere * * * * *", "@reboot"} {
		if s, err := ParseSchedule(text, time.UTC, false); err == nil {
			t.Errorf("%q is taken for a schedule: %v", text, s)
		}
	}
	if s, err := ParseSchedule("", time.UTC, false); s != nil || err != nil {
		t.Errorf("no text: %v, %v", s, err)
	}
}
