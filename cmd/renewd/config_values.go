package main

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/robfig/cron/v3"
	"golang.org/x/text/language"

	"renewd/internal/renewal"
)

// The functions here turn the text of one value into what it means. Their
// errors are sentences that name the value, what is wrong and what to write.

func plainText(text string) (string, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		return "", fmt.Errorf("%q has control characters in it: write plain text", text)
	}
	return text, nil
}

// filledLine accepts one line of text that is not blank.
func filledLine(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", errors.New("it is empty: write a text or leave the key out")
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", fmt.Errorf("%q has line breaks or control characters in it: write one line", text)
	}
	return text, nil
}

// longestYears bounds periods, so that no date leaves the calendar.
const longestYears = 100

func period(text string) (renewal.Period, error) {
	p, err := renewal.ParsePeriod(text)
	if err != nil {
		return p, err
	}
	if p.Years+p.Months/12+p.Weeks/52+p.Days/365 >= longestYears {
		return p, fmt.Errorf("%q is not a period that a business plans in: write less than %d years", text, longestYears)
	}
	return p, nil
}

func timeZone(text string) (*time.Location, error) {
	const how = "write an IANA name such as Europe/Paris"
	if text == "" || strings.EqualFold(text, "local") {
		return nil, fmt.Errorf("%q is not a time zone: %s", text, how)
	}
	zone, err := time.LoadLocation(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a time zone: %s", text, how)
	}
	return zone, nil
}

// localeTag reads a BCP 47 tag and writes it in its usual case (pt-br: pt-BR).
func localeTag(text string) (string, error) {
	tag, err := language.Raw.Parse(text)
	if err != nil || tag == language.Und {
		return "", fmt.Errorf("%q is not a language: write a tag such as fr or pt-BR", text)
	}
	return tag.String(), nil
}

// countryCode reads an ISO 3166-1 code of two letters and writes it in capitals.
func countryCode(text string) (string, error) {
	region, err := language.ParseRegion(text)
	if len(text) != 2 || err != nil || !region.IsCountry() {
		return "", fmt.Errorf("%q is not a country: write a code of two letters such as FR", text)
	}
	return region.String(), nil
}

func address(text string) (mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil || strings.ContainsFunc(text, unicode.IsControl) {
		return mail.Address{}, fmt.Errorf(
			"%q is not a mail address: write name@example.org or Name <name@example.org>", text)
	}
	return *a, nil
}

var noAddress mail.Address

// optional lets a value be empty.
func optional[T any](parse func(string) (T, error)) func(string) (T, error) {
	return func(text string) (T, error) {
		if text == "" {
			var none T
			return none, nil
		}
		return parse(text)
	}
}

// dayNames are the days of the week by time.Weekday.
var dayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func weekday(text string) (time.Weekday, error) {
	for day, name := range dayNames {
		if name == text {
			return time.Weekday(day), nil
		}
	}
	return 0, fmt.Errorf("%q is not a day: write mon, tue, wed, thu, fri, sat or sun", text)
}

// hours is a span of one day in minutes after midnight, the end not included.
type hours struct{ open, close int }

func openingHours(text string) (hours, error) {
	const how = "write HH:MM-HH:MM within one day, such as 09:00-18:00"
	from, to, ok := strings.Cut(text, "-")
	open, ok1 := wallClock(from)
	shut, ok2 := wallClock(to)
	switch {
	case !ok || !ok1 || !ok2 || open == 24*60:
		return hours{}, fmt.Errorf("%q is not a span of hours: %s", text, how)
	case open >= shut:
		return hours{}, fmt.Errorf("%q does not open before it closes: %s", text, how)
	}
	return hours{open, shut}, nil
}

// wallClock reads HH:MM, from 00:00 to 24:00, as minutes after midnight.
func wallClock(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	h, err1 := strconv.ParseUint(text[:2], 10, 8)
	m, err2 := strconv.ParseUint(text[3:], 10, 8)
	minutes := int(h*60 + m)
	return minutes, err1 == nil && err2 == nil && m < 60 && minutes <= 24*60
}

// cronExpression accepts what the scheduler understands and can ever run; the
// empty text switches an entry off.
func cronExpression(text string) (string, error) {
	const how = "write minute, hour, day of month, month, day of week, such as 0 7 * * mon-fri"
	upper := strings.ToUpper(strings.TrimSpace(text))
	if text == "" {
		return "", nil
	}
	if strings.HasPrefix(upper, "TZ=") || strings.HasPrefix(upper, "CRON_TZ=") {
		return "", fmt.Errorf("%q names a zone: the zone is always business.time_zone", text)
	}
	if every, found := strings.CutPrefix(strings.TrimSpace(text), "@every "); found {
		if d, err := time.ParseDuration(strings.TrimSpace(every)); err != nil || d < time.Minute {
			return "", fmt.Errorf("%q is not a schedule: write @every with at least 1m, such as @every 5m", text)
		}
	}
	schedule, err := parseSchedule(text)
	if err != nil {
		return "", fmt.Errorf("%q is not a schedule: %s", text, how)
	}
	// The scheduler searches five years, and a leap day comes within four.
	if schedule.Next(time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return "", fmt.Errorf("%q never runs: no month has such a day", text)
	}
	return text, nil
}

// parseSchedule guards against the parser, which panics on some wrong input.
func parseSchedule(text string) (schedule cron.Schedule, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the schedule cannot be read: %v", r)
		}
	}()
	return cron.ParseStandard(text)
}

func listenAddress(text string) (string, error) {
	_, port, err := net.SplitHostPort(text)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || n == 0 {
		return "", fmt.Errorf("%q is not an address to listen at: write host:port, such as 127.0.0.1:8686", text)
	}
	return text, nil
}

func baseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("%q is not a web address: write https:// and a host, such as https://renew.example.org", text)
	}
	return strings.TrimRight(text, "/"), nil
}

// templateName accepts what can stand before .LOCALE.md in a file name.
func templateName(text string) (string, error) {
	ok := text != "" && len(text) <= 100
	for _, r := range text {
		ok = ok && (r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r))
	}
	if !ok {
		return "", fmt.Errorf("%q is not a template's name: write letters, digits, - and _ only, without .LOCALE.md", text)
	}
	return text, nil
}
