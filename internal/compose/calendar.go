package compose

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"renewd/internal/renewal"
)

// Calendar is what a letter gives its reader for the calendar: the last day to
// cancel and the day of the renewal of each agreement that renews by itself, in
// the letter's language. It never changes.
type Calendar struct {
	days []calendarDay
	// file is the name of the attachment, in plain ASCII.
	file string
}

// calendarDay is one all-day entry.
type calendarDay struct {
	on renewal.Date
	// id is the entry's own, but for the sender's domain.
	id            string
	title, remark string
}

// calendarWords are the texts of a calendar in one language. A calendar may be
// seen by others, so they name the product and the business and nothing else: no
// price, no customer, no link by which somebody could cancel.
type calendarWords struct {
	// cancelBy and renews are titles; %s is what it is about.
	cancelBy, renews string
	// remark says what happens: %[1]s is the day of the renewal, %[2]s the last day
	// to cancel.
	remark string
	file   string
}

var calendars = map[string]calendarWords{
	"en": {"Last day to cancel: %s", "Automatic renewal: %s", "Renews automatically on %[1]s unless cancelled by %[2]s.", "renewal.ics"},
	"fr": {"Dernier jour pour résilier\u202f: %s", "Renouvellement automatique\u202f: %s",
		"Renouvellement automatique le %[1]s, sauf résiliation jusqu’au %[2]s inclus.", "renouvellement.ics"},
	"pt": {"Último dia para cancelar: %s", "Renovação automática: %s", "Renovação automática em %[1]s, salvo cancelamento até %[2]s, inclusive.", "renovacao.ics"},
	"es": {"Último día para cancelar: %s", "Renovación automática: %s", "Renovación automática el %[1]s, salvo cancelación hasta el %[2]s, inclusive.", "renovacion.ics"},
	"de": {"Letzter Tag zum Kündigen: %s", "Automatische Verlängerung: %s",
		"Verlängert sich am %[1]s automatisch, wenn nicht bis einschließlich %[2]s gekündigt wird.", "verlaengerung.ics"},
}

// calendarTongue is that of the letter, English where calendars do not know it.
func (s *Set) calendarTongue(t *tongue) *tongue {
	if _, known := calendars[language(t.locale)]; known {
		return t
	}
	return s.tongue("en")
}

// newCalendar returns the calendar of a letter, nil where nothing renews by itself.
func newCalendar(data *Data, t *tongue) *Calendar {
	words := calendars[language(t.locale)]
	c := &Calendar{file: words.file}
	for i := range data.Agreements {
		a := &data.Agreements[i]
		if !a.AutoRenew || a.EndsOn.IsZero() {
			continue
		}
		what := data.Business.Name
		if name := shorten(oneLine(a.Product.Name()), 120); name != "" {
			what = fmt.Sprintf("%s (%s)", name, data.Business.Name)
		}
		remark := fmt.Sprintf(words.remark, t.date(a.RenewsOn), t.date(a.CancelBy)) + "\n" + oneLine(data.Business.Name)
		if data.Business.Email != "" {
			remark += ", " + oneLine(data.Business.Email)
		}
		add := func(kind string, on renewal.Date, title string) {
			if !on.IsZero() {
				c.days = append(c.days, calendarDay{on: on, id: calendarID(kind, a), title: oneLine(fmt.Sprintf(title, what)), remark: remark})
			}
		}
		add("cancel-by", a.CancelBy, words.cancelBy)
		add("renewal", a.RenewsOn, words.renews)
	}
	if len(c.days) == 0 {
		return nil
	}
	return c
}

// calendarID is the same in every letter about this end of this agreement, so that
// a second notice replaces the entries of the first. The agreement's ref may say
// more about the customer than a shared calendar should, so it is not legible.
func calendarID(kind string, a *Agreement) string {
	sum := sha256.Sum256([]byte(a.Ref))
	return kind + "." + a.EndsOn.String() + "." + hex.EncodeToString(sum[:8])
}

// text returns the calendar as iCalendar (RFC 5545), lines ending in CRLF: what is
// not over on the day of the message, empty where that is nothing. sender is the
// address in From.
func (c *Calendar) text(sender string, at time.Time) string {
	_, domain, _ := strings.Cut(sender, "@")
	today := renewal.LocalDate(at, at.Location())
	cal := ics.NewCalendar()
	cal.SetProductId("-//renewd//renewd//EN")
	cal.SetCalscale("GREGORIAN")
	cal.SetMethod(ics.MethodPublish)
	for _, d := range c.days {
		if d.on < today {
			continue
		}
		e := cal.AddEvent(d.id + "@" + domain)
		e.SetDtStampTime(at)
		// A newer DTSTAMP is enough to replace what was published before (RFC 5546,
		// 2.1.5), and a number that grew would have to be remembered.
		e.SetSequence(0)
		e.SetAllDayStartAt(d.on.Time())
		e.SetAllDayEndAt((d.on + 1).Time())
		e.SetSummary(d.title)
		e.SetDescription(d.remark)
		e.SetOrganizer("mailto:" + percentEncode(sender, "@+")) // which PUBLISH has to have (RFC 5546, 3.2.1)
		e.SetTimeTransparency(ics.TransparencyTransparent)      // the day is as free as before
	}
	if len(cal.Components) == 0 {
		return ""
	}
	return cal.Serialize(ics.WithNewLineWindows)
}

// appendPart appends the calendar as an attachment. It is quoted-printable, so
// that evidence can be read, and filters do not wonder at text in base64.
func (c *Calendar) appendPart(b []byte, boundary, text string) []byte {
	b = append(b, "--"...)
	b = append(b, boundary...)
	b = append(b, "\r\nContent-Type: text/calendar; method=PUBLISH; charset=utf-8;\r\n name=\""...)
	b = append(b, c.file...)
	b = append(b, "\"\r\nContent-Disposition: attachment; filename=\""...)
	b = append(b, c.file...)
	b = append(b, "\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"...)
	b = appendQuotedPrintable(b, text)
	return append(b, "\r\n"...)
}
