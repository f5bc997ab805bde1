package store

import "testing"

// TestImportCurrencyAlone proves that no amount is re-denominated by a currency
// that comes without it.
func TestImportCurrencyAlone(t *testing.T) {
	const header = "ref;customer;kind;ends_on;price;currency;new_price;customer_name\nA1;C1;pass;2027-12-31;"
	state := `SELECT price_minor, new_price_minor, currency FROM agreements`
	b := newImportBench(t)
	b.imports(header+"10;EUR;12;Zoë\n", "1 0 0 0")
	refused := func(text, want string) {
		t.Helper()
		r := b.try(text, ImportOptions{})
		if faultsOf(r) != want || r.Done {
			t.Errorf("done %t, with the faults\n%s\nwanted\n%s", r.Done, faultsOf(r), want)
		}
		b.is(state, "1000|1200|EUR")
	}
	const price = ": the stored price is in EUR; fill the column price as well, so that it is clear how much it is now\n"
	const newPrice = ": the stored new price is in EUR; fill the column new_price as well, so that it is clear how much it is now\n"
	refused("ref;customer;kind;ends_on;currency\nA1;C1;pass;2027-12-31;USD\n",
		`list.csv:2: column "currency", value "USD"`+price+`list.csv:2: column "currency", value "USD"`+newPrice)
	refused(header+";USD;13;\n", `list.csv:2: column "currency", value "USD"`+price)
	refused(header+"11;USD;;\n", `list.csv:2: column "currency", value "USD"`+newPrice)
	refused(header+";-;;\n", `list.csv:2: column "currency", value "-"`+price+`list.csv:2: column "currency", value "-"`+newPrice)
	b.imports("ref;customer;kind;ends_on;currency\nA1;C1;pass;2027-12-31;EUR\n", "0 0 1 0")
	b.imports(header+"11;USD;-;\n", "0 1 0 0")
	b.is(state, "1100|NULL|USD")
	b.imports(header+"-;JPY;;\n", "0 1 0 0")
	b.is(state, "NULL|NULL|JPY")
	// Without any amount the currency may say what it likes.
	b.imports("ref;customer;kind;ends_on;currency\nA1;C1;pass;2027-12-31;EUR\n", "0 1 0 0")
	b.is(state, "NULL|NULL|EUR")
}

// TestImportAmountWithItsCurrency proves that an amount is written with the
// currency of its row, and a currency with the amounts of its row, although the
// other half is what the last import said already.
func TestImportAmountWithItsCurrency(t *testing.T) {
	file := func(price, currency string) string {
		return "ref;customer;kind;ends_on;price;currency;customer_name\nA1;C1;pass;2027-12-31;" + price + ";" + currency + ";Zoë\n"
	}
	state := `SELECT price_minor, currency FROM agreements`
	b := newImportBench(t)
	b.imports(file("10", "EUR"), "1 0 0 0")
	b.run(`UPDATE agreements SET price_minor = 999, currency = 'CHF'`)
	b.imports(file("10", "EUR"), "0 0 1 0")
	b.is(state, "999|CHF")
	b.imports(file("12", "EUR"), "0 1 0 0")
	b.is(state, "1200|EUR")
	b.run(`UPDATE agreements SET price_minor = 999`)
	b.imports(file("12", "USD"), "0 1 0 0")
	b.is(state, "1200|USD")
}
