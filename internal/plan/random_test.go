package plan

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"renewd/internal/renewal"
	"renewd/internal/rulebook"
)

// randomStart is the first day of every random story.
var randomStart = renewal.NewDate(2027, time.January, 15)

// random draws settings, facts and changes of facts.
type random struct {
	t     *rapid.T
	seq   int64
	zones []*time.Location
	goods *renewal.Product
}

func newRandom(t *rapid.T) *random {
	r := &random{t: t, goods: &renewal.Product{ID: 1, Ref: "filter", Life: renewal.MustPeriod("P1M")}}
	for _, name := range []string{"UTC", "Europe/Paris", "America/New_York", "Pacific/Kiritimati", "Australia/Lord_Howe"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		r.zones = append(r.zones, zone)
	}
	return r
}

func (r *random) id() int64 {
	r.seq++
	return r.seq
}

func (r *random) oneIn(n int, label string) bool { return rapid.IntRange(1, n).Draw(r.t, label) == 1 }

func (r *random) period(label string, of ...string) renewal.Period {
	return renewal.MustPeriod(rapid.SampledFrom(of).Draw(r.t, label))
}

func (r *random) periods(label string, most int) []renewal.Period {
	var list []renewal.Period
	for i := rapid.IntRange(0, most).Draw(r.t, label+" count"); i > 0; i-- {
		list = append(list, r.period(label, "P60D", "P1M", "P30D", "P31D", "P14D", "P7D", "P1D", "P0D"))
	}
	return list
}

// instant draws an instant up to so many days after the start, at night as well.
func (r *random) instant(days int, label string) time.Time {
	seconds := rapid.IntRange(0, days*86400).Draw(r.t, label)
	return renewal.StartOf(randomStart, time.UTC).Add(time.Duration(seconds) * time.Second)
}

func (r *random) settings() *Settings {
	book, err := rulebook.Load()
	if err != nil {
		r.t.Fatal(err)
	}
	s := &Settings{Book: book, Calendar: rulebook.PublicHolidays(nil), Zone: rapid.SampledFrom(r.zones).Draw(r.t, "business zone"), Locale: "en",
		Cap: r.period("cap", "P3D", "P1D", "P0D"), Burst: rapid.SampledFrom([]int{0, 1, 100}).Draw(r.t, "burst"),
		Hold: r.period("hold", "P30D", "P1M", "P5D"), AfterResolution: r.period("after", "P7D", "P0D")}
	s.Hours = Hours{Open: 9 * 60, Close: 18 * 60, Holidays: map[renewal.Date]bool{}}
	if r.oneIn(4, "all day") {
		s.Hours.Open, s.Hours.Close = 0, 24*60
	}
	for day := range s.Hours.Days {
		s.Hours.Days[day] = day == 1 || rapid.Bool().Draw(r.t, "sending day")
	}
	for i := 0; i < 3; i++ {
		s.Hours.Holidays[randomStart+renewal.Date(rapid.IntRange(0, 120).Draw(r.t, "holiday"))] = true
	}
	if r.oneIn(8, "broken letters") {
		s.Broken = func(string, string, bool) error { return errors.New("no such field") }
	}
	for i := rapid.IntRange(1, 3).Draw(r.t, "rules"); i > 0; i-- {
		s.Rules = append(s.Rules, r.rule(len(s.Rules)))
	}
	return s
}

// standing draws what holds for the whole database: mostly that all is well. A
// burst that comes on top of a silence or a broken letter is left out: which of
// the two is the reason then depends on when a household was last looked at.
func (r *random) standing(set *Settings) Standing {
	s := Standing{Silent: r.oneIn(8, "silent"), ClockJumped: r.oneIn(8, "clock jumped")}
	if s.Silent || set.Broken != nil {
		set.Burst = 0
	}
	return s
}

