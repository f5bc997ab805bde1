package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"renewd/internal/store"
)

// auditNow is the instant at which the audits of these tests are made.
const auditNow = "2027-06-15T08:00:00Z"

const noticeRule = `
[[rule]]
name = "auto-renewal-notice"
auto_renew = true
notice = { anchor = "renews_on", earliest = "P20D", latest = "P5D" }
template = "auto-renewal-notice"
`

// auditDesk is a database with facts typed into it, for audits at auditNow. Its
// business has one customer, C1.
type auditDesk struct {
	t  *testing.T
	c  *Config
	db *store.DB
	// raw writes what a daemon would have written.
	raw *sql.DB
}

func newAuditDesk(t *testing.T, rules string) *auditDesk {
	t.Helper()
	path := filepath.Join(t.TempDir(), "renewd.db")
	db, err := store.Open(t.Context(), path, store.Options{Now: mustStamp(t, auditNow)})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = raw.Close(), db.Close() })
	a := &auditDesk{t: t, c: mustParse(t, docBusiness+rules, t.TempDir()), db: db, raw: raw}
	a.c.Templates = t.TempDir()
	a.exec(`INSERT INTO customers(id, ref, name, email, country) VALUES (1, 'C1', 'Ana', 'ana@client.example', 'PT')`)
	return a
}

func (a *auditDesk) exec(statements string, args ...any) {
	a.t.Helper()
	if _, err := a.raw.ExecContext(a.t.Context(), statements, args...); err != nil {
		a.t.Fatalf("%v\n%s", err, statements)
	}
}

// agreement adds A1, which renews by itself every month, with its terms: their
// last day, cause, and when each became known.
func (a *auditDesk) agreement(terms ...[3]string) {
	a.t.Helper()
	a.exec(`INSERT INTO agreements(id, ref, customer_id, kind, starts_on, ends_on, term, auto_renew, known_at) VALUES (1, 'A1', 1, 'subscription', '2027-01-01', ?, 'P1M', 1, ?)`,
		terms[len(terms)-1][0], terms[0][2])
	for i, term := range terms {
		a.exec(`INSERT INTO terms(agreement_id, ends_on, cause, known_at, in_force_at, place) VALUES (1, ?1, ?2, ?3, ?3, ?4)`, term[0], term[1], term[2], i)
	}
}

// planned adds a notice that was sent in time for the term that ends on a day.
func (a *auditDesk) planned(ends, plannedAt string) {
	a.t.Helper()
	a.exec(`INSERT INTO reminders(customer_id, agreement_id, rule, step, class, ends_on, due_at, not_after, state, reason, planned_at, decided_at)
		VALUES (1, 1, 'auto-renewal-notice', 'notice', 'notice', ?1, ?2, ?2, 'skipped', 'renewed', ?2, ?2)`, ends, plannedAt)
}

