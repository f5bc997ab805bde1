package web

import (
	"strconv"
	"time"

	"renewd/internal/renewal"
)

// Words write dates, times, money and periods in a page's language; what is not
// known is the empty text.
type Words interface {
	Date(renewal.Date) string
	// Moment writes at in at's own zone, which it does not name.
	Moment(at time.Time) string
	Money(renewal.Money) string
	Period(renewal.Period) string
}

// view is what a template sees as its dot.
type view struct {
	// Page is one of the names of pages, Lang and Dir the attributes of the
	// language.
	Page, Lang, Dir string
	Business        Business
	// AddressLines are the lines of the postal address.
	AddressLines []string
	// Subscriber is for the pages of unsubscribe.LOCALE.html alone, as what
	// follows is for those of manage.LOCALE.html and reason.LOCALE.html; it is the
	// zero value on pages that are about nobody.
	Subscriber Subscriber
	Agreement  agreementView
	// Fields are the customer's, to check and correct; Faults are those of them
	// that have to be typed anew.
	Fields, Faults []fieldView
	// Changes are what a correction changed.
	Changes []fieldView
	// Notice is stale (the page was overtaken and nothing was changed), often (too
	// many wishes in a short time), or empty.
	Notice string
	// CancelFirst is true where the link led to the button that cancels.
	CancelFirst bool
	Reason      reasonView
}

// agreementView is an Agreement in the words of the page; what is not known is
// empty.
type agreementView struct {
	// What is the product's name, else the ref.
	What, Ref, Kind, Product, Name, MaskedEmail string
	State                                       string
	StartsOn, EndsOn, RenewsOn, CancelBy        string
	// TrialEndsOn is empty where no trial is going on.
	TrialEndsOn string
	// NewPrice is empty where the price stays.
	Term, Price, NewPrice, NewPriceFrom string
	// CancelledOn has the time and the name of the zone where they are known.
	CancelledOn                  string
	RenewURL                     string
	CanCancel, CanKeep, CanRenew bool
	Confirms                     bool
}

// fieldView is one Field as a form or a list of changes shows it.
type fieldView struct {
	// ID is for the attribute id, Type and Autocomplete for those of the same name.
	ID, Name, Kind, Label, Type, Autocomplete string
	Value, Was                                string
	// Now is what is known of an e-mail address, masked; empty for other fields.
	Now string
	// Fault is one of the faults of fields, or empty.
	Fault string
	// From and To are a change's.
	From, To string
}

// reasonView is the form that asks for a reason.
type reasonView struct {
	Choices []choiceView
	Text    string
	// Fault is one of the faults of fields, or empty.
	Fault   string
	Longest int
}

type choiceView struct {
	ID, Value string
	Chosen    bool
}

// content is what a page is about, before it is put into words.
type content struct {
	locale      string
	subscriber  Subscriber
	agreement   *Agreement
	typed       []Typed
	faults      map[string]FieldFault
	changes     []Change
	reason      Reason
	notice      string
	cancelFirst bool
}

// aboutSubscriber and aboutAgreement are the contents that most pages have.
func aboutSubscriber(s Subscriber) content { return content{locale: s.Locale, subscriber: s} }

func aboutAgreement(a *Agreement) content { return content{locale: a.Locale, agreement: a} }

// newView puts a content into the words of a page.
func newView(page, tag string, b Business, w Words, c content) view {
	v := view{Page: page, Lang: htmlLang(tag), Dir: direction(tag), Business: b, AddressLines: addressLines(b.PostalAddress),
		Subscriber: c.subscriber, Notice: c.notice, CancelFirst: c.cancelFirst}
	v.Reason = newReasonView(c.reason, c.faults)
	if c.agreement == nil {
		return v
	}
	v.Agreement = newAgreementView(c.agreement, w)
	for i, f := range c.agreement.Contact {
		shown := newFieldView(i, f)
		if f.Kind == FieldEmail {
			shown.Now = c.agreement.MaskedEmail
		}
		for _, t := range c.typed {
			if t.Name == f.Name {
				shown.Value, shown.Was, shown.Fault = t.Value, t.Was, string(c.faults[f.Name])
			}
		}
		v.Fields = append(v.Fields, shown)
		if shown.Fault != "" {
			v.Faults = append(v.Faults, shown)
		}
	}
	for i, change := range c.changes {
		shown := newFieldView(i, change.Field)
		shown.From, shown.To = change.From, change.To
		v.Changes = append(v.Changes, shown)
	}
	return v
}

func newAgreementView(a *Agreement, w Words) agreementView {
	v := agreementView{
		What: a.Product, Ref: a.Ref, Kind: a.Kind, Product: a.Product, Name: a.Name, MaskedEmail: a.MaskedEmail, State: string(a.State),
		StartsOn: w.Date(a.StartsOn), EndsOn: w.Date(a.EndsOn), RenewsOn: w.Date(a.RenewsOn), CancelBy: w.Date(a.CancelBy), TrialEndsOn: w.Date(a.TrialEndsOn),
		Term: w.Period(a.Term), Price: w.Money(a.Price), RenewURL: a.RenewURL,
		CanCancel: a.CanCancel, CanKeep: a.CanKeep, CanRenew: a.CanRenew, Confirms: a.Confirms,
	}
	if v.What == "" {
		v.What = a.Ref
	}
	if a.NewPrice.Known() && a.NewPrice != a.Price {
		from := a.NewPriceFrom
		if from.IsZero() {
			from = a.RenewsOn
		}
		v.NewPrice, v.NewPriceFrom = w.Money(a.NewPrice), w.Date(from)
	}
	v.CancelledOn = w.Date(a.CancelledOn)
	if !a.CancelledAt.IsZero() {
		v.CancelledOn = w.Moment(a.CancelledAt.In(a.Zone)) + " (" + a.Zone.String() + ")"
	}
	return v
}

// inputs are what a browser is to know of a field by its kind.
var inputs = map[string]struct{ typ, autocomplete string }{
	FieldName: {"text", "name"}, FieldEmail: {"email", "email"}, "street": {"text", "address-line1"}, "street2": {"text", "address-line2"},
	"postal_code": {"text", "postal-code"}, "city": {"text", "address-level2"}, "region": {"text", "address-level1"},
	"country": {"text", "country-name"}, "phone": {"tel", "tel"},
}

func newFieldView(i int, f Field) fieldView {
	v := fieldView{ID: "field-" + strconv.Itoa(i), Name: f.Name, Kind: f.Kind, Label: f.Label, Value: f.Value, Was: f.Value,
		Type: "text", Autocomplete: "off"}
	if in, known := inputs[f.Kind]; known {
		v.Type, v.Autocomplete = in.typ, in.autocomplete
	}
	return v
}

func newReasonView(r Reason, faults map[string]FieldFault) reasonView {
	v := reasonView{Text: r.Text, Longest: LongestReason}
	for _, choice := range Choices {
		v.Choices = append(v.Choices, choiceView{ID: "choice-" + choice, Value: choice, Chosen: choice == r.Choice})
	}
	for _, name := range []string{fieldChoice, fieldText} {
		if f, wrong := faults[name]; wrong {
			v.Fault = string(f)
		}
	}
	return v
}
