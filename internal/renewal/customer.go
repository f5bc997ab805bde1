package renewal

import (
	"strings"
	"time"
)

// Customer is a person or firm that has agreements with the business.
type Customer struct {
	ID int64
	// Ref is the business's own name for the customer, unique; refs compare as bytes.
	Ref   string
	Name  string
	Email string
	// Locale is a BCP 47 tag such as fr or pt-BR; empty means the business's.
	Locale string
	// TimeZone is an IANA name; empty means the business's.
	TimeZone string
	// Zone is TimeZone resolved at the edge; nil means the business's.
	Zone *time.Location
	// Country and Region are ISO 3166-1 alpha-2 and ISO 3166-2 codes as given.
	Country, Region string
	// Since is the day on which the customer became one, where it is known.
	Since Date
	// Attributes are the columns of the customer's file that renewd does not know.
	Attributes map[string]string
	// Erased is true once the person's data were removed on request.
	Erased bool
	// BadData says, in words, what about this row cannot be used (a zone, an
	// address typed into sqlite3). Empty means that all is well.
	BadData string
}

// HouseholdKey is what makes customers one household: the e-mail address,
// trimmed, with ASCII letters folded to lower case. An empty key makes none.
func HouseholdKey(email string) string {
	key := []byte(strings.Trim(email, " \t\r\n"))
	for i, c := range key {
		if c >= 'A' && c <= 'Z' {
			key[i] = c + 'a' - 'A'
		}
	}
	return string(key)
}
