package daemon_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"renewd/internal/daemon"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/testkit"
)

// TestForecastIsWhatPassesDo: whatever the business, what a forecast over the
// stored facts says is what passes at every next look then do, to the second.
func TestForecastIsWhatPassesDo(t *testing.T) {
	fewChecks(t, "25")
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		b := &randomShop{t: rt, now: time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC)}
		b.now = b.now.Add(time.Duration(rapid.IntRange(0, 30*86400).Draw(rt, "start")) * time.Second)
		b.Shop = testkit.NewShopIn(t, dir, testkit.Settings(t, b.rules()...), func() time.Time { return b.now })
		defer func() {
			b.Close()
			if err := os.RemoveAll(dir); err != nil {
				t.Error(err)
			}
		}()
		b.Settings.Burst = rapid.SampledFrom([]int{0, 1, 100}).Draw(rt, "burst")
		b.facts()
		e := b.Engine()
		if rapid.Bool().Draw(rt, "has a past") {
			b.play(e, b.now.AddDate(0, 0, rapid.IntRange(0, 20).Draw(rt, "past")))
			b.facts()
		}
		until := b.now.AddDate(0, 0, 60)
		foretold, held := b.forecast(until), b.held()
		b.Lines = nil
		b.play(e, until)
		if done := decisions(b.Lines, held); !slices.Equal(foretold, done) {
			rt.Fatalf("the forecast says\n%s\nthe passes did\n%s", strings.Join(foretold, "\n"), strings.Join(done, "\n"))
		}
	})
}

// fewChecks sets the number of random cases, unless the command line does: each
// has a database of its own. They are the same ones each time then, so that a
// run says something about the change at hand; -rapid.checks draws new ones.
func fewChecks(t *testing.T, n string) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" || f.Name == "rapid.seed" })
	if given {
		return
	}
	for name, value := range map[string]string{"rapid.checks": n, "rapid.seed": "2027"} {
		f := flag.Lookup(name)
		before := f.Value.String()
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := f.Value.Set(before); err != nil {
				t.Error(err)
			}
		})
	}
}

// forecast is what a forecast from now until an instant says, sorted.
func (b *randomShop) forecast(until time.Time) []string {
	set := b.Settings
	span := plan.Span{Now: b.now, From: b.now, To: until}
	sim := plan.NewSimulation(span, &set)
	fingerprint := b.Fingerprint()
	err := b.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		if span.Standing.RulesSince, err = daemon.RulesSince(tx, fingerprint, b.now); err != nil {
			return err
		}
		sim = plan.NewSimulation(span, &set)
		return tx.EachDossier(time.Time{}, func(d *renewal.Dossier) error {
			sim.Add(d)
			return nil
		})
	})
	var lines []plan.Line
	if err == nil {
		err = sim.Run(func(l plan.Line) error {
			lines = append(lines, l)
			return nil
		})
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return decisions(lines, b.held())
}

// play passes at every next look up to and including an instant.
func (b *randomShop) play(e *daemon.Engine, until time.Time) {
	for {
		b.Pass(e)
		var next time.Time
		err := b.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
			next, err = tx.NextLook()
			return err
		})
		if err != nil {
			b.t.Fatal(err)
		}
		if next.IsZero() || next.After(until) {
			b.now = until
			return
		}
		if !next.After(b.now) {
			b.t.Fatalf("after a pass at %s the next look is %s", b.now, next)
		}
		b.now = next
	}
}

