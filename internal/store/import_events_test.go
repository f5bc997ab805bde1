package store

import (
	"fmt"
	"strings"
	"testing"
)

func eventBench(t *testing.T) *importBench {
	b := newImportBench(t)
	b.imports("ref;name;time_zone\nC1;Zoë;\nC2;Max;Pacific/Tongatapu\n", "2 0 0 0")
	b.imports("ref;customer;kind;ends_on;product\nA1;C1;pass;2026-12-31;Annual\nA2;C2;pass;2026-12-31;Annual\n", "2 0 0 0")
	return b
}

// TestImportEvents proves how instants are read, whose events are, and which
// customers' terms they may move.
func TestImportEvents(t *testing.T) {
	b := eventBench(t)
	r := b.imports(`id;type;at;customer;agreement;product;channel;quantity;amount;currency;until;note
1;use;2026-11-01;C1;;;gate;;;;;
2;use;2026-11-01;C2;;;gate;;;;;
3;payment;2026-11-01 08:30;;A2;;card;0;1.234,50;EUR;2027-12-31;thanks
4;purchase;2026-11-01T08:30:15Z;C1;;Annual;;2;;;;
5;complaint;2026-10-25 02:30:10;C1;A1;;;;;;;late
6;cancel;2026-03-29 02:30:10;C1;A1;;;;;;;
`, "6 0 0 0")
	b.is(`SELECT source_id, type, at, c.ref, a.ref, p.ref, channel, quantity, amount_minor, e.currency, until, note, source, settled
		FROM events e JOIN customers c ON c.id = e.customer_id LEFT JOIN agreements a ON a.id = agreement_id
		LEFT JOIN products p ON p.id = e.product_id ORDER BY source_id`,
		`1|use|2026-10-31T23:00:00Z|C1|NULL|NULL|gate|NULL|NULL||NULL||import|0
2|use|2026-10-31T11:00:00Z|C2|NULL|NULL|gate|NULL|NULL||NULL||import|0
3|payment|2026-10-31T19:30:00Z|C2|A2|NULL|card|0|123450|EUR|2027-12-31|thanks|import|0
4|purchase|2026-11-01T08:30:15Z|C1|NULL|Annual||2|NULL||NULL||import|0
5|complaint|2026-10-25T00:30:10Z|C1|A1|NULL||NULL|NULL||NULL|late|import|0
6|cancel|2026-03-29T01:00:00Z|C1|A1|NULL||NULL|NULL||NULL||import|0`)
	if got, want := fmt.Sprint(r.Settle), "[2 1]"; got != want {
		t.Errorf("the customers to settle are %s, not %s", got, want)
	}
}

// TestImportEventsAgain proves the identity of events, with and without ids.
func TestImportEventsAgain(t *testing.T) {
	b := eventBench(t)
	const header = "id;type;at;customer;note\n"
	b.imports(header+"1;use;2026-11-01;C1;\n;use;2026-11-01;C1;\n;use;2026-11-01;C1;\n", "3 0 0 0")
	b.imports(header+"1;use;01.11.2026;C1;\n;use;2026-11-01 00:00;C1;\n;use;01/11/2026;C1;\n;use;13/11/2026;C1;\n", "1 0 3 0")
	b.imports(header+";use;2026-11-01;C1;\n;use;2026-11-01;C1;\n;use;2026-11-01;C1;\n", "1 0 2 0")
	b.imports(header+"1;use;2026-11-01;C1;\n1;use;2026-11-01;C1;\n", "0 0 2 0")
	b.is(`SELECT count(*) FROM events`, "5")
	r := b.try(header+"1;use;2026-11-02;C1;\n7;use;2026-11-01;C1;\n7;use;2026-11-01;C1;x\n", ImportOptions{})
	if want := "list.csv:2: column \"id\", value \"1\": an event with this id and other contents was imported before; " +
		"events are never changed, so give this one an id of its own\n" +
		"list.csv:4: column \"id\", value \"7\": line 3 has this same id and other contents; correct one of the two\n"; faultsOf(r) != want {
		t.Errorf("the same id with other contents:\n%s", faultsOf(r))
	}
}

func TestImportEventsWithFaults(t *testing.T) {
	b := eventBench(t)
	r := b.try(`type;at;customer;agreement;product;until
use;2026-11-01;C9;;;
use;2026-11-01;;A9;;
use;2026-11-01;C1;A2;;
purchase;2026-11-01;C1;;Nothing;
use;2026-11-01;;;;
cancel;2026-11-01;C1;;;
use;2026-11-01;C1;;;2027-01-01
`, ImportOptions{})
	want := `list.csv:2: column "customer", value "C9": no customer has this ref; import the customers first
list.csv:3: column "agreement", value "A9": no agreement has this ref; import the agreements first
list.csv:4: column "customer", value "C1": the agreement A2 belongs to another customer; correct one of the two, or leave the customer empty
list.csv:5: column "product", value "Nothing": no product has this ref; import the products first
list.csv:6: column "customer": the event names neither a customer nor an agreement; fill one of the two
list.csv:7: column "agreement": a cancellation names what is cancelled; fill the agreement or the product
list.csv:8: column "until", value "2027-01-01": only a payment or a renewal lasts until a date; leave the cell empty
`
	if got := faultsOf(r); got != want || r.Done || r.Rejected != 7 {
		t.Errorf("the faults are\n%s\nwanted\n%s", got, want)
	}
	b.is(`SELECT count(*) FROM events`, "0")
}

// TestImportFutureEvents proves that they are stored with a warning.
func TestImportFutureEvents(t *testing.T) {
	b := eventBench(t)
	var text strings.Builder
	text.WriteString("type;at;customer\n")
	for i := range 25 {
		fmt.Fprintf(&text, "use;2026-12-%02d;C1\n", i+1)
	}
	r := b.imports(text.String(), "25 0 0 0")
	if len(r.Warnings) != 21 || r.Warnings[0] != "list.csv:2: the event lies in the future; it counts from 2026-11-30T23:00:00Z on" ||
		r.Warnings[20] != "list.csv: 5 more events lie in the future" {
		t.Errorf("the warnings are %q", r.Warnings)
	}
}

// TestImportBounce proves that an imported bounce is a hard one.
func TestImportBounce(t *testing.T) {
	b := newImportBench(t)
	b.imports("ref;email\nC1;Dead@Example.org\n", "1 0 0 0")
	b.imports("type;at;customer\nbounce;2026-11-01;C1\n", "1 0 0 0")
	b.is(`SELECT address, reason FROM suppressions`, "dead@example.org|bounced")
}
