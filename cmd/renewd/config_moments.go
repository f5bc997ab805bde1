package main

import (
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// anchors are the dates that a notice can count from.
var anchors = []string{string(renewal.AnchorRenewsOn), string(renewal.AnchorCancelBy),
	string(renewal.AnchorEndsOn), string(renewal.AnchorTrialEndsOn)}

// readMoments reads the one family of moments that a rule has; missing names
// the moments that this version cannot plan by.
func readMoments(s *section, rule *renewal.Rule) (missing []string) {
	rule.BeforeEnd = s.periods("before_end")
	rule.AfterEnd = s.periods("after_end")
	rule.AfterUse = readAfterUse(s)
	notice, duties := readNotice(s)
	rule.Notice = notice
	if duties {
		missing = append(missing, "notice.duties")
	}
	events := make([]string, len(renewal.EventTypes))
	for i, t := range renewal.EventTypes {
		events[i] = string(t)
	}
	rule.On = renewal.EventType(parsed(s, "on", "", "an event type in quotes", oneOf("an event type", events)))
	for _, moment := range learnedMoments {
		s.periods(moment)
		if _, written := s.table.fields[moment]; written {
			missing = append(missing, moment)
		}
	}
	oneFamily(s)
	return missing
}

// oneFamily reports a rule without moments, and one with several families.
func oneFamily(s *section) {
	families := [][]string{endFamily, {"notice"}, {"on"}}
	for _, moment := range learnedMoments {
		families = append(families, []string{moment})
	}
	var written []string
	for _, family := range families {
		i := slices.IndexFunc(family, func(key string) bool { return s.table.fields[key].value != nil })
		if i >= 0 {
			written = append(written, family[i])
		}
	}
	switch {
	case len(written) == 0:
		s.problems.errorf(s.table.at, "%sit has no moment: write before_end, after_use or after_end, or notice, or on",
			s.label)
	case len(written) > 1:
		s.problems.errorf(s.placeOf(written[1]), "%s%s do not go together: write a rule for each", s.label,
			strings.Join(written, " and "))
	}
}

// periods reads the steps of a list.
func (s *section) periods(key string) []renewal.Period {
	v := s.field(key)
	if v == nil {
		return nil
	}
	switch {
	case v.kind != kindArray:
		s.wrongKind(v, key, `a list of periods such as ["P30D", "P7D"]`)
		return nil
	case len(v.items) == 0:
		s.fault(v.at, key, "the list is empty: name at least one period, or leave the key out")
	}
	var list []renewal.Period
	for _, item := range v.items {
		p, ok := parseNode(s, key, item, "a period in quotes", period)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(list, func(q renewal.Period) bool { return p == q }); i >= 0 {
			s.fault(item.at, key, "%q is there twice: write it once", item.text)
			continue
		}
		list = append(list, p)
	}
	return list
}

// inline opens the inline table under key, nil where there is none.
func (s *section) inline(key, shape string) *section {
	v := s.typed(key, shape, kindTable)
	if v == nil {
		return nil
	}
	return &section{name: key, label: s.label + key + ".", table: v, problems: s.problems, record: s.record}
}

func readAfterUse(s *section) *renewal.AfterUse {
	const shape = `{ delay = "P1D", from = "P90D", until = "P14D" }`
	t := s.inline("after_use", shape)
	if t == nil {
		return nil
	}
	u := &renewal.AfterUse{Delay: t.wantedPeriod("delay"), From: t.wantedPeriod("from"), Until: t.wantedPeriod("until")}
	if day := firstEmpty(u.From, u.Until); day != 0 {
		s.fault(t.table.at, "after_use", "from = %q begins after until = %q (for an end on %s): "+
			"from counts back from the end and must be the longer of the two", u.From, u.Until, day)
	}
	t.finish()
	return u
}

// readNotice also reports whether the window is to come from legal duties.
func readNotice(s *section) (*renewal.NoticeWindow, bool) {
	const shape = `{ anchor = "renews_on", earliest = "P45D", latest = "P15D" }`
	t := s.inline("notice", shape)
	if t == nil {
		return nil, false
	}
	duties := parsedList(t, "duties", true, "a duty's name in quotes", filledLine)
	if len(duties) > 0 && t.table.fields["anchor"].value == nil {
		t.field("anchor")
		w := &renewal.NoticeWindow{
			Earliest: parsed(t, "earliest", renewal.Period{}, "a period in quotes", period),
			Latest:   parsed(t, "latest", renewal.Period{}, "a period in quotes", period),
		}
		t.finish()
		return w, true
	}
	t.need("anchor", "renews_on, cancel_by, ends_on or trial_ends_on")
	w := &renewal.NoticeWindow{
		Anchor:   renewal.Anchor(parsed(t, "anchor", "", "a date's name in quotes", oneOf("an anchor", anchors))),
		Earliest: t.wantedPeriod("earliest"),
		Latest:   t.wantedPeriod("latest"),
	}
	if day := firstEmpty(w.Earliest, w.Latest); day != 0 {
		s.fault(t.table.at, "notice", "the window is empty: earliest = %q comes after latest = %q (for %s on %s): "+
			"both count back from the anchor, so earliest must be the longer of the two", w.Earliest, w.Latest, w.Anchor, day)
	}
	t.finish()
	return w, len(duties) > 0
}

func (s *section) wantedPeriod(key string) renewal.Period {
	s.need(key, "a period such as P30D")
	return parsed(s, key, renewal.Period{}, "a period in quotes", period)
}

// firstEmpty returns a day of four years, leap day included, for which day −
// from lies after day − until; no date where there is none.
func firstEmpty(from, until renewal.Period) renewal.Date {
	if !from.Set || !until.Set {
		return 0
	}
	first := renewal.NewDate(2027, time.January, 1)
	for day := first; day < first+4*366; day++ {
		if day.Sub(from) > day.Sub(until) {
			return day
		}
	}
	return 0
}
