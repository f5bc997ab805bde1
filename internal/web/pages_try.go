package web

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"regexp"
	"slices"
	"time"

	"renewd/internal/renewal"
)

var (
	postForm = regexp.MustCompile(`(?i)<form\b[^>]*\bmethod\s*=\s*["']?post\b`)
	style    = regexp.MustCompile(`(?is)<style\b[^>]*>(.*?)</style\s*>`)
)

// sample is made-up data that a page is tried with.
type sample struct {
	business Business
	content  content
	// must is what the page has to have with these data, nil for nothing, and
	// lacks the sentence where it has not.
	must  *regexp.Regexp
	lacks string
}

// try runs a page with made-up data in all the shapes that real data have, and
// notes its style sheets.
func (l *loader) try(t *template.Template, f family, page, tag string) error {
	samples := subscriberSamples(page, tag)
	if f.name != "unsubscribe" {
		samples = agreementSamples(page, tag)
	}
	file := l.files[fileKey{f.name, tag}]
	var first []string
	for i, s := range samples {
		out, err := execute(t, newView(page, tag, s.business, l.words(tag, s.content.locale), s.content))
		if err != nil {
			return err
		}
		if s.must != nil && !s.must.Match(out) {
			return Fault{File: file, Text: s.lacks}
		}
		var hashes []string
		for _, m := range style.FindAllSubmatch(out, -1) {
			sum := sha256.Sum256(m[1])
			hashes = append(hashes, base64.StdEncoding.EncodeToString(sum[:]))
			l.styles[hashes[len(hashes)-1]] = true
		}
		if i == 0 {
			first = hashes
		} else if !slices.Equal(first, hashes) {
			return Fault{File: layoutFile, Text: "a style sheet is the same for every reader: no value can stand in <style>"}
		}
	}
	return nil
}

var (
	fullBusiness = Business{Name: "Sample & Sons", PostalAddress: "1 Sample Street\nSampletown", Email: "hello@sample.example"}
	bareBusiness = Business{Name: "S", PostalAddress: "S"}
)

func subscriberSamples(page, tag string) []sample {
	samples := []sample{
		{business: fullBusiness, content: aboutSubscriber(Subscriber{Name: "Alex Martin", MaskedEmail: "a…@customer.example", Locale: tag})},
		{business: bareBusiness, content: aboutSubscriber(Subscriber{MaskedEmail: "z…@other.example", Unsubscribed: true})},
		{business: bareBusiness},
	}
	if page == pageAsk {
		for i := range samples {
			samples[i].must, samples[i].lacks = postForm, `the block {{define "ask"}} has no button: <form method="post"><button>…</button></form>`
		}
	}
	return samples
}

// doButton is a button, or another field of a form, that asks for an act.
func doButton(act Act) *regexp.Regexp {
	return regexp.MustCompile(`(?is)<form\b[^>]*\bmethod\s*=\s*["']?post\b.*\bname\s*=\s*["']?do["']?\s[^>]*\bvalue\s*=\s*["']?` + string(act) + `\b`)
}

func agreementSamples(page, tag string) []sample {
	full := sampleAgreement(tag)
	bare := Agreement{Ref: "A2", Kind: renewal.KindContract, Zone: time.UTC, State: StateEnded, CanRenew: true,
		Contact: []Field{{Name: FieldName, Kind: FieldName}, {Name: FieldEmail, Kind: FieldEmail}, {Name: "a.desk", Kind: "other", Label: "desk"}}}
	stopped := full
	stopped.State, stopped.CanCancel, stopped.CanKeep, stopped.CancelledAt = StateCancelled, false, true, time.Date(2027, 3, 1, 9, 5, 0, 0, time.UTC)
	written := stopped
	written.CancelledAt, written.CancelledOn, written.Confirms = time.Time{}, renewal.NewDate(2027, 3, 1), true
	goods := bare
	goods.Kind, goods.State, goods.EndsOn, goods.RenewURL = renewal.KindGoods, StateLasts, full.EndsOn, "https://shop.example/renew"

	faulty := aboutAgreement(&full)
	faulty.faults = map[string]FieldFault{FieldName: FaultMissing, FieldEmail: FaultEmail, "a.street": FaultLong, "a.phone": FaultSigns, fieldChoice: FaultMissing}
	faulty.typed = []Typed{{Name: FieldName}, {Name: FieldEmail, Value: "x"}, {Name: "a.street", Was: "1", Value: "2"}, {Name: "a.phone", Value: "?"}}
	long := aboutAgreement(&full)
	long.faults, long.notice = map[string]FieldFault{fieldText: FaultLong}, noticeStale
	odd := aboutAgreement(&bare)
	odd.faults, odd.notice = map[string]FieldFault{fieldChoice: FaultChoice}, noticeOften
	changed := aboutAgreement(&full)
	for _, f := range full.Contact {
		changed.changes = append(changed.changes, Change{Field: f, From: f.Value, To: "new"})
	}
	direct := aboutAgreement(&full)
	direct.cancelFirst = true

	samples := []sample{{business: fullBusiness, content: aboutAgreement(&full)}, {business: fullBusiness, content: direct}, {business: bareBusiness, content: aboutAgreement(&stopped)},
		{business: fullBusiness, content: aboutAgreement(&written)}, {business: bareBusiness, content: aboutAgreement(&bare)}, {business: bareBusiness, content: aboutAgreement(&goods)},
		{business: fullBusiness, content: faulty}, {business: bareBusiness, content: long}, {business: bareBusiness, content: odd}, {business: fullBusiness, content: changed}}
	require := func(i int, act Act) {
		samples[i].must = doButton(act)
		samples[i].lacks = `the block {{define "` + page + `"}} lacks a button: <form method="post"><button name="do" value="` + string(act) + `">…</button></form>`
	}
	switch page {
	case pageManage:
		require(0, ActCancel)
		require(1, ActCancel)
		require(4, ActRenew)
	case pageWhy:
		require(0, ActReason)
	}
	return samples
}

// sampleAgreement renews by itself and has all that an agreement can have.
func sampleAgreement(tag string) Agreement {
	ends := renewal.NewDate(2027, 3, 31)
	return Agreement{Ref: "A1", Kind: renewal.KindSubscription, Product: "Annual pass", Name: "Alex Martin", MaskedEmail: "a…@customer.example",
		Locale: tag, Zone: time.UTC, State: StateRenews, StartsOn: ends.AddDays(-364), EndsOn: ends, RenewsOn: ends + 1, CancelBy: ends,
		Term: renewal.Period{Years: 1, Set: true}, Price: renewal.Money{Minor: 9900, Currency: "EUR"}, NewPrice: renewal.Money{Minor: 10900, Currency: "EUR"},
		NewPriceFrom: ends + 1, CanCancel: true, Contact: []Field{{Name: FieldName, Kind: FieldName, Value: "Alex Martin"}, {Name: FieldEmail, Kind: FieldEmail},
			{Name: "a.street", Kind: "street", Value: "1 Sample Street"}, {Name: "a.street2", Kind: "street2", Value: "Attic"}, {Name: "a.zip", Kind: "postal_code", Value: "12345"},
			{Name: "a.city", Kind: "city", Value: "Sampletown"}, {Name: "a.region", Kind: "region", Value: "R"}, {Name: "a.country", Kind: "country", Value: "C"},
			{Name: "a.phone", Kind: "phone", Value: "1"}}}
}
