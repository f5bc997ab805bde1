package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/rulebook"
	"renewd/internal/store"
)

// dutyCount is how far one duty of a rule reaches.
type dutyCount struct {
	duty       *rulebook.Duty
	agreements int
	where      map[string]bool
}

// ruleDuties is how far the duties of one rule reach.
type ruleDuties struct {
	counts map[string]*dutyCount
	// nowhere are agreements whose customer has no country, noRegion those of a
	// country whose duties go by region, untold those that no duty is about.
	nowhere, noRegion, untold int
	// strange are regions that no duty is about, in countries with duties by region,
	// with the ref of an agreement each; short are agreements whose terms are shorter
	// than the window of a duty, which closes before they begin.
	strange map[string]string
	short   map[string]string
	// unknown are countries whose public holidays nobody knows, where a duty counts
	// business days.
	unknown map[string]bool
}

// checkDuties says which legal duties apply to how many agreements, on what
// evidence, and for whom nothing could be picked. It reads the whole database.
func checkDuties(ctx context.Context, c *Config) []Problem {
	if !slices.ContainsFunc(c.Rules, func(r renewal.Rule) bool { return len(r.Duties) > 0 }) {
		return nil
	}
	problems := &problemList{file: c.File}
	if _, err := os.Stat(c.Database); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := c.openStore(ctx, true)
	if err != nil {
		return nil // checkDatabase says so
	}
	defer db.Close()
	found := map[*renewal.Rule]*ruleDuties{}
	set, now := c.settings(c.letters()), present()
	byRegion := map[string]bool{}
	for _, d := range c.Book.All() {
		if d.Active() && d.Region != "" {
			byRegion[d.Country] = true
		}
	}
	err = db.Read(ctx, func(tx *store.Tx) error {
		return tx.EachDossier(time.Time{}, func(d *renewal.Dossier) error {
			set.EachDuty(now, d, func(r *renewal.Rule, customer *renewal.Customer, a *renewal.Agreement, windows []rulebook.Window) {
				if found[r] == nil {
					found[r] = &ruleDuties{counts: map[string]*dutyCount{}, unknown: map[string]bool{}, strange: map[string]string{}, short: map[string]string{}}
				}
				found[r].add(customer, a, windows, byRegion, set.Calendar)
			})
			return nil
		})
	})
	if err != nil {
		return []Problem{{File: c.Database, Level: LevelError, Text: fmt.Sprintf("looking for legal duties: %v", err)}}
	}
	for i := range set.Rules {
		if r := &set.Rules[i]; found[r] != nil {
			found[r].tell(problems, c.ruleKeyAt(r, "notice"), r)
		}
	}
	return problems.found
}

// isRegionCode reports whether a region is written as ISO 3166-2 does: US-CA, or CA
// alone.
func isRegionCode(country, region string) bool {
	code := strings.TrimPrefix(strings.ToUpper(region), country+"-")
	return len(code) >= 1 && len(code) <= 3 && !strings.ContainsFunc(code, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}

func (f *ruleDuties) add(c *renewal.Customer, a *renewal.Agreement, windows []rulebook.Window, byRegion map[string]bool, days rulebook.Calendar) {
	switch country := strings.ToUpper(c.Country); {
	case country == "":
		f.nowhere++
	case c.Region == "" && byRegion[country]:
		f.noRegion++
	case byRegion[country] && !isRegionCode(country, c.Region):
		f.strange[c.Country+" "+c.Region] = a.Ref
	}
	if len(windows) == 0 {
		f.untold++
	}
	for _, w := range windows {
		n := f.counts[w.Duty.ID]
		if n == nil {
			n = &dutyCount{duty: w.Duty, where: map[string]bool{}}
			f.counts[w.Duty.ID] = n
		}
		n.agreements++
		if where := strings.TrimSpace(c.Country + " " + c.Region); where != "" {
			n.where[where] = true
		}
		if renewal.CauseRenews(a.InForce().Cause) && w.Closes < a.TermStart() {
			f.short[w.Duty.ID] = a.Ref
		}
		if w.Duty.Unit == rulebook.UnitBusinessDay && c.Country != "" && !days.Knows(c.Country) {
			f.unknown[strings.ToUpper(c.Country)] = true
		}
	}
}

// tell says it, one line a duty.
func (f *ruleDuties) tell(problems *problemList, at place, r *renewal.Rule) {
	say := func(level, format string, args ...any) {
		problems.found = append(problems.found, Problem{problems.file, at.line, at.column, level, fmt.Sprintf("rule %q: ", r.Name) + fmt.Sprintf(format, args...)})
	}
	for _, id := range slices.Sorted(maps.Keys(f.counts)) {
		n := f.counts[id]
		where := slices.Sorted(maps.Keys(n.where))
		if len(where) > 5 {
			where = append(where[:5], "…")
		}
		text := fmt.Sprintf("duty %s (%s) applies to %s", id, n.duty.Title, count(n.agreements, "agreement", "agreements"))
		if len(where) > 0 {
			text += " in " + strings.Join(where, ", ")
		}
		if wants := n.duty.OnMissed; wants != renewal.Alert && r.OnMissed == "" {
			text += fmt.Sprintf("; without it the law does not let the renewal stand as it is: consider on_missed = %q", wants)
		}
		if n.duty.Evidence == "C" {
			say(LevelWarning, "%s; its evidence is of grade C (a third party quotes the text), verified on %s: have somebody read %s", text, n.duty.VerifiedOn, n.duty.Cite)
			continue
		}
		say(LevelNote, "%s; evidence %s, verified on %s", text, n.duty.Evidence, n.duty.VerifiedOn)
	}
	if f.nowhere > 0 && slices.Contains(r.Duties, rulebook.Auto) {
		say(LevelWarning, "%s of customers without a country: \"auto\" finds no duty for them; import customer_country", count(f.nowhere, "agreement", "agreements"))
	}
	if f.noRegion > 0 && slices.Contains(r.Duties, rulebook.Auto) {
		say(LevelWarning, "%s of customers whose country has duties by region, but who have no region: import customer_region, such as US-CA", count(f.noRegion, "agreement", "agreements"))
	}
	if f.untold > 0 {
		say(LevelNote, "%s under no duty: no notice goes there by this rule", count(f.untold, "agreement is", "agreements are"))
	}
	for _, where := range slices.Sorted(maps.Keys(f.strange)) {
		say(LevelWarning, "%q is not a region as ISO 3166-2 writes it, such as US-CA or CA-QC (agreement %s): no duty of a region is found there; correct customer_region", where, f.strange[where])
	}
	for _, id := range slices.Sorted(maps.Keys(f.short)) {
		say(LevelWarning, "duty %s wants to be told before the term even begins (agreement %s): its terms are too short for the window, so its notice never leaves in time", id, f.short[id])
	}
	for _, country := range slices.Sorted(maps.Keys(f.unknown)) {
		say(LevelWarning, "business days in %s: only weekends are known there; add its holidays under [notice] holidays", country)
	}
	say(LevelNote, "these are engineering help, not legal advice: have somebody who knows the law of your customers look at the list")
}
