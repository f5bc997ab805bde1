package renewal

import "time"

// The kinds of an agreement. Goods are bought, not agreed: their terms are
// estimated from purchases.
const (
	KindContract     = "contract"
	KindPass         = "pass"
	KindSubscription = "subscription"
	KindGoods        = "goods"
)

// Kinds lists every kind of agreement.
var Kinds = []string{KindContract, KindPass, KindSubscription, KindGoods}

// The two values of RenewsBy, what moves an agreement into its next term.
const (
	RenewsByPayment = "payment"
	RenewsByNone    = "none"
)

// The basis of a term: written in the agreement, or estimated from purchases.
const (
	BasisWritten   = "written"
	BasisEstimated = "estimated"
)

// Product is what an agreement is for or a purchase is of. What it says holds
// for its agreements where they say nothing themselves.
type Product struct {
	ID   int64
	Ref  string
	Name string
	Kind string
	// Term is the length of one term of the product's agreements.
	Term Period
	// Life is how long one purchase lasts; LifeLearned means that it is learned
	// from purchases instead.
	Life        Period
	LifeLearned bool
	RenewURL    string
	// RenewsBy is payment, none, or empty for the default of the kind.
	RenewsBy      string
	AssumeRenewal bool
}

// Money is an amount in the minor unit of its currency (cents). An empty
// Currency (ISO 4217) means that no amount is known.
type Money struct {
	Minor    int64
	Currency string
}

// Known reports whether m is an amount at all.
func (m Money) Known() bool { return m.Currency != "" }

// Agreement is a contract, pass or subscription of one customer: the standing
// thing that is renewed term by term. For goods it stands for one product that
// a customer buys again and again.
type Agreement struct {
	ID         int64
	CustomerID int64
	Ref        string
	Kind       string
	// Product is nil where the agreement names none.
	Product *Product
	// StartsOn is the first day of the first term; it never moves.
	StartsOn Date
	// EndsOn is the last day covered by the term in force.
	EndsOn Date
	// Term, NoticePeriod, RenewsBy and AssumeRenewal are the agreement's own;
	// the methods of the same meaning add the product's and the defaults.
	Term          Period
	NoticePeriod  Period
	RenewsBy      string
	AssumeRenewal *bool
	AutoRenew     bool
	Price         Money
	NewPrice      Money
	NewPriceFrom  Date
	TrialEndsOn   Date
	// CancelledOn is the day of a cancellation that was written into the row;
	// cancellations also arrive as events.
	CancelledOn Date
	Basis       string
	// KnownAt is the instant at which renewd first stored the agreement.
	KnownAt time.Time
	// Terms is every term in the order in which each came into force; the last
	// one is in force.
	Terms []Term
	// BadData says, in words, what about this row cannot be used.
	BadData string
}

// The causes by which a term became known.
const (
	CauseImport   = "import"   // a file said so
	CauseEdit     = "edit"     // typed into the database, or by the API
	CausePayment  = "payment"  // a payment moved the end
	CauseRenewal  = "renewal"  // a recorded renewal moved the end
	CausePurchase = "purchase" // a purchase opened an estimated term
	CauseAssumed  = "assumed"  // assume_renewal: it rolled by itself
)

// Term is one covered span of an agreement, both days inclusive. It is
// identified by its agreement and EndsOn.
type Term struct {
	// StartsOn may be unknown.
	StartsOn Date
	EndsOn   Date
	// KnownAt is the instant at which renewd first knew this term.
	KnownAt time.Time
	// Cause is one of the Cause constants.
	Cause string
	// Replaced is the end of the term that was in force when this one came
	// into force (the latest time it did); zero for the first.
	Replaced Date
	// InForceAt is the instant at which it last came into force.
	InForceAt time.Time
}

// CauseRenews reports whether a term that came by this cause is a renewal
// (somebody paid or bought) and not a corrected date.
func CauseRenews(cause string) bool {
	switch cause {
	case CausePayment, CauseRenewal, CausePurchase, CauseAssumed:
		return true
	}
	return false
}

// RenewsOn is the first day of the next term, the day a renewal is charged.
func (a *Agreement) RenewsOn() Date { return a.EndsOn + 1 }

// CancelBy is the last date on which a cancellation still stops the renewal:
// RenewsOn less the notice period (P1D where none is written).
func (a *Agreement) CancelBy() Date { return CancelBy(a.EndsOn, a.NoticePeriod) }

// CancelBy is the cancel-by date of a term that ends on endsOn.
func CancelBy(endsOn Date, notice Period) Date {
	if !notice.Set {
		notice = Days(1)
	}
	return (endsOn + 1).Sub(notice)
}

// TermLength is the agreement's own term, else its product's; the zero Period
// where neither has one.
func (a *Agreement) TermLength() Period {
	if a.Term.Set || a.Product == nil {
		return a.Term
	}
	return a.Product.Term
}

// RenewsByPayment reports whether a payment without an end date rolls the term:
// the agreement's own word, else its product's, else yes for auto-renewing
// passes and subscriptions (contracts are paid in instalments).
func (a *Agreement) RenewsByPayment() bool {
	word := a.RenewsBy
	if word == "" && a.Product != nil {
		word = a.Product.RenewsBy
	}
	if word != "" {
		return word == RenewsByPayment
	}
	return a.AutoRenew && (a.Kind == KindPass || a.Kind == KindSubscription)
}

// RollsByItself reports whether the agreement is taken to renew on its renewal
// date without anybody saying so (assume_renewal; default false).
func (a *Agreement) RollsByItself() bool {
	if !a.AutoRenew {
		return false
	}
	if a.AssumeRenewal != nil {
		return *a.AssumeRenewal
	}
	return a.Product != nil && a.Product.AssumeRenewal
}

// TermStart is the first day of the term in force: as written, else the day after
// the term that it followed; the agreement's own start is that of its first term.
// Where that lies whole terms back, which is how an import brings an old
// agreement, it is the first day of the last of them. It is the zero Date where it
// is not known.
func (a *Agreement) TermStart() Date {
	term, length := a.InForce(), a.TermLength()
	start := term.StartsOn
	switch {
	case !start.IsZero():
	case !term.Replaced.IsZero() && term.Replaced < term.EndsOn:
		start = term.Replaced + 1
	case len(a.Terms) <= 1:
		start = a.StartsOn
	}
	if length.IsZero() || CauseRenews(term.Cause) || start != a.StartsOn ||
		!term.KnownAt.IsZero() && LocalDate(term.KnownAt, time.UTC) < start.Add(length) {
		return start
	}
	if n, ok := onGrid(start, a.EndsOn, length); ok && n > 1 {
		return start.Add(length.Times(n - 1))
	}
	return start
}

// InForce returns the term in force. Where the history is empty it is made up
// from the agreement's own dates.
func (a *Agreement) InForce() Term {
	if n := len(a.Terms); n > 0 && a.Terms[n-1].EndsOn == a.EndsOn {
		return a.Terms[n-1]
	}
	return Term{StartsOn: a.StartsOn, EndsOn: a.EndsOn, Cause: CauseEdit}
}
