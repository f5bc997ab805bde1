package store

import (
	"strings"
	"testing"
)

// wokenBy starts from sleeping households, runs a statement and returns the ids
// of the customers that are now to be looked at at once.
func wokenBy(t *testing.T, db *DB, statement string) string {
	t.Helper()
	run(t, db, `UPDATE customers SET next_look_at = NULL`)
	run(t, db, statement)
	return rows(t, db, `SELECT group_concat(id, ' ') FROM (SELECT id FROM customers WHERE next_look_at = '`+atOnce+`' ORDER BY id)`)
}

// TestFactsWakeTheirHousehold changes one fact after the other, in order.
func TestFactsWakeTheirHousehold(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	for _, c := range []struct{ statement, want string }{
		{`UPDATE agreements SET ends_on = '2027-04-30' WHERE id = 1`, "1"},
		{`UPDATE agreements SET cancelled_on = '2027-02-01' WHERE id = 3`, "4"},
		{`UPDATE agreements SET auto_renew = 1 WHERE id = 2`, "2"},
		{`UPDATE agreements SET import_cells = '{}', imported_at = '2027-01-01T00:00:00Z'`, ""},
		{`UPDATE customers SET import_cells = '{}'`, ""},
		{`UPDATE customers SET time_zone = 'Europe/Rome' WHERE id = 3`, "3"},
		{`UPDATE customers SET locale = 'fr', country = 'FR' WHERE id = 4`, "4"},
		{`UPDATE customers SET email = 'dan@dan.example' WHERE id = 2`, "1 2"}, // Ann is alone now, Bob lives with Dan
		{`UPDATE customers SET email = '' WHERE id = 2`, "2 4"},
		{`UPDATE products SET name = 'Annual pass' WHERE id = 1`, ""},
		{`UPDATE products SET term = 'P6M' WHERE id = 1`, "1 2"},
		{`INSERT INTO events(type, at, customer_id, product_id) VALUES ('purchase', '2027-02-01', 3, 2)`, "3"},
		{`UPDATE products SET life = 'P1M' WHERE id = 2`, "3"},
		{`INSERT INTO agreements(ref, customer_id, kind, ends_on) VALUES ('A9', 3, 'pass', '2027-12-31')`, "3"},
		{`DELETE FROM agreements WHERE ref = 'A9'`, "3"},
		{`INSERT INTO suppressions(address, reason, at) VALUES ('dan@dan.example', 'bounced', '2027-02-01T00:00:00Z')`, "4"},
		{`DELETE FROM suppressions`, "4"},
		{`INSERT INTO events(type, at, agreement_id) VALUES ('use', '2027-02-01', 1)`, "1"},
		{`UPDATE events SET settled = 1`, ""},
		{`INSERT INTO customers(id, ref, email) VALUES (9, 'C9', 'dan@dan.example')`, "9"},
		{`DELETE FROM customers WHERE id = 9`, "4"},
		{`UPDATE agreements SET customer_id = 3 WHERE id = 3`, "3 4"},
	} {
		if got := wokenBy(t, db, c.statement); got != c.want {
			t.Errorf("%s: woke %q, want %q", c.statement, got, c.want)
		}
	}
	wantRows(t, db, `SELECT DISTINCT customer_id FROM events WHERE agreement_id = 3`, "3")
}

