package ingest

import (
	"strings"
	"testing"
)

// TestCells holds single values against their one spelling, or against words
// of the sentence with which they are refused.
func TestCells(t *testing.T) {
	eur := func(v string) string { return v + " EUR" }
	for _, c := range []struct {
		kind, column, value, want, fault string
	}{
		{Agreements, "ends_on", "2026-12-31", "2026-12-31", ""},
		{Agreements, "ends_on", "2026-1-5", "2026-01-05", ""},
		{Agreements, "ends_on", "31/12/2026", "2026-12-31", ""},
		{Agreements, "ends_on", "31-12-2026", "2026-12-31", ""},
		{Agreements, "ends_on", "12/31/2026", "2026-12-31", ""},
		{Agreements, "ends_on", "3.4.2026", "2026-04-03", ""},
		{Agreements, "ends_on", "31. 12. 2026", "2026-12-31", ""},
		{Agreements, "ends_on", "5/5/2026", "2026-05-05", ""},
		{Agreements, "ends_on", "2026-12-31 00:00:00", "2026-12-31", ""},
		{Agreements, "ends_on", "2026-12-31T00:00:00.000Z", "2026-12-31", ""},
		{Agreements, "ends_on", "31/12/2026 00:00", "2026-12-31", ""},
		{Agreements, "ends_on", "12/31/2026 12:00:00 AM", "2026-12-31", ""},
		{Agreements, "ends_on", "9999-12-31", "9999-12-31", ""},
		{Agreements, "ends_on", "2026-12-31 08:00", "", "without a time"},
		{Agreements, "ends_on", "31/02/2026", "", "no day of the calendar"},
		{Agreements, "ends_on", "2027-02-29", "", "no day of the calendar"},
		{Agreements, "ends_on", "2026/31/12", "", "no day of the calendar"},
		{Agreements, "ends_on", "31/12/26", "", "two digits"},
		{Agreements, "ends_on", "26-12-31", "", "two digits"},
		{Agreements, "ends_on", "0026-12-31", "", "four digits"},
		{Agreements, "ends_on", "45292", "", "serial number"},
		{Agreements, "ends_on", "45292,5", "", "serial number"},
		{Agreements, "ends_on", "20261231", "", "without separators"},
		{Agreements, "ends_on", "31 déc. 2026", "", "this is no date"},
		{Agreements, "ends_on", "31/12-2026", "", "this is no date"},
		{Agreements, "ends_on", "31/12/2026x", "", "this is no date"},
		{Agreements, "ends_on", "-", "", "cannot be erased"},
		{Agreements, "starts_on", "-", "-", ""},
		{Agreements, "starts_on", "2027-02-01", "", "before it starts"},
		{Agreements, "starts_on", "2027-01-31", "2027-01-31", ""},
		{Agreements, "term", "P1Y", "P1Y", ""},
		{Agreements, "term", "p12m", "P12M", ""},
		{Agreements, "term", "P0D", "", "no length"},
		{Agreements, "term", "1 year", "", "no period"},
		{Agreements, "notice_period", "P0D", "P0D", ""},
		{Agreements, "kind", "PASS", "pass", ""},
		{Agreements, "kind", "goods", "", "purchases"},
		{Agreements, "kind", "lease", "", "contract, pass, subscription"},
		{Agreements, "price", "12,50", "", "needs a currency"},
		{Agreements, "price", "€ 12,50", "1250", ""},
		{Agreements, "price", "12.50 EUR", "1250", ""},
		{Agreements, "price", eur("1.234"), "123400", ""},
		{Agreements, "price", eur("1,234"), "123400", ""},
		{Agreements, "price", eur("1.234.567,8"), "123456780", ""},
		{Agreements, "price", eur("1\u202F234,56"), "123456", ""},
		{Agreements, "price", eur("1’234.56"), "123456", ""},
		{Agreements, "price", eur(".5"), "50", ""},
		{Agreements, "price", eur("0"), "0", ""},
		{Agreements, "price", eur("0.123"), "", "2 decimals"},
		{Agreements, "price", eur("1234.567"), "", "2 decimals"},
		{Agreements, "price", eur("1.5000"), "150", ""},
		{Agreements, "price", eur("1,23,456"), "", "no number"},
		{Agreements, "price", eur("1 23"), "", "no number"},
		{Agreements, "price", eur("-5"), "", "not negative"},
		{Agreements, "price", eur("+12,50"), "1250", ""},
		{Agreements, "price", "€ +12,50", "1250", ""},
		{Agreements, "price", eur("+-5"), "", "no number"},
		{Agreements, "price", "5,- EUR", "", "write 5,00"},
		{Agreements, "price", "CHF 1'250.--", "", "write 1'250.00"},
		{Agreements, "price", "5,\u2013 €", "", "write 5,00"},
		{Agreements, "price", eur("5-"), "", "no number"},
		{Agreements, "price", "1500 JPY", "1500", ""},
		{Agreements, "price", "15.5 JPY", "", "no decimals"},
		{Agreements, "price", "1,5 KWD", "1500", ""},
		{Agreements, "price", "1234,567 KWD", "1234567", ""},
		{Agreements, "price", "$5", "", "more than one currency"},
		{Agreements, "price", "5 XQZ", "", "no currency"},
		{Agreements, "price", "free", "", "no number"},
		{Agreements, "price", eur("9999999999999999"), "", "too large"},
		{Agreements, "auto_renew", "maybe", "", "yes or no"},
		{Agreements, "auto_renew", "WAHR", "1", ""},
		{Agreements, "renews_by", "Payment", "payment", ""},
		{Agreements, "renews_by", "magic", "", "payment, none"},
		{Agreements, "customer_email", "not an address", "", "no e-mail address"},
		{Customers, "email", "a@b.example", "a@b.example", ""},
		{Customers, "email", "Zoë@bücher.example", "Zoë@bücher.example", ""},
		{Customers, "email", "a@localhost", "", "not complete"},
		{Customers, "email", "A <a@b.example>", "", "no e-mail address"},
		{Customers, "email", "a@b.example; c@d.example", "", "no e-mail address"},
		{Customers, "email", "a@b..example", "", "no e-mail address"},
		{Customers, "email", "a@-b.example", "", "no e-mail address"},
		{Customers, "email", "a@10.0.0.1", "", "no e-mail address"},
		{Customers, "email", "a@[10.0.0.1]", "", "no e-mail address"},
		{Customers, "locale", "fr_FR", "fr-FR", ""},
		{Customers, "locale", "pt-br", "pt-BR", ""},
		{Customers, "locale", "de_AT.UTF-8", "de-AT", ""},
		{Customers, "locale", "klingonese", "", "no language"},
		{Customers, "time_zone", "Pacific/Tongatapu", "Pacific/Tongatapu", ""},
		{Customers, "time_zone", "Local", "", "no time zone"},
		{Customers, "time_zone", "../etc/passwd", "", "no time zone"},
		{Customers, "country", "fr", "FR", ""},
		{Customers, "country", "France", "", "two letters"},
		{Customers, "region", "us-ca", "US-CA", ""},
		{Customers, "region", "Île-de-France", "Île-de-France", ""},
		{Customers, "name", `=HYPERLINK("x")`, `=HYPERLINK("x")`, ""},
		{Customers, "name", "a\x01b", "", "control character"},
		{Customers, "name", "-", "-", ""},
		{Customers, "name", "Zoe\u0308 \u212B", "Zoë Å", ""},
		{Customers, "email", "zoe\u0308@example.org", "zoë@example.org", ""},
		{Customers, "ref", "Zoe\u0308", "Zoë", ""},
		{Customers, "ref", "", "", "needs its ref"},
		{Customers, "ref", strings.Repeat("x", 201), "", "200 bytes"},
		{Customers, "ref", "two\nlines", "", "one line"},
		{Products, "life", "Learned", "learned", ""},
		{Products, "life", "P3M", "P3M", ""},
		{Products, "life", "P0D", "", "no length"},
		{Products, "life", "long", "", "or learned"},
		{Products, "renew_url", "https://shop.example/r?x=1", "https://shop.example/r?x=1", ""},
		{Products, "renew_url", "javascript:alert(1)", "", "address of a page"},
		{Events, "at", "2027-03-01", "2027-03-01", ""},
		{Events, "at", "2027-03-01 08:00", "2027-03-01T08:00:00", ""},
		{Events, "at", "2027-03-01T08:00:09", "2027-03-01T08:00:09", ""},
		{Events, "at", "2027-03-01 00:00:00", "2027-03-01", ""},
		{Events, "at", "2027-03-01T08:00:00Z", "2027-03-01T08:00:00Z", ""},
		{Events, "at", "2027-03-01T08:00:00.75+02:00", "2027-03-01T06:00:00Z", ""},
		{Events, "at", "2027-03-01 00:30:00 +0100", "2027-02-28T23:30:00Z", ""},
		{Events, "at", "31/12/2026 8:05", "2026-12-31T08:05:00", ""},
		{Events, "at", "12/31/2026 8:05:07 PM", "2026-12-31T20:05:07", ""},
		{Events, "at", "31.12.2026 23:59:59", "2026-12-31T23:59:59", ""},
		{Events, "at", "2027-03-01 24:00", "", "no time"},
		{Events, "at", "2027-03-01 8", "", "no time"},
		{Events, "at", "2027-03-01T08:00:00+99:00", "", "no time"},
		{Events, "at", "44927.5", "", "serial number"},
		{Events, "at", "", "", "every event needs it"},
		{Events, "type", "Payment Failed", "payment_failed", ""},
		{Events, "type", "party", "", "no type of event"},
		{Events, "until", "2027-12-31", "2027-12-31", ""},
		{Events, "amount", "-12,50 €", "-1250", ""},
		{Events, "amount", "12,50", "", "needs a currency"},
		{Events, "quantity", "1.234", "1234", ""},
		{Events, "quantity", "2,0", "2", ""},
		{Events, "quantity", "2,5", "", "whole number"},
		{Events, "note", "-", "", ""},
	} {
		got, fault := oneCell(t, c.kind, c.column, c.value, Options{})
		if c.fault != "" && !strings.Contains(fault, c.fault) || c.fault == "" && fault != "" {
			t.Errorf("%s %s %q: the fault is %q, which should speak of %q", c.kind, c.column, c.value, fault, c.fault)
		}
		if got != c.want {
			t.Errorf("%s %s %q is read as %q, not %q", c.kind, c.column, c.value, got, c.want)
		}
	}
}

