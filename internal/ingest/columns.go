package ingest

// The kinds of file, as --as names them.
const (
	Customers  = "customers"
	Products   = "products"
	Agreements = "agreements"
	Events     = "events"
)

// Kinds lists every kind of file.
var Kinds = []string{Customers, Products, Agreements, Events}

// Erase is the cell that erases what is stored; an empty cell says nothing.
const Erase = "-"

// AttributePrefix stands before the names of customer columns that are kept
// as attributes of the customer.
const AttributePrefix = "attributes."

// RejectedColumn is the column that WriteRejected adds. It is passed over when
// the corrected file is imported again.
const RejectedColumn = "rejected_because"

// form is what the cells of a column hold.
type form int

const (
	formText form = iota
	formRef
	formEmail
	formLocale
	formZone
	formCountry
	formRegion
	formBool
	formDate
	formInstant
	formPeriod // P0D allowed
	formTerm   // a period that is not zero
	formLife   // a term, or "learned"
	formURL
	formAgreementKind
	formProductKind
	formRenewsBy
	formEventType
	formCurrency
	formPrice  // money, not negative
	formAmount // money
	formQuantity
)

// column is one column that renewd knows.
type column struct {
	name string
	form form
	// must is true where a file without the column is refused.
	must bool
}

// knownColumns returns the columns of a kind of file, as the manual lists them.
func knownColumns(kind string) []column {
	switch kind {
	case Customers:
		return []column{
			{"ref", formRef, true}, {"name", formText, false}, {"email", formEmail, false},
			{"locale", formLocale, false}, {"time_zone", formZone, false}, {"country", formCountry, false},
			{"region", formRegion, false}, {"since", formDate, false}, {"no_marketing", formBool, false},
		}
	case Products:
		return []column{
			{"ref", formRef, true}, {"name", formText, false}, {"kind", formProductKind, false},
			{"term", formTerm, false}, {"life", formLife, false}, {"renew_url", formURL, false},
			{"renews_by", formRenewsBy, false}, {"assume_renewal", formBool, false},
		}
	case Agreements:
		return []column{
			{"ref", formRef, true}, {"customer", formRef, true}, {"kind", formAgreementKind, true},
			{"product", formRef, false}, {"starts_on", formDate, false}, {"ends_on", formDate, true},
			{"term", formTerm, false}, {"auto_renew", formBool, false}, {"notice_period", formPeriod, false},
			{"price", formPrice, false}, {"currency", formCurrency, false}, {"cancelled_on", formDate, false},
			{"renews_by", formRenewsBy, false}, {"assume_renewal", formBool, false},
			{"trial_ends_on", formDate, false}, {"new_price", formPrice, false}, {"new_price_from", formDate, false},
			{"customer_name", formText, false}, {"customer_email", formEmail, false},
			{"customer_locale", formLocale, false}, {"customer_time_zone", formZone, false},
			{"customer_country", formCountry, false}, {"customer_region", formRegion, false},
		}
	case Events:
		return []column{
			{"id", formText, false}, {"type", formEventType, true}, {"at", formInstant, true},
			{"customer", formRef, false}, {"agreement", formRef, false}, {"product", formRef, false},
			{"channel", formText, false}, {"quantity", formQuantity, false}, {"amount", formAmount, false},
			{"currency", formCurrency, false}, {"until", formDate, false}, {"note", formText, false},
		}
	}
	return nil
}

// isMoney reports whether the column holds an amount that needs a currency.
func (c column) isMoney() bool { return c.form == formPrice || c.form == formAmount }

// isDated reports whether the column holds dates whose format is to be settled.
func (c column) isDated() bool { return c.form == formDate || c.form == formInstant }
