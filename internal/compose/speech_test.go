package compose

import (
	"testing"
	"time"

	"renewd/internal/renewal"
)

func TestSpeech(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2027, 3, 1, 8, 5, 0, 0, time.UTC).In(paris)
	price, year := renewal.Money{Minor: 123456, Currency: "EUR"}, renewal.MustPeriod("P1Y6M")
	for _, c := range []struct{ page, customer, business, date, moment, money, period string }{
		{"fr", "fr-FR", "de", "1er mars 2027", "1er mars 2027 à 09:05", "1\u202f234,56\u00a0€", "1\u00a0an et 6\u00a0mois"},
		{"de", "de_AT", "fr", "1. März 2027", "1. März 2027, 09:05\u00a0Uhr", "€\u00a01.234,56", "1\u00a0Jahr und 6\u00a0Monate"},
		{"en", "", "en-US", "March 1, 2027", "March 1, 2027 at 9:05 am", "€1,234.56", "1\u00a0year and 6\u00a0months"},
		{"it", "it", "fr", "1 marzo 2027", "1 marzo 2027, 09:05", "1234,56\u00a0€", ""},
	} {
		s := SpeechFor(c.page, c.customer, c.business)
		for what, pair := range map[string][2]string{"date": {s.Date(renewal.NewDate(2027, 3, 1)), c.date}, "moment": {s.Moment(at), c.moment},
			"money": {s.Money(price), c.money}, "period": {s.Period(year), c.period}} {
			if pair[0] != pair[1] {
				t.Errorf("%s %s: %q, want %q", c.page, what, pair[0], pair[1])
			}
		}
		if s.Date(0) != "" || s.Moment(time.Time{}) != "" || s.Money(renewal.Money{}) != "" || s.Period(renewal.Period{}) != "" || s.Money(renewal.Money{Minor: 1, Currency: "?"}) != "" {
			t.Errorf("%s: nothing is written as something", c.page)
		}
	}
}
