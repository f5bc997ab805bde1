package compose

import (
	"time"

	"renewd/internal/renewal"
)

// Speech writes dates, times, money and periods as letters do, for the pages
// that letters link to.
type Speech struct{ t *tongue }

// SpeechFor is the speech of a page written in the language of page (a BCP 47
// tag in any case), for a customer with a locale of their own, perhaps empty. A
// region is that of the customer or of the business where it is the page's
// language.
func SpeechFor(page, customer, business string) Speech {
	return Speech{newTongue(tongueLocale(canonicalLocale(page), customer, business))}
}

// Date writes a day in words; the zero Date is the empty text.
func (s Speech) Date(d renewal.Date) string { return s.t.date(d) }

// Moment writes the day and the time of at in at's own zone, which it does not
// name; the zero time is the empty text.
func (s Speech) Moment(at time.Time) string { return s.t.moment(at) }

// Money writes an amount; one that is not known, or in no known currency, is the
// empty text.
func (s Speech) Money(m renewal.Money) string {
	text, err := s.t.amount(&m)
	if err != nil {
		return ""
	}
	return text
}

// Period writes a length of time; an unset one, and any in a language that
// renewd has no names of units for, is the empty text.
func (s Speech) Period(p renewal.Period) string {
	text, err := s.t.period(&p)
	if err != nil {
		return ""
	}
	return text
}
