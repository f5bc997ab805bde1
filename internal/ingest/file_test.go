package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRefusals holds files that are refused as a whole against the exact text.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		opt        Options
	}{
		"empty": {"", "list.csv: the file is empty; its first line must name the columns", Options{}},
		"blank": {"\n  \n;;;\n", "list.csv: the file is empty; its first line must name the columns", Options{}},
		"spreadsheet": {"PK\x03\x04rest", "list.csv: this is a spreadsheet or an archive, not a CSV file; export the sheet as CSV",
			Options{}},
		"UTF-16 without mark": {"r\x00e\x00f\x00", "list.csv: the file holds NUL bytes, so it is no CSV text; export it as CSV in UTF-8", Options{}},
		"half UTF-16":         {"\xFF\xFEr\x00e", "list.csv: the file breaks off in the middle of a character (UTF-16); export it again", Options{}},
		"UTF-8 mark, but not UTF-8": {"\xEF\xBB\xBFref;name\nC1;Zo\xEB\n",
			"list.csv: the file starts with the mark of UTF-8, but is not UTF-8 throughout; export it again", Options{}},
		"bare CR":             {"ref;name\rC1;Zoe\r", "list.csv:1: " + bareCR, Options{}},
		"bare CR in a row":    {"ref;name\nC1;Zoe\nC2;\"Max\"\rC3;Uma\n", "list.csv:3: " + bareCR, Options{}},
		"CR CR LF":            {"ref;name\r\r\nC1;Zoe\r\r\n", "list.csv:1: " + bareCR, Options{}},
		"quote never closed":  {"ref;name\nC1;Zoe\nC2;\"Max\nC3;Uma\n", "list.csv:3: the quote that opens a cell here is never closed", Options{}},
		"unknown separator":   {"sep=|\nref|name\n", "list.csv:1: the separator named here is not known; cells are separated by comma, semicolon or tab", Options{}},
		"separated by |":      {"Ref|Name|E-Mail\nC1|Zoe|\n", "list.csv: cells are separated by | here; save the file with comma, semicolon or tab between them", Options{}},
		"nothing but Ctrl-Z":  {"\x1A", "list.csv: the file is empty; its first line must name the columns", Options{}},
		"quotes in the names": {"ref;\"na\"me\n", "list.csv:1: " + afterQuotes, Options{}},
		"missing": {"ref;ends_on\nA1;2027-01-01\n", `list.csv:1: column "customer": this column is missing; a file of agreements needs ref, customer, kind, ends_on
list.csv:1: column "kind": this column is missing; a file of agreements needs ref, customer, kind, ends_on`, Options{}},
		"unknown": {"sep=;\nRef;Customer;Kind;Ends On;Sales Rep;comment\n",
			`list.csv:2: column "Sales Rep": a file of agreements has no such column; correct its name, or let it pass with --ignore sales_rep
list.csv:2: column "comment": a file of agreements has no such column; correct its name, or let it pass with --ignore comment`, Options{}},
		"twice": {"ref;NAME;name ;shoe size;Shoe-Size\n", `list.csv:1: column "name": columns 2 and 3 have this same name; rename or remove one
list.csv:1: column "shoe_size": columns 4 and 5 have this same name; rename or remove one`, Options{}},
		"ambiguous": {"ref;customer;kind;starts_on;ends_on\nA1;C1;pass;5/5/2026;2026-04-03\nA2;C1;pass;03/04/2026;03.04.2027\nA3;C1;pass;05/04/2026;04.04.2027\n",
			`list.csv:3: column "starts_on", value "03/04/2026": this is 3 April 2026 if the day comes first and 4 March 2026 if the month does, ` +
				"and no date of the column settles which; say --date-format dmy or --date-format mdy", Options{}},
		"ambiguous times": {"type;at;customer\nuse;03/04/2026 10:00;C1\n",
			`list.csv:2: column "at", value "03/04/2026 10:00": this is 3 April 2026 if the day comes first and 4 March 2026 if the month does, ` +
				"and no date of the column settles which; say --date-format dmy or --date-format mdy", Options{}},
	} {
		if got := refusal(t, c.text, c.opt); got != c.want {
			t.Errorf("%s: the file is refused with\n%s\nwanted\n%s", name, got, c.want)
		}
	}
}