func (r *random) rule(place int) renewal.Rule {
	rule := renewal.Rule{Name: fmt.Sprintf("rule%d", place), Place: place, Class: renewal.Commercial}
	if r.oneIn(5, "for the cancelled") {
		rule.Audience.Cancelled = rapid.SampledFrom([][]bool{{true}, {true, false}}).Draw(r.t, "cancelled")
	}
	switch rapid.IntRange(0, 4).Draw(r.t, "family") {
	case 0:
		rule.Class = renewal.Notice
		rule.OnMissed = rapid.SampledFrom([]renewal.OnMissed{"", renewal.HoldRenewal, renewal.RenewCancellable}).Draw(r.t, "on missed")
		if rapid.Bool().Draw(r.t, "unused") {
			rule.Unused = &renewal.Unused{Since: r.period("since", "P7D", "P30D"), Template: "still-using",
				Then: rapid.SampledFrom([]renewal.WhenUnused{renewal.UnusedLetter, renewal.UnusedTask, renewal.UnusedHold}).Draw(r.t, "then")}
		}
		if rapid.Bool().Draw(r.t, "duties") {
			rule.Duties = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"us-ca-renewal", "us-ca-annual", "us-ca-price", "us-ut", "us-il",
				"us-ny-trial", "fr-chatel", "es", "sepa", "mx", "us-co", "us-mn-yearly", "us-ma-monthly"}), 1, 4, rapid.ID[string]).Draw(r.t, "which duties")
			return rule
		}
		rule.Notice = &renewal.NoticeWindow{
			Anchor: rapid.SampledFrom([]renewal.Anchor{renewal.AnchorRenewsOn, renewal.AnchorCancelBy, renewal.AnchorEndsOn,
				renewal.AnchorTrialEndsOn, renewal.AnchorYearly}).Draw(r.t, "anchor"),
			Earliest: r.period("earliest", "P30D", "P7D", "P2D"), Latest: r.period("latest", "P2D", "P1D", "P0D")}
	case 1:
		rule.On = rapid.SampledFrom([]renewal.EventType{renewal.Renewal, renewal.Use, renewal.Cancel,
			renewal.ComplaintEvent, renewal.PurchaseEvent, renewal.SignUp, renewal.PriceChange}).Draw(r.t, "on")
		if rapid.Bool().Draw(r.t, "transactional") {
			rule.Class = renewal.Transactional
		}
	default:
		rule.BeforeEnd, rule.AfterEnd = r.periods("before", 3), r.periods("after", 2)
		if rapid.Bool().Draw(r.t, "after use") {
			rule.AfterUse = &renewal.AfterUse{Delay: r.period("delay", "P0D", "P1D", "P5D"),
				From: r.period("from", "P90D", "P30D"), Until: r.period("until", "P14D", "P0D")}
		}
	}
	return rule
}

// households draws one or two households.
func (r *random) households() []*renewal.Dossier {
	var all []*renewal.Dossier
	for i := rapid.IntRange(1, 2).Draw(r.t, "households"); i > 0; i-- {
		d := &renewal.Dossier{}
		for j := rapid.IntRange(1, 2).Draw(r.t, "customers"); j > 0; j-- {
			id := r.id()
			c := renewal.Customer{ID: id, Ref: fmt.Sprintf("C%d", id), Email: fmt.Sprintf("h%d@example.com", i)}
			if rapid.Bool().Draw(r.t, "own zone") {
				c.Zone = rapid.SampledFrom(r.zones).Draw(r.t, "zone")
			}
			d.Customers = append(d.Customers, c)
		}
		for j := rapid.IntRange(1, 3).Draw(r.t, "agreements"); j > 0; j-- {
			d.Agreements = append(d.Agreements, r.agreement(d))
		}
		for j := rapid.IntRange(0, 6).Draw(r.t, "events"); j > 0; j-- {
			d.Events = append(d.Events, r.event(d, r.instant(100, "at")))
		}
		d.Sort()
		all = append(all, d)
	}
	return all
}

func (r *random) agreement(d *renewal.Dossier) renewal.Agreement {
	id := r.id()
	a := renewal.Agreement{ID: id, Ref: fmt.Sprintf("A%d", id), Basis: renewal.BasisWritten,
		CustomerID: rapid.SampledFrom(d.Customers).Draw(r.t, "owner").ID,
		Kind:       rapid.SampledFrom([]string{renewal.KindPass, renewal.KindContract}).Draw(r.t, "kind"),
		EndsOn:     randomStart + renewal.Date(rapid.IntRange(-20, 90).Draw(r.t, "ends")),
		AutoRenew:  rapid.Bool().Draw(r.t, "auto renew"), KnownAt: renewal.StartOf(randomStart, time.UTC)}
	day := func(label string) renewal.Date {
		return randomStart + renewal.Date(rapid.IntRange(-20, 120).Draw(r.t, label))
	}
	if rapid.Bool().Draw(r.t, "has a start") {
		a.StartsOn = a.EndsOn - renewal.Date(rapid.IntRange(0, 800).Draw(r.t, "starts"))
	}
	if r.oneIn(3, "has a trial") {
		a.TrialEndsOn = day("trial ends")
	}
	if r.oneIn(3, "has a new price") {
		a.NewPrice, a.NewPriceFrom = renewal.Money{Minor: 1300, Currency: "EUR"}, day("new price from")
	}
	if rapid.Bool().Draw(r.t, "has a term") {
		a.Term = r.period("term", "P1M", "P3M", "P1Y")
		assume := r.oneIn(3, "assume renewal")
		a.AssumeRenewal = &assume
	}
	return a
}

