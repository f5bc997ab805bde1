package plan

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"renewd/internal/renewal"
	"renewd/internal/rulebook"
)

var update = flag.Bool("update", false, "rewrite the expectations of the stories in testdata")

// TestStories plays every story in testdata. A story is a txtar file: its
// comment says in plain English what it proves, the file "story" tells it line
// by line, the file "want" is what renewd then does.
//
//	at 2027-01-01T00:00:00Z     the clock stands here; what follows is known from now on
//	zone, hours, holiday, cap, burst, hold, after_resolution    settings
//	silent yes, jumped yes, broken LETTER …   what holds for the whole database
//	rule NAME key=value …       adds or replaces a rule; norule NAME removes it
//	customer, product, agreement, event       facts
//	sleep                       no pass runs until the next "at"
//	release                     a person lets the burst go
//	outbox AGREEMENT STEP STATE what became of a reminder that left: uncertain, failed …
//	look                        what may leave at this instant, with its letter
//	show                        the term in force of every agreement
//
// Between two "at" lines the daemon passes at every moment.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories in testdata:", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.TrimSpace(string(archive.Comment)) == "" || len(archive.Files) != 2 ||
				archive.Files[0].Name != "story" || archive.Files[1].Name != "want" {
				t.Fatalf("%s: want a comment that says what it proves, a file story and a file want", file)
			}
			got := tell(t, string(archive.Files[0].Data))
			if *update {
				archive.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(archive.Files[1].Data); got != want {
				t.Errorf("%s\n%s\n--- got\n%s--- want\n%s", file, archive.Comment, got, want)
			}
		})
	}
}

// world is the state of a story.
type world struct {
	t          *testing.T
	set        Settings
	standing   Standing
	now        time.Time
	asleep     bool
	customers  []renewal.Customer
	products   map[string]*renewal.Product
	agreements []renewal.Agreement
	events     []renewal.Event
	reminders  []renewal.Reminder
	bounced    map[string]time.Time
	commercial map[string]time.Time
	seq        int64
	tasks      map[string]bool
	out        strings.Builder
}

func tell(t *testing.T, story string) string {
	w := &world{t: t, products: map[string]*renewal.Product{}, bounced: map[string]time.Time{},
		commercial: map[string]time.Time{}, tasks: map[string]bool{}}
	w.set = Settings{Zone: time.UTC, Locale: "en", Cap: renewal.Days(3), Burst: 100,
		Hold: renewal.Days(30), AfterResolution: renewal.Days(7)}
	book, err := rulebook.Load()
	if err != nil {
		t.Fatal(err)
	}
	w.set.Book, w.set.Calendar = book, rulebook.PublicHolidays(nil)
	w.set.Hours = Hours{Days: [7]bool{false, true, true, true, true, true, true}, Open: 9 * 60, Close: 18 * 60,
		Holidays: map[renewal.Date]bool{}}
	for n, line := range strings.Split(story, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := w.line(strings.Fields(line)); err != nil {
			t.Fatalf("story line %d: %s: %v", n+1, line, err)
		}
	}
	return w.out.String()
}

func (w *world) line(f []string) error {
	args := map[string]string{}
	for _, a := range f[1:] {
		if k, v, ok := strings.Cut(a, "="); ok {
			args[k] = v
		}
	}
	switch f[0] {
	case "at":
		at, err := renewal.ParseStamp(f[1])
		if err != nil {
			return err
		}
		if !w.now.IsZero() && !w.asleep {
			w.play(at.Add(-time.Second))
		}
		w.now, w.asleep = at, false
	case "sleep":
		w.asleep = true
	case "silent":
		w.standing.Silent = f[1] == "yes"
	case "jumped":
		w.standing.ClockJumped = f[1] == "yes"
	case "broken":
		names := f[1:]
		w.set.Broken = func(template, locale string, sober bool) error {
			for _, n := range names {
				if n == template {
					return fmt.Errorf("templates/%s.%s.md:3: no such field", template, locale)
				}
			}
			return nil
		}
	case "zone":
		w.set.Zone = w.location(f[1])
	case "hours":
		return w.hours(f[1], f[2])
	case "holiday":
		d, err := renewal.ParseDate(f[1])
		w.set.Hours.Holidays[d] = true
		return err
	case "cap":
		w.set.Cap = renewal.MustPeriod(f[1])
	case "burst":
		_, err := fmt.Sscan(f[1], &w.set.Burst)
		return err
	case "hold":
		w.set.Hold = renewal.MustPeriod(f[1])
	case "after_resolution":
		w.set.AfterResolution = renewal.MustPeriod(f[1])
	case "rule":
		w.standing.RulesSince = w.now
		return w.rule(f[1], args)
	case "norule":
		w.standing.RulesSince = w.now
		for i := range w.set.Rules {
			if w.set.Rules[i].Name == f[1] {
				w.set.Rules = append(w.set.Rules[:i:i], w.set.Rules[i+1:]...)
				break
			}
		}
	case "product":
		w.products[f[1]] = w.product(f[1], args)
	case "customer":
		return w.customer(f[1], args)
	case "agreement":
		return w.agreement(f[1], args)
	case "event":
		return w.event(f[1], args)
	case "outbox":
		return w.outbox(f[1], f[2], f[3])
	case "look":
		w.look()
	case "show":
		w.show()
	case "release":
		for i := range w.reminders {
			if r := &w.reminders[i]; r.Burst == renewal.BurstCounted || r.Burst == renewal.BurstHeld {
				r.Burst = renewal.BurstReleased
			}
		}
	default:
		return fmt.Errorf("unknown word %q", f[0])
	}
	return nil
}

