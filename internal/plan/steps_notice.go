package plan

import (
	"slices"

	"renewd/internal/renewal"
)

// noticeSteps returns the steps of a notice rule: one for each day that its window
// counts from, none where the agreement lacks the anchor.
func (w *work) noticeSteps(base step) []*step {
	days := anchorDays(base.agreement, base.rule.Notice.Anchor)
	steps := make([]*step, 0, len(days))
	for _, anchor := range days {
		if w.toldUnderDuties(base, anchor) {
			continue
		}
		s := base
		s.name, s.side, s.day = renewal.StepNotice, renewal.NoticeSide, anchor.Sub(base.rule.Notice.Earliest)
		if len(days) > 1 {
			s.name += ":" + anchor.String()
		}
		s.notAfter = renewal.EndOf(anchor.Sub(base.rule.Notice.Latest), s.zone)
		s.due = w.openOrStart(s.day, s.notAfter, s.zone)
		steps = append(steps, &s)
	}
	return steps
}

// toldUnderDuties reports whether the rule told of the renewal while it had duties,
// within the window that it has now.
func (w *work) toldUnderDuties(base step, anchor renewal.Date) bool {
	opens, closes := anchor.Sub(base.rule.Notice.Earliest), anchor.Sub(base.rule.Notice.Latest)
	return slices.ContainsFunc(w.finalNotices(base), func(row *renewal.Reminder) bool {
		left := renewal.LocalDate(row.DecidedAt, base.zone)
		return len(row.Duties) > 0 && row.State.CountsAsSent() && left >= opens && left <= closes
	})
}

// anchorDays are the days that a notice counts from in the term in force: mostly
// one; none where the agreement lacks it; for AnchorYearly the days of the term,
// or the day after it, on which another year since the start is complete.
func anchorDays(a *renewal.Agreement, anchor renewal.Anchor) []renewal.Date {
	var day renewal.Date
	switch anchor {
	case renewal.AnchorRenewsOn:
		day = a.RenewsOn()
	case renewal.AnchorCancelBy:
		day = a.CancelBy()
	case renewal.AnchorEndsOn:
		day = a.EndsOn
	case renewal.AnchorTrialEndsOn:
		if trialInTerm(a) {
			day = a.TrialEndsOn
		}
	case renewal.AnchorYearly:
		return anniversaries(a)
	}
	if day.IsZero() {
		return nil
	}
	return []renewal.Date{day}
}

// trialInTerm reports whether the trial ends in the term in force: a notice of it
// is not given again in the next one.
func trialInTerm(a *renewal.Agreement) bool {
	term := a.InForce()
	if len(a.Terms) > 1 && renewal.CauseRenews(term.Cause) && a.TrialEndsOn < term.StartsOn {
		return false
	}
	_, rolls := a.NextEnd()
	return a.TrialEndsOn <= a.EndsOn || !a.AutoRenew || !rolls
}

// anniversaries are the days after the first of the term in force, up to the day
// after its last, on which another year since starts_on is complete.
func anniversaries(a *renewal.Agreement) (days []renewal.Date) {
	if a.StartsOn.IsZero() {
		return nil
	}
	from := max(a.TermStart(), a.StartsOn)
	year := renewal.MustPeriod("P1Y")
	for n := max(1, renewal.DaysBetween(a.StartsOn, from)/366); ; n++ {
		day := a.StartsOn.Add(year.Times(n))
		if day > a.RenewsOn() {
			return days
		}
		if day > from {
			days = append(days, day)
		}
	}
}
