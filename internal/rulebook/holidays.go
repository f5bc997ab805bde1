package rulebook

import (
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/us"

	"renewd/internal/renewal"
)

// Calendar knows which days are no business days. Countries are ISO 3166-1,
// regions ISO 3166-2 (US-CA).
type Calendar interface {
	// IsHoliday reports whether the day is a public holiday there; it need not
	// know about weekends.
	IsHoliday(country, region string, day renewal.Date) bool
	// Knows reports whether the country's public holidays are known at all.
	Knows(country string) bool
}

// PublicHolidays returns the calendar of the public holidays that a library
// keeps for a number of countries, plus extra days, which hold everywhere. A
// holiday that falls on a weekend counts also on the day on which it is made
// good. The map must not change afterwards.
func PublicHolidays(extra map[renewal.Date]bool) Calendar {
	return publicHolidays{extra: extra, lists: map[string][]*cal.Holiday{
		"AT": at.Holidays, "BE": be.Holidays, "BR": br.Holidays, "CA": ca.Holidays, "CH": ch.Holidays, "DE": de.Holidays,
		"DK": dk.Holidays, "ES": es.Holidays, "FR": fr.Holidays, "GB": gb.Holidays, "IE": ie.Holidays, "IT": it.Holidays,
		"NL": nl.Holidays, "NO": no.Holidays, "NZ": nz.Holidays, "PL": pl.Holidays, "SE": se.Holidays, "US": us.Holidays,
		// Australia has no national list: where the region is not known, what any of them keeps.
		"AU":     slices.Concat(au.HolidaysACT, au.HolidaysNSW, au.HolidaysNT, au.HolidaysQLD, au.HolidaysSA, au.HolidaysTAS, au.HolidaysVIC, au.HolidaysWA),
		"AU-ACT": au.HolidaysACT, "AU-NSW": au.HolidaysNSW, "AU-NT": au.HolidaysNT, "AU-QLD": au.HolidaysQLD,
		"AU-SA": au.HolidaysSA, "AU-TAS": au.HolidaysTAS, "AU-VIC": au.HolidaysVIC, "AU-WA": au.HolidaysWA,
		"DE-BW": de.HolidaysBW, "DE-BY": de.HolidaysBY, "DE-BE": de.HolidaysBE, "DE-BB": de.HolidaysBB,
		"DE-HB": de.HolidaysHB, "DE-HH": de.HolidaysHH, "DE-HE": de.HolidaysHE, "DE-MV": de.HolidaysMV,
		"DE-NI": de.HolidaysNI, "DE-NW": de.HolidaysNW, "DE-RP": de.HolidaysRP, "DE-SL": de.HolidaysSL,
		"DE-SN": de.HolidaysSN, "DE-ST": de.HolidaysST, "DE-SH": de.HolidaysSH, "DE-TH": de.HolidaysTH,
	}}
}

type publicHolidays struct {
	lists map[string][]*cal.Holiday
	extra map[renewal.Date]bool
}

// IsHoliday implements Calendar. It builds no cache, so it may be called from
// several goroutines.
func (p publicHolidays) IsHoliday(country, region string, day renewal.Date) bool {
	if p.extra[day] {
		return true
	}
	list, known := p.lists[strings.ToUpper(region)]
	if !known {
		list = p.lists[strings.ToUpper(country)]
	}
	calendar := cal.Calendar{Holidays: list}
	actual, observed, _ := calendar.IsHoliday(day.Time())
	return actual || observed
}

// Knows implements Calendar.
func (p publicHolidays) Knows(country string) bool {
	_, known := p.lists[strings.ToUpper(country)]
	return known
}

// dayOff returns what is no business day for a duty: weekends, and the holidays
// of the duty's place, or of the subject's where the duty has none. Without a
// calendar only weekends are known.
func dayOff(d *Duty, s *Subject, calendar Calendar) func(renewal.Date) bool {
	country, region := s.place()
	if d.Country != "" {
		if region == "" || d.Region != "" || d.Country != country {
			region = d.Region
		}
		country = d.Country
	}
	return func(day renewal.Date) bool {
		weekday := day.Weekday()
		return weekday == time.Saturday || weekday == time.Sunday ||
			calendar != nil && calendar.IsHoliday(country, region, day)
	}
}
