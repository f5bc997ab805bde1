package main

import (
	"strings"
	"testing"
)

// TestDemoShowsLettersWithCalendar: a letter is shown without what is attached.
func TestDemoShowsLettersWithCalendar(t *testing.T) {
	raw := strings.ReplaceAll(`Subject: x
To: a@customer.example
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=UTF-8

the text
--a
Content-Type: text/html; charset=UTF-8

<p>the page
--a--

--m
Content-Type: text/calendar; method=PUBLISH; charset=utf-8

BEGIN:VCALENDAR
--m--
`, "\n", "\r\n")
	var l demoLetter
	if err := l.parse([]byte(raw)); err != nil || l.Text != "the text" || l.HTML != "<p>the page" {
		t.Errorf("%+v, %v", l, err)
	}
}
