package compose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"renewd/internal/renewal"
)

// TestNewPriceRenewal: the first renewal at a new price and the last day to stop it.
func TestNewPriceRenewal(t *testing.T) {
	monthly := func(change func(*renewal.Agreement)) *renewal.Agreement {
		a := &renewal.Agreement{Kind: renewal.KindSubscription, AutoRenew: true, StartsOn: date("2027-01-31"), EndsOn: date("2027-02-27"), Term: renewal.MustPeriod("P1M"),
			NewPrice: renewal.Money{Minor: 1, Currency: "EUR"}, NewPriceFrom: date("2027-02-28")}
		change(a)
		return a
	}
	for _, c := range []struct {
		title             string
		a                 *renewal.Agreement
		charged, cancelBy string
	}{
		{"from the coming renewal on", monthly(func(*renewal.Agreement) {}), "2027-02-28", "2027-02-27"},
		{"in the middle of this term", monthly(func(a *renewal.Agreement) { a.NewPriceFrom = date("2027-02-10") }), "2027-02-28", "2027-02-27"},
		{"without a day", monthly(func(a *renewal.Agreement) { a.NewPriceFrom = 0 }), "2027-02-28", "2027-02-27"},
		{"on a later renewal's day", monthly(func(a *renewal.Agreement) { a.NewPriceFrom = date("2027-03-31") }), "2027-03-31", "2027-03-30"},
		{"between two renewals, with a notice period", monthly(func(a *renewal.Agreement) {
			a.NewPriceFrom, a.NoticePeriod = date("2027-04-01"), renewal.MustPeriod("P14D")
		}), "2027-04-30", "2027-04-16"},
		{"later, and the length of a term is not known", monthly(func(a *renewal.Agreement) { a.NewPriceFrom, a.Term = date("2027-04-01"), renewal.Period{} }), "", ""},
		{"too far away", monthly(func(a *renewal.Agreement) { a.NewPriceFrom = date("2227-04-01") }), "", ""},
		{"nothing renews by itself", monthly(func(a *renewal.Agreement) { a.AutoRenew = false }), "", ""},
		{"no new price", monthly(func(a *renewal.Agreement) { a.NewPrice = renewal.Money{} }), "", ""},
	} {
		ends := c.a.EndsOn
		charged, cancelBy := newPriceRenewal(c.a)
		for _, each := range []struct {
			got  renewal.Date
			want string
		}{{charged, c.charged}, {cancelBy, c.cancelBy}} {
			if want := each.want; want == "" && !each.got.IsZero() || want != "" && each.got != date(want) {
				t.Errorf("%s: %s, want %q", c.title, each.got, want)
			}
		}
		if c.a.EndsOn != ends {
			t.Errorf("%s: the agreement was changed", c.title)
		}
	}
}

// TestTrial: what is charged first, when, and until when a cancellation stops it.
func TestTrial(t *testing.T) {
	price, dearer := &renewal.Money{Minor: 100, Currency: "EUR"}, &renewal.Money{Minor: 120, Currency: "EUR"}
	base := Agreement{EndsOn: date("2027-03-31"), RenewsOn: date("2027-04-01"), CancelBy: date("2027-03-17"), Price: price}
	with := func(change func(*Agreement)) Agreement {
		a := base
		change(&a)
		return a
	}
	for _, c := range []struct {
		title           string
		a               Agreement
		first, cancelBy string
		amount          *renewal.Money
	}{
		{"no trial", base, "2027-04-01", "2027-03-17", price},
		{"a trial inside the term", with(func(a *Agreement) { a.TrialEndsOn = date("2027-01-14") }), "2027-01-15", "2027-01-14", price},
		{"a trial that is the term, with a notice period", with(func(a *Agreement) { a.TrialEndsOn = a.EndsOn }), "2027-04-01", "2027-03-17", price},
		{"a new price from the first charge on", with(func(a *Agreement) { a.TrialEndsOn, a.NewPrice, a.NewPriceFrom = a.EndsOn, dearer, a.RenewsOn }), "2027-04-01", "2027-03-17", dearer},
		{"a new price only after it", with(func(a *Agreement) {
			a.TrialEndsOn, a.NewPrice, a.NewPriceFrom = date("2027-01-14"), dearer, a.RenewsOn
		}), "2027-01-15", "2027-01-14", price},
		{"no price", with(func(a *Agreement) { a.Price = nil }), "2027-04-01", "2027-03-17", nil},
	} {
		if c.a.FirstChargeOn() != date(c.first) || c.a.TrialCancelBy() != date(c.cancelBy) || c.a.FirstCharge() != c.amount {
			t.Errorf("%s: %s, %s, %v", c.title, c.a.FirstChargeOn(), c.a.TrialCancelBy(), c.a.FirstCharge())
		}
	}
}