// TestBooleans reads every word of the manual, in any case.
func TestBooleans(t *testing.T) {
	for want, words := range map[string]string{
		"1": "yes YES true True 1 oui OUI vrai sim SIM sí SÍ si\u0301 ja",
		"0": "no false FALSE 0 non faux FAUX não NÃO na\u0303o nein Nein",
	} {
		for word := range strings.FieldsSeq(words) {
			if got, fault := oneCell(t, Agreements, "auto_renew", word, Options{}); got != want {
				t.Errorf("%q is read as %q (%s), not %q", word, got, fault, want)
			}
		}
	}
}

// TestDateFormatFlag holds the flag against columns that it settles, and
// against dates that contradict it.
func TestDateFormatFlag(t *testing.T) {
	for _, c := range []struct{ flag, value, want, fault string }{
		{"dmy", "03/04/2026", "2026-04-03", ""},
		{"mdy", "03/04/2026", "2026-03-04", ""},
		{"mdy", "2026-03-04", "2026-03-04", ""},
		{"ymd", "2026/03/04", "2026-03-04", ""},
		{"ymd", "03/04/2026", "", "the year first"},
		{"dmy", "12/31/2026", "", "read day first"},
		{"mdy", "31/12/2026", "", "read month first"},
	} {
		got, fault := oneCell(t, Agreements, "ends_on", c.value, Options{DateFormat: c.flag})
		if got != c.want || !strings.Contains(fault, c.fault) || (fault == "") != (c.fault == "") {
			t.Errorf("--date-format %s: %q is read as %q, %q", c.flag, c.value, got, fault)
		}
	}
	if _, err := openText("ref\nC1\n", Options{DateFormat: "ydm"}); err == nil {
		t.Error("a date format that does not exist is accepted")
	}
}