// gaps are the terms without a row that the audit lists, with their verdicts.
func (a *auditDesk) gaps(f store.NoticeFilter) string {
	a.t.Helper()
	var found []string
	err := a.db.Read(a.t.Context(), func(tx *store.Tx) error {
		lines, err := auditLines(tx, a.c, f, mustStamp(a.t, auditNow))
		for _, l := range lines {
			if l.State == string(neverPlanned) {
				found = append(found, l.Term+" "+l.Verdict)
			}
		}
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return strings.Join(found, ", ")
}

// Terms as a subscription paid every month has them; the windows of March and
// April close on 27 March and 26 April.
var (
	march = [3]string{"2027-03-31", "payment", "2027-03-01T08:00:00Z"}
	april = [3]string{"2027-04-30", "payment", "2027-04-01T08:00:00Z"}
	june  = [3]string{"2027-06-30", "payment", "2027-06-01T08:00:00Z"}
)

// TestAuditFindsTermsWithoutNotice: a term that no pass has looked at in time is a
// gap; whatever lets a healthy business have no notice is none.
func TestAuditFindsTermsWithoutNotice(t *testing.T) {
	for _, c := range []struct {
		name  string
		terms [][3]string
		facts string
		rows  []string // terms with a row, planned on their first of the month
		want  string
	}{
		{"the daemon stood still from April to May", [][3]string{march, april, june}, "", []string{"2027-03-31"}, "2027-04-30 missed"},
		{"nothing was planned for it before: no alarm", [][3]string{march, april, june}, "", nil, "2027-03-31 before_our_time, 2027-04-30 before_our_time"},
		{"the notice came only after the term in question: no alarm", [][3]string{march, april, june}, "", []string{"2027-04-30"}, "2027-03-31 before_our_time"},
		{"every term has its row", [][3]string{march, april, june}, "", []string{"2027-03-31", "2027-04-30"}, ""},
		{"the term in force, which the next pass will call missed", [][3]string{{"2027-06-17", "import", "2027-06-01T08:00:00Z"}}, "", nil, "2027-06-17 missed"},
		{"the term in force became known too late", [][3]string{{"2027-06-17", "import", "2027-06-14T08:00:00Z"}}, "", nil, ""},
		{"the window of the term in force is open", [][3]string{{"2027-06-20", "import", "2027-06-01T08:00:00Z"}}, "", nil, ""},
		{"years of history, imported at once", [][3]string{{"2025-03-31", "import", "2027-06-01T08:00:00Z"}, {"2026-03-31", "payment", "2027-06-01T08:00:00Z"}, june}, "", nil, ""},
		{"renewed before its window closed", [][3]string{march, {"2027-04-30", "payment", "2027-03-20T08:00:00Z"}, {"2027-05-31", "payment", "2027-04-20T08:00:00Z"},
			{"2027-06-30", "payment", "2027-05-20T08:00:00Z"}}, "", []string{"2027-03-31"}, ""},
		{"renewed by a spreadsheet after its window closed", [][3]string{march, april, {"2027-06-30", "import", "2027-06-01T08:00:00Z"}}, "", []string{"2027-03-31"}, "2027-04-30 missed"},
		{"a corrected date was never an end", [][3]string{march, april, {"2027-05-05", "edit", "2027-05-04T08:00:00Z"}, {"2027-06-30", "import", "2027-05-05T08:00:00Z"}}, "",
			[]string{"2027-03-31", "2027-05-05"}, ""},
		{"cancelled by an event in time", [][3]string{march, april, june}, `INSERT INTO events(type, at, agreement_id, customer_id) VALUES
			('cancel', '2027-04-20T08:00:00Z', 1, 1)`, []string{"2027-03-31"}, ""},
		{"cancelled by an event after its window closed", [][3]string{march, april, june}, `INSERT INTO events(type, at, agreement_id, customer_id) VALUES
			('cancel', '2027-06-10T08:00:00Z', 1, 1)`, []string{"2027-03-31"}, "2027-04-30 missed"},
		{"cancelled in writing long after", [][3]string{march, april, june}, `UPDATE agreements SET cancelled_on = '2027-06-10'`, []string{"2027-03-31"}, "2027-04-30 missed"},
		{"cancelled in writing before", [][3]string{march, april, june}, `UPDATE agreements SET cancelled_on = '2027-04-10'`, []string{"2027-03-31"}, ""},
		{"it does not renew by itself", [][3]string{march, april, june}, `UPDATE agreements SET auto_renew = 0`, []string{"2027-03-31"}, ""},
		{"the customer's data were removed", [][3]string{march, april, june}, `UPDATE customers SET erased_at = '2027-06-01T08:00:00Z'`, []string{"2027-03-31"}, ""},
		{"assumed to renew while nothing ran", [][3]string{march}, `UPDATE agreements SET assume_renewal = 1`, []string{"2027-03-31"}, "2027-04-30 missed, 2027-05-31 missed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAuditDesk(t, noticeRule)
			a.agreement(c.terms...)
			if c.facts != "" {
				a.exec(c.facts)
			}
			for _, ends := range c.rows {
				a.planned(ends, ends[:len("2027-03-")]+"01T08:00:00Z")
			}
			if got := a.gaps(store.NoticeFilter{}); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := a.gaps(store.NoticeFilter{Agreement: "A1"}); got != c.want {
				t.Errorf("asked for by its ref: %q, want %q", got, c.want)
			}
		})
	}
}

// TestAuditAsksOnlyCoveringRules: without a notice rule for such agreements there is
// nothing to miss; and the bounds hold for gaps too.
func TestAuditAsksOnlyCoveringRules(t *testing.T) {
	for rules, want := range map[string]string{
		"":                                "",
		noticeRule:                        "2027-03-31 before_our_time, 2027-04-30 before_our_time",
		noticeRule + "country = \"FR\"\n": "",
		noticeRule + "country = \"PT\"\n": "2027-03-31 before_our_time, 2027-04-30 before_our_time",
	} {
		a := newAuditDesk(t, rules)
		a.agreement(march, april, june)
		if got := a.gaps(store.NoticeFilter{}); got != want {
			t.Errorf("%s\ngot %q, want %q", rules, got, want)
		}
	}
	a := newAuditDesk(t, noticeRule)
	a.agreement(march, april, june)
	for _, c := range []struct{ from, to, want string }{
		{"2027-04-30", "2027-04-30", "2027-04-30 before_our_time"},
		{"2027-04-01", "2027-04-29", ""},
		{"2027-01-01", "2027-03-31", "2027-03-31 before_our_time"},
	} {
		if got := a.gaps(store.NoticeFilter{From: mustDay(t, c.from), To: mustDay(t, c.to)}); got != c.want {
			t.Errorf("%s to %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// TestAuditChangesNothing: an audit only reads.
func TestAuditChangesNothing(t *testing.T) {
	a := newAuditDesk(t, noticeRule)
	a.agreement(march)
	a.exec(`UPDATE agreements SET assume_renewal = 1`)
	a.gaps(store.NoticeFilter{})
	var terms, reminders int
	if err := a.raw.QueryRow(`SELECT (SELECT count(*) FROM terms), (SELECT count(*) FROM reminders)`).Scan(&terms, &reminders); err != nil {
		t.Fatal(err)
	}
	if terms != 1 || reminders != 0 {
		t.Errorf("there are %d terms and %d reminders, want 1 and 0", terms, reminders)
	}
}
