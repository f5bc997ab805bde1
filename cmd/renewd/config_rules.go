package main

import (
	"fmt"
	"slices"
	"strings"

	"renewd/internal/renewal"
	"renewd/internal/rulebook"
)

// endFamily are the keys that together are one family of moments: the steps
// around a written end.
var endFamily = []string{"before_end", "after_use", "after_end"}

// readRules reads every [[rule]].
func (c *Config) readRules(top *section) {
	list := top.field("rule")
	if list == nil {
		return
	}
	if list.kind != kindArray || slices.ContainsFunc(list.items, func(n *node) bool { return n.kind != kindTable }) {
		top.problems.errorf(list.at, "rule: write each rule as a table of its own under [[rule]], with two brackets")
		return
	}
	book, err := rulebook.Load()
	if err != nil {
		panic(err) // the books are part of the program, and a test reads them
	}
	c.Book = book
	seen := map[string]place{}
	for i, table := range list.items {
		s := &section{name: "rule", label: ruleLabel(table, i) + ": ", table: table, problems: top.problems, record: top.record}
		rule, missing := readRule(s, book)
		rule.Place = i
		if at, twice := seen[rule.Name]; twice && rule.Name != "" {
			s.fault(s.table.fields["name"].value.at, "name", "the rule in line %d has it already: give each rule its own, "+
				"for what was sent is remembered by it", at.line)
		}
		if f, named := table.fields["name"]; named {
			seen[rule.Name] = f.value.at
		}
		if len(missing) > 0 {
			s.problems.warnf(table.at, "%sset aside, nothing is planned for it: %s known, but without effect in this version",
				s.label, isOrAre(missing))
			c.SetAside = append(c.SetAside, rule.Name)
			continue
		}
		c.Rules = append(c.Rules, rule)
	}
}

func isOrAre(words []string) string {
	if len(words) == 1 {
		return words[0] + " is"
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1] + " are"
}

// ruleLabel names a rule in messages: by its name, else by its number.
func ruleLabel(table *node, i int) string {
	if v := table.fields["name"].value; v != nil && v.kind == kindString && v.text != "" {
		return fmt.Sprintf("rule %q", v.text)
	}
	return fmt.Sprintf("rule number %d", i+1)
}

// readRule reads one rule; missing names what it needs and this version has not.
func readRule(s *section, book *rulebook.Book) (rule renewal.Rule, missing []string) {
	rule.Name = parsed(s, "name", "", "text in quotes", optional(filledLine))
	s.need("name", "a name that never changes, for what was sent is remembered by it")
	rule.Audience = readAudience(s)
	rule.Template = parsed(s, "template", "", "text in quotes", optional(templateName))
	s.need("template", "the name of the letter, such as pass-renewal")
	rule.TemplateAfter = parsed(s, "template_after", "", "text in quotes", templateName)
	missing = readMoments(s, &rule, book)
	rule.Class = readClass(s, &rule)
	if dedicated := s.flag("dedicated"); dedicated != nil {
		rule.Dedicated = *dedicated
		if *dedicated && s.table.fields["notice"].value == nil {
			s.problems.warnf(s.placeOf("dedicated"), "%sdedicated: without effect: it keeps notices apart, and this rule has no notice", s.label)
		}
	}
	if rule.TemplateAfter != "" && s.table.fields["after_end"].value == nil {
		s.fault(s.placeOf("template_after"), "template_after", "it goes with after_end only: this rule has no steps after the end")
	}
	onMissed := renewal.OnMissed(s.word("on_missed", string(renewal.Alert), string(renewal.HoldRenewal), string(renewal.RenewCancellable)))
	if onMissed != renewal.Alert {
		rule.OnMissed = onMissed
	}
	if s.table.fields["on_missed"].value != nil && s.table.fields["notice"].value == nil {
		s.problems.warnf(s.placeOf("on_missed"), "%son_missed: without effect: it is about notices, and this rule has none", s.label)
	}
	rule.Unused = readUnused(s)
	s.share("control")
	if segment := parsedList(s, "segment", true, "text in quotes", filledLine); len(segment) > 0 {
		missing = append(missing, "segment")
	}
	s.finish()
	return rule, missing
}

func readAudience(s *section) renewal.Audience {
	a := renewal.Audience{
		Kind:      parsedList(s, "kind", true, "text in quotes", oneOf("a kind", renewal.Kinds)),
		Product:   parsedList(s, "product", true, "a product's ref in quotes", filledLine),
		Country:   parsedList(s, "country", true, "a country in quotes", countryCode),
		Locale:    parsedList(s, "locale", true, "a language tag in quotes", localeTag),
		AutoRenew: s.flags("auto_renew"),
		Cancelled: s.flags("cancelled"),
	}
	for _, key := range []string{"kind", "product", "country", "locale", "segment", "auto_renew", "cancelled"} {
		if v := s.table.fields[key].value; v != nil && v.kind == kindArray && len(v.items) == 0 {
			s.fault(v.at, key, "the list is empty, so the rule addresses nobody: leave the key out to address everybody")
		}
	}
	return a
}

// readClass holds the class against the family of moments.
func readClass(s *section, rule *renewal.Rule) renewal.Class {
	classes := []string{string(renewal.Commercial), string(renewal.Transactional), string(renewal.Notice)}
	class := renewal.Class(s.word("class", classes...))
	written := s.table.fields["class"].value
	isNotice := s.table.fields["notice"].value != nil
	switch {
	case isNotice && (written == nil || class == renewal.Notice):
		return renewal.Notice
	case written == nil || written.kind != kindString || !slices.Contains(classes, written.text):
		return class
	case isNotice:
		s.fault(written.at, "class", "%q does not go with notice: such a rule has the class notice; leave class out", class)
	case class == renewal.Notice:
		s.fault(written.at, "class", `"notice" goes with notice = { anchor, earliest, latest } only`)
	case class == renewal.Transactional && s.table.fields["on"].value == nil:
		s.fault(written.at, "class", `"transactional" goes with on = "…" only: it answers something that happened`)
	}
	return class
}