// play lets the daemon pass at every moment from the story's clock to the given
// instant and tells what it did: first as forecast, then the tasks and warnings
// that stepping through the same passes brings up. Both must agree.
func (w *world) play(to time.Time) {
	dossiers := w.dossiers()
	steps := newStepper(&w.set, w.standing, w.now, dossiers)
	var lines []Line
	span := Span{Now: w.now, From: w.now, To: to, Standing: w.standing}
	err := Forecast(span, &w.set, clones(dossiers), func(l Line) error {
		lines = append(lines, l)
		fmt.Fprintf(&w.out, "%s %-4s %-13s %s %s", renewal.FormatStamp(l.At), l.Decision, l.Reason, l.Rule, l.Customer)
		for _, r := range l.Reminders {
			fmt.Fprintf(&w.out, " %s/%s", r.Agreement, r.Step)
		}
		for _, d := range l.Duties {
			fmt.Fprintf(&w.out, " %s[%s..%s]", d.ID, d.Opens, d.Closes)
		}
		if !l.Until.IsZero() {
			fmt.Fprintf(&w.out, " until %s", renewal.FormatStamp(l.Until))
		}
		w.out.WriteByte('\n')
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	steps.run(to)
	if text := steps.disagreement(lines); text != "" {
		w.t.Errorf("forecast and sending disagree: %s", text)
	}
	for _, told := range slices.Concat(steps.tasks, steps.warnings) {
		at, topic, isTask := strings.Cut(told, " task ")
		switch {
		case isTask && !w.tasks[topic]:
			w.tasks[topic] = true
			fmt.Fprintf(&w.out, "%s task %s\n", at, w.named(topic))
		case !isTask:
			fmt.Fprintf(&w.out, "warning %s\n", told)
		}
	}
	w.fold(dossiers)
}

// dossiers sorts the world into households.
func (w *world) dossiers() []*renewal.Dossier {
	byKey := map[string]*renewal.Dossier{}
	owner := map[int64]*renewal.Dossier{}
	var all []*renewal.Dossier
	for _, c := range w.customers {
		key := renewal.HouseholdKey(c.Email)
		d := byKey[key]
		if d == nil || key == "" {
			d = &renewal.Dossier{BouncedAt: w.bounced[key]}
			byKey[key] = d
			all = append(all, d)
		}
		if last := w.commercial[c.Ref]; last.After(d.LastCommercialAt) {
			d.LastCommercialAt = last
		}
		d.Customers = append(d.Customers, c)
		owner[c.ID] = d
	}
	for _, a := range w.agreements {
		owner[a.CustomerID].Agreements = append(owner[a.CustomerID].Agreements, a)
	}
	for _, e := range w.events {
		owner[e.CustomerID].Events = append(owner[e.CustomerID].Events, e)
	}
	for _, r := range w.reminders {
		owner[r.CustomerID].Reminders = append(owner[r.CustomerID].Reminders, r)
	}
	for _, d := range all {
		d.Sort()
	}
	return all
}

// fold takes the households back into the world.
func (w *world) fold(dossiers []*renewal.Dossier) {
	w.agreements, w.events, w.reminders = nil, nil, nil
	for _, d := range dossiers {
		for _, c := range d.Customers {
			w.commercial[c.Ref] = d.LastCommercialAt
		}
		for i := range d.Agreements {
			if d.Agreements[i].ID < 0 { // goods that a purchase opened get their row here
				w.seq++
				old := d.Agreements[i].ID
				d.Agreements[i].ID = w.seq
				for j := range d.Reminders {
					if d.Reminders[j].AgreementID == old {
						d.Reminders[j].AgreementID = w.seq
					}
				}
			}
		}
		for i := range d.Reminders {
			if d.Reminders[i].ID == 0 {
				w.seq++
				d.Reminders[i].ID = w.seq
			}
		}
		w.agreements = append(w.agreements, d.Agreements...)
		w.events = append(w.events, d.Events...)
		w.reminders = append(w.reminders, d.Reminders...)
	}
}