func TestKinds(t *testing.T) {
	for header, want := range map[string]string{
		"id;type;at;ends_on;ref":        Events,
		"ref;customer;kind;ends_on":     Agreements,
		"ref;term":                      Products,
		"ref;life":                      Products,
		"ref;Renew-URL":                 Products,
		"ref;name":                      Customers,
		"ref;customer;kind;ENDS ON ;;;": Agreements,
	} {
		f, err := openText(header+"\n", Options{Ignore: []string{"ref", "Ends On"}[:strings.Count(header, "type")*2]})
		if err != nil {
			t.Errorf("%s: %v", header, err)
			continue
		}
		if f.Kind() != want {
			t.Errorf("%s: this is a file of %s, not of %s", header, want, f.Kind())
		}
	}
	if f := mustOpen(t, "ref;term\nC1;gold\n", Options{As: Customers}); f.Columns()[1] != AttributePrefix+"term" {
		t.Errorf("--as customers makes of the column term: %s", f.Columns()[1])
	}
	if _, err := openText("ref\n", Options{As: "clients"}); err == nil {
		t.Error("a kind of file that does not exist is accepted")
	}
}

// TestMisnamedEnd proves that agreements whose ends_on is spelt otherwise do not
// become customers or products, unless somebody says that they are such.
func TestMisnamedEnd(t *testing.T) {
	const customersOrProducts = "if the file holds customers or products, say --as customers or --as products"
	for header, want := range map[string]string{
		"ref;customer;kind;End on":       `though "customer" is one of agreements; if "end_on" is meant, rename it; ` + customersOrProducts,
		"ref;expiry_date;customer_email": `though "customer_email" is one of agreements; if "expiry_date" is meant, rename it; ` + customersOrProducts,
		"ref;CUSTOMER;term;date_end":     `though "customer" is one of agreements; if "date_end" is meant, rename it; ` + customersOrProducts,
		"ref;life;customer_name":         `though "customer_name" is one of agreements; give this name to the column that holds the last day; ` + customersOrProducts,
	} {
		if got := refusal(t, header+"\n", Options{}); got != `list.csv:1: column "ends_on": this column is missing, `+want {
			t.Errorf("%s: the file is refused with\n%s\nwanted\n%s", header, got, want)
		}
		f := mustOpen(t, header+"\n", Options{As: Customers})
		if f.Kind() != Customers || len(f.Columns()) != strings.Count(header, ";")+1 {
			t.Errorf("%s: --as customers makes of it %s with %q", header, f.Kind(), f.Columns())
		}
	}
	for header, want := range map[string]string{
		"ref;name;kind;term":       Products,
		"ref;customers;kind":       Customers,
		"ref;name;end_on;customer": Customers, // ignored below
	} {
		if f := mustOpen(t, header+"\n", Options{Ignore: []string{"Customer"}}); f.Kind() != want {
			t.Errorf("%s: this is a file of %s, not of %s", header, want, f.Kind())
		}
	}
}

// TestControlZ proves that the mark with which old programs end a text is
// passed over at the very end of a file, and nowhere else.
func TestControlZ(t *testing.T) {
	for _, text := range []string{"ref;name\nC1;Zoe\n\x1A", "ref;name\r\nC1;Zoe\x1A", "\uFEFFref;name\nC1;\"Zoe\"\x1A\x1A",
		"\xFF\xFEr\x00e\x00f\x00;\x00n\x00a\x00m\x00e\x00\n\x00C\x001\x00;\x00Z\x00o\x00e\x00\n\x00\x1A\x00"} {
		rows, faults := readAll(t, mustOpen(t, text, Options{}))
		if diff := cmp.Diff([]goodRow{{2, map[string]string{"ref": "C1", "name": "Zoe"}}}, rows); diff != "" || len(faults) > 0 {
			t.Errorf("%q: the rows differ (-want +got):\n%s%s", text, diff, faults)
		}
	}
	if _, faults := readAll(t, mustOpen(t, "ref;name\nC1;Zoe\x1A\n", Options{})); len(faults) != 1 || !strings.Contains(faults[0], "control character") {
		t.Errorf("a Ctrl-Z before the end: %q", faults)
	}
}

// TestSeparators proves that the header decides, outside of its quotes.
func TestSeparators(t *testing.T) {
	for text, want := range map[string]byte{
		"ref;name\n":                                ';',
		"ref\tname\n":                               '\t',
		"ref,name\n":                                ',',
		"ref\n":                                     ',',
		"ref;name;\"a, b, c, d, e, f\"\n":           ';',
		"ref;name;a, b, c, d, e, f\n":               ';',
		"\"ref\",\"name\",\"a;b;c;d\"\n":            ',',
		"sep=;\nref;name\n":                         ';',
		"\"sep=;\";;\r\nref;name;x\r\n":             ';',
		"SEP=\t\nref\tname\n":                       '\t',
		"sep=,,,\nref,name,x\n":                     ',',
		"\xEF\xBB\xBFsep=;\nref;name\n":             ';',
		"\"ref\nand more\";name;since\nC1;x;\n":     ';',
		"ref;size,\"big;name\n":                     ';',
		"unknown;other;third\n":                     ';',
		"\n\n ;;; \nref;name\n":                     ';',
		"ref;\"name, first and last\";phone,mobile": ';',
	} {
		f, err := openText(text, Options{As: Customers})
		if err != nil && !strings.Contains(err.Error(), `column "ref": this column is missing`) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if err == nil && f.sep != want {
			t.Errorf("%q: the separator is %q, not %q", text, f.sep, want)
		}
	}
}

