package compose

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"renewd/internal/renewal"
)

// tongue writes dates, money, lists and periods as one locale does.
type tongue struct {
	locale string
	// dates is nil for languages that renewd does not know: their dates are
	// written as 2027-03-01.
	dates dateWriter
	money *currency.Formatter
	// amounts are the latest ones that were written: a business has few prices.
	amounts *memo[renewal.Money, string]
}

func newTongue(locale string) *tongue {
	t := &tongue{locale: locale, dates: newDateWriter(locale), amounts: newMemo[renewal.Money, string](remembered)}
	// CLDR means Brazil by pt. A letter in plain pt is written for Portugal.
	if locale == "pt" {
		locale = "pt-PT"
	}
	t.money = currency.NewFormatter(currency.NewLocale(locale))
	return t
}

// amount writes m with the symbol and the grouping of the locale; an amount
// that is not known is the empty text.
func (t *tongue) amount(m *renewal.Money) (string, error) {
	if m == nil || !m.Known() {
		return "", nil
	}
	if text, ok := t.amounts.get(*m); ok {
		return text, nil
	}
	a, err := currency.NewAmountFromInt64(m.Minor, m.Currency)
	if err != nil {
		return "", fmt.Errorf("%q is no currency of ISO 4217", m.Currency)
	}
	text := t.money.Format(a)
	t.amounts.put(*m, text)
	return text, nil
}

// conjunctions are the words before the last item of a list.
var conjunctions = map[string]string{
	"en": "and", "fr": "et", "pt": "e", "es": "y", "de": "und", "it": "e", "nl": "en", "ca": "i",
	"pl": "i", "sv": "och", "da": "og", "nb": "og", "no": "og", "fi": "ja",
}

// list joins items as "A, B and C".
func (t *tongue) list(items []string) string {
	n := len(items)
	if n == 0 {
		return ""
	}
	if n == 1 {
		return items[0]
	}
	and, known := conjunctions[language(t.locale)]
	if !known {
		return strings.Join(items, ", ")
	}
	last := items[n-1]
	if and == "y" && soundsLikeI(last) {
		and = "e"
	}
	return strings.Join(items[:n-1], ", ") + " " + and + " " + last
}

// soundsLikeI reports whether a Spanish word begins with the sound i, before
// which y becomes e (but not before hie-).
func soundsLikeI(word string) bool {
	w := strings.ToLower(word)
	return strings.HasPrefix(w, "i") || strings.HasPrefix(w, "í") ||
		strings.HasPrefix(w, "hi") && !strings.HasPrefix(w, "hie")
}

// units are the names of years, months, weeks and days, each in singular and plural.
var units = map[string][4][2]string{
	"en": {{"year", "years"}, {"month", "months"}, {"week", "weeks"}, {"day", "days"}},
	"fr": {{"an", "ans"}, {"mois", "mois"}, {"semaine", "semaines"}, {"jour", "jours"}},
	"pt": {{"ano", "anos"}, {"mês", "meses"}, {"semana", "semanas"}, {"dia", "dias"}},
	"es": {{"año", "años"}, {"mes", "meses"}, {"semana", "semanas"}, {"día", "días"}},
	"de": {{"Jahr", "Jahre"}, {"Monat", "Monate"}, {"Woche", "Wochen"}, {"Tag", "Tage"}},
}

// period writes p as "1 year and 6 months".
func (t *tongue) period(p *renewal.Period) (string, error) {
	if p == nil || !p.Set {
		return "", nil
	}
	names, known := units[language(t.locale)]
	if !known {
		return "", fmt.Errorf("period does not know the language %q; write the length out", t.locale)
	}
	var parts []string
	for i, n := range []int{p.Years, p.Months, p.Weeks, p.Days} {
		switch {
		case n == 1:
			parts = append(parts, "1\u00a0"+names[i][0])
		case n != 0:
			parts = append(parts, strconv.Itoa(n)+"\u00a0"+names[i][1])
		}
	}
	return t.list(parts), nil
}

// print writes any value that a template prints. Dates, times, money and periods are
// never shown in their inner form.
func (t *tongue) print(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case nil:
		return "", nil
	case renewal.Date:
		return t.date(v), nil
	case time.Time:
		return t.moment(v), nil
	case *renewal.Money:
		return t.amount(v)
	case renewal.Money:
		return t.amount(&v)
	case *renewal.Period:
		return t.period(v)
	case renewal.Period:
		return t.period(&v)
	case fmt.Stringer:
		return v.String(), nil
	}
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.Slice, reflect.Array:
		items, err := t.items(nil, rv)
		return t.list(items), err
	case reflect.Struct, reflect.Map, reflect.Pointer, reflect.Func, reflect.Chan:
		return "", fmt.Errorf("a %s cannot be printed as a whole: name one of its fields", typeName(rv.Type()))
	}
	return fmt.Sprint(v), nil
}

// items appends the printed elements of a slice, the slices in it flattened.
func (t *tongue) items(to []string, rv reflect.Value) ([]string, error) {
	for i := range rv.Len() {
		e := rv.Index(i)
		if e.Kind() == reflect.Interface {
			e = e.Elem()
		}
		if e.IsValid() && e.Kind() == reflect.Slice {
			var err error
			if to, err = t.items(to, e); err != nil {
				return nil, err
			}
			continue
		}
		var v any
		if e.IsValid() {
			v = e.Interface()
		}
		s, err := t.print(v)
		if err != nil {
			return nil, err
		}
		if s != "" {
			to = append(to, s)
		}
	}
	return to, nil
}

// typeName is the word for a type in a sentence for the author of a letter.
func typeName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return t.Kind().String()
	}
	return t.Name()
}
