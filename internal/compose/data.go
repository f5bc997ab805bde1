package compose

import (
	"time"

	"renewd/internal/renewal"
)

// Business is who writes: the same in every letter.
type Business struct {
	Name string
	// Email is the address that answers reach: reply_to, else from.
	Email string
	// PostalAddress stands in the footer of every letter.
	PostalAddress string
	// Locale is a BCP 47 tag, the language of customers who have none; empty
	// means en.
	Locale string
}

// Data is what a letter's template sees as its dot.
type Data struct {
	// Customer is whom the letter addresses: the household's first by ref.
	Customer Customer
	// Agreements are those the letter is about, at least one but for letters
	// about an event that names none and for the letter to staff.
	Agreements []Agreement
	// Business is filled in by Set.Render.
	Business Business
	Links    Links
	// Event is what the letter answers; nil where it answers none.
	Event *Event
	// Held is true where the renewal waits for a word of the customer, or a use.
	Held bool
	// Staff is what staff are to know; nil in every letter to a customer.
	Staff *Staff
}

// Customer is a person or firm as a letter sees it.
type Customer struct {
	Ref, Name, Email string
	// Attributes are the columns of the customer's file that renewd does not
	// know. A letter that names a missing one does not render; index gives the
	// empty text instead.
	Attributes map[string]string
}

// String returns the name.
func (c Customer) String() string { return c.Name }

// Agreement is a contract, pass, subscription or goods as a letter sees it. A
// date that is not known is the zero Date, which is false in an if.
type Agreement struct {
	Ref  string
	Kind string
	// Product is nil where the agreement names none; it may be printed and asked
	// for its Name all the same.
	Product *Product
	// Customer is the one whose agreement it is, maybe another member of the
	// household than the one addressed.
	Customer Customer
	// StartsOn and EndsOn are the first and the last day of the term in force.
	StartsOn, EndsOn renewal.Date
	// RenewsOn is the day after EndsOn, CancelBy the last day on which a
	// cancellation still stops the renewal.
	RenewsOn, CancelBy renewal.Date
	// CancelPassed is true where CancelBy is before the day of sending.
	CancelPassed bool
	// TrialEndsOn is the last day of the trial before the first charge.
	TrialEndsOn renewal.Date
	// Price and NewPrice are nil where they are not known.
	Price, NewPrice *renewal.Money
	NewPriceFrom    renewal.Date
	// NewPriceChargedOn is the first renewal date that is charged at NewPrice,
	// NewPriceCancelBy the last day on which a cancellation stops that renewal.
	NewPriceChargedOn, NewPriceCancelBy renewal.Date
	// RenewURL is where the customer renews; empty where there is no such page.
	RenewURL string
	// Manage, Cancel and Reason are this agreement's own pages; see Links.
	Manage, Cancel, Reason string
	// AutoRenew is true where the agreement renews unless somebody cancels.
	AutoRenew bool
	// Term is the length of one term, nil where it is not known.
	Term *renewal.Period
	// Ended is true where EndsOn is before the day of sending.
	Ended bool
	// Must are the items of content that legal duties ask this letter for, in the
	// words of the rule books; see Wants.
	Must []string
}

// String returns the product's name, else the ref.
func (a Agreement) String() string {
	if name := a.Product.Name(); name != "" {
		return name
	}
	return a.Ref
}

// RenewalPrice is what the next term costs: the new price where it holds by
// RenewsOn, else the price; nil where that is not known.
func (a Agreement) RenewalPrice() *renewal.Money {
	if a.NewPrice != nil && a.NewPriceFrom <= a.RenewsOn {
		return a.NewPrice
	}
	return a.Price
}

// PriceChanges reports whether the next term is known to cost something else
// than this one.
func (a Agreement) PriceChanges() bool {
	next := a.RenewalPrice()
	return next != nil && a.Price != nil && *next != *a.Price
}

// Product is what an agreement is for. Its methods may be called on nil.
type Product struct{ ref, name string }

// Name returns the product's name, else its ref; nothing where there is no product.
func (p *Product) Name() string {
	switch {
	case p == nil:
		return ""
	case p.name != "":
		return p.name
	}
	return p.ref
}

// Ref returns the business's own name for the product.
func (p *Product) Ref() string {
	if p == nil {
		return ""
	}
	return p.ref
}

// String returns Name.
func (p *Product) String() string { return p.Name() }

// Links are the customer's own pages; each is empty where there is none. Those
// about an agreement are of the letter's first one: a letter about several takes
// each agreement's own.
type Links struct {
	// Unsubscribe stands in the footer too, where it is not empty.
	Unsubscribe string
	// Manage is the page of an agreement, Cancel the same with the button that
	// stops its renewal first (empty where it does not renew by itself), Reason
	// the question why somebody leaves.
	Manage, Cancel, Reason string
}

// Event is the fact that a letter answers.
type Event struct {
	Type string
	// On is the event's day in the customer's zone.
	On renewal.Date
	// At is the event's instant, in the customer's zone.
	At      time.Time
	Product *Product
	// Amount is nil where the event names none.
	Amount *renewal.Money
	// Until is the end that a payment pays for, where it says so.
	Until    renewal.Date
	Quantity int64
	Channel  string
	Note     string
}