// TestRowsAndLines proves where rows start and which are passed over.
func TestRowsAndLines(t *testing.T) {
	f := mustOpen(t, "sep=;\n\nref;name;;note\n\nC1;\"two\r\nlines\";;x\n;;;;\nC2\nC3;a;\n \t;\nC4;\"a \"\"b\"\" c\" ;;5\" pipe\nC5; \"x;y\";;;;\n", Options{})
	rows, faults := readAll(t, f)
	want := []goodRow{
		{5, map[string]string{"ref": "C1", "name": "two\nlines", "attributes.note": "x"}},
		{8, map[string]string{"ref": "C2"}},
		{9, map[string]string{"ref": "C3", "name": "a"}},
		{11, map[string]string{"ref": "C4", "name": `a "b" c`, "attributes.note": `5" pipe`}},
		{12, map[string]string{"ref": "C5", "name": "x;y"}},
	}
	if diff := cmp.Diff(want, rows); diff != "" || len(faults) > 0 {
		t.Errorf("the rows differ (-want +got):\n%s%s", diff, faults)
	}
	if f.Len() != 5 {
		t.Errorf("the file has %d rows, not 5", f.Len())
	}
}

// TestFaultList is a list with one fault of each sort, and what is said of it.
func TestFaultList(t *testing.T) {
	f := mustOpen(t, `ref;customer;kind;starts_on;ends_on;price;currency;new_price;customer_email;
A1;C1;pass;2026-01-01;31/02/2026;12,50;;;;
A2;C1;lease;01.13.2026;2027-01-01;1;EURO;x;nobody;
A3;C1;pass;2027-02-01;2027-01-01;;;;;
;C1;pass;;2027-01-01;;;;;
A4;C1;pass;;2027-01-01;;;;;extra;more
A5;C1;"pass"x;;2027-01-01;;;;;
A6;C1;pass;;-;5 USD;EUR;;;
A7;C1;pass;;45292;5;jpy;5,5;;
`, Options{})
	rows, faults := readAll(t, f)
	want := `list.csv:2: column "ends_on", value "31/02/2026": this is no day of the calendar (read day first); write a day that exists, such as 2026-12-31
list.csv:2: column "price", value "12,50": an amount needs a currency; fill the column currency, such as EUR
list.csv:3: column "kind", value "lease": this is not known here; write one of contract, pass, subscription
list.csv:3: column "starts_on", value "01.13.2026": this is no day of the calendar (read day first); write a day that exists, such as 2026-12-31
list.csv:3: column "currency", value "EURO": this is no currency; write its three letters, such as EUR
list.csv:3: column "customer_email", value "nobody": this is no e-mail address; write one address such as name@example.org
list.csv:4: column "ends_on", value "2027-01-01": the agreement ends before it starts (2027-02-01); correct one of the two dates
list.csv:5: column "ref": the cell is empty, but every row needs its ref
list.csv:6: value "extra": cell 10 of the row stands under no header; is there a separator too many?
list.csv:6: value "more": cell 11 of the row stands under no header; is there a separator too many?
list.csv:7: text follows the closing quote of a cell; a quote inside a quoted cell is written twice
list.csv:8: column "ends_on", value "-": this cannot be erased; write its value, or leave the cell empty to keep it
list.csv:8: column "price", value "5 USD": the amount says USD and the column currency EUR; correct one of them
list.csv:9: column "ends_on", value "45292": this is a spreadsheet's serial number, not a date; format the column as a date and export it again
list.csv:9: column "new_price", value "5,5": JPY has no decimals; write the amount so`
	if diff := cmp.Diff(want, strings.Join(faults, "\n")); diff != "" || len(rows) > 0 {
		t.Errorf("the faults differ (-want +got):\n%s\ngood rows: %v", diff, rows)
	}
}

