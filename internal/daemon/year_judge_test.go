package daemon_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

// judge looks at the database and the maildir after each pass and says what the
// specification does not allow. It reckons in the plainest way, with SQL and
// time.Time, and asks none of the code that it judges.
type judge struct {
	t    *testing.T
	shop *testkit.Shop
	// carried is the Message-ID that carried each commercial reminder, also
	// those that a restored database no longer knows.
	carried map[string]string
	// judged are the messages and steps that were judged, tries how many messages
	// there were.
	judged map[string]bool
	tries  int
	// stands are the agreements as they were at the last look.
	stands map[string]stand
	// passes are those in which everything worked.
	passes []time.Time
	// silent, broken and burst hold mail for everybody.
	silent, broken, burst bool
	day                   string
	// events are all there are, turns those that cancel or take that back.
	events, turns []event
	eventCount    string
	zones         map[string]*time.Location
}

// stand is an agreement and since when it stands as it does.
type stand struct {
	id, ref, ends, kind, auto, customer, zone string
	cancelled                                 bool
	since                                     time.Time
}

func (s *stand) same(o *stand) bool {
	a, b := *s, *o
	a.since, b.since = time.Time{}, time.Time{}
	return a == b
}

func newJudge(t *testing.T, shop *testkit.Shop) *judge {
	return &judge{t: t, shop: shop, carried: map[string]string{}, judged: map[string]bool{}, stands: map[string]stand{}, zones: map[string]*time.Location{}}
}

func (j *judge) fault(format string, args ...any) {
	j.t.Helper()
	j.t.Errorf("%s: %s", time.Now().UTC().Format(renewal.Stamp), fmt.Sprintf(format, args...))
}

// restore tells of a database that was put back to an earlier day.
func (j *judge) restore() {
	j.silent = true
	j.stands = map[string]stand{}
	j.eventCount = ""
	j.readEvents()
	j.compare(time.Now().UTC())
}

// rulesChanged begins and ends the time in which a burst waits.
func (j *judge) rulesChanged(burst bool) {
	j.burst = burst
	j.stands = map[string]stand{}
	j.compare(time.Now().UTC())
}

// look judges what the last pass did. up says whether the transport worked, idle
// that the pass found nothing to do.
func (j *judge) look(up, idle bool) {
	now := time.Now().UTC()
	if !idle {
		j.readEvents()
		j.compare(now)
	}
	if j.shop.Post.Tries > j.tries {
		j.tries = j.shop.Post.Tries
		j.messages(now)
		j.ledger()
	}
	if up && !j.silent && !j.broken && !j.burst {
		j.passes = append(j.passes, now)
	}
	if day := now.Format("2006-01-02"); day != j.day {
		j.day = day
		j.daily(now)
	}
}

// messages judges every message that was sent in the last pass.
func (j *judge) messages(now time.Time) {
	for _, r := range j.shop.Rows(`SELECT id, rfc822_id, class, rule, to_address, household, sha256, (SELECT hex(contents) FROM message_contents WHERE id = contents_id) FROM messages
		WHERE state = 'sent' AND sent_at = ? ORDER BY id`, renewal.FormatStamp(now)) {
		if j.judged[r[1]] {
			continue
		}
		j.judged[r[1]] = true
		m := message{id: r[0], rfc822: r[1], class: r[2], rule: r[3], to: strings.ToLower(strings.TrimSpace(r[4])), household: r[5]}
		if m.to != m.household {
			j.fault("message %s to %s is one of the household %s", m.id, m.to, m.household)
		}
		j.evidence(m, r[6], r[7])
		j.household(now, m)
		rows := j.shop.Rows(`SELECT r.rule, r.step, coalesce(r.ends_on, ''), coalesce(r.event_id, 0), r.state, r.reason, r.due_at, r.not_after,
			a.ref, a.ends_on, c.time_zone, `+agreementColumns+` FROM reminders AS r JOIN agreements AS a ON a.id = r.agreement_id
			JOIN customers AS c ON c.id = a.customer_id WHERE r.message_id = ?`, m.id)
		if len(rows) == 0 {
			j.fault("message %s carries no reminder", m.id)
		}
		for _, r := range rows {
			j.reminder(now, m, sentReminder{rule: r[0], step: r[1], ends: r[2], event: r[3], state: r[4], reason: r[5], due: r[6],
				notAfter: r[7], agreement: r[8], inForce: r[9], zone: j.zone(r[10]), row: agreementRow{r[11], r[12], r[13], r[14]}})
		}
	}
}

