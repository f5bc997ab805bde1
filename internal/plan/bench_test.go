package plan

import (
	"fmt"
	"testing"
	"time"

	"renewd/internal/renewal"
)

// business makes n customers with one pass each, ends spread over a year, and
// the usual rules.
func business(n int, now time.Time) (*Settings, []*renewal.Dossier) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	auto := true
	set := &Settings{Zone: paris, Locale: "fr", Cap: renewal.Days(3), Burst: 100, Hold: renewal.Days(30), AfterResolution: renewal.Days(7),
		Hours: Hours{Days: [7]bool{false, true, true, true, true, true, true}, Open: 9 * 60, Close: 18 * 60},
		Rules: []renewal.Rule{
			{Name: "annual-pass", Class: renewal.Commercial, Audience: renewal.Audience{Kind: []string{"pass"}}, Template: "pass-renewal",
				BeforeEnd: []renewal.Period{renewal.Days(30), renewal.Days(7)}, AfterEnd: []renewal.Period{renewal.Days(7)},
				AfterUse: &renewal.AfterUse{Delay: renewal.Days(1), From: renewal.Days(90), Until: renewal.Days(14)}},
			{Name: "notice", Place: 1, Class: renewal.Notice, Audience: renewal.Audience{AutoRenew: []bool{true}}, Template: "auto-renewal-notice",
				Notice: &renewal.NoticeWindow{Anchor: renewal.AnchorRenewsOn, Earliest: renewal.Days(45), Latest: renewal.Days(15)}},
		}}
	today := renewal.LocalDate(now, paris)
	var all []*renewal.Dossier
	for i := 0; i < n; i++ {
		id := int64(i + 1)
		ends := today.AddDays(1 + i%365)
		a := renewal.Agreement{ID: id, CustomerID: id, Ref: fmt.Sprintf("A%07d", i), Kind: "pass", EndsOn: ends,
			StartsOn: ends.AddDays(-364), Term: renewal.MustPeriod("P1Y"), AutoRenew: i%4 == 0, AssumeRenewal: &auto,
			Terms: []renewal.Term{{EndsOn: ends, KnownAt: now, Cause: renewal.CauseImport}}}
		d := &renewal.Dossier{Customers: []renewal.Customer{{ID: id, Ref: fmt.Sprintf("C%07d", i), Email: fmt.Sprintf("c%d@example.com", i)}},
			Agreements: []renewal.Agreement{a}}
		if i%3 == 0 {
			d.Events = []renewal.Event{{ID: id, Type: renewal.Use, At: now.AddDate(0, 0, -20), CustomerID: id, AgreementID: id, StoredAt: now}}
		}
		all = append(all, d)
	}
	return set, all
}

// BenchmarkForecastYear is a year's forecast of 10,000 customers in memory.
func BenchmarkForecastYear(b *testing.B) {
	now := time.Date(2027, 1, 4, 8, 0, 0, 0, time.UTC)
	for b.Loop() {
		b.StopTimer()
		set, all := business(10_000, now)
		b.StartTimer()
		lines := 0
		err := Forecast(Span{Now: now, From: now, To: now.AddDate(1, 0, 0)}, set, all, func(Line) error { lines++; return nil })
		if err != nil || lines == 0 {
			b.Fatal(err, lines)
		}
		b.ReportMetric(float64(lines), "lines")
	}
}

// BenchmarkDecide is one look at a household with nothing to do.
func BenchmarkDecide(b *testing.B) {
	now := time.Date(2027, 1, 4, 8, 0, 0, 0, time.UTC)
	set, all := business(100, now)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		Decide(now, set, Standing{}, all[i%len(all)])
		i++
	}
}
