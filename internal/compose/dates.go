package compose

import (
	"strings"
	"time"

	"github.com/go-playground/locales/ca"
	"github.com/go-playground/locales/da"
	"github.com/go-playground/locales/de"
	"github.com/go-playground/locales/de_AT"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/en_US"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/fi"
	"github.com/go-playground/locales/fr"
	"github.com/go-playground/locales/it"
	"github.com/go-playground/locales/nb"
	"github.com/go-playground/locales/nl"
	"github.com/go-playground/locales/pl"
	"github.com/go-playground/locales/pt"
	"github.com/go-playground/locales/sv"

	"renewd/internal/renewal"
)

// dateWriter writes a day with the month's name and the year (CLDR, long), and an
// hour with its minutes (CLDR, short).
type dateWriter interface {
	FmtDateLong(time.Time) string
	FmtTimeShort(time.Time) string
}

func newDateWriter(locale string) dateWriter {
	switch locale {
	case "en-US":
		return en_US.New()
	case "de-AT":
		return de_AT.New()
	}
	switch language(locale) {
	case "en":
		return en_GB.New()
	case "fr":
		return fr.New()
	case "pt":
		return pt.New()
	case "es":
		return es.New()
	case "de":
		return de.New()
	case "it":
		return it.New()
	case "nl":
		return nl.New()
	case "ca":
		return ca.New()
	case "pl":
		return pl.New()
	case "sv":
		return sv.New()
	case "da":
		return da.New()
	case "nb", "no":
		return nb.New()
	case "fi":
		return fi.New()
	}
	return nil
}

// date writes d in words; no date is the empty text.
func (t *tongue) date(d renewal.Date) string {
	if d.IsZero() {
		return ""
	}
	if t.dates == nil {
		return d.String()
	}
	text := t.dates.FmtDateLong(d.Time())
	if language(t.locale) == "fr" {
		// The first of a month is an ordinal in French; CLDR has no form for it.
		if rest, ok := strings.CutPrefix(text, "1 "); ok {
			return "1er " + rest
		}
	}
	return text
}

// moment writes the day and the time of at in at's own zone, as "1 March 2027 at
// 09:05"; no time is the empty text.
func (t *tongue) moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	day := t.date(renewal.LocalDate(at, at.Location()))
	if t.dates == nil {
		return day + " " + at.Format("15:04")
	}
	hour := t.dates.FmtTimeShort(at)
	switch language(t.locale) {
	case "en":
		return day + " at " + hour
	case "fr":
		return day + " à " + hour
	case "pt": // one o'clock alone is singular, as in Spanish
		if at.Hour() == 1 {
			return day + " à " + hour
		}
		return day + " às " + hour
	case "es":
		if at.Hour() == 1 {
			return day + " a la " + hour
		}
		return day + " a las " + hour
	case "de":
		return day + ", " + hour + "\u00a0Uhr"
	}
	return day + ", " + hour
}
