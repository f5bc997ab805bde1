package main

import (
	"path/filepath"
	"slices"
	"strings"

	"renewd/internal/compose"
	"renewd/internal/renewal"
)

// warn reports what can be used but is probably not meant.
func (c *Config) warn(top *section) {
	p := top.problems
	at := func(table string) place {
		if f, written := top.table.fields[table]; written {
			return f.value.at
		}
		return place{1, 1} // where one would write it
	}
	if len(c.Business.Staff) == 0 {
		p.warnf(at("business"), "business.staff: it is empty, so nobody is told when something needs a person")
	}
	if to := c.Business.answersTo(); c.Web.BaseURL == "" && to != "" {
		p.warnf(at("web"), "web.base_url: it is missing, so customers unsubscribe by a mail to %s", to)
	}
	for i := range c.Rules {
		c.warnAutoRenew(&c.Rules[i], top)
	}
}

// warnAutoRenew reports a rule that tells people whose agreement renews by
// itself that it ends.
func (c *Config) warnAutoRenew(rule *renewal.Rule, top *section) {
	reaches := len(rule.Audience.AutoRenew) == 0 || slices.Contains(rule.Audience.AutoRenew, true)
	if kinds := rule.Audience.Kind; len(kinds) == 1 && kinds[0] == renewal.KindGoods {
		reaches = false // goods never renew by themselves
	}
	if rule.Class != renewal.Commercial || len(rule.BeforeEnd) == 0 || !reaches || !rule.Audience.TakesCancelled(false) {
		return
	}
	top.problems.warnf(c.ruleKeyAt(rule, "before_end"), "rule %q: before_end: it also reaches agreements that renew by themselves, "+
		"and tells those customers that they end: write auto_renew = false if that is not meant", rule.Name)
}

// keyAt is where a key of a table stands in the file.
func (c *Config) keyAt(table, key string) place {
	if f, written := c.root.fields[table]; written {
		return f.value.fields[key].keyAt
	}
	return place{}
}

// ruleKeyAt is where a key of a rule stands in the file.
func (c *Config) ruleKeyAt(rule *renewal.Rule, key string) place {
	return c.root.fields["rule"].value.items[rule.Place].fields[key].keyAt
}

// unusedTemplate is the letter that a rule sends about what nobody uses.
func unusedTemplate(r *renewal.Rule) string {
	if r.Unused == nil || r.Unused.Then == renewal.UnusedTask {
		return ""
	}
	return r.Unused.Template
}

// missingLetters looks for letters that rules name and nobody wrote; names are
// those that there are.
func (c *Config) missingLetters(names []string) []Problem {
	problems := &problemList{file: c.File}
	for i := range c.Rules {
		r := &c.Rules[i]
		for _, use := range []struct{ key, name string }{{"template", r.Template}, {"template_after", r.TemplateAfter}, {"unused", unusedTemplate(r)}} {
			if use.name == compose.StaffAlert {
				problems.errorf(c.ruleKeyAt(r, use.key), "rule %q: %s: %s is the letter to staff and has nothing to say to customers: name another",
					r.Name, use.key, use.name)
				continue
			}
			if use.name == "" || slices.Contains(names, use.name) {
				continue
			}
			problems.errorf(c.ruleKeyAt(r, use.key), "rule %q: %s: there is no letter %q: write %s, or use one of %s%s", r.Name, use.key, use.name,
				filepath.Join(c.Templates, use.name+"."+c.Business.Locale+".md"), strings.Join(names, ", "), didYouMean(use.name, names))
		}
	}
	return problems.found
}
