package rulebook

import (
	"slices"
	"time"

	"renewd/internal/renewal"
)

// Subject is an agreement as duties see it. Zero dates, unset periods and empty
// words are unknown; what is unknown meets every condition, so that a gap in the
// data loses no notice.
type Subject struct {
	// Country is ISO 3166-1, Region ISO 3166-2 (US-CA; CA alone is read as a
	// region of Country). Kind is one of renewal.Kinds.
	Country, Region, Kind string
	// StartsOn and FirstEndsOn are the first and the last day of the first term.
	StartsOn, FirstEndsOn renewal.Date
	// TermStartsOn and EndsOn are those of the term in force; the next one
	// starts on EndsOn + 1. CancelBy is the last day on which a cancellation
	// stops it, EndsOn where none is given.
	TermStartsOn, EndsOn, CancelBy renewal.Date
	// Term is the length of the next term.
	Term renewal.Period
	// TrialEndsOn is the last day of the trial, NewPriceFrom the first day of a
	// new price; zero where there is none.
	TrialEndsOn, NewPriceFrom renewal.Date

	year renewal.Date // the anniversary that is meant, of several in the term
}

// Window is when a notice must leave to meet one duty.
type Window struct {
	Duty *Duty
	// Anchor is the anchor that was counted from, On its date.
	Anchor renewal.Anchor
	On     renewal.Date
	// Opens and Closes are local dates of the customer, both inclusive.
	Opens, Closes renewal.Date
	// Ours: no text names Opens, it is our own choice; a notice that leaves a
	// little earlier for another duty meets this one as well.
	Ours bool
}

// oursAtMost is how long before its closing a window whose opening is our own may
// be met by another duty's notice: as early as any law wants one, and no earlier,
// so that it is still news.
const oursAtMost = 60

// opensFor is the first day on which a notice for another duty meets this one.
func (w *Window) opensFor() renewal.Date {
	if w.Ours {
		return min(w.Opens, w.Closes.AddDays(-oursAtMost))
	}
	return w.Opens
}

// Windows returns the window of each duty whose conditions the subject meets for
// its term in force, in the order of the duties. A trial's or a new price's
// window belongs to the term in which it closes. A window that would open after
// it closes cannot be met and is the one day on which it closes. A nil calendar
// knows weekends only.
func Windows(duties []*Duty, s Subject, cal Calendar) []Window {
	var windows []Window
	for _, d := range duties {
		for _, one := range s.years(d) {
			if w, ok := d.window(&one, cal); ok {
				windows = append(windows, w)
			}
		}
	}
	superseded := map[string]bool{}
	for _, w := range windows {
		for _, id := range w.Duty.Supersedes {
			superseded[id] = true
		}
	}
	return slices.DeleteFunc(windows, func(w Window) bool { return superseded[w.Duty.ID] })
}

// window is the duty's window for the term in force; false where it has none.
func (d *Duty) window(s *Subject, cal Calendar) (Window, bool) {
	if !d.Latest.Set || s.EndsOn.IsZero() || !d.concerns(s) {
		return Window{}, false
	}
	w := Window{Duty: d}
	for _, anchor := range d.Anchor {
		if on := d.anchorDate(anchor, s); !on.IsZero() && (w.On.IsZero() || on < w.On) {
			w.Anchor, w.On = anchor, on
		}
	}
	if w.On.IsZero() {
		return Window{}, false
	}
	w.Closes = latestDay(w.On, d, dayOff(d, s, cal))
	if w.Ours = d.EarliestOurs.Set; w.Ours {
		w.Opens = earliestDay(w.Closes, d.EarliestOurs)
	} else {
		w.Opens = earliestDay(w.On, d.Earliest)
	}
	if d.Cadence == CadenceCalendarYear {
		w.keepInYear()
	}
	w.Opens = min(w.Opens, w.Closes)
	return w, w.Closes >= d.InForceFrom && (d.followsTerm() || s.holds(w.Closes))
}

// keepInYear cuts a window that spans New Year to its longer side. The side is
// the same every year, so each calendar year has one notice: the January of one
// would else be followed by the December of the next but one.
func (w *Window) keepInYear() {
	year, _, _ := w.Closes.Civil()
	newYear := renewal.NewDate(year, time.January, 1)
	switch {
	case w.Opens >= newYear:
	case renewal.DaysBetween(newYear, w.Closes) >= renewal.DaysBetween(w.Opens, newYear):
		w.Opens = newYear
	default:
		w.Closes = newYear - 1
	}
}

// followsTerm reports whether the duty's anchor is made from the term itself, so
// that each term has one of its own.
func (d *Duty) followsTerm() bool {
	return d.Event != EventTrialEnd && d.Event != EventPriceChange
}