func TestWantsAndAutoRenews(t *testing.T) {
	a := Agreement{Must: []string{"boxed_deadline", "price"}}
	if !a.Wants("boxed_deadline") || a.Wants("contact") || (Agreement{}).Wants("price") {
		t.Error("Wants is wrong")
	}
	data := Data{Agreements: []Agreement{{}, {AutoRenew: true}}}
	if !data.AutoRenews() || (Data{}).AutoRenews() {
		t.Error("AutoRenews is wrong")
	}
}

// TestExact: date, time and zone of a moment in the words of each language.
func TestExact(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2027, 3, 1, 8, 5, 59, 0, time.UTC)
	summer := time.Date(2027, 7, 1, 22, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		locale string
		at     time.Time
		want   string
	}{
		{"en", at.In(paris), "1 March 2027 at 09:05 (Europe/Paris, UTC+01:00)"},
		{"fr", summer.In(paris), "2 juillet 2027 à 00:30 (Europe/Paris, UTC+02:00)"},
		{"pt", at.In(paris), "1 de março de 2027 às 09:05 (Europe/Paris, UTC+01:00)"},
		{"es", at.In(paris), "1 de marzo de 2027 a las 9:05 (Europe/Paris, UTC+01:00)"},
		{"de", at.In(paris), "1. März 2027, 09:05\u00a0Uhr (Europe/Paris, UTC+01:00)"},
		{"pl", at.In(paris), "1 marca 2027, 09:05 (Europe/Paris, UTC+01:00)"},
		{"en", at, "1 March 2027 at 08:05 (UTC)"},
		{"en", at.In(time.FixedZone("", -5*3600-1800)), "1 March 2027 at 02:35 (UTC-05:30)"},
		{"en", time.Time{}, ""},
	} {
		if got := newTongue(c.locale).exact(c.at); got != c.want {
			t.Errorf("%s: %q, want %q", c.locale, got, c.want)
		}
	}
}

// sequence says, of every letter around an automatic renewal, what its text and
// its page both have to show for the sample about one agreement, and for several.
var sequence = map[string]struct{ dates, amounts, links []string }{
	"acknowledgement":           {dates: []string{"2026-04-01", "2027-04-01", "2027-03-31"}, amounts: []string{"9900"}, links: []string{"cancel"}},
	"auto-renewal-notice":       {dates: []string{"2027-04-01", "2027-03-31"}, amounts: []string{"9900"}, links: []string{"cancel"}},
	"auto-renewal-notice.sober": {dates: []string{"2027-04-01", "2027-03-31"}, amounts: []string{"9900"}, links: []string{"cancel"}},
	"still-using":               {dates: []string{"2027-04-01", "2027-03-31"}, amounts: []string{"9900"}, links: []string{"cancel"}},
	"yearly-reminder":           {dates: []string{"2027-04-01", "2027-03-31"}, amounts: []string{"9900"}, links: []string{"cancel"}},
	"trial-ending":              {dates: []string{"2027-03-31", "2027-04-01"}, amounts: []string{"9900"}, links: []string{"cancel"}},
	"price-change":              {dates: []string{"2027-04-01", "2027-03-31"}, amounts: []string{"9900", "10900"}, links: []string{"cancel"}},
	"renewal-confirmation":      {dates: []string{"2026-04-01", "2027-03-31", "2027-04-01"}, amounts: []string{"9900"}, links: []string{"cancel"}},
	"payment-failed":            {dates: []string{"2027-03-25", "2027-03-31"}, amounts: []string{"9900"}, links: []string{"cancel", "pay"}},
	"cancellation-confirmation": {dates: []string{"2027-03-31"}, links: []string{"manage"}},
}

