package compose

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"renewd/internal/renewal"
)

// tryLetter renders a letter for sample data. One that renders for none of them
// is broken.
func (s *Set) tryLetter(l *letterFile) {
	if l.fault != nil || s.layout.fault != nil {
		return
	}
	var first *Fault
	for _, data := range samplesFor(l) {
		_, err := s.render(l, s.tongue(tongueLocale(l.locale, l.locale, s.business.Locale)), data)
		if err == nil {
			return
		}
		if first == nil {
			f := asFault(l, err)
			first = &f
		}
	}
	l.fault = first
}

// Check returns every fault of every letter in every language, those included
// that show only for some data: one agreement or several, without a price, a
// product, a page to renew on or the customer's name.
func (s *Set) Check() []Fault {
	faults := slices.Clone(s.faults)
	if s.layout.fault != nil {
		faults = append(faults, *s.layout.fault)
	}
	for _, l := range s.letters {
		if l.fault != nil {
			faults = append(faults, *l.fault)
			continue
		}
		if s.layout.fault != nil {
			continue
		}
		for _, data := range samplesFor(l) {
			if _, err := s.render(l, s.tongue(tongueLocale(l.locale, l.locale, s.business.Locale)), data); err != nil {
				faults = append(faults, asFault(l, err))
			}
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Text, b.Text))
	})
	return slices.Compact(faults)
}

// CheckWithoutAgreement renders a letter in every language, as the answer to an
// event that names no agreement, and returns the faults of those that need one.
// What Check finds already is left out.
func (s *Set) CheckWithoutAgreement(name string, event renewal.EventType) []Fault {
	var faults []Fault
	if s.layout.fault != nil {
		return nil
	}
	for key, l := range s.letters {
		if key.name != name || l.fault != nil {
			continue
		}
		data := withAttributes(Sample(0), l.attributes)
		data.Event = &Event{Type: string(event), On: renewal.NewDate(2027, 3, 1)}
		if _, err := s.render(l, s.tongue(tongueLocale(l.locale, l.locale, s.business.Locale)), data); err != nil {
			faults = append(faults, asFault(l, err))
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.File, b.File) })
	return faults
}

func asFault(l *letterFile, err error) Fault {
	var f Fault
	if errors.As(err, &f) {
		return f
	}
	return Fault{File: l.file, BuiltIn: l.builtIn, Text: err.Error()}
}

// Sample returns made-up data for a look at a letter: n agreements of one
// household, on a fixed day.
func Sample(n int) Data {
	data := Data{
		Customer: Customer{Ref: "C1", Name: "Alex Martin", Email: "alex@customer.example", Attributes: map[string]string{}},
		Links: Links{Unsubscribe: "https://renew.example/u/sample", Manage: "https://renew.example/m/sample",
			Cancel: "https://renew.example/m/sample", Reason: "https://renew.example/s/sample"},
	}
	names := []string{"Alex Martin", "Camille Martin", "Noa Martin", "Robin Martin"}
	ends := renewal.NewDate(2027, 3, 31)
	year := renewal.Period{Years: 1, Set: true}
	for i := range n {
		owner := data.Customer
		owner.Name = names[i%len(names)]
		end := ends.AddDays(i)
		data.Agreements = append(data.Agreements, Agreement{
			Ref: "A" + string(rune('1'+i%9)), Kind: renewal.KindPass, Product: &Product{ref: "P1", name: "Annual pass"}, Customer: owner,
			StartsOn: end.AddDays(-364), EndsOn: end, RenewsOn: end + 1, CancelBy: end,
			Price: &renewal.Money{Minor: 9900, Currency: "EUR"}, RenewURL: "https://shop.example/renew?id=A1",
			Term: &year, Manage: data.Links.Manage, Cancel: data.Links.Cancel, Reason: data.Links.Reason,
		})
	}
	return data
}

// samplesFor are data in all the shapes that real data have for a letter.
func samplesFor(l *letterFile) []Data {
	if l.name == StaffAlert {
		return staffSamples()
	}
	var out []Data
	for _, n := range []int{1, 3} {
		full := Sample(n)
		bare := Sample(n)
		bare.Customer.Name = ""
		bare.Links = Links{}
		for i := range bare.Agreements {
			a := &bare.Agreements[i]
			a.Customer.Name, a.Product, a.Price, a.RenewURL, a.StartsOn, a.Term = "", nil, nil, "", 0, nil
			a.Manage, a.Cancel, a.Reason = "", "", ""
			a.Ended = true
		}
		paid := Sample(n)
		paid.Event = &Event{Type: string(renewal.Payment), On: paid.Agreements[0].StartsOn,
			Amount: &renewal.Money{Minor: 9900, Currency: "EUR"}, Until: paid.Agreements[0].EndsOn}
		dearer := Sample(n)
		for i := range dearer.Agreements {
			a := &dearer.Agreements[i]
			a.NewPrice = &renewal.Money{Minor: 10900, Currency: "EUR"}
			a.NewPriceFrom, a.AutoRenew = a.RenewsOn, true
		}
		// An event without an amount, about agreements on trial of which little is known.
		trial := Sample(n)
		trial.Event = sampleEvent(renewal.Cancel, renewal.NewDate(2027, 3, 2))
		for i := range trial.Agreements {
			onTrial(&trial.Agreements[i])
			trial.Agreements[i].CancelPassed, trial.Agreements[i].Price = true, nil
		}
		out = append(out, full, bare, paid, dearer, trial, SampleFor(l.name, n))
	}
	for _, data := range out {
		withAttributes(data, l.attributes)
	}
	return out
}

// withAttributes gives every customer the attributes that a letter names.
func withAttributes(data Data, attributes []string) Data {
	for _, name := range attributes {
		data.Customer.Attributes[name] = "sample"
		for i := range data.Agreements {
			data.Agreements[i].Customer.Attributes[name] = "sample"
		}
	}
	return data
}
