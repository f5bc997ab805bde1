package test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"renewd/internal/compose"
	"renewd/internal/renewal"
	"renewd/templates"
)

// readCalendar reads messages as a mail program does, and their calendars with a
// parser that is not ours: a line of JSON for each entry.
const readCalendar = `
import email, email.policy, icalendar, json, os, sys
for name in sorted(os.listdir(sys.argv[1])):
    with open(os.path.join(sys.argv[1], name), 'rb') as f:
        m = email.message_from_binary_file(f, policy=email.policy.default)
    assert m.get_content_type() == 'multipart/mixed', m.get_content_type()
    assert len(m.get_body(('plain',)).get_content()) > 300
    assert '<html' in m.get_body(('html',)).get_content()
    attached = list(m.iter_attachments())
    assert len(attached) == 1, attached
    part = attached[0]
    assert part.get_content_type() == 'text/calendar' and part.get_filename().endswith('.ics')
    assert part.get_param('method') == 'PUBLISH'
    cal = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    assert not cal.errors, cal.errors
    assert cal['METHOD'] == 'PUBLISH' and cal['VERSION'] == '2.0'
    for e in cal.walk('VEVENT'):
        assert not e.errors, e.errors
        assert e['DTSTART'].params['VALUE'] == 'DATE' and e['SEQUENCE'] == 0
        print(json.dumps({'file': name, 'uid': str(e['UID']), 'title': str(e['SUMMARY']), 'remark': str(e['DESCRIPTION']),
            'from': e.decoded('DTSTART').isoformat(), 'to': e.decoded('DTEND').isoformat(), 'stamp': e.decoded('DTSTAMP').isoformat(),
            'organizer': str(e['ORGANIZER'])}))
`

// entry is what the other parser understood.
type entry struct{ File, UID, Title, Remark, From, To, Stamp, Organizer string }

// TestCalendarsAreUnderstood: a parser that is not ours finds the days that the
// letter names, in every language, and product names as they were typed.
func TestCalendarsAreUnderstood(t *testing.T) {
	needPython(t, "icalendar", "python3-icalendar")
	set := compose.Load(templates.FS, nil, compose.Business{Name: "Müller, Söhne; & Co", Email: shop, PostalAddress: "Lyon", Locale: "fr"})
	names := []string{"Carte annuelle", "a, b; c: d\\e \"f\"", strings.Repeat("Schöne Grüße 日本語 ", 6) + "x"}
	files := map[string][]byte{}
	var want []entry
	for _, lang := range []string{"de", "en", "es", "fr", "pt"} {
		for _, name := range []string{"auto-renewal-notice", "renewal-confirmation"} {
			file := lang + "." + name
			household := &renewal.Dossier{Customers: []renewal.Customer{{ID: 1, Ref: "C1", Name: "Zoë"}}}
			facts := compose.Facts{Household: household, Today: renewal.NewDate(2028, 1, 15)}
			for i, product := range names {
				end := renewal.NewDate(2028, 2, 28+i) // over a leap day
				a := &renewal.Agreement{ID: int64(i + 1), CustomerID: 1, Ref: "A-1", Kind: renewal.KindSubscription, EndsOn: end, AutoRenew: true,
					NoticePeriod: renewal.MustPeriod("P1M"), Product: &renewal.Product{Ref: "P", Name: product}}
				facts.Agreements = append(facts.Agreements, a)
				for _, on := range []renewal.Date{a.CancelBy(), a.RenewsOn()} {
					want = append(want, entry{File: file, Title: product, From: on.String(), To: (on + 1).String(), Stamp: "2028-01-15T07:00:00+00:00", Organizer: "mailto:" + shop})
				}
			}
			letter, err := set.Render(name, lang, false, compose.NewData(facts))
			if err != nil {
				t.Fatal(err)
			}
			files[file], err = compose.Message(letter, compose.Envelope{From: "Parc Aurore <" + shop + ">", To: "zoe@client.test", MessageID: "r1@parc-aurore.test",
				Date: time.Date(2028, 1, 15, 8, 0, 0, 0, time.FixedZone("", 3600)), Class: renewal.Notice})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	lines := python(t, readCalendar, files)
	if len(lines) != len(want) {
		t.Fatalf("%d entries, want %d:\n%s", len(lines), len(want), strings.Join(lines, "\n"))
	}
	ids := map[string][]string{}
	for i, line := range lines {
		var got entry
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !strings.Contains(got.Title, want[i].Title+" (Müller, Söhne; & Co)") || !strings.HasSuffix(got.Remark, "\nMüller, Söhne; & Co, "+shop) {
			t.Errorf("%s: %q, %q", got.File, got.Title, got.Remark)
		}
		ids[got.File] = append(ids[got.File], got.UID)
		got.UID, got.Title, got.Remark = "", want[i].Title, ""
		if got != want[i] {
			t.Errorf("got  %+v\nwant %+v", got, want[i])
		}
	}
	for file, of := range ids {
		if !slices.Equal(of, ids["de.auto-renewal-notice"]) || len(slices.Compact(slices.Sorted(slices.Values(of)))) != len(of) {
			t.Errorf("%s: ids %v", file, of)
		}
	}
}
