package store

import (
	"testing"
	"time"

	"renewd/internal/renewal"
)

const passes = `ref;customer;kind;product;starts_on;ends_on;price;currency;customer_name;customer_email
A1;C1;pass;Annual;2026-01-01;2026-12-31;49,90;EUR;Zoë;zoe@example.org
A2;C1;pass;Annual;2026-02-01;2027-01-31;49,90;EUR;;
A3;C2;contract;;;2027-06-30;;;Max;max@example.org
`

func TestImportTwiceChangesNothing(t *testing.T) {
	b := newImportBench(t)
	b.imports(passes, "3 0 0 0")
	before := b.dump()
	b.later(3600e9)
	b.imports(passes, "0 0 3 0")
	if after := b.dump(); after != before {
		t.Errorf("the second import of the same file changed something:\n%s\n\n%s", before, after)
	}
	b.is(`SELECT kind, added, changed, unchanged FROM imports ORDER BY id`, "agreements|3|0|0\nagreements|0|0|3")
}

// TestImportUnderstandsTheSameListInAnotherOrder proves that memory goes by
// column and not by place.
func TestImportUnderstandsTheSameListInAnotherOrder(t *testing.T) {
	b := newImportBench(t)
	b.imports(passes, "3 0 0 0")
	before := b.dump()
	b.imports("sep=,\r\nENDS_ON,Customer,Ref,Kind,Price,Currency\r\n31/12/2026,C1,A1,PASS,49.90 €,EUR\r\n31/01/2027,C1,A2,pass,€49.9,eur\r\n30/06/2027,C2,A3,Contract,,\r\n",
		"0 0 3 0")
	if after := b.dump(); after != before {
		t.Errorf("the same list in another dialect changed something:\n%s\n\n%s", before, after)
	}
}

// TestImportOneFlatFile proves that agreements may carry their customers and
// that unknown products and customers are created.
func TestImportOneFlatFile(t *testing.T) {
	b := newImportBench(t)
	b.imports(passes, "3 0 0 0")
	b.is(`SELECT ref, name, email FROM customers ORDER BY ref`, "C1|Zoë|zoe@example.org\nC2|Max|max@example.org")
	b.is(`SELECT ref, name FROM products`, "Annual|Annual")
	b.is(`SELECT a.ref, c.ref, p.ref, a.kind, starts_on, ends_on, price_minor, currency, auto_renew, basis
		FROM agreements a JOIN customers c ON c.id = customer_id LEFT JOIN products p ON p.id = product_id ORDER BY a.ref`,
		"A1|C1|Annual|pass|2026-01-01|2026-12-31|4990|EUR|0|written\nA2|C1|Annual|pass|2026-02-01|2027-01-31|4990|EUR|0|written\n"+
			"A3|C2|NULL|contract|NULL|2027-06-30|NULL||0|written")
	b.is(`SELECT ref, t.starts_on, t.ends_on, t.known_at, cause, replaced, in_force_at, place
		FROM terms t JOIN agreements a ON a.id = agreement_id ORDER BY ref`,
		"A1|2026-01-01|2026-12-31|2026-11-22T09:00:00Z|import|NULL|2026-11-22T09:00:00Z|1\n"+
			"A2|2026-02-01|2027-01-31|2026-11-22T09:00:00Z|import|NULL|2026-11-22T09:00:00Z|1\n"+
			"A3|NULL|2027-06-30|2026-11-22T09:00:00Z|import|NULL|2026-11-22T09:00:00Z|1")
	r := b.try("ref;customer;kind;ends_on\nA9;C9;pass;2027-01-01\n", ImportOptions{})
	if got, want := faultsOf(r), "list.csv:2: column \"customer\", value \"C9\": no customer has this ref; "+
		"import the customers first, or add a column such as customer_email to this file\n"; got != want || r.Done {
		t.Errorf("an unknown customer without columns of its own: done %t\n%s\nwanted\n%s", r.Done, got, want)
	}
}

