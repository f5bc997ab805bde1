package rulebook

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"renewd/internal/renewal"
)

// said writes sends as "opens..closes: ids", one a line.
func said(sends []Send) string {
	var lines []string
	for _, s := range sends {
		var list []string
		for _, w := range s.Windows {
			list = append(list, w.Duty.ID)
		}
		lines = append(lines, span(s.Opens, s.Closes)+": "+strings.Join(list, " "))
	}
	return strings.Join(lines, "\n")
}

func TestFewestForOneSubject(t *testing.T) {
	b := loaded(t)
	cal := PublicHolidays(nil)
	for _, c := range []struct {
		name, names, country, region string
		change                       func(*Subject)
		want                         string
	}{
		{"California, yearly: the notice does for the reminder of the year", "auto", "US", "US-CA", nil,
			"2027-01-15..2027-02-14: us-ca-renewal us-ca-annual"},
		{"New York and its city are one", "auto", "US", "US-NY", nil, "2027-01-14..2027-02-13: us-ny-renewal us-nyc-renewal"},
		{"anchors that differ make two", "us-ny-renewal us-co", "", "", func(s *Subject) { s.CancelBy = renewal.NewDate(2027, 1, 30) },
			"2026-12-16..2027-01-15: us-ny-renewal\n2027-01-20..2027-02-04: us-co"},
		{"France wants a letter of its own", "fr-chatel es", "", "", nil,
			"2026-11-28..2027-01-28: fr-chatel\n2027-01-14..2027-02-13: es"},
		{"cards, at the end of a trial: day 7 before it", "visa-trial mc-trial us-ut-trial", "", "",
			func(s *Subject) { s.TrialEndsOn = renewal.NewDate(2026, 4, 30) }, "2026-04-23..2026-04-23: visa-trial mc-trial us-ut-trial"},
		{"a card's renewal and the law's are two", "auto mc-renewal", "US", "CO", nil,
			"2027-01-20..2027-02-04: us-co\n2027-02-22..2027-02-26: mc-renewal"},
		{"nothing", "auto", "US", "TX", nil, ""},
	} {
		s := subject(t, "2026-03-01", "2027-02-28", "P1Y")
		s.Country, s.Region = c.country, c.region
		if c.change != nil {
			c.change(&s)
		}
		if got := said(Fewest(Windows(b.Select(strings.Fields(c.names), s), s, cal))); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// TestOneDayFitsAllStates: where the last day to cancel is the last day of the
// term, one day meets every state's notice of a renewal: 30 days before it.
func TestOneDayFitsAllStates(t *testing.T) {
	b := loaded(t)
	s := subject(t, "2026-03-01", "2027-02-28", "P1Y")
	var duties []*Duty
	for _, d := range b.All() {
		if d.Country == "US" && d.Event == EventRenewal && d.Latest.Set && (d.Active() || d.ID == "us-mn-renewal") {
			duties = append(duties, d)
		}
	}
	sends := Fewest(Windows(duties, s, PublicHolidays(nil)))
	if len(sends) != 1 || span(sends[0].Opens, sends[0].Closes) != "2027-01-29..2027-01-29" {
		t.Fatalf("one day, 29 January 2027, should do for all:\n%s", said(sends))
	}
	if len(sends[0].Windows) != len(duties) || len(duties) < 14 {
		t.Errorf("%d windows for %d duties", len(sends[0].Windows), len(duties))
	}
	want := "will_renew renewal_date cancel_by_date price frequency term_length extra_terms how_to_cancel cancel_link contact charge_date"
	if got := strings.Join(b.Content(idsOf(sends[0])), " "); got != want {
		t.Errorf("it says %s\nwant    %s", got, want)
	}
	if sends[0].Dedicated() {
		t.Error("no state wants a message of its own")
	}
}

func TestDedicated(t *testing.T) {
	b := loaded(t)
	s := subject(t, "2026-03-01", "2027-02-28", "P1Y")
	windows := Windows([]*Duty{b.Duty("fr-chatel"), b.Duty("us-il"), b.Duty("us-vt"), b.Duty("us-ny-service")}, s, nil)
	want := "2026-11-28..2027-01-28: fr-chatel\n2026-12-30..2027-01-29: us-il us-vt\n2027-01-29..2027-02-13: us-ny-service"
	sends := Fewest(windows)
	if got := said(sends); got != want {
		t.Fatalf("sends\n%s\nwant\n%s", got, want)
	}
	for i, want := range []bool{true, false, true} {
		if got := sends[i].Dedicated(); got != want {
			t.Errorf("send %d is dedicated: %v", i+1, got)
		}
	}
	if !slices.Contains(b.Content(idsOf(sends[0])), "boxed_deadline") {
		t.Errorf("France wants the deadline in a box, got %v", b.Content(idsOf(sends[0])))
	}
}

// idsOf are the ids of the duties that a send meets.
func idsOf(s Send) (ids []string) {
	for _, w := range s.Windows {
		ids = append(ids, w.Duty.ID)
	}
	return ids
}

// checkSends: each window has exactly one send, whose days lie within it; a
// dedicated duty is alone.
func checkSends(t interface {
	Helper()
	Errorf(string, ...any)
}, windows []Window, sends []Send) {
	t.Helper()
	n := 0
	for i := range sends {
		s := &sends[i]
		n += len(s.Windows)
		if s.Opens > s.Closes || s.Dedicated() && len(s.Windows) > 1 {
			t.Errorf("the send %s has %d windows", span(s.Opens, s.Closes), len(s.Windows))
		}
		for j, w := range s.Windows {
			if w.Opens > s.Opens || w.Closes < s.Closes || !slices.ContainsFunc(windows, func(o Window) bool { return o.Duty == w.Duty && o.opensFor() <= w.Opens && o.Closes == w.Closes }) {
				t.Errorf("%s: %s does not lie within %s", w.Duty.ID, span(s.Opens, s.Closes), span(w.Opens, w.Closes))
			}
			if j > 0 && (w.Closes < s.Windows[j-1].Closes || w.Closes == s.Windows[j-1].Closes && w.Duty.place < s.Windows[j-1].Duty.place) {
				t.Errorf("%s stands behind %s", w.Duty.ID, s.Windows[j-1].Duty.ID)
			}
		}
		if i > 0 && s.Windows[0].Closes < sends[i-1].Windows[0].Closes {
			t.Errorf("send %d closes before the one in front of it", i)
		}
	}
	if n != len(windows) {
		t.Errorf("%d windows have %d places", len(windows), n)
	}
}

// fewestDays is the smallest number of days that meets all windows, by trying
// every set of closing days.
func fewestDays(windows []Window) int {
	best := len(windows)
	for set := range 1 << len(windows) {
		var days []renewal.Date
		for i, w := range windows {
			if set>>i&1 == 1 {
				days = append(days, w.Closes)
			}
		}
		meetsAll := !slices.ContainsFunc(windows, func(w Window) bool {
			return !slices.ContainsFunc(days, func(d renewal.Date) bool { return w.opensFor() <= d && d <= w.Closes })
		})
		if meetsAll {
			best = min(best, len(days))
		}
	}
	return best
}

// TestFewestAgainstBruteForce holds the greedy choice against all choices.
func TestFewestAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var windows, shared []Window
		dedicated := 0
		for i := range rapid.IntRange(0, 9).Draw(t, "windows") {
			opens := renewal.Date(rapid.Int32Range(1, 40).Draw(t, "opens"))
			w := Window{Opens: opens, Closes: opens + renewal.Date(rapid.Int32Range(0, 15).Draw(t, "days")),
				Duty: &Duty{ID: string(rune('a' + i)), place: rapid.IntRange(0, 9).Draw(t, "place"), Dedicated: rapid.IntRange(0, 5).Draw(t, "own") == 0}}
			windows = append(windows, w)
			if w.Duty.Dedicated {
				dedicated++
			} else {
				shared = append(shared, w)
			}
		}
		before := slices.Clone(windows)
		sends := Fewest(windows)
		checkSends(t, windows, sends)
		if got, want := len(sends), fewestDays(shared)+dedicated; got != want {
			t.Errorf("%d sends, %d would do:\n%s", got, want, said(sends))
		}
		if !slices.Equal(before, windows) {
			t.Errorf("the windows were changed")
		}
	})
}

