package daemon_test

import (
	"fmt"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

// zones are where the customers live: without a zone of their own, with summer
// time in the north, in the south, of half an hour, and far ahead of UTC.
var zones = []string{"", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Kiritimati", "Europe/Lisbon"}

// quiet says that nothing ever happens to a customer: what should reach this
// one is known from the start. Who shares an address is not quiet.
func quiet(n int) bool { return n%5 == 0 && n%8 != 2 && n%8 != 3 }

// open opens the business with its first sixty customers.
func (y *year) open() {
	y.shop.AddProduct("year", "P1Y", "")
	y.shop.AddProduct("quarter", "P3M", "")
	y.shop.AddProduct("filter", "", "P2M")
	for range 60 {
		y.customer()
	}
}

// customer adds a customer with an agreement; one in eight has the address of
// another.
func (y *year) customer() {
	y.refs++
	n := y.refs
	c := testkit.Customer{Ref: fmt.Sprintf("C%03d", n), Name: fmt.Sprintf("Customer %d", n), Zone: zones[n%len(zones)],
		Email: fmt.Sprintf("c%d@customer.example", n)}
	if n%8 == 3 {
		c.Email = fmt.Sprintf(" C%d@Customer.Example", n-1)
	}
	y.shop.AddCustomer(c)
	for i := 0; i == 0 || !quiet(n) && i < 3 && y.rnd.IntN(3) == 0; i++ {
		y.agreement(n, i)
	}
}

// agreement adds the i-th agreement of the n-th customer.
func (y *year) agreement(n, i int) {
	today := renewal.LocalDate(time.Now(), time.UTC)
	ends := today + renewal.Date(y.rnd.IntN(340)) - 5
	a := testkit.Agreement{Ref: fmt.Sprintf("A%03d.%d", n, i), Customer: fmt.Sprintf("C%03d", n), Kind: renewal.KindPass, Product: "year"}
	switch (n + i) % 4 {
	case 1:
		a.Kind, a.Product, a.Term = renewal.KindContract, "", "P1Y6M"
	case 2:
		a.Kind, a.AutoRenew, a.Assume = renewal.KindSubscription, true, true
	case 3:
		a.Kind, a.Product, a.AutoRenew = renewal.KindSubscription, "quarter", true
	}
	if y.rnd.IntN(6) == 0 { // a month end
		year, month, _ := ends.Civil()
		ends = renewal.NewDate(year, month, renewal.DaysIn(year, month))
	}
	a.EndsOn = ends.String()
	y.shop.AddAgreement(a)
}

// fact types a statement that is lost with the database and typed again when a
// backup was restored.
func (y *year) fact(statement string, args ...any) {
	y.shop.Exec(statement, args...)
	y.journal = append(y.journal, typed{statement, args})
}

// event adds an event that came about a while ago and is known only now.
func (y *year) event(kind renewal.EventType, late time.Duration, customer, agreement string, more ...any) {
	until, product := any(nil), any(nil)
	if len(more) > 0 {
		until = more[0]
	}
	if len(more) > 1 {
		product = more[1]
	}
	at, stored := renewal.FormatStamp(time.Now().Add(-late)), renewal.FormatStamp(time.Now())
	y.fact(`INSERT INTO events(type, at, customer_id, agreement_id, until, product_id, stored_at) VALUES (?1, ?2,
		(SELECT id FROM customers WHERE ref = ?3), (SELECT id FROM agreements WHERE ref = ?4), ?5, (SELECT id FROM products WHERE ref = ?6), ?7)`,
		string(kind), at, customer, agreement, until, product, stored)
	y.counts[string(kind)]++
}

// pick returns the refs of a customer to whom things happen, and of one of the
// customer's agreements with its end.
func (y *year) pick() (customer, agreement, ends string, auto bool) {
	for {
		n := 1 + y.rnd.IntN(y.refs)
		if quiet(n) {
			continue
		}
		rows := y.shop.Rows(`SELECT c.ref, a.ref, a.ends_on, a.auto_renew FROM agreements AS a JOIN customers AS c ON c.id = a.customer_id
			WHERE c.ref = ? AND a.kind <> 'goods' ORDER BY a.ref`, fmt.Sprintf("C%03d", n))
		if len(rows) > 0 {
			r := rows[y.rnd.IntN(len(rows))]
			return r[0], r[1], r[2], r[3] == "1"
		}
	}
}

// something happens, or nothing does.
func (y *year) something() {
	y.pay()
	customer, agreement, ends, _ := y.pick()
	late := time.Duration(y.rnd.IntN(3*3600)) * time.Second
	if y.rnd.IntN(4) == 0 {
		late = time.Duration(y.rnd.IntN(20*86400)) * time.Second
	}
	switch y.rnd.IntN(60) {
	case 0, 1, 2, 3, 4, 5:
		y.event(renewal.Use, late, customer, agreement)
	case 6:
		y.event(renewal.Use, late, customer, "")
	case 7, 8:
		y.event(renewal.ComplaintEvent, late, customer, "")
	case 9:
		y.event(renewal.ComplaintResolved, late, customer, "")
	case 10:
		if y.rnd.IntN(2) == 0 {
			y.event(renewal.Cancel, late, customer, agreement)
		}
	case 11:
		y.event(renewal.CancelWithdrawn, 0, customer, agreement)
	case 12:
		y.fact(`UPDATE agreements SET cancelled_on = ? WHERE ref = ?`, renewal.LocalDate(time.Now(), time.UTC).String(), agreement)
	case 13:
		y.fact(`UPDATE agreements SET cancelled_on = NULL WHERE ref = ?`, agreement)
	case 14:
		if y.rnd.IntN(2) == 0 {
			y.event(renewal.Unsubscribe, late, customer, "")
		}
	case 15, 16:
		y.event(renewal.Resubscribe, late, customer, "")
	case 17:
		if y.rnd.IntN(4) == 0 {
			y.event(renewal.Bounce, 0, customer, "")
		}
	case 18, 19:
		y.fact(`UPDATE customers SET email = ? WHERE ref = ?`, fmt.Sprintf("new%d@customer.example", y.rnd.IntN(1000)), customer)
	case 20:
		y.move(agreement, ends)
	case 21, 22, 23:
		y.event(renewal.PurchaseEvent, late, customer, "", nil, "filter")
	case 24:
		y.fact(`UPDATE customers SET time_zone = ? WHERE ref = ?`, zones[y.rnd.IntN(len(zones))], customer)
	case 25:
		if y.backup == "" || y.rnd.IntN(3) == 0 {
			y.newcomer()
		}
	case 26:
		if y.rnd.IntN(4) == 0 {
			y.event(renewal.SpamReport, late, customer, "")
		}
	}
}

// newcomer adds a customer, except between a backup and its restoration, when
// the refs would be given twice.
func (y *year) newcomer() {
	if y.backup == "" || time.Now().After(time.Date(2000, time.May, 20, 0, 0, 0, 0, time.UTC)) {
		y.customer()
	}
}

// move puts an end right by some days, as people do with typing errors.
func (y *year) move(agreement, ends string) {
	end, err := renewal.ParseDate(ends)
	if err != nil {
		y.t.Fatal(err)
	}
	y.fact(`UPDATE agreements SET ends_on = ? WHERE ref = ?`, (end + renewal.Date(y.rnd.IntN(29)) - 14).String(), agreement)
}

// pay brings in the money: most auto-renewing agreements are paid within two
// days of their renewal date, and now and then somebody renews by hand.
func (y *year) pay() {
	today := renewal.LocalDate(time.Now(), time.UTC)
	for _, r := range y.shop.Rows(`SELECT a.ref, c.ref, a.ends_on, a.auto_renew, c.id FROM agreements AS a JOIN customers AS c ON c.id = a.customer_id
		WHERE a.kind <> 'goods' AND a.assume_renewal = 0 AND a.ends_on BETWEEN ?1 AND ?2 ORDER BY a.ref`, (today - 20).String(), (today + 25).String()) {
		end, err := renewal.ParseDate(r[2])
		if err != nil {
			y.t.Fatal(err)
		}
		n := 0
		if _, err := fmt.Sscanf(r[1], "C%d", &n); err != nil {
			y.t.Fatal(err)
		}
		switch {
		case r[3] == "1" && end < today && today <= end+3 && y.rnd.IntN(3) == 0:
			y.event(renewal.Payment, 0, r[1], r[0])
		case r[3] == "0" && !quiet(n) && y.rnd.IntN(120) == 0:
			if y.rnd.IntN(2) == 0 {
				y.event(renewal.Payment, 0, r[1], r[0], (end + 365).String())
			} else { // by hand, in sqlite3
				y.fact(`UPDATE agreements SET ends_on = ? WHERE ref = ?`, (end + 365).String(), r[0])
			}
		}
	}
}