// TestFactsRefused: what would leave rows without an owner, or change what was,
// is refused with a sentence.
func TestFactsRefused(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, `PRAGMA foreign_keys = 0`) // as in the sqlite3 shell
	for _, c := range []struct{ statement, want string }{
		{`INSERT INTO agreements(ref, customer_id, kind, ends_on) VALUES ('X', 99, 'pass', '2027-01-01')`, "there is no customer with this customer_id"},
		{`UPDATE agreements SET customer_id = 99 WHERE id = 1`, "there is no customer with this customer_id"},
		{`INSERT INTO events(type, at, customer_id) VALUES ('use', '2027-01-01', 99)`, "there is no customer with this customer_id"},
		{`INSERT INTO events(type, at, agreement_id) VALUES ('use', '2027-01-01', 99)`, "there is no agreement with this agreement_id"},
		{`INSERT INTO events(type, at, customer_id, product_id) VALUES ('use', '2027-01-01', 1, 99)`, "there is no product with this product_id"},
		{`INSERT INTO events(type, at, customer_id, agreement_id) VALUES ('use', '2027-01-01', 1, 3)`, "belongs to another customer"},
		{`INSERT INTO events(type, at, customer_id) VALUES ('cancel', '2027-01-01', 1)`, "has to name the agreement or the product"},
		{`INSERT INTO events(type, at, customer_id) VALUES ('use', '2027-02-31', 1)`, "at is no time"},
		{`INSERT INTO events(type, at, customer_id) VALUES ('use', 'yesterday', 1)`, "at is no time"},
		{`INSERT INTO events(type, at, customer_id) VALUES ('use', '2027-02-30T08:00:00Z', 1)`, "at is no time"},
		{`INSERT INTO events(type, at, customer_id, until) VALUES ('payment', '2027-02-01', 1, '31/12/2027')`, "until is no date"},
		{`INSERT INTO events(type, at, customer_id) VALUES ('party', '2027-02-01', 1)`, "CHECK constraint failed"},
		{`UPDATE events SET note = 'x'`, "events are never changed"},
		{`UPDATE events SET at = '2027-01-01'`, "events are never changed"},
		{`UPDATE events SET customer_id = 3`, "events are never changed"},
		{`DELETE FROM events`, "events are never deleted"},
		{`DELETE FROM agreements WHERE id = 1`, "set cancelled_on instead"},
		{`DELETE FROM customers WHERE id = 1`, "name this customer, who has to stay"},
		{`DELETE FROM products WHERE id = 1`, "name this product"},
	} {
		if got := refused(t, db, c.statement); !strings.Contains(got, c.want) {
			t.Errorf("%s:\n got %s\nwant …%s…", c.statement, got, c.want)
		}
	}
	run(t, db, `INSERT INTO meta VALUES ('purging', '1'); DELETE FROM events; DELETE FROM meta WHERE key = 'purging'`)
	wantRows(t, db, `SELECT count(*) FROM events`, "0")
}

func TestEventTimesAsTyped(t *testing.T) {
	db := newDB(t)
	run(t, db, `INSERT INTO customers(id, ref) VALUES (1, 'C1')`)
	for typed, want := range map[string]string{
		"2027-03-01":                "2027-03-01",
		"2027-03-01T08:00:00Z":      "2027-03-01T08:00:00Z",
		"2027-03-01 08:00:00":       "2027-03-01T08:00:00Z",
		"2027-03-01 08:00":          "2027-03-01T08:00:00Z",
		"2027-03-01T08:00:00":       "2027-03-01T08:00:00Z",
		"2027-03-01T08:00:00.75Z":   "2027-03-01T08:00:00Z",
		"2027-03-01T09:00:00+01:00": "2027-03-01T08:00:00Z",
	} {
		run(t, db, `INSERT INTO events(type, at, customer_id) VALUES ('use', '`+typed+`', 1)`)
		wantRows(t, db, `SELECT at FROM events ORDER BY id DESC LIMIT 1`, want)
	}
}

func TestTypedBounceSuppressesTheAddress(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, `INSERT INTO events(type, at, customer_id) VALUES ('bounce', '2027-02-01 09:00:00', 2)`)
	wantRows(t, db, `SELECT s.address, s.reason, s.at, e.address, e.source FROM suppressions AS s JOIN events AS e ON e.id = s.event_id`,
		"ann@family.example|bounced|2027-02-01T09:00:00Z|ann@family.example|sqlite3")
	run(t, db, `INSERT INTO events(type, at, customer_id) VALUES ('bounce', '2027-02-09', 1), ('bounce', '2027-02-09', 3)`)
	wantRows(t, db, `SELECT at FROM suppressions`, "2027-02-01T09:00:00Z")
}

// TestShell types the statements of the manual into the sqlite3 shell while
// renewd has the database open.
func TestShell(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	for _, statement := range []string{
		`INSERT INTO events(type, at, customer_id) VALUES ('complaint', datetime('now'), 4);`,
		`INSERT INTO events(type, at, agreement_id) VALUES ('cancel', datetime('now'), 3);`,
		`UPDATE agreements SET ends_on = '2027-07-31' WHERE ref = 'A3';`,
		`UPDATE agreements SET cancelled_on = date('now') WHERE ref = 'A3';`,
		`UPDATE agreements SET auto_renew = 0 WHERE ref = 'A3';`,
		`UPDATE customers SET email = 'dan@new.example' WHERE ref = 'C4';`,
		`UPDATE customers SET time_zone = 'Asia/Tokyo' WHERE ref = 'C4';`,
	} {
		run(t, db, `UPDATE customers SET next_look_at = NULL`)
		shell(t, db.Path(), statement)
		wantRows(t, db, `SELECT id FROM customers WHERE next_look_at = '`+atOnce+`'`, "4")
	}
	shell(t, db.Path(), `INSERT INTO customers(ref, name, email) VALUES ('C5', 'Eve', 'eve@eve.example');`)
	wantRows(t, db, `SELECT next_look_at FROM customers WHERE ref = 'C5'`, atOnce)
	wantRows(t, db, `SELECT at GLOB '????-??-??T??:??:??Z', source FROM events WHERE type = 'complaint' AND customer_id = 4`, "1|sqlite3")
	out, err := tryShell(t, db.Path(), `DELETE FROM events;`)
	if err == nil || !strings.Contains(out, "events are never deleted") {
		t.Errorf("got %v %s", err, out)
	}
	if out := shell(t, db.Path(), `PRAGMA integrity_check; PRAGMA foreign_key_check;`); out != "ok" {
		t.Errorf("afterwards the file is %s", out)
	}
}

