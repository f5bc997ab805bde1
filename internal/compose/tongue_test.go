package compose

import (
	"slices"
	"testing"
	"time"

	"renewd/internal/renewal"
)

func TestDates(t *testing.T) {
	for _, c := range []struct{ locale, first, second string }{
		{"en", "1 March 2027", "22 August 2028"}, {"en-GB", "1 March 2027", "22 August 2028"}, {"en-US", "March 1, 2027", "August 22, 2028"},
		{"fr", "1er mars 2027", "22 août 2028"}, {"fr-CA", "1er mars 2027", "22 août 2028"},
		{"pt", "1 de março de 2027", "22 de agosto de 2028"}, {"pt-BR", "1 de março de 2027", "22 de agosto de 2028"},
		{"es", "1 de marzo de 2027", "22 de agosto de 2028"}, {"de", "1. März 2027", "22. August 2028"},
		{"it", "1 marzo 2027", "22 agosto 2028"}, {"nl", "1 maart 2027", "22 augustus 2028"}, {"ca", "1 de març de 2027", "22 d’agost de 2028"},
		{"pl", "1 marca 2027", "22 sierpnia 2028"}, {"xx", "2027-03-01", "2028-08-22"},
	} {
		tongue := newTongue(c.locale)
		if got := tongue.date(date("2027-03-01")); got != c.first {
			t.Errorf("%s: %q, want %q", c.locale, got, c.first)
		}
		if got := tongue.date(date("2028-08-22")); got != c.second {
			t.Errorf("%s: %q, want %q", c.locale, got, c.second)
		}
		if got := tongue.date(0); got != "" {
			t.Errorf("%s: no date is %q", c.locale, got)
		}
	}
	if got := newTongue("de-AT").date(date("2027-01-31")); got != "31. Jänner 2027" {
		t.Errorf("de-AT: %q", got)
	}
}

func TestMoments(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2027, 3, 1, hour, minute, 59, 0, time.UTC) }
	tokyo := time.FixedZone("JST", 9*3600)
	for _, c := range []struct {
		locale string
		at     time.Time
		want   string
	}{
		{"en", at(9, 5), "1 March 2027 at 09:05"}, {"en-US", at(21, 5), "March 1, 2027 at 9:05 pm"}, {"en-US", at(0, 0), "March 1, 2027 at 12:00 am"},
		{"fr", at(9, 5), "1er mars 2027 à 09:05"}, {"de", at(23, 59), "1. März 2027, 23:59\u00a0Uhr"}, {"de-AT", at(9, 5), "1. März 2027, 09:05\u00a0Uhr"},
		{"pt", at(9, 5), "1 de março de 2027 às 09:05"}, {"pt-BR", at(1, 5), "1 de março de 2027 à 01:05"}, {"es", at(0, 0), "1 de marzo de 2027 a las 0:00"},
		{"es", at(1, 5), "1 de marzo de 2027 a la 1:05"}, {"es", at(13, 5), "1 de marzo de 2027 a las 13:05"},
		{"it", at(9, 5), "1 marzo 2027, 09:05"}, {"xx", at(9, 5), "2027-03-01 09:05"},
		{"en", at(15, 30).In(tokyo), "2 March 2027 at 00:30"}, {"en", time.Time{}, ""},
	} {
		if got := newTongue(c.locale).moment(c.at); got != c.want {
			t.Errorf("%s: %q, want %q", c.locale, got, c.want)
		}
	}
}

// TestMoney holds amounts against the patterns of CLDR, to the very blank:
// U+00A0 before the symbol, U+202F between the thousands of French.
func TestMoney(t *testing.T) {
	for _, c := range []struct {
		locale string
		minor  int64
		code   string
		want   string
	}{
		{"fr", 123456, "EUR", "1\u202f234,56\u00a0€"}, {"en", 123456, "EUR", "€1,234.56"}, {"de", 123456, "EUR", "1.234,56\u00a0€"},
		{"es", 123456, "EUR", "1234,56\u00a0€"}, {"es", 1234567, "EUR", "12.345,67\u00a0€"}, {"pt", 1234567, "EUR", "12\u00a0345,67\u00a0€"}, {"pt-BR", 123456, "BRL", "R$\u00a01.234,56"},
		{"en-US", 7900, "USD", "$79.00"}, {"en-GB", 7900, "GBP", "£79.00"}, {"de-CH", 123456, "CHF", "CHF\u00a01’234.56"}, {"de-AT", 123456, "EUR", "€\u00a01.234,56"},
		{"fr", -500, "EUR", "-5,00\u00a0€"}, {"en", 5000, "JPY", "¥5,000"}, {"fr", 0, "EUR", "0,00\u00a0€"}, {"en", 1500, "KWD", "KWD\u00a01.500"},
	} {
		got, err := newTongue(c.locale).amount(&renewal.Money{Minor: c.minor, Currency: c.code})
		if err != nil || got != c.want {
			t.Errorf("%s %d %s: %q, %v, want %q", c.locale, c.minor, c.code, got, err, c.want)
		}
	}
	en := newTongue("en")
	if got, err := en.amount(nil); got != "" || err != nil {
		t.Errorf("no amount: %q, %v", got, err)
	}
	if got, err := en.amount(&renewal.Money{Minor: 1, Currency: "QQQ"}); err == nil {
		t.Errorf("an unknown currency is written %q", got)
	}
}

