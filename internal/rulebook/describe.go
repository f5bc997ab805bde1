package rulebook

import (
	"fmt"
	"strings"

	"renewd/internal/renewal"
)

// Timing says in English when the notice must leave: "45 to 15 days before
// renews_on", or that the text names no day.
func (d *Duty) Timing() string {
	if !d.Latest.Set {
		return "no window known"
	}
	anchors := make([]string, len(d.Anchor))
	for i, anchor := range d.Anchor {
		anchors[i] = string(anchor)
	}
	anchor := strings.Join(anchors, ", ")
	if len(anchors) > 1 {
		anchor = "the earliest of " + anchor
	}
	latest := countedBack(d.Latest.Period, d.Unit)
	switch {
	case d.Latest.Hours > 0:
		latest = fmt.Sprintf("%d hours", d.Latest.Hours)
	case d.Latest.IsZero():
		latest = ""
	}
	if d.EarliestOurs.Set {
		text := "at the latest on " + anchor
		if latest != "" {
			text = "at the latest " + latest + " before " + anchor
		}
		return text + "; sent in the " + countedBack(d.EarliestOurs, UnitDay) + " before that"
	}
	earliest := countedBack(d.Earliest, UnitDay)
	if latest == "" {
		return earliest + " before " + anchor + " to that day"
	}
	number, unit, _ := strings.Cut(earliest, " ")
	if _, latestUnit, _ := strings.Cut(latest, " "); unit == latestUnit {
		earliest = number
	}
	return earliest + " to " + latest + " before " + anchor
}

// Conditions says in English what else must be so, empty for nothing.
func (d *Duty) Conditions() string {
	var parts []string
	for _, c := range []struct {
		name  string
		bound Bound
	}{{"first term", d.InitialTerm}, {"next term", d.RenewalTerm}, {"trial", d.TrialLength}, {"in all", d.TotalTerm}, {"cycle", d.Cycle}} {
		if c.bound.Set() {
			parts = append(parts, c.name+" "+c.bound.String())
		}
	}
	if len(d.Kinds) > 0 {
		parts = append(parts, "kind "+strings.Join(d.Kinds, " or "))
	}
	if d.Cadence != CadenceEvery {
		parts = append(parts, strings.ReplaceAll(string(d.Cadence), "_", " "))
	}
	return strings.Join(parts, ", ")
}

// countedBack writes a period in words: "15 days", "1 month"; P0D is empty.
func countedBack(p renewal.Period, unit Unit) string {
	day := "day"
	if unit == UnitBusinessDay {
		day = "business day"
	}
	var parts []string
	for _, part := range []struct {
		n    int
		unit string
	}{{p.Years, "year"}, {p.Months, "month"}, {p.Weeks, "week"}, {p.Days, day}} {
		switch {
		case part.n == 1:
			parts = append(parts, "1 "+part.unit)
		case part.n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", part.n, part.unit))
		}
	}
	return strings.Join(parts, " ")
}