// FuzzWindows: whatever an agreement looks like, nothing panics, windows open
// before they close, and each is met by exactly one send.
func FuzzWindows(f *testing.F) {
	f.Add("US", "CA", int32(739676), int32(365), int32(0), int32(364), int32(60), int32(200), "P1Y")
	f.Add("FR", "", int32(740000), int32(59), int32(31), int32(28), int32(-1), int32(0), "P1M")
	f.Add("", "US-NY", int32(1), int32(-1), int32(-1), int32(-1), int32(0), int32(0), "")
	book, err := Load()
	if err != nil {
		f.Fatal(err)
	}
	cal := PublicHolidays(nil)
	f.Fuzz(func(t *testing.T, country, region string, ends, first, term, cancel, trial, price int32, next string) {
		day := func(n int32) renewal.Date { return renewal.Date(n % int32(renewal.MaxDate+1)) }
		s := Subject{Country: country, Region: region, EndsOn: day(ends), StartsOn: day(first), FirstEndsOn: day(first + term),
			TermStartsOn: day(term), CancelBy: day(cancel), TrialEndsOn: day(trial), NewPriceFrom: day(price)}
		if p, err := renewal.ParsePeriod(next); err == nil {
			s.Term = p
		}
		for _, duties := range [][]*Duty{book.Select([]string{Auto, "visa-trial", "mc-renewal"}, s), book.All()} {
			windows := Windows(duties, s, cal)
			for _, w := range windows {
				if w.Opens > w.Closes || w.Closes > w.On || w.On.IsZero() || w.Anchor == "" {
					t.Errorf("%s, %s %s: window %d to %d", w.Duty.ID, w.Anchor, w.On, w.Opens, w.Closes)
				}
			}
			checkSends(t, windows, Fewest(windows))
		}
	})
}