// TestDateColumns proves that every column settles its own order over the
// whole file, and what happens to dates that contradict it.
func TestDateColumns(t *testing.T) {
	dates := func(values ...string) (string, string) {
		var text strings.Builder
		text.WriteString("ref;since\n")
		for i, v := range values {
			fmt.Fprintf(&text, "C%d;%s\n", i, v)
		}
		rows, faults := readAll(t, mustOpen(t, text.String(), Options{}))
		var read []string
		for _, row := range rows {
			read = append(read, row.Cells["since"])
		}
		return strings.Join(read, " "), strings.Join(faults, "\n")
	}
	for _, c := range []struct{ values, want, fault string }{
		{"03/04/2026 13/04/2026", "2026-04-03 2026-04-13", ""},
		{"03/04/2026 04/13/2026", "2026-03-04 2026-04-13", ""},
		{"03/04/2026 2026-04-13 04-13-2026", "2026-03-04 2026-04-13 2026-04-13", ""},
		{"03/04/2026 03.04.2026", "2026-04-03 2026-04-03", ""},
		{"03/03/2026 4/4/2026", "2026-03-03 2026-04-04", ""},
		{"13/04/2026 14/04/2026 04/15/2026 01/02/2026", "2026-04-13 2026-04-14 2026-02-01",
			`list.csv:4: column "since", value "04/15/2026": this is no day of the calendar (read day first); write a day that exists, such as 2026-12-31`},
		{"13/04/2026 04/15/2026 2026-01-01", "2026-01-01",
			`list.csv:2: column "since", value "13/04/2026": in this column line 2 ("13/04/2026") can only be day first and line 3 ("04/15/2026") only month first; write it as 2026-12-31
list.csv:3: column "since", value "04/15/2026": in this column line 2 ("13/04/2026") can only be day first and line 3 ("04/15/2026") only month first; write it as 2026-12-31`},
		{"31/13/2026 03/03/2026", "2026-03-03",
			`list.csv:2: column "since", value "31/13/2026": this is no day of the calendar (read day first); write a day that exists, such as 2026-12-31`},
	} {
		got, fault := dates(strings.Fields(c.values)...)
		if got != c.want || fault != c.fault {
			t.Errorf("%s is read as %s with\n%s", c.values, got, fault)
		}
	}
}

// TestMoneyOfARow proves how the currency of a row is found.
func TestMoneyOfARow(t *testing.T) {
	for _, c := range []struct{ price, currency, newPrice, want string }{
		{"12,50", "eur", "13", "1250 EUR 1300"},
		{"12,50 €", "", "13", "1250 EUR 1300"},
		{"12,50", "", "13 €", "1250 EUR 1300"},
		{"$5", "USD", "US$ 6", "500 USD 600"},
		{"5 kr", "SEK", "", "500 SEK "},
		{"CHF 1'250.50", "", "-", "125050 CHF -"},
		{"-", "EUR", "", "- EUR "},
		{"", "", "", "  "},
		{"", "GBP", "", " GBP "},
		{"5", "-", "", "fault"},
		{"5 €", "", "6 $", "fault"},
		{"5 €", "", "6 USD", "fault"},
		{"$5", "EUR", "", "fault"},
	} {
		f := mustOpen(t, fmt.Sprintf("ref;customer;kind;ends_on;price;currency;new_price\nA1;C1;pass;2027-01-01;%s;%s;%s\n",
			c.price, c.currency, c.newPrice), Options{})
		rows, faults := readAll(t, f)
		got := "fault"
		if len(faults) == 0 {
			got = rows[0].Cells["price"] + " " + rows[0].Cells["currency"] + " " + rows[0].Cells["new_price"]
		}
		if got != c.want {
			t.Errorf("%v is read as %q (%s)", c, got, faults)
		}
	}
}

func TestFaultString(t *testing.T) {
	f := Fault{"a.csv", 3, "note", strings.Repeat("é", 70) + "\u00A0", "text"}
	if got, want := f.String(), `a.csv:3: column "note", value "`+strings.Repeat("é", 60)+`…": text`; got != want {
		t.Errorf("got %s, wanted %s", got, want)
	}
}

// TestLongRecords proves that a quote which is never closed does not gather
// the rest of a large file in memory.
func TestLongRecords(t *testing.T) {
	long := strings.Repeat(strings.Repeat("x", 99)+"\n", 20_000)
	if got := refusal(t, "ref;name\nC1;\""+long, Options{}); !strings.Contains(got, "list.csv:2: the row that starts in line 2 is longer than 1 MB") {
		t.Error(got)
	}
	if got := refusal(t, "ref;name\nC1;"+strings.Repeat("x", 2<<20), Options{}); !strings.Contains(got, "list.csv:2: the line is longer than 1 MB") {
		t.Error(got)
	}
	if got := refusal(t, "ref;name\r"+strings.Repeat("C1;x\r", 500_000), Options{}); !strings.Contains(got, bareCR) {
		t.Error(got)
	}
	rows, faults := readAll(t, mustOpen(t, "ref;name\nC1;"+strings.Repeat("y", 60_000)+"\nC2;\""+strings.Repeat("z\n", 30_000)+"\"\nC3;w\n", Options{}))
	if len(faults) > 0 || len(rows) != 3 || rows[2].Line != 30_004 {
		t.Errorf("%d rows, %s", len(rows), faults)
	}
}