// TestSequenceContents: what laws ask for stands in the text and in the page, in
// every language, with each link leading to its own page.
func TestSequenceContents(t *testing.T) {
	pages := map[string]string{"cancel": "https://renew.example/c/1", "manage": "https://renew.example/m/1", "pay": "https://shop.example/renew?id=A1"}
	s := builtIn(t)
	for full, want := range sequence {
		name, sober := strings.CutSuffix(full, ".sober")
		for _, lang := range languages {
			tongue := newTongue(lang)
			data := SampleFor(name, 1)
			data.Links = Links{Manage: pages["manage"], Cancel: pages["cancel"]}
			letter, err := s.Render(name, lang, sober, data)
			if err != nil {
				t.Fatal(err)
			}
			text, page := squeezed(letter.Text), squeezed(visibleText(t, letter.HTML))
			shows := []string{business.Name, "accueil@parc-aurore.example", "A1"}
			if name == "cancellation-confirmation" {
				shows = []string{business.Name, "A1", tongue.exact(data.Event.At)}
			}
			if name == "renewal-confirmation" {
				shows = []string{business.Name, "A1"}
			}
			for _, d := range want.dates {
				shows = append(shows, tongue.date(date(d)))
			}
			for _, amount := range want.amounts {
				minor := map[string]int64{"9900": 9900, "10900": 10900}[amount]
				written, err := tongue.amount(&renewal.Money{Minor: minor, Currency: "EUR"})
				if err != nil {
					t.Fatal(err)
				}
				shows = append(shows, written)
			}
			for _, each := range shows {
				if each = squeezed(each); !strings.Contains(text, each) || !strings.Contains(page, each) {
					t.Errorf("%s in %s does not show %q in text and page:\n%s", full, lang, each, letter.Text)
				}
			}
			targets := links(t, letter.HTML)
			for _, each := range want.links {
				if !strings.Contains(letter.Text, pages[each]) || !slices.Contains(targets, pages[each]) {
					t.Errorf("%s in %s has no link to %s", full, lang, pages[each])
				}
			}
		}
	}
}

// TestDeadlineInABox: the last day to cancel stands in a visible box of its own, one
// for each agreement, and a day that has passed is not offered.
func TestDeadlineInABox(t *testing.T) {
	s := builtIn(t)
	for _, name := range []string{"acknowledgement", "auto-renewal-notice", "still-using", "yearly-reminder", "trial-ending", "price-change"} {
		for _, lang := range languages {
			open, err := s.Render(name, lang, false, SampleFor(name, 3))
			if err != nil {
				t.Fatal(err)
			}
			boxes := strings.Split(open.HTML, "<blockquote")[1:]
			if len(boxes) != 3 {
				t.Errorf("%s in %s has %d boxes", name, lang, len(boxes))
				continue
			}
			for i, box := range boxes {
				box, _, _ = strings.Cut(box, "</blockquote>")
				if day := newTongue(lang).date(date("2027-03-31").AddDays(i)); !strings.Contains(box, "<strong>"+day+"</strong>") {
					t.Errorf("%s in %s: box %d does not show %s", name, lang, i, day)
				}
			}
			late := SampleFor(name, 1)
			late.Agreements[0].CancelPassed = true
			passed, err := s.Render(name, lang, false, late)
			if err != nil {
				t.Fatal(err)
			}
			if _, box, _ := strings.Cut(passed.Text, "\n> "); strings.HasPrefix(open.Text[strings.Index(open.Text, "\n> ")+3:], strings.SplitN(box, "\n", 2)[0]) {
				t.Errorf("%s in %s offers a day that has passed: %s", name, lang, box)
			}
		}
	}
}