// Facts are what NewData makes a letter's data from.
type Facts struct {
	// Household has the customers of the agreements; its first one is addressed
	// unless To names another.
	Household *renewal.Dossier
	// To is the customer written to, nil for the household's first.
	To *renewal.Customer
	// Agreements are those the letter is about, in the order of the letter.
	Agreements []*renewal.Agreement
	// Must are the items of content that legal duties ask the letter for, by the id
	// of an agreement.
	Must map[int64][]string
	// Held says that the renewal waits for a word of the customer, or a use.
	Held bool
	// Event is nil where the letter answers none.
	Event *renewal.Event
	// Staff is nil but for the letter to staff, which has no household and no
	// agreements.
	Staff *StaffFacts
	// Zone is the customer's, for the event's day, or the business's in a letter
	// to staff; nil means UTC.
	Zone  *time.Location
	Links Links
	// Pages has the pages of agreements by their id, each without Unsubscribe;
	// one that is missing has those of Links.
	Pages map[int64]Links
	// Today is the day of sending in the customer's zone.
	Today renewal.Date
}

// NewData gathers what a letter's template sees. A product's RenewURL is where
// an agreement renews, else its page Manage; an address that no letter may link
// to counts as none.
func NewData(f Facts) Data {
	letter := f.Links
	if len(f.Agreements) > 0 {
		letter = f.pagesOf(f.Agreements[0])
	}
	if f.Zone == nil {
		f.Zone = time.UTC
	}
	d := Data{Held: f.Held, Links: letter.safe(), Staff: newStaff(f.Staff, f.Zone)}
	switch {
	case f.To != nil:
		d.Customer = newCustomer(f.To)
	case f.Household != nil && len(f.Household.Customers) > 0:
		d.Customer = newCustomer(&f.Household.Customers[0])
	}
	d.Agreements = make([]Agreement, 0, len(f.Agreements))
	for _, a := range f.Agreements {
		owner := d.Customer
		if f.Household != nil {
			if c := f.Household.Customer(a.CustomerID); c != nil {
				owner = newCustomer(c)
			}
		}
		d.Agreements = append(d.Agreements, newAgreement(a, owner, f))
	}
	if e := f.Event; e != nil {
		d.Event = &Event{Type: string(e.Type), On: renewal.LocalDate(e.At, f.Zone), At: e.At.In(f.Zone), Product: newProduct(e.Product),
			Amount: known(e.Amount), Until: e.Until, Quantity: e.Quantity, Channel: e.Channel, Note: e.Note}
	}
	return d
}

// pagesOf are the pages of an agreement, with the letter's Unsubscribe.
func (f *Facts) pagesOf(a *renewal.Agreement) Links {
	pages, own := f.Pages[a.ID]
	if !own {
		return f.Links
	}
	pages.Unsubscribe = f.Links.Unsubscribe
	return pages
}

// safe leaves addresses out that no letter may link to.
func (l Links) safe() Links {
	return Links{Unsubscribe: link(l.Unsubscribe), Manage: link(l.Manage), Cancel: link(l.Cancel), Reason: link(l.Reason)}
}

func newCustomer(c *renewal.Customer) Customer {
	return Customer{Ref: c.Ref, Name: c.Name, Email: c.Email, Attributes: c.Attributes}
}

func newProduct(p *renewal.Product) *Product {
	if p == nil {
		return nil
	}
	return &Product{ref: p.Ref, name: p.Name}
}

func newAgreement(a *renewal.Agreement, owner Customer, f Facts) Agreement {
	pages := f.pagesOf(a).safe()
	out := Agreement{
		Ref: a.Ref, Kind: a.Kind, Product: newProduct(a.Product), Customer: owner,
		StartsOn: a.TermStart(), EndsOn: a.EndsOn, RenewsOn: a.RenewsOn(), CancelBy: a.CancelBy(),
		Price: known(a.Price), NewPrice: known(a.NewPrice), NewPriceFrom: a.NewPriceFrom,
		RenewURL: pages.Manage, Manage: pages.Manage, Cancel: pages.Cancel, Reason: pages.Reason,
		AutoRenew: a.AutoRenew, Ended: a.EndsOn < f.Today,
	}
	if a.Product != nil && link(a.Product.RenewURL) != "" {
		out.RenewURL = link(a.Product.RenewURL)
	}
	out.Must = f.Must[a.ID]
	out.CancelPassed, out.TrialEndsOn = out.CancelBy < f.Today, a.TrialEndsOn
	out.NewPriceChargedOn, out.NewPriceCancelBy = newPriceRenewal(a)
	if length := a.TermLength(); length.Set {
		out.Term = &length
	}
	return out
}

func link(address string) string {
	target, _ := safeURL(address)
	return target
}

func known(m renewal.Money) *renewal.Money {
	if !m.Known() {
		return nil
	}
	return &m
}