// TestImportRemembersCells walks through what a cell may say in one file after
// the other.
func TestImportRemembersCells(t *testing.T) {
	b := newImportBench(t)
	file := func(ends, product, price string) string {
		return "ref;customer;kind;ends_on;product;price;currency;customer_name\nA1;C1;pass;" + ends + ";" + product + ";" + price + ";EUR;Zoë\n"
	}
	state := `SELECT ends_on, p.ref, price_minor, c.name FROM agreements a JOIN customers c ON c.id = customer_id LEFT JOIN products p ON p.id = product_id`
	b.imports(file("2026-12-31", "Annual", "10"), "1 0 0 0")
	b.is(state, "2026-12-31|Annual|1000|Zoë")
	// A payment moved the end; the weekly export still has the old one.
	b.run(`UPDATE agreements SET ends_on = '2027-12-31'`)
	b.imports(file("2026-12-31", "Annual", "10"), "0 0 1 0")
	b.is(state, "2027-12-31|Annual|1000|Zoë")
	// A changed price is a new fact, and still does not undo the renewal.
	b.imports(file("2026-12-31", "Annual", "12,50"), "0 1 0 0")
	b.is(state, "2027-12-31|Annual|1250|Zoë")
	// An empty cell says nothing, and what was said before stays remembered.
	b.imports(file("", "", ""), "0 0 1 0")
	b.run(`UPDATE agreements SET price_minor = 999`)
	b.imports(file("2026-12-31", "Annual", "12,50"), "0 0 1 0")
	b.is(state, "2027-12-31|Annual|999|Zoë")
	// A dash erases, once.
	b.imports(file("", "-", "-"), "0 1 0 0")
	b.is(state, "2027-12-31|NULL|NULL|Zoë")
	b.imports(file("", "-", "-"), "0 0 1 0")
	// Said again it is a change again.
	b.imports(file("2026-12-31", "Annual", "12,50"), "0 1 0 0")
	b.is(state, "2027-12-31|Annual|1250|Zoë")
	// A changed end is a new fact, whatever the database made of it meanwhile.
	b.imports(file("2028-12-31", "Annual", "12,50"), "0 1 0 0")
	b.is(state, "2028-12-31|Annual|1250|Zoë")
}

// TestImportCustomersOfAgreements proves that the memory holds for the
// customers that a file of agreements carries, apart from files of customers.
func TestImportCustomersOfAgreements(t *testing.T) {
	b := newImportBench(t)
	b.imports(passes, "3 0 0 0")
	b.imports("ref;name;email\nC1;Zoé M.;zoe@new.example\n", "0 1 0 0")
	b.imports(passes, "0 0 3 0")
	b.is(`SELECT name, email FROM customers WHERE ref = 'C1'`, "Zoé M.|zoe@new.example")
	// The e-mail address alone changed, and only a later row says it.
	b.imports("ref;customer;kind;ends_on;customer_email\nA1;C1;pass;2026-12-31;\nA2;C1;pass;2027-01-31;z@third.example\n", "0 1 1 1")
	b.is(`SELECT name, email FROM customers WHERE ref = 'C1'`, "Zoé M.|z@third.example")
	b.imports("ref;customer;kind;ends_on;customer_email\nA1;C1;pass;2026-12-31;\nA2;C1;pass;2027-01-31;z@third.example\n", "0 0 2 1")
	// A new customer whose rows complete each other.
	b.imports("ref;customer;kind;ends_on;customer_email;customer_locale\nA7;C7;pass;2026-12-31;;fr\nA8;C7;pass;2027-01-31;c7@example.org;\n", "2 0 0 3")
	b.is(`SELECT locale, email, import_cells FROM customers WHERE ref = 'C7'`,
		`fr|c7@example.org|{"customer_locale":"fr","customer_email":"c7@example.org"}`)
	b.imports("ref;customer;kind;ends_on;customer_email;customer_locale\nA7;C7;pass;2026-12-31;;fr\nA8;C7;pass;2027-01-31;c7@example.org;\n", "0 0 2 3")
	r := b.try("ref;customer;kind;ends_on;customer_email\nA1;C1;pass;2026-12-31;a@example.org\nA2;C1;pass;2027-01-31;b@example.org\n", ImportOptions{})
	if want := "list.csv:3: column \"customer_email\", value \"b@example.org\": line 2 says something else about the customer C1; " +
		"write the same in all rows of this customer\n"; faultsOf(r) != want {
		t.Errorf("two addresses for one customer: %q", faultsOf(r))
	}
}

