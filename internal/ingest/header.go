package ingest

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold brings a header into the one spelling by which columns are known: lower
// case, without accents, blanks and hyphens as underscores.
func fold(header string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFD.String(trim(header)) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\uFEFF' || r == '\u00AD':
		case r == '-' || unicode.IsSpace(r):
			gap = true
		default:
			if gap {
				b.WriteByte('_')
				gap = false
			}
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return norm.NFC.String(b.String())
}

// trim cuts the blanks around a cell, those of spreadsheets (U+00A0, U+202F,
// U+FEFF) included.
func trim(s string) string {
	if s == "" || plain(s[0]) && plain(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B' })
}

// plain reports whether b is an ASCII character that is to be seen.
func plain(b byte) bool { return b > ' ' && b < 0x7F }

// detectKind says what kind of file has these (folded) columns.
func detectKind(columns []string) string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(columns, name) })
	}
	switch {
	case has("type"):
		return Events
	case has("ends_on"):
		return Agreements
	case has("term", "life", "renew_url"):
		return Products
	}
	return Customers
}

// ofAgreements are columns that only a file of agreements has.
var ofAgreements = []string{"customer", "customer_name", "customer_email", "customer_locale", "customer_time_zone",
	"customer_country", "customer_region"}

// misnamed returns a fault where a file without ends_on, whose kind its header
// was to tell, has a column of agreements: its ends_on may be spelt otherwise,
// and its rows would silently become customers or products. names are the
// folded columns, without those to ignore.
func misnamed(kind string, names []string) (Fault, bool) {
	if kind != Customers && kind != Products {
		return Fault{}, false
	}
	i := slices.IndexFunc(names, func(name string) bool { return slices.Contains(ofAgreements, name) })
	if i < 0 {
		return Fault{}, false
	}
	advice := "give this name to the column that holds the last day"
	if k := slices.IndexFunc(names, namesEnd); k >= 0 {
		advice = fmt.Sprintf("if %q is meant, rename it", names[k])
	}
	return Fault{Column: "ends_on", Text: fmt.Sprintf("this column is missing, though %q is one of agreements; %s; "+
		"if the file holds customers or products, say --as customers or --as products", names[i], advice)}, true
}

// namesEnd reports whether a column speaks of an end by its name: end_date,
// expires.
func namesEnd(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "_"), func(word string) bool {
		return strings.HasPrefix(word, "end") || strings.HasPrefix(word, "expir")
	})
}

// place says what becomes of one column of the file.
type place struct {
	column
	// out is the index in File.Columns, -1 where the column is passed over.
	out int
	// header is the column's name as the file writes it.
	header string
	// nameless is true for a column without a header, which must stay empty.
	nameless bool
}

// plan is what the header of a file says about its columns.
type plan struct {
	places  []place
	columns []string
	// money are the places of amounts, currency that of their currency or -1.
	money    []int
	currency int
}

// planColumns reads the header of a file of the given kind. ignore are folded
// names. The texts of the faults name the columns.
func planColumns(kind string, header, ignore []string) (plan, []Fault) {
	p := plan{currency: -1}
	var faults []Fault
	known := knownColumns(kind)
	seen := map[string]int{}
	for i, cell := range header {
		name := fold(cell)
		at := place{column: column{name: name}, out: -1, header: trim(cell), nameless: name == ""}
		k := slices.IndexFunc(known, func(c column) bool { return c.name == name })
		switch {
		case name == "" || name == RejectedColumn || slices.Contains(ignore, name):
		case seen[name] > 0:
			faults = append(faults, Fault{Column: name, Text: fmt.Sprintf(
				"columns %d and %d have this same name; rename or remove one", seen[name], i+1)})
		case k >= 0:
			at.column = known[k]
			p.add(&at, i)
		case kind == Customers:
			at.name = AttributePrefix + name
			p.add(&at, i)
		default:
			faults = append(faults, Fault{Column: at.header, Text: fmt.Sprintf(
				"a file of %s has no such column; correct its name, or let it pass with --ignore %s", kind, quoteArgument(name))})
		}
		seen[name] = i + 1
		p.places = append(p.places, at)
	}
	for _, c := range known {
		if c.must && !slices.Contains(p.columns, c.name) {
			faults = append(faults, Fault{Column: c.name, Text: fmt.Sprintf(
				"this column is missing; a file of %s needs %s", kind, strings.Join(required(known), ", "))})
		}
	}
	// A price may carry its currency inside its cell, which then fills a
	// column that the file has not.
	if len(p.money) > 0 && p.currency < 0 {
		p.columns = append(p.columns, "currency")
	}
	return p, faults
}

// add gives a column of the file its index among the columns that are kept.
func (p *plan) add(at *place, index int) {
	at.out = len(p.columns)
	p.columns = append(p.columns, at.name)
	switch {
	case at.form == formCurrency:
		p.currency = index
	case at.isMoney():
		p.money = append(p.money, index)
	}
}

func required(known []column) []string {
	var names []string
	for _, c := range known {
		if c.must {
			names = append(names, c.name)
		}
	}
	return names
}

// quoteArgument writes a name so that a shell takes it as one word.
func quoteArgument(name string) string {
	if strings.IndexFunc(name, func(r rune) bool {
		return !(unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.')
	}) < 0 {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
