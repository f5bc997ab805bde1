package rulebook

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"renewd/internal/renewal"
)

func loaded(t testing.TB) *Book {
	t.Helper()
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ids(duties []*Duty) string {
	var list []string
	for _, d := range duties {
		list = append(list, d.ID)
	}
	return strings.Join(list, " ")
}

// TestEveryEntry: each duty names its source, how well it is known and when it
// was read, and each window opens before it closes, whatever the month.
func TestEveryEntry(t *testing.T) {
	b := loaded(t)
	cal := PublicHolidays(nil)
	for i, d := range b.All() {
		if d.Cite == "" || d.Title == "" || d.VerifiedOn.IsZero() || len(d.Content) == 0 {
			t.Errorf("%s lacks cite, title, verified_on or content", d.ID)
		}
		if !regexp.MustCompile(`^[ABCM]$`).MatchString(d.Evidence) || d.Active() && d.Evidence == "M" {
			t.Errorf("%s: evidence %q with status %s", d.ID, d.Evidence, d.Status)
		}
		if !d.Active() && d.Notes == "" {
			t.Errorf("%s is off and does not say why", d.ID)
		}
		if d.Active() && !d.Latest.Set {
			t.Errorf("%s is active and has no window", d.ID)
		}
		if b.Duty(d.ID) != d || d.place != i {
			t.Errorf("%s is not found where it is", d.ID)
		}
		if !d.Latest.Set {
			continue
		}
		for first := range 400 {
			ends := renewal.NewDate(2027, 11, 1).AddDays(first)
			s := Subject{EndsOn: ends, TrialEndsOn: ends, NewPriceFrom: ends + 1}
			windows := Windows([]*Duty{d}, s, cal)
			if len(windows) != 1 {
				t.Fatalf("%s: %d windows for an end on %s", d.ID, len(windows), ends)
			}
			w := windows[0]
			if w.Opens >= w.Closes || w.Closes > w.On || w.Closes < w.On-130 {
				t.Fatalf("%s, anchor %s: window %s", d.ID, w.On, span(w.Opens, w.Closes))
			}
		}
	}
	if b.Duty("us-xx") != nil {
		t.Error("there is a duty us-xx")
	}
}

// TestEveryPreset: the names that configurations use, and which are off.
func TestEveryPreset(t *testing.T) {
	var off []string
	got := map[string]bool{}
	for _, d := range loaded(t).All() {
		got[d.ID] = true
		if !d.Active() {
			off = append(off, d.ID)
		}
	}
	for id := range strings.FieldsSeq(`us-ca-renewal us-ca-trial us-ca-price us-ca-annual us-ny-renewal us-ny-trial us-ny-change
		us-nyc-renewal us-nyc-trial us-nyc-change us-co us-il us-fl us-dc us-dc-trial us-de us-va us-va-trial us-vt us-ut us-ut-trial
		us-ma us-ma-monthly us-mn-trial us-mn-yearly us-ct-renewal us-ct-annual us-nm visa-trial visa-change mc-trial fr-chatel
		ca-qc es be mx in-rbi sepa uk-dmcc`) {
		if !got[id] {
			t.Errorf("%s is missing", id)
		}
	}
	if got, want := strings.Join(off, " "), "ca-on br au be uk-dmcc uk-bacs us-ny-service us-mn-renewal us-reg-e us-me us-ar us-la"; got != want {
		t.Errorf("off are %s, want %s", got, want)
	}
}

func TestSelect(t *testing.T) {
	b := loaded(t)
	for _, c := range []struct {
		name            string
		names           string
		country, region string
		want            string
	}{
		{"auto in Colorado", "auto", "US", "US-CO", "us-co"},
		{"a region alone", "auto", "US", "CO", "us-co"},
		{"as somebody types it", "auto", " us", "us-co ", "us-co"},
		{"the country is in the region", "auto", "", "US-CO", "us-co"},
		{"a region of another country", "auto", "FR", "US-CO", "fr-chatel"},
		{"a region and no country", "auto", "", "CO", ""},
		{"a state without a duty", "auto", "US", "TX", ""},
		{"no region", "auto", "US", "", ""},
		{"a country without regions", "auto", "FR", "FR-75", "fr-chatel"},
		{"Quebec", "auto", "CA", "QC", "ca-qc ca-qc-trial ca-qc-change"},
		{"drafts are off", "auto", "BE", "", ""},
		{"a draft by its id", "be", "BE", "", "be"},
		{"nothing known", "auto", "", "", ""},
		{"an id where nothing is known", "us-co fr-chatel", "", "", "fr-chatel us-co"},
		{"an id where the region is not known", "us-co fr-chatel", "US", "", "us-co"},
		{"an id for somebody who lives elsewhere", "us-co", "US", "CA", ""},
		{"schemes by their ids only", "auto mc-trial sepa", "US", "CO", "mc-trial sepa us-co"},
		{"each once, in the order of the book", "us-co visa-trial us-co auto", "US", "CO", "visa-trial us-co"},
		{"no such name", "us-xx", "US", "CO", ""},
		{"no names", "", "US", "CO", ""},
	} {
		s := Subject{Country: c.country, Region: c.region}
		if got := ids(b.Select(strings.Fields(c.names), s)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestLoadRefuses: a fault in a book is named, with its duty.
func TestLoadRefuses(t *testing.T) {
	const good = `[[duty]]
id = "xx"
title = "T"
status = "in_force"
evidence = "A"
verified_on = "2026-11-22"
cite = "C"
country = "US"
event = "renewal"
anchor = ["renews_on"]
earliest = "P45D"
latest = "P15D"
content = ["will_renew", "price"]
`
	read := func(text string) error {
		_, err := load(fstest.MapFS{"b/a.toml": {Data: []byte(text)}}, "b")
		return err
	}
	if err := read(good); err != nil {
		t.Fatal(err)
	}
	if err := read(good + good); err == nil || !strings.Contains(err.Error(), "taken") {
		t.Errorf("the same id twice: %v", err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`title = "T"`, `titel = "T"`, "titel"},
		{`title = "T"`, ``, "title"},
		{`cite = "C"`, `cite = " "`, "cite"},
		{`verified_on = "2026-11-22"`, ``, "verified_on"},
		{`"2026-11-22"`, `"2026-11-31"`, "2026-11-31"},
		{`id = "xx"`, `id = "auto"`, "id"},
		{`id = "xx"`, `id = "XX"`, "id"},
		{`evidence = "A"`, `evidence = "M"`, "evidence M"},
		{`evidence = "A"`, `evidence = "D"`, "evidence"},
		{`"in_force"`, `"live"`, "status"},
		{`country = "US"`, `country = "us"`, "country"},
		{`country = "US"`, ``, "country"},
		{`country = "US"`, "country = \"US\"\nregion = \"CA-QC\"", "region"},
		{`country = "US"`, "country = \"US\"\nkinds = [\"lease\"]", "lease"},
		{`country = "US"`, "country = \"US\"\nparty = \"all\"", "party"},
		{`country = "US"`, "country = \"US\"\nsupersedes = [\"yy\"]", "yy"},
		{`country = "US"`, "country = \"US\"\nsupersedes = [\"xx\"]", "xx"},
		{`country = "US"`, "country = \"US\"\ninitial_term = \"P1Y\"", "bound"},
		{`country = "US"`, "country = \"US\"\ninitial_term = \">=1Y\"", "1Y"},
		{`country = "US"`, "country = \"US\"\ncadence = \"weekly\"", "cadence"},
		{`country = "US"`, "country = \"US\"\ncadence = \"yearly\"", "annual"},
		{`country = "US"`, "country = \"US\"\nunit = \"hour\"", "PT24H"},
		{`country = "US"`, "country = \"US\"\nunit = \"month\"", "P1M"},
		{`country = "US"`, "country = \"US\"\nearliest_ours = \"P30D\"", "either"},
		{`"renewal"`, `"renewed"`, "event"},
		{`["renews_on"]`, `["anniversary"]`, "anniversary"},
		{`["renews_on"]`, `[]`, "anchor"},
		{`earliest = "P45D"`, ``, "earliest"},
		{`latest = "P15D"`, ``, "latest"},
		{`latest = "P15D"`, `latest = "P1M"`, "P15D"},
		{`latest = "P15D"`, `latest = "PT24H"`, "P15D"},
		{`latest = "P15D"`, `latest = "PT1.5H"`, "PT24H"},
		{`["will_renew", "price"]`, `["price", "will_renew"]`, "will_renew"},
		{`["will_renew", "price"]`, `["price", "price"]`, "price"},
		{`["will_renew", "price"]`, `["joke"]`, "joke"},
		{`["will_renew", "price"]`, `[]`, "content"},
		{`[[duty]]`, `[[duty`, "a.toml"},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%s is not in the good book", c.old)
		}
		err := read(text)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "rule book") {
			t.Errorf("%s for %s: %v, want a fault with %q", c.new, c.old, err, c.want)
		}
	}
}

func TestPublicHolidays(t *testing.T) {
	extra := date(t, "2027-06-16")
	cal := PublicHolidays(map[renewal.Date]bool{extra: true})
	for _, c := range []struct {
		country, region, day string
		want                 bool
	}{
		{"US", "US-NY", "2027-11-25", true},  // Thanksgiving
		{"US", "", "2027-11-26", false},      // the day after is a working day
		{"US", "", "2027-12-24", true},       // Christmas on a Saturday
		{"US", "", "2027-12-31", true},       // New Year's Day 2028 on a Saturday
		{"GB", "", "2027-12-27", true},       // a substitute day
		{"DE", "DE-BY", "2027-11-01", true},  // All Saints' in Bavaria
		{"DE", "DE-BE", "2027-11-01", false}, // not in Berlin
		{"DE", "", "2027-11-01", false},
		{"AU", "AU-VIC", "2027-11-02", true}, // Melbourne Cup
		{"AU", "AU-NSW", "2027-11-02", false},
		{"AU", "", "2027-11-02", true},
		{"fr", "", "2027-07-14", true},
		{"XX", "", "2027-12-25", false},
		{"XX", "", "2027-06-16", true}, // the business's own day
	} {
		if got := cal.IsHoliday(c.country, c.region, date(t, c.day)); got != c.want {
			t.Errorf("%s %s %s: holiday %v, want %v", c.country, c.region, c.day, got, c.want)
		}
	}
	if !cal.Knows("US") || !cal.Knows("fr") || cal.Knows("IN") || cal.Knows("") {
		t.Error("US and France are known, India is not")
	}
	// The extra day counts for business days, and without a calendar only weekends do.
	b := loaded(t)
	s := subject(t, "2027-01-01", "2027-12-31", "P1Y")
	s.NewPriceFrom = date(t, "2027-06-18")
	for _, c := range []struct {
		cal  Calendar
		want string
	}{{cal, "2027-06-10"}, {PublicHolidays(nil), "2027-06-11"}} {
		if got := Windows([]*Duty{b.Duty("us-ny-change")}, s, c.cal)[0].Closes.String(); got != c.want {
			t.Errorf("5 business days before 18 June: %s, want %s", got, c.want)
		}
	}
	s.NewPriceFrom = date(t, "2027-12-01")
	if got := Windows([]*Duty{b.Duty("us-ny-change")}, s, nil)[0].Closes.String(); got != "2027-11-24" {
		t.Errorf("weekends only: %s, want 2027-11-24", got)
	}
}