// TestImportCustomers proves attributes and the wish not to get commercial mail.
func TestImportCustomers(t *testing.T) {
	b := newImportBench(t)
	events := `SELECT type, at, source FROM events ORDER BY id`
	b.imports("ref;name;since;no_marketing;Shoe Size;vip\nC1;Zoë;2020-05-01;yes;42;x\nC2;Max;;no;;\nC3;Uma;;;;\n", "3 0 0 0")
	b.is(`SELECT ref, since, attributes FROM customers ORDER BY ref`, `C1|2020-05-01|{"shoe_size":"42","vip":"x"}`+"\nC2|NULL|{}\nC3|NULL|{}")
	b.is(events, "unsubscribe|2026-11-22T09:00:00Z|import")
	b.imports("ref;name;since;no_marketing;SHOE_SIZE;vip\nC1;Zoë;-;YES;43;-\nC2;Max;;no;;\nC3;Uma;;;;\n", "0 1 2 0")
	b.is(`SELECT since, attributes FROM customers WHERE ref = 'C1'`, `NULL|{"shoe_size":"43"}`)
	b.is(events, "unsubscribe|2026-11-22T09:00:00Z|import")
	// Changed to no in the same second: the later word counts all the same.
	b.imports("ref;no_marketing\nC1;no\nC2;yes\n", "0 2 0 1")
	b.is(events, "unsubscribe|2026-11-22T09:00:00Z|import\nresubscribe|2026-11-22T09:00:01Z|import\nunsubscribe|2026-11-22T09:00:00Z|import")
	b.later(3600e9)
	b.imports("ref;no_marketing\nC1;no\nC2;\n", "0 0 2 1")
	b.is(`SELECT count(*) FROM events`, "3")
}

func TestImportProducts(t *testing.T) {
	b := newImportBench(t)
	b.imports("ref;name;kind;term;life;renew_url;renews_by;assume_renewal\nP1;Pass;pass;P1Y;;https://shop.example/r;payment;yes\nP2;Filter;goods;;P3M;;;\n", "2 0 0 0")
	b.imports("ref;name;term\nP1;Pass;P6M\n", "0 1 0 1")
	b.is(`SELECT ref, name, kind, term, life, renew_url, renews_by, assume_renewal FROM products ORDER BY ref`,
		"P1|Pass|pass|P6M||https://shop.example/r|payment|1\nP2|Filter|goods||P3M|||0")
}

// TestImportBadRows proves that one bad row keeps everything out, that every
// bad row is listed, and that --skip-bad imports the rest.
func TestImportBadRows(t *testing.T) {
	b := newImportBench(t)
	text := passes + "A4;C1;pass;Annual;2026-01-01;31/02/2026;x;EUR;;\nA1;C1;pass;Annual;2026-01-01;2026-12-31;49,90;EUR;Zoë;zoe@example.org\n" +
		"A2;C1;pass;;;2027-05-05;;;;\nA5;C3;pass;;;;;;Eve;eve@example.org\n"
	r := b.try(text, ImportOptions{})
	want := `list.csv:5: column "ends_on", value "31/02/2026": this is no day of the calendar (read day first); write a day that exists, such as 2026-12-31
list.csv:5: column "price", value "x": this is no number; write it as 1234.56
list.csv:6: column "ref", value "A1": line 2 is the same row; remove one of the two
list.csv:7: column "ref", value "A2": line 3 has this same ref, and other contents; remove or correct one of the two
list.csv:8: column "ends_on": the cell is empty, but a new agreement needs it
`
	if got := faultsOf(r); got != want || r.Done || r.Rejected != 4 || r.Added != 0 {
		t.Errorf("the faults are (%+v)\n%s\nwanted\n%s", r, got, want)
	}
	b.is(`SELECT (SELECT count(*) FROM agreements) + (SELECT count(*) FROM customers) + (SELECT count(*) FROM imports)`, "0")
	r = b.try(text, ImportOptions{SkipBad: true, DryRun: true})
	if !r.Done || r.Added != 3 || r.Rejected != 4 {
		t.Errorf("a dry run says %+v", r)
	}
	b.is(`SELECT (SELECT count(*) FROM agreements) + (SELECT count(*) FROM customers) + (SELECT count(*) FROM imports)`, "0")
	r = b.try(text, ImportOptions{SkipBad: true})
	if !r.Done || r.Added != 3 || r.Rejected != 4 || faultsOf(r) != want {
		t.Errorf("--skip-bad says %+v", r)
	}
	b.is(`SELECT ref FROM agreements ORDER BY ref`, "A1\nA2\nA3")
	b.is(`SELECT ref FROM customers ORDER BY ref`, "C1\nC2")
	b.is(`SELECT added, rejected FROM imports`, "3|4")
}

