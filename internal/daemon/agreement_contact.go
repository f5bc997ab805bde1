package daemon

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/web"
)

// contactColumns are the columns of a customers file that a page may show and
// correct, in the spelling of foldColumn, by what they are. They are documented
// in docs/pages.md.
var contactColumns = map[string][]string{
	"street": {"street", "address", "address1", "address_1", "address_line_1", "address_line1", "rue", "adresse", "adresse1", "morada", "endereco",
		"rua", "calle", "direccion", "domicilio", "strasse", "straße", "anschrift", "strasse_hausnummer", "straße_hausnummer"},
	"street2": {"address2", "address_2", "address_line_2", "address_line2", "complement", "complement_adresse", "complement_d'adresse", "adresse2",
		"complemento", "complemento_morada", "adresszusatz", "zusatz"},
	"postal_code": {"postal_code", "postcode", "post_code", "zip", "zip_code", "zipcode", "code_postal", "cp", "codigo_postal", "cep", "plz", "postleitzahl"},
	"city":        {"city", "town", "ville", "commune", "cidade", "localidade", "ciudad", "localidad", "poblacion", "ort", "stadt", "wohnort"},
	"region":      {"state", "province", "county", "departement", "canton", "provincia", "estado", "distrito", "bundesland", "kanton"},
	"country":     {"land", "pays", "pais"},
	"phone": {"phone", "telephone", "tel", "phone_number", "mobile", "mobile_phone", "portable", "numero_de_telephone", "telefone", "telemovel", "telefono",
		"movil", "telefon", "telefonnummer", "handy", "mobil", "mobiltelefon"},
}

// contactKinds is the order of the page.
var contactKinds = []string{"street", "street2", "postal_code", "city", "region", "country", "phone"}

// longestContact is how many characters a name or a line of an address may have.
const longestContact = 200

// attributePrefix stands before the names of attributes in a form.
const attributePrefix = "a."

// foldColumn brings a column's name into one spelling: lower case, without
// accents, blanks and hyphens as underscores.
func foldColumn(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.TrimSpace(name)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == '-' || unicode.IsSpace(r):
			b.WriteByte('_')
		case r == '’':
			b.WriteByte('\'')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// contactOf is what a customer may correct. The e-mail address itself is not
// shown: whoever has the letter has the link.
func contactOf(c *renewal.Customer) []web.Field {
	fields := []web.Field{{Name: web.FieldName, Kind: web.FieldName, Value: c.Name}, {Name: web.FieldEmail, Kind: web.FieldEmail}}
	columns := map[string][]string{} // by kind
	for column := range c.Attributes {
		folded := foldColumn(column)
		for _, kind := range contactKinds {
			if slices.Contains(contactColumns[kind], folded) {
				columns[kind] = append(columns[kind], column)
			}
		}
	}
	for _, kind := range contactKinds {
		slices.Sort(columns[kind])
		for i, column := range columns[kind] {
			f := web.Field{Name: attributePrefix + column, Kind: kind, Value: c.Attributes[column]}
			if i > 0 { // two labels may not read the same
				f.Kind, f.Label = "other", column
			}
			fields = append(fields, f)
		}
	}
	return fields
}

// correct writes down what the customer put right and tells staff. With any
// fault nothing is written.
func (f *file) correct(typed []web.Typed) (changes []web.Change, faults map[string]web.FieldFault, err error) {
	var c store.Correction
	var told []string
	faults = map[string]web.FieldFault{}
	for _, field := range contactOf(f.c) {
		i := slices.IndexFunc(typed, func(t web.Typed) bool { return t.Name == field.Name })
		if i < 0 || typed[i].Value == typed[i].Was || typed[i].Value == field.Value {
			continue // left as the page had it, or right by now
		}
		value, before := typed[i].Value, field.Value
		if fault := contactFault(field, value); fault != "" {
			faults[field.Name] = fault
			continue
		}
		change := web.Change{Field: field, From: before, To: value}
		switch field.Name {
		case web.FieldName:
			c.Name = &value
		case web.FieldEmail:
			if value == f.c.Email {
				continue
			}
			c.Email, before, change.From = &value, f.c.Email, maskAddress(f.c.Email)
		default:
			if c.Attributes == nil {
				c.Attributes = map[string]string{}
			}
			c.Attributes[strings.TrimPrefix(field.Name, attributePrefix)] = value
		}
		changes = append(changes, change)
		told = append(told, fmt.Sprintf("%s from %q to %q", strings.TrimPrefix(field.Name, attributePrefix), before, value))
	}
	if len(faults) > 0 || len(changes) == 0 {
		return nil, faults, nil
	}
	if err := f.tx.Correct(f.c.ID, c); err != nil {
		return nil, nil, err
	}
	text := fmt.Sprintf("%s corrected their own data: %s; put it right elsewhere, too", whoIs(f.c), strings.Join(told, ", "))
	if c.Email != nil {
		others, err := f.tx.OthersAt(f.c.ID, *c.Email)
		if err != nil {
			return nil, nil, err
		}
		if len(others) > 0 {
			// From now on they are one household: letters and refusals hold for all.
			text += fmt.Sprintf("; the new address is that of %s as well: ask whether they want to be written to together", strings.Join(others, ", "))
		}
	}
	sum := sha256.Sum256([]byte(text))
	_, err = f.tx.AddTask(renewal.Task{Kind: renewal.TaskWish, CustomerID: f.c.ID, Text: text,
		Topic: fmt.Sprintf("wish:contact:%d:%s:%x", f.c.ID, renewal.FormatStamp(f.now), sum[:6])}, f.now)
	if err != nil {
		return nil, nil, err
	}
	return changes, nil, f.read()
}

// contactFault is what is wrong with a corrected field, empty where it is right.
func contactFault(field web.Field, value string) web.FieldFault {
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unseen):
		return web.FaultSigns
	case value == "" && field.Name == web.FieldName && field.Value != "":
		return web.FaultMissing
	case utf8.RuneCountInString(value) > longestContact:
		return web.FaultLong
	case field.Name == web.FieldEmail && renewal.CheckEmail(value) != nil:
		return web.FaultEmail
	}
	return ""
}

// unseen reports whether a character is none that a name or an address has:
// what controls a terminal, ends a line, or turns the direction of writing.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d'
}
