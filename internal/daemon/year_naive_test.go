package daemon_test

import (
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// event is an event as the judge reads it.
type event struct {
	kind, customer, agreement, product, until, source string
	at                                                time.Time
}

// readEvents reads all events where there are new ones.
func (j *judge) readEvents() {
	count := j.shop.Text(`SELECT count(*) FROM events`)
	if count == j.eventCount {
		return
	}
	j.eventCount, j.events, j.turns = count, nil, nil
	for _, r := range j.shop.Rows(`SELECT type, customer_id, coalesce(agreement_id, ''), coalesce(product_id, ''), coalesce(until, ''), source, at FROM events`) {
		at, err := time.Parse(renewal.Stamp, r[6])
		if err != nil {
			j.t.Fatal(err)
		}
		e := event{kind: r[0], customer: r[1], agreement: r[2], product: r[3], until: r[4], source: r[5], at: at}
		j.events = append(j.events, e)
		paysUntil := (e.kind == "payment" || e.kind == "renewal") && e.source != "renewd" && e.until != "" && e.agreement != ""
		if e.kind == "cancel" || e.kind == "cancel_withdrawn" || paysUntil {
			j.turns = append(j.turns, e)
		}
	}
}

// complaintUntil is until when the complaints of a household hold commercial mail.
func (j *judge) complaintUntil(now time.Time, members map[string]*time.Location) time.Time {
	var hold time.Time
	for _, c := range j.events {
		zone, member := members[c.customer]
		if c.kind != "complaint" || !member || c.at.After(now) {
			continue
		}
		until := c.at.In(zone).AddDate(0, 0, 30)
		var resolved time.Time
		for _, r := range j.events {
			if r.kind == "complaint_resolved" && r.customer == c.customer && !r.at.Before(c.at) && !r.at.After(now) &&
				(resolved.IsZero() || r.at.Before(resolved)) {
				resolved = r.at
			}
		}
		if !resolved.IsZero() {
			until = resolved.In(zone).AddDate(0, 0, 7)
		}
		if until.After(hold) {
			hold = until
		}
	}
	return hold
}

// refuses reports whether anybody of a household refuses commercial mail.
func (j *judge) refuses(now time.Time, members map[string]*time.Location) bool {
	var out, back time.Time
	for _, e := range j.events {
		if _, member := members[e.customer]; !member || e.at.After(now) {
			continue
		}
		switch {
		case e.kind == "spam_report":
			return true
		case e.kind == "unsubscribe" && e.at.After(out):
			out = e.at
		case e.kind == "resubscribe" && e.at.After(back):
			back = e.at
		}
	}
	return !out.IsZero() && !back.After(out)
}

// agreementRow is what of an agreement says whether it is cancelled.
type agreementRow struct{ id, customer, product, cancelledOn string }

const agreementColumns = `a.id, a.customer_id, coalesce(a.product_id, ''), coalesce(a.cancelled_on, '')`

// cancelled reports whether an agreement is cancelled, by its row or by events.
func (j *judge) cancelled(now time.Time, a agreementRow) bool {
	if a.cancelledOn != "" {
		return true
	}
	var cancel, withdrawn time.Time
	for _, e := range j.turns {
		concerns := e.agreement == a.id ||
			e.agreement == "" && e.customer == a.customer && (e.product == "" || e.product == a.product)
		switch {
		case !concerns || e.at.After(now):
		case e.kind == "cancel" && e.at.After(cancel):
			cancel = e.at
		case e.kind != "cancel" && e.at.After(withdrawn):
			withdrawn = e.at
		}
	}
	return !cancel.IsZero() && !withdrawn.After(cancel)
}

// usedBefore reports whether a use explains an after_use: the day after it, and
// up to a week later.
func (j *judge) usedBefore(now time.Time, r sentReminder) bool {
	ends := civil(r.ends)
	for _, e := range j.events {
		if e.kind != "use" || e.at.After(now) || e.agreement != r.row.id && (e.agreement != "" || e.customer != r.row.customer) {
			continue
		}
		y, m, d := e.at.In(r.zone).Date()
		used := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		since := days(now.In(r.zone), used)
		if !used.Before(ends.AddDate(0, 0, -90)) && !used.After(ends.AddDate(0, 0, -14)) && since >= 1 && since <= 8 {
			return true
		}
	}
	return false
}

// window is when a step may leave: civil dates, both inclusive, as midnight UTC.
type window struct {
	step     string
	from, to time.Time
}

// start and end are the first and the last second of a window in a zone.
func (w window) start(zone *time.Location) time.Time {
	return time.Date(w.from.Year(), w.from.Month(), w.from.Day(), 0, 0, 0, 0, zone)
}

func (w window) end(zone *time.Location) time.Time {
	return time.Date(w.to.Year(), w.to.Month(), w.to.Day()+1, 0, 0, -1, 0, zone)
}

func civil(date string) time.Time {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return t
}

// windowsOf lists the windows of a rule's steps that a date alone causes.
func windowsOf(rule *renewal.Rule, endsOn string) []window {
	ends := civil(endsOn)
	if n := rule.Notice; n != nil {
		return []window{{"notice", ends.AddDate(0, 0, 1-n.Earliest.Days), ends.AddDate(0, 0, 1-n.Latest.Days)}}
	}
	var before, after []window
	for _, p := range rule.BeforeEnd {
		before = append(before, window{"before_end:" + p.String(), ends.AddDate(0, 0, -p.Days), ends})
	}
	for _, p := range rule.AfterEnd {
		d := ends.AddDate(0, 0, p.Days)
		after = append(after, window{"after_end:" + p.String(), d, d.AddDate(0, 0, 14)})
	}
	for _, list := range [][]window{before, after} {
		slices.SortFunc(list, func(a, b window) int { return a.from.Compare(b.from) })
		for i := range list[:max(len(list)-1, 0)] {
			list[i].to = list[i+1].from.AddDate(0, 0, -1)
		}
	}
	return append(before, after...)
}

func windowOf(rules []renewal.Rule, name, step, ends string) (window, bool) {
	for i := range rules {
		if rules[i].Name != name {
			continue
		}
		for _, w := range windowsOf(&rules[i], ends) {
			if w.step == step {
				return w, true
			}
		}
	}
	return window{}, false
}

// addresses reports whether a rule of the year is for an agreement.
func addresses(rule *renewal.Rule, s *stand) bool {
	who := rule.Audience
	if rule.On != "" || s.cancelled != slices.Contains(who.Cancelled, true) {
		return false
	}
	if len(who.Kind) > 0 && !slices.Contains(who.Kind, s.kind) {
		return false
	}
	return len(who.AutoRenew) == 0 || strings.HasPrefix(s.auto, "1") == who.AutoRenew[0]
}