type message struct{ id, rfc822, class, rule, to, household string }

type sentReminder struct {
	rule, step, ends, event, state, reason, due, notAfter, agreement, inForce string
	zone                                                                      *time.Location
	row                                                                       agreementRow
}

func (j *judge) zone(name string) *time.Location {
	if name == "" {
		name = "Europe/Paris"
	}
	if j.zones[name] == nil {
		j.zones[name] = testkit.Zone(j.t, name)
	}
	return j.zones[name]
}

// evidence: the bytes that were kept are those in the maildir.
func (j *judge) evidence(m message, sum, packed string) {
	raw, err := os.ReadFile(filepath.Join(j.shop.Post.Maildir.Dir, "new", m.rfc822))
	if err != nil {
		j.fault("message %s was sent, but: %v", m.id, err)
		return
	}
	bits, err := hex.DecodeString(packed)
	if err != nil {
		j.t.Fatal(err)
	}
	reader, err := gzip.NewReader(bytes.NewReader(bits))
	if err != nil {
		j.fault("message %s: %v", m.id, err)
		return
	}
	kept, err := io.ReadAll(reader)
	if err != nil || !bytes.Equal(kept, raw) {
		j.fault("message %s: the bytes kept are not those sent (%v)", m.id, err)
	}
	if hash := sha256.Sum256(raw); hex.EncodeToString(hash[:]) != sum {
		j.fault("message %s: sha256 is %s", m.id, sum)
	}
}

// household judges what holds for all of a household.
func (j *judge) household(now time.Time, m message) {
	members := map[string]*time.Location{}
	for _, r := range j.shop.Rows(`SELECT id, time_zone FROM customers WHERE lower(trim(email)) = ?`, m.household) {
		members[r[0]] = j.zone(r[1])
	}
	if len(members) == 0 {
		j.fault("message %s went to %s, where nobody lives", m.id, m.to)
	}
	if j.shop.Text(`SELECT 1 FROM suppressions WHERE address = ?`, m.household) != "" {
		j.fault("message %s went to %s, which bounced", m.id, m.to)
	}
	if m.class != "commercial" {
		return
	}
	if until := j.complaintUntil(now, members); now.Before(until) {
		j.fault("commercial message %s to %s while a complaint holds until %s", m.id, m.to, until)
	}
	if j.refuses(now, members) {
		j.fault("commercial message %s to %s, who unsubscribed or called it spam", m.id, m.to)
	}
	for _, r := range j.shop.Rows(`SELECT id, coalesce(sent_at, claimed_at) FROM messages WHERE household = ? AND class = 'commercial'
		AND state IN ('sent', 'uncertain') AND id <> ?`, m.household, m.id) {
		last, err := time.Parse(renewal.Stamp, r[1])
		if err != nil {
			j.t.Fatal(err)
		}
		for _, zone := range members {
			if days(now.In(zone), last.In(zone)) < 3 {
				j.fault("commercial messages %s and %s to %s within three days (%s)", r[0], m.id, m.to, last)
				break
			}
		}
	}
}

// days is the number of civil dates from b to a.
func days(a, b time.Time) int {
	y1, m1, d1 := a.Date()
	y2, m2, d2 := b.Date()
	return int(time.Date(y1, m1, d1, 0, 0, 0, 0, time.UTC).Sub(time.Date(y2, m2, d2, 0, 0, 0, 0, time.UTC)).Hours()) / 24
}

// reminder judges one reminder of a message.
func (j *judge) reminder(now time.Time, m message, r sentReminder) {
	stamp := renewal.FormatStamp(now)
	about := fmt.Sprintf("message %s: %s %s of %s until %s", m.id, r.rule, r.step, r.agreement, r.ends)
	if r.state != "sent" || r.reason != "due" && r.reason != "released" {
		j.fault("%s is %s, %s", about, r.state, r.reason)
	}
	if r.due > stamp || r.notAfter < stamp {
		j.fault("%s left outside %s to %s", about, r.due, r.notAfter)
	}
	if r.rule != m.rule {
		j.fault("%s is not of the rule %s", about, m.rule)
	}
	cancelled := j.cancelled(now, r.row)
	takes := r.rule == "farewell"
	if r.step != "on:cancel" && r.step != "on:renewal" && cancelled != takes {
		j.fault("%s: cancelled is %v", about, cancelled)
	}
	if r.event != "0" {
		return
	}
	if r.ends != r.inForce {
		j.fault("%s, which was renewed or corrected to %s", about, r.inForce)
	}
	local := now.In(r.zone)
	if w, found := windowOf(j.shop.Settings.Rules, r.rule, r.step, r.ends); found {
		today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
		if today.Before(w.from) || today.After(w.to) {
			j.fault("%s left on %s, outside %s to %s", about, today, w.from, w.to)
		}
		if m.class == "notice" && local.After(w.end(r.zone).Add(-24*time.Hour)) {
			return // no longer waits for sending hours
		}
	} else if r.step != "after_use" || !j.usedBefore(now, r) {
		j.fault("%s: there is no such step", about)
	}
	if local.Weekday() == time.Sunday || local.Hour() < 9 || local.Hour() >= 18 || local.Format("01-02") == "12-25" || local.Format("01-02") == "05-01" {
		j.fault("%s left outside sending hours, at %s", about, local)
	}
}

