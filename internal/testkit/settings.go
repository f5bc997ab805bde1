package testkit

import (
	"testing"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
)

// Zone returns a time zone by its IANA name.
func Zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		tb.Fatal(err)
	}
	return zone
}

// Settings are the defaults of the configuration for a business in Paris that
// writes English, with the given rules; each gets its place.
func Settings(tb testing.TB, rules ...renewal.Rule) plan.Settings {
	tb.Helper()
	for i := range rules {
		rules[i].Place = i
		if rules[i].Class == "" {
			rules[i].Class = renewal.Commercial
		}
	}
	return plan.Settings{
		Rules: rules, Zone: Zone(tb, "Europe/Paris"), Locale: "en",
		Hours: plan.Hours{Open: 9 * 60, Close: 18 * 60, Holidays: map[renewal.Date]bool{},
			Days: [7]bool{time.Monday: true, time.Tuesday: true, time.Wednesday: true, time.Thursday: true, time.Friday: true, time.Saturday: true}},
		Cap: renewal.Days(3), Burst: 100, Hold: renewal.Days(30), AfterResolution: renewal.Days(7),
	}
}

// Periods reads periods as the configuration has them.
func Periods(texts ...string) []renewal.Period {
	var list []renewal.Period
	for _, text := range texts {
		list = append(list, renewal.MustPeriod(text))
	}
	return list
}

// PassRule reminds of passes that do not renew by themselves: 30 and 7 days
// before the end, earlier after a fresh use, and 7 days after it.
func PassRule() renewal.Rule {
	return renewal.Rule{Name: "annual-pass", Class: renewal.Commercial, Template: "pass-renewal", TemplateAfter: "win-back",
		Audience:  renewal.Audience{Kind: []string{renewal.KindPass}, AutoRenew: []bool{false}},
		BeforeEnd: Periods("P30D", "P7D"), AfterEnd: Periods("P7D"),
		AfterUse: &renewal.AfterUse{Delay: renewal.Days(1), From: renewal.Days(90), Until: renewal.Days(14)}}
}

// NoticeRule announces automatic renewals 45 to 15 days ahead.
func NoticeRule() renewal.Rule {
	return renewal.Rule{Name: "auto-renewal-notice", Class: renewal.Notice, Template: "auto-renewal-notice",
		Audience: renewal.Audience{AutoRenew: []bool{true}},
		Notice:   &renewal.NoticeWindow{Anchor: renewal.AnchorRenewsOn, Earliest: renewal.Days(45), Latest: renewal.Days(15)}}
}

// ReceiptRule confirms automatic renewals.
func ReceiptRule() renewal.Rule {
	return renewal.Rule{Name: "renewal-confirmation", Class: renewal.Transactional, Template: "renewal-confirmation",
		Audience: renewal.Audience{AutoRenew: []bool{true}}, On: renewal.Renewal}
}
