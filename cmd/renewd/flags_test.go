package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"renewd/internal/renewal"
)

// TestInstant: a date and a time without an offset are on the zone's clock, also
// where that jumps; any other is as written.
func TestInstant(t *testing.T) {
	zone := mustZone("Europe/Paris")
	for text, want := range map[string]string{
		"2026-11-21":                "2026-11-20T23:00:00Z",
		"2026-11-21 10:00":          "2026-11-21T09:00:00Z",
		"2026-07-21 10:00":          "2026-07-21T08:00:00Z",
		"2026-11-21T10:00":          "2026-11-21T09:00:00Z",
		"2026-11-21 10:00:59":       "2026-11-21T09:00:59Z",
		"2026-11-21T10:00:59":       "2026-11-21T09:00:59Z",
		"2027-03-28 02:30":          "2027-03-28T01:00:00Z", // never shown: the first instant after the gap
		"2026-10-25 02:30":          "2026-10-25T00:30:00Z", // shown twice: the first
		"2026-11-21T10:00:00Z":      "2026-11-21T10:00:00Z",
		"2026-11-21T10:00:00+05:30": "2026-11-21T04:30:00Z",
		"2026-02-30":                "",
		"2026-02-30 10:00":          "",
		"2026-11-21 25:00":          "",
		"21.11.2026":                "",
		"yesterday":                 "",
		"":                          "",
	} {
		at, err := instant(text, zone)
		if got := renewal.FormatStamp(at); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), "is not a time such as 2027-03-01T08:00:00Z, and not a date such as 2027-03-01") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestNumberArgs(t *testing.T) {
	cmd := &cobra.Command{Use: "retry"}
	ids, err := numberArgs(cmd, []string{"7", "3", "7"}, "reminder")
	if err != nil || !slices.Equal(ids, []int64{7, 3}) {
		t.Errorf("%v, %v", ids, err)
	}
	for _, bad := range []string{"0", "-1", "x", "1.0", "99999999999999999999"} {
		if _, err := numberArgs(cmd, []string{"1", bad}, "reminder"); exitCode(err) != exitUsage {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
