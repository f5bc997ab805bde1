package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/rulebook"
)

// anchors are the dates that a notice can count from.
var anchors = []string{string(renewal.AnchorRenewsOn), string(renewal.AnchorCancelBy),
	string(renewal.AnchorEndsOn), string(renewal.AnchorTrialEndsOn), string(renewal.AnchorYearly)}

// readMoments reads the one family of moments that a rule has; missing names
// the moments that this version cannot plan by.
func readMoments(s *section, rule *renewal.Rule, book *rulebook.Book) (missing []string) {
	rule.BeforeEnd = s.periods("before_end")
	rule.AfterEnd = s.periods("after_end")
	rule.AfterUse = readAfterUse(s)
	rule.Notice, rule.Duties = readNotice(s, book)
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

// readNotice reads the window of a notice, or the legal duties that open its
// windows.
func readNotice(s *section, book *rulebook.Book) (*renewal.NoticeWindow, []string) {
	const shape = `{ anchor = "renews_on", earliest = "P45D", latest = "P15D" }`
	t := s.inline("notice", shape)
	if t == nil {
		return nil, nil
	}
	if t.table.fields["duties"].value != nil {
		duties := readDuties(t, book)
		for _, key := range []string{"anchor", "earliest", "latest"} {
			if v := t.field(key); v != nil {
				t.fault(v.at, key, "it does not go with duties, which bring their own windows: write one of the two")
			}
		}
		t.finish()
		return nil, duties
	}
	t.field("duties")
	t.need("anchor", "renews_on, cancel_by, ends_on, trial_ends_on or yearly")
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
	return w, nil
}

// readDuties reads names of duties in the rule books.
func readDuties(t *section, book *rulebook.Book) []string {
	ids := []string{rulebook.Auto}
	for _, d := range book.All() {
		ids = append(ids, d.ID)
	}
	duties := parsedList(t, "duties", true, "a duty's name in quotes", func(name string) (string, error) {
		if slices.Contains(ids, name) {
			return name, nil
		}
		meant := ""
		if near := nearest(name, ids); near != "" {
			meant = "; did you mean " + near + "?"
		}
		return "", fmt.Errorf("%q is not a duty%s (docs/notices.md lists them all)", name, meant)
	})
	v := t.table.fields["duties"].value
	if v.kind == kindArray && len(v.items) == 0 {
		t.fault(v.at, "duties", `the list is empty: write ["auto"], or name duties`)
	}
	for _, id := range duties {
		switch d := book.Duty(id); {
		case d == nil || d.Active() && d.Latest.Set:
		case !d.Latest.Set:
			t.problems.warnf(v.at, "%sduties: %q has no effect: no text that was read says when its notice must leave", t.label, id)
		default:
			t.problems.warnf(v.at, "%sduties: %q is not in force (%s): it is followed all the same, because you name it", t.label, id, d.Status)
		}
	}
	return duties
}

// readUnused reads what happens when nobody uses an agreement: a period alone
// stands for its since.
func readUnused(s *section) *renewal.Unused {
	const shape = `a period, or { since = "P90D", then = "letter" }`
	v := s.field("unused")
	if v == nil {
		return nil
	}
	u := &renewal.Unused{Then: renewal.UnusedLetter, Template: stillUsing}
	if v.kind == kindString {
		u.Since = parsed(s, "unused", renewal.Period{}, "a period in quotes", period)
	} else {
		t := s.inline("unused", shape)
		if t == nil {
			return nil
		}
		u.Since = t.wantedPeriod("since")
		u.Then = renewal.WhenUnused(t.word("then", string(renewal.UnusedLetter), string(renewal.UnusedTask), string(renewal.UnusedHold)))
		u.Template = parsed(t, "template", stillUsing, "text in quotes", templateName)
		t.finish()
	}
	if u.Since.Set && u.Since.IsZero() {
		s.fault(v.at, "unused", "no time at all is nobody's measure: write a period such as P90D")
	}
	if s.table.fields["notice"].value == nil && s.table.fields["before_end"].value == nil && s.table.fields["after_use"].value == nil {
		s.problems.warnf(v.at, "%sunused: without effect: it goes with notice or before_end", s.label)
	}
	return u
}

// stillUsing is the letter that asks whether an agreement is used.
const stillUsing = "still-using"

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