// ledger writes down which message carried which commercial reminder; another
// one may never carry it again.
func (j *judge) ledger() {
	for _, r := range j.shop.Rows(`SELECT a.ref || ' ' || coalesce(r.ends_on, '') || ' ' || r.rule || ' ' || r.step, m.rfc822_id
		FROM reminders AS r JOIN messages AS m ON m.id = r.message_id JOIN agreements AS a ON a.id = r.agreement_id
		WHERE r.class = 'commercial'`) {
		if begun := j.shop.Post.Begun[r[1]]; begun > 1 {
			j.fault("%s began to leave %d times, as %s", r[0], begun, r[1])
		}
		if j.carried[r[0]] == r[1] {
			continue
		}
		if _, err := os.Stat(filepath.Join(j.shop.Post.Maildir.Dir, "new", r[1])); err != nil {
			continue
		}
		if earlier := j.carried[r[0]]; earlier != "" {
			j.fault("%s left twice, as %s and %s", r[0], earlier, r[1])
		}
		j.carried[r[0]] = r[1]
	}
}

// compare notes which agreements stand as they did at the last look.
func (j *judge) compare(now time.Time) {
	for _, r := range j.shop.Rows(`SELECT a.ref, a.ends_on, a.kind, a.auto_renew, c.ref, c.time_zone, ` + agreementColumns + ` FROM agreements AS a
		JOIN customers AS c ON c.id = a.customer_id`) {
		s := stand{ref: r[0], ends: r[1], kind: r[2], auto: r[3], customer: r[4], zone: r[5], id: r[6], since: now}
		s.cancelled = j.cancelled(now, agreementRow{r[6], r[7], r[8], r[9]})
		if last, known := j.stands[s.ref]; !known || !last.same(&s) {
			j.stands[s.ref] = s
		}
	}
}

// daily judges what has to be true of all rows.
func (j *judge) daily(now time.Time) {
	stamp := renewal.FormatStamp(now)
	for what, query := range map[string]string{
		"has no reason": `SELECT id FROM reminders WHERE state IN ('waiting', 'skipped', 'sent', 'uncertain', 'failed') AND reason = '' AND '' <> ?`,
		"is past its last moment and neither sent nor skipped": `SELECT id FROM reminders WHERE state IN ('planned', 'waiting', 'due', 'sending') AND not_after < ?`,
		"is skipped and says until when":                       `SELECT id FROM reminders WHERE state <> 'waiting' AND until IS NOT NULL AND '' <> ?`,
		"waits for nothing": `SELECT id FROM reminders WHERE state = 'waiting' AND until IS NULL
			AND reason IN ('complaint', 'frequency_cap', 'outside_hours', 'deferred', 'server_away') AND '' <> ?`,
		"waits for a moment that is past": `SELECT id FROM reminders WHERE state = 'waiting' AND until < ?`,
		"was missed without a task": `SELECT id FROM reminders AS r WHERE class = 'notice' AND reason = 'missed' AND '' <> ?
			AND NOT EXISTS (SELECT 1 FROM staff_tasks AS t WHERE t.kind = 'missed' AND t.agreement_id = r.agreement_id AND t.topic LIKE '%' || r.ends_on || '%')`,
		"is uncertain without a task": `SELECT id FROM reminders AS r WHERE state = 'uncertain' AND '' <> ?
			AND NOT EXISTS (SELECT 1 FROM staff_tasks AS t WHERE t.kind = 'uncertain' AND t.reminder_id = r.id)`,
		"is a notice that failed without a task": `SELECT id FROM reminders AS r WHERE state = 'failed' AND class = 'notice' AND '' <> ?
			AND NOT EXISTS (SELECT 1 FROM staff_tasks AS t WHERE t.kind = 'failed' AND t.reminder_id = r.id)`,
		"is sent without its message": `SELECT r.id FROM reminders AS r LEFT JOIN messages AS m ON m.id = r.message_id
			WHERE r.state = 'sent' AND m.state IS NOT 'sent' AND '' <> ?`,
	} {
		for _, r := range j.shop.Rows(query, stamp) {
			j.fault("reminder %s %s: %s", r[0], what, j.shop.Text(`SELECT * FROM reminders WHERE id = ?`, r[0]))
		}
	}
	j.complete(now)
}