func TestListsAndPeriods(t *testing.T) {
	for _, c := range []struct {
		locale string
		items  []string
		want   string
	}{
		{"en", nil, ""}, {"en", []string{"A"}, "A"}, {"en", []string{"A", "B"}, "A and B"}, {"en", []string{"A", "B", "C"}, "A, B and C"},
		{"fr", []string{"A", "B", "C"}, "A, B et C"}, {"pt", []string{"A", "B"}, "A e B"}, {"de", []string{"A", "B"}, "A und B"},
		{"es", []string{"A", "B"}, "A y B"}, {"es", []string{"Ana", "Inés"}, "Ana e Inés"}, {"es", []string{"agua", "hielo"}, "agua y hielo"}, {"xx", []string{"A", "B"}, "A, B"},
	} {
		if got := newTongue(c.locale).list(c.items); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.locale, c.items, got, c.want)
		}
	}
	for _, c := range []struct{ locale, period, want string }{
		{"en", "P1Y", "1\u00a0year"}, {"en", "P1Y6M", "1\u00a0year and 6\u00a0months"}, {"fr", "P12M", "12\u00a0mois"}, {"pt", "P1M", "1\u00a0mês"},
		{"es", "P2Y", "2\u00a0años"}, {"de", "P14D", "14\u00a0Tage"}, {"de", "P1W", "1\u00a0Woche"},
	} {
		p := renewal.MustPeriod(c.period)
		if got, err := newTongue(c.locale).period(&p); err != nil || got != c.want {
			t.Errorf("%s %s: %q, %v, want %q", c.locale, c.period, got, err, c.want)
		}
	}
	p := renewal.MustPeriod("P1Y")
	if got, err := newTongue("it").period(&p); err == nil {
		t.Errorf("a language without names of periods writes %q", got)
	}
}

func TestPrint(t *testing.T) {
	tongue := newTongue("en")
	p := renewal.MustPeriod("P1Y")
	for _, c := range []struct {
		value any
		want  string
	}{
		{"text", "text"}, {3, "3"}, {true, "true"}, {nil, ""}, {date("2027-03-01"), "1 March 2027"}, {&renewal.Money{Minor: 100, Currency: "EUR"}, "€1.00"},
		{renewal.Money{Minor: 100, Currency: "EUR"}, "€1.00"}, {p, "1\u00a0year"}, {&p, "1\u00a0year"}, {(*Product)(nil), ""}, {&Product{ref: "R"}, "R"},
		{Agreement{Ref: "A1"}, "A1"}, {[]string{"a", "b"}, "a and b"}, {[]Agreement{{Ref: "A1"}, {Ref: "A2"}}, "A1 and A2"}, {Customer{Name: "Ana"}, "Ana"},
		{time.Date(2027, 3, 1, 9, 5, 0, 0, time.UTC), "1 March 2027 at 09:05"},
	} {
		if got, err := tongue.print(c.value); err != nil || got != c.want {
			t.Errorf("%#v: %q, %v, want %q", c.value, got, err, c.want)
		}
	}
	for _, v := range []any{Links{}, map[string]string{"a": "b"}, &Event{}, func() {}} {
		if got, err := tongue.print(v); err == nil {
			t.Errorf("%T is printed as %q", v, got)
		}
	}
}

func TestLocales(t *testing.T) {
	for tag, want := range map[string]string{"pt_br": "pt-BR", "PT-br": "pt-BR", "zh-hant-tw": "zh-Hant-TW", "es-419": "es-419", "fr": "fr", "": "", "../x": "", "e": "", "en\n": "", "français": ""} {
		if got := canonicalLocale(tag); got != want {
			t.Errorf("%q: %q, want %q", tag, got, want)
		}
	}
	for _, c := range []struct {
		customer, business string
		want               []string
	}{
		{"pt-BR", "fr-CA", []string{"pt-BR", "pt", "fr-CA", "fr", "en"}}, {"", "fr", []string{"fr", "en"}}, {"en-US", "", []string{"en-US", "en"}},
		{"fr", "fr", []string{"fr", "en"}}, {"nonsense!", "", []string{"en"}},
	} {
		if got := localeChain(c.customer, c.business); !slices.Equal(got, c.want) {
			t.Errorf("%q, %q: %v, want %v", c.customer, c.business, got, c.want)
		}
	}
	for _, c := range []struct{ letter, customer, business, want string }{
		{"en", "en-US", "fr", "en-US"}, {"en", "pl", "fr", "en"}, {"fr", "", "fr-CA", "fr-CA"}, {"fr", "fr", "fr-CA", "fr"}, {"pt-BR", "pt-BR", "", "pt-BR"}, {"pt-BR", "pt", "", "pt-BR"},
	} {
		if got := tongueLocale(c.letter, c.customer, c.business); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if direction("ar-EG") != "rtl" || direction("fr") != "ltr" {
		t.Error("directions are wrong")
	}
}
