package compose

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renewd/internal/renewal"
)

// renewing are sample data of agreements that renew by themselves.
func renewing(n int, lang string) Data {
	data := Sample(n)
	for i := range data.Agreements {
		a := &data.Agreements[i]
		a.AutoRenew, a.Product = true, &Product{ref: "P1", name: products[lang]}
		a.CancelBy = a.EndsOn.AddDays(-14)
	}
	return data
}

// notice is the message of a notice about data.
func notice(t testing.TB, s *Set, lang string, data Data, at time.Time) []byte {
	t.Helper()
	l, err := s.Render("auto-renewal-notice", lang, false, data)
	if err != nil {
		t.Fatal(err)
	}
	e := envelope()
	e.Class, e.Date = renewal.Notice, at
	raw, err := Message(l, e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// attached returns the calendar of a message and the header of its part; empty
// where it has none.
func attached(t testing.TB, raw []byte) (text string, header map[string][]string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind == "multipart/alternative" {
		return "", nil
	}
	if kind != "multipart/mixed" {
		t.Fatalf("Content-Type %s", kind)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	letter, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	inner, err := io.ReadAll(letter)
	if err != nil {
		t.Fatal(err)
	}
	// The letter within is one as it would be alone.
	head, _, _ := bytes.Cut(raw, []byte("Content-Type: multipart/mixed"))
	alone := fmt.Appendf(bytes.Clone(head), "Content-Type: %s\r\n\r\n%s", letter.Header.Get("Content-Type"), inner)
	if p := parseMessage(t, alone); p.text == "" || p.html == "" {
		t.Error("the letter is empty")
	}
	part, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	contents, err := io.ReadAll(quotedprintable.NewReader(part))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("a third part, or no end: %v", err)
	}
	return string(contents), part.Header
}

var noticeDay = time.Date(2027, 3, 1, 9, 0, 0, 0, time.FixedZone("", 3600))

// TestCalendarGolden holds the calendar in each language, byte by byte.
func TestCalendarGolden(t *testing.T) {
	for _, lang := range languages {
		raw := notice(t, builtIn(t), lang, renewing(2, lang), noticeDay)
		text, header := attached(t, raw)
		compareGolden(t, filepath.Join("testdata", "golden", "calendar."+lang+".ics"), text)
		if again := notice(t, builtIn(t), lang, renewing(2, lang), noticeDay); !bytes.Equal(again, raw) {
			t.Errorf("%s: the same message has other bytes", lang)
		}
		kind, params, err := mime.ParseMediaType(header["Content-Type"][0])
		if err != nil || kind != "text/calendar" || params["method"] != "PUBLISH" || params["charset"] != "utf-8" || !strings.HasSuffix(params["name"], ".ics") {
			t.Errorf("%s: %v, %v", lang, header, err)
		}
		how, params, err := mime.ParseMediaType(header["Content-Disposition"][0])
		if err != nil || how != "attachment" || !strings.HasSuffix(params["filename"], ".ics") {
			t.Errorf("%s: %v, %v", lang, header, err)
		}
		for line := range strings.SplitAfterSeq(text, "\r\n") {
			if len(strings.TrimSuffix(line, "\r\n")) > 75 || strings.ContainsAny(strings.TrimSuffix(line, "\r\n"), "\r\n") {
				t.Errorf("%s: the line %q", lang, line)
			}
		}
	}
}

// TestCalendarTellsNobody: who may look at a calendar learns the product and the
// business, and cannot cancel.
func TestCalendarTellsNobody(t *testing.T) {
	for _, n := range []int{1, 3} {
		data := renewing(n, "en")
		data.Agreements[0].Ref = "SECRET-alex@customer.example"
		data.Customer.Attributes["seat"] = "SECRET"
		data.Links.Cancel = "https://renew.example/c/SECRET"
		text, _ := attached(t, notice(t, builtIn(t), "en", data, noticeDay))
		text = strings.ReplaceAll(text, "\r\n ", "")
		for _, secret := range []string{"SECRET", "Alex", "Camille", "customer.example", "renew.example", "99", "EUR", "https:", "A1"} {
			if strings.Contains(text, secret) {
				t.Errorf("%d: the calendar tells %q:\n%s", n, secret, text)
			}
		}
		if got := strings.Count(text, "BEGIN:VEVENT"); got != 2*n {
			t.Errorf("%d entries for %d agreements", got, n)
		}
	}
}

// uids are the ids of a calendar's entries in order.
func uids(text string) string {
	var ids []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n ", ""), "\r\n") {
		if id, ok := strings.CutPrefix(line, "UID:"); ok {
			ids = append(ids, id)
		}
	}
	return strings.Join(ids, " ")
}

// TestCalendarIDs: a later letter about the same end replaces the entries, one
// about the next end or another agreement adds its own.
func TestCalendarIDs(t *testing.T) {
	s := builtIn(t)
	first := renewing(1, "en")
	text, _ := attached(t, notice(t, s, "en", first, noticeDay))
	ids := uids(text)
	if len(strings.Fields(ids)) != 2 || !strings.HasSuffix(ids, "@parc-aurore.example") {
		t.Fatalf("ids %s", ids)
	}
	later := renewing(1, "fr")
	later.Agreements[0].CancelBy++ // somebody corrected the notice period
	if text, _ := attached(t, notice(t, s, "fr", later, noticeDay.AddDate(0, 0, 7))); uids(text) != ids {
		t.Errorf("a second notice has the ids %s instead of %s", uids(text), ids)
	}
	other, next := renewing(1, "en"), renewing(1, "en")
	other.Agreements[0].Ref = "A2"
	next.Agreements[0].EndsOn += 365
	for _, data := range []Data{other, next} {
		text, _ := attached(t, notice(t, s, "en", data, noticeDay))
		for id := range strings.FieldsSeq(uids(text)) {
			if strings.Contains(ids, id) {
				t.Errorf("%s is used twice", id)
			}
		}
	}
}

// TestNoCalendar: letters that do not ask for it, agreements that do not renew by
// themselves, and days that are over.
func TestNoCalendar(t *testing.T) {
	s := builtIn(t)
	ending := Sample(2)
	if text, _ := attached(t, notice(t, s, "en", ending, noticeDay)); text != "" {
		t.Errorf("nothing renews, and there is a calendar:\n%s", text)
	}
	data := renewing(1, "en")
	if text, _ := attached(t, notice(t, s, "en", data, noticeDay.AddDate(0, 0, 16))); strings.Count(text, "BEGIN:VEVENT") != 2 {
		t.Errorf("on the last day to cancel:\n%s", text)
	}
	if text, _ := attached(t, notice(t, s, "en", data, noticeDay.AddDate(0, 0, 17))); strings.Contains(text, "UID:cancel-by") || strings.Count(text, "BEGIN:VEVENT") != 1 {
		t.Errorf("the last day to cancel is over:\n%s", text)
	}
	if text, _ := attached(t, notice(t, s, "en", data, noticeDay.AddDate(0, 2, 0))); text != "" {
		t.Errorf("everything is over:\n%s", text)
	}
	for name, file := range s.letters {
		letter, err := s.Render(name.name, name.locale, name.sober, dataFor(name.name))
		if err != nil {
			t.Fatal(err)
		}
		want := strings.HasPrefix(name.name, "auto-renewal-notice") || name.name == "renewal-confirmation"
		if want && letter.Calendar == nil || letter.Calendar != nil && !file.calendar {
			t.Errorf("%s: calendar %v", file.file, letter.Calendar)
		}
	}
}

func dataFor(name string) Data {
	if name == StaffAlert {
		return SampleStaff(renewal.TaskMissed, 2, false)
	}
	return renewing(1, "en")
}

// TestCalendarKey: a letter of one's own asks for the calendar; in a language that
// calendars do not know it is in English.
func TestCalendarKey(t *testing.T) {
	write := func(value string) map[string]string {
		return map[string]string{"test.it.md": "---\nsubject: x\ncalendar: " + value + "\n---\nx\n"}
	}
	for value, want := range map[string]bool{"yes": true, `"yes"`: true, "no": false, "": false} {
		letter, err := alone(t, write(value)).Render("test", "it", false, renewing(1, "en"))
		if err != nil || (letter.Calendar != nil) != want {
			t.Errorf("%q: %v, %v", value, letter.Calendar, err)
		}
		if want && letter.Calendar.days[0].title != "Last day to cancel: Annual Pass (Parc Aurore)" {
			t.Errorf("%q: %+v", value, letter.Calendar.days)
		}
	}
	for _, value := range []string{"maybe", "{{if true}}yes{{end}}", "Yes please"} {
		faults := alone(t, write(value)).Check()
		if len(faults) != 1 || faults[0].Error() != `test.it.md:3:1: calendar is yes or no, not "`+value+`"` {
			t.Errorf("%q: %v", value, faults)
		}
	}
}

// TestCalendarOfHostileNames: whatever a product is called, the calendar has the
// lines that it should have.
func TestCalendarOfHostileNames(t *testing.T) {
	names := func(text string) string {
		var out []string
		for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n ", ""), "\r\n") {
			name, _, _ := strings.Cut(line, ":")
			name, _, _ = strings.Cut(name, ";")
			out = append(out, name)
		}
		return strings.Join(out, " ")
	}
	s := builtIn(t)
	plain, _ := attached(t, notice(t, s, "en", renewing(1, "en"), noticeDay))
	for _, value := range append([]string{strings.Repeat("long ", 200), strings.Repeat("é", 300), strings.Repeat("x", 300), "a;b,c:d\\e", "BEGIN:VEVENT\r\nEND:VCALENDAR"}, hostile...) {
		data := renewing(1, "en")
		data.Agreements[0].Product = &Product{name: value}
		data.Agreements[0].Ref = value
		text, _ := attached(t, notice(t, s, "en", data, noticeDay))
		if names(text) != names(plain) {
			t.Errorf("%q:\n%s", value, text)
		}
		for line := range strings.SplitSeq(text, "\r\n") {
			if len(line) > 75 {
				t.Errorf("%q: a line of %d bytes", value, len(line))
			}
		}
	}
}