// TestViews reads every view in the shell, with a reminder in each state.
func TestViews(t *testing.T) {
	db := newDB(t)
	run(t, db, someHouseholds)
	run(t, db, `
		INSERT INTO agreements(id, ref, customer_id, product_id, kind, ends_on, basis) VALUES (4, 'C3/filter', 3, 2, 'goods', '2027-04-01', 'estimated');
		INSERT INTO agreements(id, ref, customer_id, kind, ends_on, price_minor, currency) VALUES (5, 'S1', 4, 'subscription', '2027-04-01', 1500, 'JPY');
		INSERT INTO events(type, at, agreement_id) VALUES ('cancel', '2020-01-05T00:00:00Z', 1), ('cancel', '2020-01-05T00:00:00Z', 2),
		  ('cancel_withdrawn', '2020-01-06T00:00:00Z', 2);
		INSERT INTO events(type, at, customer_id) VALUES ('complaint_resolved', '2027-02-04T00:00:00Z', 1), ('bounce', '2027-02-04T00:00:00Z', 4);
		INSERT INTO messages(id, rfc822_id, customer_id, household, to_address, class, rule, template, subject, state, claimed_at, sent_at, server_reply)
		  VALUES (1, 'm1@x', 1, 'ann@family.example', 'ann@family.example', 'commercial', 'pass', 'pass-renewal', 'Soon', 'sent',
		  '2027-03-01T08:00:00Z', '2027-03-01T08:00:01Z', '250 ok');
		INSERT INTO staff_tasks(kind, topic, customer_id, agreement_id, since, text) VALUES ('missed', 'm', 1, 1, '2027-03-01T08:00:00Z', 'write to Ann')`)
	for i, r := range []string{
		`'planned', '', NULL, NULL, 'commercial'`, `'waiting', 'complaint', '2027-03-10T08:00:00Z', NULL, 'commercial'`,
		`'sent', 'due', NULL, 1, 'commercial'`, `'skipped', 'cancelled', NULL, NULL, 'commercial'`, `'skipped', 'missed', NULL, NULL, 'notice'`,
	} {
		run(t, db, `INSERT INTO reminders(customer_id, agreement_id, rule, step, ends_on, due_at, not_after, planned_at, decided_at, state, reason, until, message_id, class)
			VALUES (1, 1, 'pass', 'step`+string(rune('1'+i))+`', '2027-03-31', '2027-03-01T08:00:00Z', '2027-03-31T21:59:59Z', '2027-02-01T08:00:00Z', '2027-03-01T08:00:0`+string(rune('1'+i))+`Z', `+r+`)`)
	}
	for query, want := range map[string]string{
		`SELECT * FROM passes`: "A1|Ann|C1|Year pass|2026-04-01|2027-03-31|2027-04-01|P1Y|no|120.00 EUR|2020-01-05\n" +
			"A2|Bob|C2|Year pass|2026-04-01|2027-03-31|2027-04-01|P1Y|no|90.00 EUR|",
		`SELECT contract, auto_renew FROM contracts`:                "A3|yes",
		`SELECT subscription, price FROM subscriptions`:             "S1|1500 JPY",
		`SELECT customer, product, used_up_on FROM goods`:           "Cleo|Filter|2027-04-01",
		`SELECT step, state FROM upcoming`:                          "step1|planned\nstep2|waiting",
		`SELECT customer, reason, until, step FROM waiting`:         "Ann|complaint|2027-03-10T08:00:00Z|step2",
		`SELECT customer, to_address, subject FROM sent`:            "Ann|ann@family.example|Soon",
		`SELECT step, reason FROM skipped`:                          "step5|missed\nstep4|cancelled",
		`SELECT agreement, step, window_closed FROM missed_notices`: "A1|step5|2027-03-31T21:59:59Z",
		`SELECT customer, opened_at, resolved_at FROM complaints`:   "Ann|2027-02-03|2027-02-04T00:00:00Z",
		`SELECT address, customer FROM suppressed`:                  "dan@dan.example|Dan",
		`SELECT kind, customer, agreement, text FROM tasks`:         "missed|Ann|A1|write to Ann",
		`SELECT count(*), max(message_id) FROM decisions`:           "5|m1@x",
	} {
		if got := shell(t, db.Path(), query+";"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
	}
}