// concerns reports whether the subject meets all conditions of the duty.
func (d *Duty) concerns(s *Subject) bool {
	renewsOn := s.EndsOn + 1
	var nextEnds renewal.Date // the day after the next term
	if s.Term.Set {
		nextEnds = renewsOn.Add(s.Term)
	}
	exempt := !s.StartsOn.IsZero() && s.StartsOn < d.ContractsFrom &&
		!(d.OrExtended && s.TermStartsOn >= d.ContractsFrom)
	switch {
	case exempt,
		s.Kind != "" && len(d.Kinds) > 0 && !slices.Contains(d.Kinds, s.Kind),
		!d.InitialTerm.Holds(s.StartsOn, dayAfter(s.FirstEndsOn)),
		!d.TrialLength.Holds(s.StartsOn, dayAfter(s.TrialEndsOn)),
		!d.RenewalTerm.Holds(renewsOn, nextEnds),
		!d.Cycle.Holds(renewsOn, nextEnds),
		!d.TotalTerm.Holds(s.StartsOn, nextEnds):
		return false
	}
	switch d.Cadence {
	case CadenceFirstThenYearly:
		return crossesYear(dayAfter(s.FirstEndsOn), 0, renewsOn, nextEnds)
	case CadenceCrosses12Months:
		return crossesYear(s.StartsOn, 1, renewsOn, nextEnds)
	}
	return true
}

// anchorDate is the date of an anchor of the duty, zero where there is none.
func (d *Duty) anchorDate(anchor renewal.Anchor, s *Subject) renewal.Date {
	switch anchor {
	case AnchorAnniversary:
		return s.anniversary()
	case renewal.AnchorTrialEndsOn:
		return s.TrialEndsOn
	case AnchorNewPriceFrom:
		return s.NewPriceFrom
	}
	switch d.Event {
	case EventPriceChange:
		return s.NewPriceFrom
	case EventTrialEnd:
		// The agreement's cancel-by date stands for the trial's only where the
		// term is the trial; else a trial can be left until its last day.
		if anchor == renewal.AnchorCancelBy && s.TrialEndsOn == s.EndsOn {
			return s.cancelBy()
		}
		return s.TrialEndsOn
	}
	switch anchor {
	case renewal.AnchorCancelBy:
		return s.cancelBy()
	case renewal.AnchorEndsOn:
		return s.EndsOn
	}
	return s.EndsOn + 1
}

func (s *Subject) cancelBy() renewal.Date {
	if s.CancelBy.IsZero() {
		return renewal.CancelBy(s.EndsOn, renewal.Period{})
	}
	return s.CancelBy
}

// holds reports whether a window that closes on that day belongs to the term in
// force: it closes in it, or before it where no term came before.
func (s *Subject) holds(closes renewal.Date) bool {
	first := s.TermStartsOn.IsZero() || s.FirstEndsOn == s.EndsOn ||
		s.TermStartsOn <= s.StartsOn
	return closes <= s.EndsOn && (first || closes >= s.TermStartsOn)
}

// years are the subject once for each anniversary in its term, where the duty is
// about those; else the subject alone.
func (s Subject) years(d *Duty) (all []Subject) {
	if !slices.Contains(d.Anchor, AnchorAnniversary) || s.StartsOn.IsZero() {
		return []Subject{s}
	}
	last, _ := lastYear(s.StartsOn, s.EndsOn+1)
	for n := last; n >= 1; n-- {
		day := s.StartsOn.Add(renewal.Period{Years: n, Set: true})
		if day <= s.TermStartsOn {
			break
		}
		one := s
		one.year = day
		all = append(all, one)
	}
	slices.Reverse(all)
	return all
}

// anniversary is the anniversary of the start that is meant, else the last one
// after the first day of the term in force, up to and including the day of
// renewal; zero for none. Where the start is unknown each renewal may be one.
func (s *Subject) anniversary() renewal.Date {
	if !s.year.IsZero() {
		return s.year
	}
	renewsOn := s.EndsOn + 1
	if s.StartsOn.IsZero() {
		return renewsOn
	}
	n, day := lastYear(s.StartsOn, renewsOn)
	if n < 1 || day <= s.TermStartsOn {
		return 0
	}
	return day
}

// crossesYear reports whether the next term, from its first day up to, not
// including, end, takes in a day least or more whole years after start. What is
// unknown does.
func crossesYear(start renewal.Date, least int, first, end renewal.Date) bool {
	if start.IsZero() || end.IsZero() {
		return true
	}
	n, day := lastYear(start, end-1)
	return n >= least && day >= first
}

// lastYear returns the last day up to until that lies n whole years after start,
// and n; a negative n where until is before start.
func lastYear(start, until renewal.Date) (n int, day renewal.Date) {
	if until < start {
		return -1, 0
	}
	from, _, _ := start.Civil()
	to, _, _ := until.Civil()
	n = to - from
	day = start.Add(renewal.Period{Years: n, Set: true})
	if day > until {
		n--
		day = start.Add(renewal.Period{Years: n, Set: true})
	}
	return n, day
}

// dayAfter is the day after d, zero for none.
func dayAfter(d renewal.Date) renewal.Date {
	if d.IsZero() {
		return 0
	}
	return d + 1
}