// TestImportFull proves that rows which vanished are counted, that --full
// cancels them as of today in the business's zone, and that one which comes
// back is no longer cancelled.
func TestImportFull(t *testing.T) {
	const header = "ref;customer;kind;ends_on;cancelled_on;customer_name\n"
	a1, a2, a3 := "A1;C1;pass;2027-12-31;;Zoë\n", "A2;C1;pass;2027-12-31;;Zoë\n", "A3;C1;pass;2027-12-31;2026-05-01;Zoë\n"
	state := `SELECT ref, cancelled_on FROM agreements ORDER BY ref`
	b := newImportBench(t)
	b.now = b.now.Add(14*3600e9 + 1800e9) // 23:30 UTC is tomorrow in Paris
	b.imports(header+a1+a2+a3, "3 0 0 0")
	b.run(`INSERT INTO agreements(ref, customer_id, kind, ends_on) VALUES ('typed', 1, 'pass', '2027-01-01')`)
	b.imports(header+a1, "0 0 1 2")
	b.is(state, "A1|NULL\nA2|NULL\nA3|2026-05-01\ntyped|NULL")
	b.importsWith(header+a1, "0 1 1 2", ImportOptions{Full: true, DryRun: true})
	b.is(state, "A1|NULL\nA2|NULL\nA3|2026-05-01\ntyped|NULL")
	b.importsWith(header+a1, "0 1 1 2", ImportOptions{Full: true})
	b.is(state, "A1|NULL\nA2|2026-11-23\nA3|2026-05-01\ntyped|NULL")
	b.later(48 * 3600e9)
	b.importsWith(header+a1, "0 0 1 2", ImportOptions{Full: true})
	b.is(state, "A1|NULL\nA2|2026-11-23\nA3|2026-05-01\ntyped|NULL")
	b.importsWith(header+a1+a2+a3, "0 1 2 0", ImportOptions{Full: true})
	b.is(state, "A1|NULL\nA2|NULL\nA3|2026-05-01\ntyped|NULL")
	b.importsWith(header+a1+a2+a3, "0 0 3 0", ImportOptions{Full: true})
	// A row that is in the file, though it is bad, has not vanished.
	r := b.try(header+a1+"A2;C1;pass;nonsense;;\n"+a3, ImportOptions{Full: true, SkipBad: true})
	if r.Vanished != 0 || !r.Done {
		t.Errorf("a bad row counts as vanished: %+v", r)
	}
	// One whose ref cannot be read may be any of them: nothing is cancelled.
	r = b.try(header+a1+";C1;pass;2027-12-31;;\n", ImportOptions{Full: true, SkipBad: true})
	if r.Vanished != 2 || len(r.Warnings) != 1 {
		t.Errorf("a bad row without a ref: %+v", r)
	}
	b.is(state, "A1|NULL\nA2|NULL\nA3|2026-05-01\ntyped|NULL")
}

// TestImportFullOfNothing proves the guard against an export that broke off.
func TestImportFullOfNothing(t *testing.T) {
	b := newImportBench(t)
	b.imports(passes, "3 0 0 0")
	f := emptyFile{}
	if _, err := Import(t.Context(), b.db, f, ImportOptions{File: "list.csv", Now: b.now, Full: true, TempDir: t.TempDir()}); err == nil {
		t.Error("--full with an empty file cancels everything")
	}
	b.is(`SELECT count(*) FROM agreements WHERE cancelled_on IS NOT NULL`, "0")
}

type emptyFile struct{}

func (emptyFile) Kind() string      { return "agreements" }
func (emptyFile) Columns() []string { return []string{"ref", "customer", "kind", "ends_on"} }
func (emptyFile) Rows(func(int, []string) error, func(int, string, string, string, string)) error {
	return nil
}

// TestImportedDossier proves that what an import wrote is what a pass reads.
func TestImportedDossier(t *testing.T) {
	b := newImportBench(t)
	b.imports(passes, "3 0 0 0")
	b.imports("type;at;agreement;amount;currency\npayment;2026-11-20;A1;49,90;EUR\n", "1 0 0 0")
	err := b.db.Read(t.Context(), func(tx *Tx) error {
		id, err := tx.CustomerByRef("C1")
		if err != nil {
			return err
		}
		d, err := tx.Dossier(id, time.Time{})
		if err != nil {
			return err
		}
		if len(d.Customers) != 1 || len(d.Agreements) != 2 || len(d.Events) != 1 || d.Customers[0].BadData != "" {
			t.Fatalf("the household is %+v", d)
		}
		a := d.Agreements[0]
		want := renewal.Term{StartsOn: a.StartsOn, EndsOn: a.EndsOn, KnownAt: b.now, Cause: renewal.CauseImport, InForceAt: b.now}
		if a.Ref != "A1" || a.BadData != "" || a.Product.Ref != "Annual" || a.Price != (renewal.Money{Minor: 4990, Currency: "EUR"}) ||
			len(a.Terms) != 1 || a.Terms[0] != want {
			t.Errorf("the agreement is %+v with the terms %+v", a, a.Terms)
		}
		if e := d.Events[0]; e.AgreementID != a.ID || e.CustomerID != id || e.Settled || e.Amount.Minor != 4990 ||
			!e.At.Equal(time.Date(2026, 11, 19, 23, 0, 0, 0, time.UTC)) {
			t.Errorf("the payment is %+v", e)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