func (r *random) event(d *renewal.Dossier, at time.Time) renewal.Event {
	e := renewal.Event{ID: r.id(), At: at, Source: "random", StoredAt: renewal.StartOf(randomStart, time.UTC),
		Type: rapid.SampledFrom([]renewal.EventType{renewal.Use, renewal.Use, renewal.ComplaintEvent, renewal.ComplaintResolved,
			renewal.Unsubscribe, renewal.Resubscribe, renewal.Cancel, renewal.CancelWithdrawn, renewal.Payment,
			renewal.PurchaseEvent}).Draw(r.t, "event")}
	e.CustomerID = rapid.SampledFrom(d.Customers).Draw(r.t, "of").ID
	if e.Type == renewal.PurchaseEvent {
		e.Product = r.goods
		return e
	}
	if r.oneIn(2, "names an agreement") || e.Type == renewal.Cancel || e.Type == renewal.Payment {
		a := rapid.SampledFrom(d.Agreements).Draw(r.t, "about")
		e.AgreementID, e.CustomerID = a.ID, a.CustomerID
	}
	if e.Type == renewal.Payment && r.oneIn(3, "pays until") {
		e.Until = randomStart + renewal.Date(rapid.IntRange(0, 200).Draw(r.t, "until"))
	}
	return e
}

// changeRule gives a rule with reminders before the end other ones.
func (r *random) changeRule(set *Settings) {
	rule := &set.Rules[rapid.IntRange(0, len(set.Rules)-1).Draw(r.t, "changed rule")]
	if len(rule.BeforeEnd) > 0 {
		rule.BeforeEnd = r.periods("before", 3)
	}
}

// change draws a change of the facts at the instant now.
func (r *random) change(d *renewal.Dossier, now time.Time) {
	a := &d.Agreements[rapid.IntRange(0, len(d.Agreements)-1).Draw(r.t, "changed agreement")]
	switch rapid.IntRange(0, 4).Draw(r.t, "change") {
	case 0: // a corrected end
		a.EndsOn += renewal.Date(rapid.IntRange(-20, 20).Draw(r.t, "corrected by"))
	case 1: // back to an end that there was before
		i := rapid.IntRange(0, len(a.Terms)-1).Draw(r.t, "back to")
		a.EndsOn = a.Terms[i].EndsOn
	case 2: // what became of something that left
		for i := range d.Reminders {
			if row := &d.Reminders[i]; row.State == renewal.Sent && rapid.Bool().Draw(r.t, "which") {
				row.State = rapid.SampledFrom([]renewal.State{renewal.Failed, renewal.Uncertain}).Draw(r.t, "outcome")
				row.Reason = renewal.InDoubt
			}
		}
	default: // a fact of today, or one that arrives late
		e := r.event(d, now.Add(-time.Duration(rapid.IntRange(0, 20*86400).Draw(r.t, "late by"))*time.Second))
		e.StoredAt = now
		d.Events = append(d.Events, e)
	}
	d.Sort()
}

// cancelled says in the plainest way whether an agreement is cancelled at t.
func cancelled(d *renewal.Dossier, a *renewal.Agreement, t time.Time) bool {
	state := false
	events := slices.Clone(d.Events)
	slices.SortStableFunc(events, func(x, y renewal.Event) int {
		// At a tie the cancellation comes last, so that it stands.
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		if x.Type == renewal.Cancel && y.Type != renewal.Cancel {
			return 1
		}
		if y.Type == renewal.Cancel && x.Type != renewal.Cancel {
			return -1
		}
		return 0
	})
	for i := range events {
		e := &events[i]
		if e.At.After(t) || !e.Concerns(a) {
			continue
		}
		switch {
		case e.Type == renewal.Cancel:
			state = true
		case e.Type == renewal.CancelWithdrawn, e.Type == renewal.Payment && !e.Until.IsZero():
			state = false
		}
	}
	return state
}