// decisions writes lines in order of time. A wait is named once for each gate, as
// the forecast does: passes tell of each look that changes its end, and of what
// they thought before the burst guard spoke. held are the waits that the database
// recorded before.
func decisions(lines []plan.Line, held map[string]bool) []string {
	var texts []string
	named := maps.Clone(held)
	for i, l := range lines {
		var names []string
		for _, r := range l.Reminders {
			names = append(names, r.Agreement+"/"+r.Step)
		}
		who := fmt.Sprintf("%s %s", l.Rule, strings.Join(names, " "))
		text := fmt.Sprintf("%s %s %s %s %s", renewal.FormatStamp(l.At), l.Customer, who, l.Decision, l.Reason)
		if l.Decision == plan.Wait {
			overtaken := slices.ContainsFunc(lines[i+1:], func(later plan.Line) bool {
				// The cap of a message that the guard then held is no cap.
				return later.At.Equal(l.At) && later.Decision == plan.Wait && later.Reason != l.Reason &&
					(later.Reason == renewal.Burst || l.Reason == renewal.FrequencyCap) &&
					later.Rule == l.Rule && later.Reminders[0] == l.Reminders[0]
			})
			gate := who + " " + string(l.Reason)
			// A line of an event step does not say which event it is about.
			if overtaken || named[gate] || l.Side == renewal.EventSide {
				continue
			}
			named[gate] = true
			text += " until " + renewal.FormatStamp(l.Until)
		}
		back := l.Reason == renewal.Cancelled || l.Reason == renewal.Corrected || l.Reason == renewal.NoMatch
		if l.Decision == plan.Send || l.Decision == plan.Skip && !back {
			for _, name := range names { // the next one of this name is about another term
				who := l.Rule + " " + name + " "
				maps.DeleteFunc(named, func(gate string, _ bool) bool { return strings.HasPrefix(gate, who) })
			}
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return texts
}

// held are the waits that the database records now, as decisions names them.
func (b *randomShop) held() map[string]bool {
	gates := map[string]bool{}
	for _, r := range b.Rows(`SELECT r.rule || ' ' || coalesce(a.ref, '') || '/' || r.step || ' ' || r.reason FROM reminders AS r
		LEFT JOIN agreements AS a ON a.id = r.agreement_id WHERE r.state = 'waiting'`) {
		gates[r[0]] = true
	}
	return gates
}

// randomShop is a shop with random rules and facts.
type randomShop struct {
	*testkit.Shop
	t    *rapid.T
	now  time.Time
	refs int
}

func (b *randomShop) oneIn(n int, label string) bool {
	return rapid.IntRange(1, n).Draw(b.t, label) == 1
}

func (b *randomShop) one(label string, of ...string) string {
	return rapid.SampledFrom(of).Draw(b.t, label)
}

func (b *randomShop) rules() []renewal.Rule {
	pass := testkit.PassRule()
	pass.Audience.AutoRenew = nil
	pass.BeforeEnd = testkit.Periods(b.one("first", "P60D", "P1M", "P30D"), b.one("last", "P14D", "P7D", "P1D", "P0D"))
	offer := testkit.PassRule()
	offer.Name, offer.AfterUse, offer.Audience = "offer", nil, renewal.Audience{Cancelled: []bool{true, false}}
	goods := renewal.Rule{Name: "goods", Class: renewal.Commercial, Template: "goods-renewal",
		Audience: renewal.Audience{Kind: []string{renewal.KindGoods}}, BeforeEnd: testkit.Periods("P7D"), AfterEnd: testkit.Periods("P7D")}
	thanks := renewal.Rule{Name: "thanks", Class: renewal.Commercial, Template: "win-back", On: renewal.Use}
	rules := []renewal.Rule{pass, testkit.NoticeRule(), testkit.ReceiptRule()}
	for _, more := range []renewal.Rule{offer, goods, thanks} {
		if rapid.Bool().Draw(b.t, more.Name) {
			rules = append(rules, more)
		}
	}
	return rules
}

// facts adds a few customers with agreements and events, some still to come.
func (b *randomShop) facts() {
	if b.refs == 0 {
		b.AddProduct("filter", "", b.one("life", "P1M", "P2W"))
	}
	for range rapid.IntRange(1, 3).Draw(b.t, "customers") {
		b.refs++
		customer := fmt.Sprintf("C%d", b.refs)
		b.AddCustomer(testkit.Customer{Ref: customer, Email: fmt.Sprintf("c%d@x.example", rapid.IntRange(1, b.refs).Draw(b.t, "lives with")),
			Zone: b.one("zone", "", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati")})
		var agreements []string
		for range rapid.IntRange(1, 2).Draw(b.t, "agreements") {
			b.refs++
			ref := fmt.Sprintf("A%d", b.refs)
			ends := renewal.LocalDate(b.now, time.UTC) + renewal.Date(rapid.IntRange(-15, 80).Draw(b.t, "ends"))
			b.AddAgreement(testkit.Agreement{Ref: ref, Customer: customer, Kind: b.one("kind", renewal.KindPass, renewal.KindContract),
				EndsOn: ends.String(), Term: b.one("term", "", "P1M", "P3M", "P1Y"), AutoRenew: rapid.Bool().Draw(b.t, "auto"), Assume: b.oneIn(3, "assume")})
			agreements = append(agreements, ref)
		}
		for range rapid.IntRange(0, 4).Draw(b.t, "events") {
			b.fact(customer, rapid.SampledFrom(agreements).Draw(b.t, "about"))
		}
	}
}

func (b *randomShop) fact(customer, agreement string) {
	e := testkit.Event{At: b.now.Add(time.Duration(rapid.IntRange(-30*86400, 50*86400).Draw(b.t, "at")) * time.Second), Customer: customer}
	e.Type = rapid.SampledFrom([]renewal.EventType{renewal.Use, renewal.Use, renewal.ComplaintEvent, renewal.ComplaintResolved, renewal.Unsubscribe,
		renewal.Resubscribe, renewal.Cancel, renewal.CancelWithdrawn, renewal.Payment, renewal.PurchaseEvent}).Draw(b.t, "event")
	switch e.Type {
	case renewal.Cancel, renewal.CancelWithdrawn, renewal.Payment:
		e.Agreement = agreement
	case renewal.PurchaseEvent:
		e.Product = "filter"
	case renewal.Use:
		if rapid.Bool().Draw(b.t, "names it") {
			e.Agreement = agreement
		}
	}
	b.AddEvent(e)
}