// complete asks for the row of every step whose whole time went by while its
// agreement stood still; for a customer to whom nothing happens it was sent.
func (j *judge) complete(now time.Time) {
	type row struct{ state, reason, sentAt string }
	rows := map[string]row{}
	for _, r := range j.shop.Rows(`SELECT r.agreement_id || ' ' || r.ends_on || ' ' || r.rule || ' ' || r.step, r.state, r.reason, coalesce(m.sent_at, '')
		FROM reminders AS r LEFT JOIN messages AS m ON m.id = r.message_id WHERE r.ends_on IS NOT NULL`) {
		rows[r[0]] = row{r[1], r[2], r[3]}
	}
	edited := map[string]bool{}
	for _, r := range j.shop.Rows(`SELECT agreement_id || ' ' || ends_on FROM terms WHERE cause = 'edit' AND replaced IS NOT NULL`) {
		edited[r[0]] = true
	}
	for _, s := range j.stands {
		zone := j.zone(s.zone)
		for i := range j.shop.Settings.Rules {
			rule := &j.shop.Settings.Rules[i]
			corrected := rule.Class == renewal.Commercial && edited[s.id+" "+s.ends]
			if corrected || !addresses(rule, &s) {
				continue
			}
			for _, w := range windowsOf(rule, s.ends) {
				if s.since.After(w.start(zone)) || !now.After(w.end(zone)) {
					continue
				}
				about := fmt.Sprintf("%s %s of %s until %s", rule.Name, w.step, s.ref, s.ends)
				if j.judged[about] {
					continue
				}
				j.judged[about] = true
				got, exists := rows[s.id+" "+s.ends+" "+rule.Name+" "+w.step]
				final := got.state == "sent" || got.state == "skipped" || got.state == "failed" || got.state == "uncertain"
				if !exists || !final {
					j.fault("%s is over and has no decision: %v", about, got)
				}
				n, err := strconv.Atoi(s.customer[1:])
				if err != nil {
					j.t.Fatal(err)
				}
				if good := j.goodPasses(w, zone); quiet(n) && s.kind != "goods" && len(good) > 1 {
					if got.state == "skipped" {
						j.fault("%s was not sent, though nothing was in its way: %v (%s)", about, got, good[0])
					}
					if got.state == "sent" && got.sentAt > renewal.FormatStamp(good[1]) {
						j.fault("%s was sent late, on %s; it could have been sent on %s", about, got.sentAt, good[0])
					}
				}
			}
		}
	}
}

// goodPasses are those in which a step could have left.
func (j *judge) goodPasses(w window, zone *time.Location) []time.Time {
	var good []time.Time
	for i := len(j.passes) - 1; i >= 0 && !j.passes[i].Before(w.start(zone)); i-- {
		local := j.passes[i].In(zone)
		date := local.Format("01-02")
		if local.Before(w.end(zone)) && local.Weekday() != time.Sunday && local.Hour() >= 9 && local.Hour() < 18 && date != "12-25" && date != "05-01" {
			good = append([]time.Time{j.passes[i]}, good...)
		}
	}
	return good
}

// sum judges the whole at the end of the year.
func (j *judge) sum() {
	j.daily(time.Now().UTC())
	letters := j.shop.Post.Letters(j.t)
	for _, r := range j.shop.Rows(`SELECT rfc822_id FROM messages WHERE state = 'sent'`) {
		if letters[r[0]] == nil {
			j.fault("message %s was sent and is not in the maildir", r[0])
		}
	}
	if len(letters) < 60 {
		j.fault("only %d letters", len(letters))
	}
	if text := j.shop.Text(`PRAGMA foreign_key_check`); text != "" {
		j.fault("rows without their owner: %s", text)
	}
}