// TestSeveralAreCancelledEach: a letter about several agreements leads to the page
// of each of them, and without any page asks for a reply. The receipt of a
// cancellation is about one.
func TestSeveralAreCancelledEach(t *testing.T) {
	s := builtIn(t)
	for full := range sequence {
		name, sober := strings.CutSuffix(full, ".sober")
		if name == "cancellation-confirmation" {
			continue
		}
		for _, lang := range languages {
			data := SampleFor(name, 3)
			data.Links = Links{Manage: "https://renew.example/m/0", Cancel: "https://renew.example/m/0?cancel"}
			for i := range data.Agreements {
				data.Agreements[i].Cancel = fmt.Sprintf("https://renew.example/m/%d?cancel", i)
			}
			letter, err := s.Render(name, lang, sober, data)
			if err != nil {
				t.Fatal(err)
			}
			targets := links(t, letter.HTML)
			for i := range data.Agreements {
				if !slices.Contains(targets, data.Agreements[i].Cancel) {
					t.Errorf("%s in %s leads to %v", full, lang, targets)
				}
			}
			data.Links = Links{}
			for i := range data.Agreements {
				data.Agreements[i].Cancel, data.Agreements[i].Manage = "", ""
			}
			if letter, err = s.Render(name, lang, sober, data); err != nil || strings.Contains(letter.Text, "renew.example") {
				t.Errorf("%s in %s without pages: %v\n%s", full, lang, err, letter.Text)
			}
		}
	}
}

// TestNothingToCancel: where nothing renews by itself, no letter says that it does
// or how to stop it.
func TestNothingToCancel(t *testing.T) {
	s := builtIn(t)
	for _, name := range []string{"acknowledgement", "trial-ending", "price-change"} {
		for _, lang := range languages {
			data := SampleFor(name, 1)
			data.Agreements[0].AutoRenew = false
			data.Agreements[0].NewPriceChargedOn, data.Agreements[0].NewPriceCancelBy = 0, 0
			letter, err := s.Render(name, lang, false, data)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(letter.Text, data.Links.Cancel) || !strings.Contains(letter.Text, "\n> ") {
				t.Errorf("%s in %s:\n%s", name, lang, letter.Text)
			}
		}
	}
}

// TestSignUpWithoutAgreement: a sign-up may concern the customer alone.
func TestSignUpWithoutAgreement(t *testing.T) {
	if faults := builtIn(t).CheckWithoutAgreement("acknowledgement", renewal.SignUp); len(faults) > 0 {
		t.Errorf("faults %v", faults)
	}
}

// TestHeldAsksFirst: where the renewal waits for the customer, the letter says so
// and not that nothing need be done.
func TestHeldAsksFirst(t *testing.T) {
	s := builtIn(t)
	for _, lang := range languages {
		for _, n := range []int{1, 2} {
			data := SampleFor("still-using", n)
			plain, err := s.Render("still-using", lang, false, data)
			if err != nil {
				t.Fatal(err)
			}
			data.Held = true
			held, err := s.Render("still-using", lang, false, data)
			if err != nil {
				t.Fatal(err)
			}
			// The opening and the paragraph about doing nothing differ.
			same := 0
			for _, paragraph := range strings.Split(held.Text, "\n\n") {
				if strings.Contains(plain.Text, paragraph) {
					same++
				}
			}
			if got := len(strings.Split(held.Text, "\n\n")) - same; got != 2 {
				t.Errorf("%s, %d agreements: %d paragraphs differ, want 2\n%s", lang, n, got, held.Text)
			}
		}
	}
}

// TestCancelledInTheTrial: who cancels within the trial is told that the first
// charge is not made, as the letter about the trial promised; who does later is not.
func TestCancelledInTheTrial(t *testing.T) {
	s := builtIn(t)
	for _, lang := range languages {
		data := SampleFor("cancellation-confirmation", 1)
		render := func(trialEnds renewal.Date) string {
			data.Agreements[0].TrialEndsOn = trialEnds
			letter, err := s.Render("cancellation-confirmation", lang, false, data)
			if err != nil {
				t.Fatal(err)
			}
			return letter.Text
		}
		none, within, after := render(0), render(data.Event.On), render(data.Event.On-1)
		if none != after || len(within) <= len(none) {
			t.Errorf("%s: without a trial\n%s\nwithin it\n%s\nafter it\n%s", lang, none, within, after)
		}
	}
}
