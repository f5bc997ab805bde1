package main

import (
	"slices"

	"renewd/internal/renewal"
)

// warn reports what can be used but is probably not meant.
func (c *Config) warn(top *section) {
	p := top.problems
	at := func(table string) place {
		if f, written := top.table.fields[table]; written {
			return f.value.at
		}
		return place{}
	}
	if len(c.Business.Staff) == 0 {
		p.warnf(at("business"), "business.staff: it is empty, so nobody is told when something needs a person")
	}
	to := c.Business.ReplyTo.Address
	if to == "" {
		to = c.Business.From.Address
	}
	if c.Web.BaseURL == "" && to != "" {
		p.warnf(at("web"), "web.base_url: it is missing, so customers unsubscribe by a mail to %s", to)
	}
	if c.Mail.Transport != "maildir" {
		p.warnf(at("mail"), "mail.transport: %q is known, but not in this version: renewd run refuses to send; write \"maildir\"",
			c.Mail.Transport)
	}
	for i := range c.Rules {
		c.warnAutoRenew(&c.Rules[i], top)
	}
}

// warnAutoRenew reports a rule that tells people whose agreement renews by
// itself that it ends.
func (c *Config) warnAutoRenew(rule *renewal.Rule, top *section) {
	reaches := len(rule.Audience.AutoRenew) == 0 || slices.Contains(rule.Audience.AutoRenew, true)
	if rule.Class != renewal.Commercial || len(rule.BeforeEnd) == 0 || !reaches || !rule.Audience.TakesCancelled(false) {
		return
	}
	table := top.table.fields["rule"].value.items[rule.Place]
	at := table.fields["before_end"].keyAt
	top.problems.warnf(at, "rule %q: before_end: it also reaches agreements that renew by themselves, "+
		"and tells those customers that they end: write auto_renew = false if that is not meant", rule.Name)
}
