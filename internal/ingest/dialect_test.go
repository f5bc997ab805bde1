package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// dialect is one way in which a spreadsheet may write the same list.
type dialect struct {
	encoding, sep, end, date, number, quoting, header, sepLine string
}

func (d dialect) String() string {
	return strings.Join([]string{d.encoding, d.sep, fmt.Sprintf("%q", d.end), d.date, d.number, d.quoting, d.header, d.sepLine}, " ")
}

// listRow is one agreement as the test means it; y-m-d and cents.
type listRow struct {
	ref, customer, name string
	y, m, d             int
	cents               int
	auto                bool
	note                string
}

var list = []listRow{
	{"A1", "C1", "Zoë Müller", 2026, 12, 31, 123456, true, ""},
	{"A2", "C2", "D'Arc; Jeanne, dite « la Pucelle »", 2027, 2, 3, 1250, false, "=SUM(A1:A9)"},
	{"A3", "C3", "Two\nlines", 2027, 3, 3, 0, true, `says "no"`},
	{"A4", "C4", "Ünal\tTab", 2028, 2, 29, 100000000, false, ""},
}

// TestDialects reads one list in every dialect and expects the same rows.
func TestDialects(t *testing.T) {
	want := wantedRows()
	count := 0
	for d := range dialects() {
		count++
		f, err := openText(write(t, d), Options{Ignore: []string{"remark"}})
		if err != nil {
			t.Errorf("%s: refused: %v", d, err)
			continue
		}
		rows, faults := readAll(t, f)
		if len(faults) > 0 {
			t.Errorf("%s: %s", d, faults)
			continue
		}
		got := []map[string]string{}
		for _, row := range rows {
			got = append(got, row.Cells)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the rows differ (-want +got):\n%s", d, diff)
		}
	}
	if count < 2000 {
		t.Errorf("only %d dialects were tried", count)
	}
}

func dialects() func(func(dialect) bool) {
	return func(yield func(dialect) bool) {
		for _, enc := range []string{"utf-8", "utf-8-bom", "utf-16le", "utf-16be", "windows-1252"} {
			for _, sep := range []string{",", ";", "\t"} {
				for _, end := range []string{"\n", "\r\n"} {
					for _, date := range []string{"2006-01-02", "02/01/2006", "2/1/2006", "02.01.2006", "01/02/2006", "02-01-2006", "2006-01-02 00:00:00", "2006/01/02"} {
						for i, number := range []string{"1.234,56", "1,234.56", "1 234,56", "1\u00A0234,56", "1'234.56", "1234.56", "€1,234.56", "1.234,56 €", "1234,56 EUR"} {
							// The rest varies along, so that the list stays short enough.
							quoting := []string{"needed", "all"}[i%2]
							header := []string{"plain", "capitals", "accents and blanks", "empty columns"}[(i+len(date))%4]
							sepLine := []string{"", "sep"}[(i+len(end))%2]
							if !yield(dialect{enc, sep, end, date, number, quoting, header, sepLine}) {
								return
							}
						}
					}
				}
			}
		}
	}
}

// write writes the list in a dialect.
func write(t *testing.T, d dialect) string {
	var b strings.Builder
	if d.sepLine != "" {
		b.WriteString("sep=" + d.sep + d.end)
	}
	row := func(cells ...string) {
		if d.header == "empty columns" {
			cells = append(cells, "", "")
		}
		for i, cell := range cells {
			if i > 0 {
				b.WriteString(d.sep)
			}
			cell = strings.ReplaceAll(cell, "\n", d.end)
			if d.quoting == "all" || strings.ContainsAny(cell, ",;\t\"\r\n") {
				cell = quoted(cell)
			}
			b.WriteString(cell)
		}
		b.WriteString(d.end)
	}
	header := []string{"ref", "customer", "kind", "ends_on", "price", "auto_renew", "customer_name", "remark"}
	if !strings.ContainsAny(d.number, "€R") {
		header = append(header, "currency")
	}
	for i := range header {
		switch d.header {
		case "capitals":
			header[i] = strings.ToUpper(header[i])
		case "accents and blanks":
			header[i] = " " + strings.NewReplacer("e", "é", "_", " ").Replace(header[i]) + "\u00A0"
		}
	}
	row(header...)
	for i, r := range list {
		yes := [][2]string{{"yes", "no"}, {"VRAI", "FAUX"}, {"sim", "não"}, {"Sí", "No"}, {"1", "0"}, {"Ja", "nein"}}[(i+len(d.date))%6]
		auto := yes[1]
		if r.auto {
			auto = yes[0]
		}
		cells := []string{r.ref, r.customer, "Pass", writeDate(r, d.date), writeNumber(r.cents, d.number), auto, r.name, r.note}
		if !strings.ContainsAny(d.number, "€R") {
			cells = append(cells, "EUR")
		}
		row(cells...)
		if i == 1 {
			b.WriteString(d.end + strings.Repeat(d.sep, 8) + d.end)
		}
	}
	return encode(t, d.encoding, b.String())
}

func writeDate(r listRow, layout string) string {
	return strings.NewReplacer("2006", fmt.Sprint(r.y), "01", fmt.Sprintf("%02d", r.m), "02", fmt.Sprintf("%02d", r.d),
		"2/1/", fmt.Sprintf("%d/%d/", r.d, r.m)).Replace(layout)
}

// writeNumber writes cents as the sample 1234.56 is written.
func writeNumber(cents int, sample string) string {
	point, group := ".", ""
	if strings.Contains(sample, ",56") {
		point = ","
	}
	if i, j := strings.Index(sample, "1"), strings.Index(sample, "2"); j > i+1 {
		group = sample[i+1 : j]
	}
	whole := fmt.Sprint(cents / 100)
	for n := len(whole) - 3; n > 0; n -= 3 {
		whole = whole[:n] + group + whole[n:]
	}
	number := fmt.Sprintf("%s%s%02d", whole, point, cents%100)
	switch {
	case strings.HasPrefix(sample, "€"):
		return "€" + number
	case strings.HasSuffix(sample, "€"):
		return number + " €"
	case strings.HasSuffix(sample, "EUR"):
		return number + " EUR"
	}
	return number
}

func encode(t *testing.T, name, text string) string {
	encodings := map[string]encoding.Encoding{
		"utf-8":        encoding.Nop,
		"utf-8-bom":    unicode.UTF8BOM,
		"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"windows-1252": charmap.Windows1252,
	}
	if name == "windows-1252" {
		text = strings.ReplaceAll(text, "\u202F", " ")
	}
	encoded, err := encodings[name].NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func wantedRows() []map[string]string {
	var rows []map[string]string
	for _, r := range list {
		auto := "0"
		if r.auto {
			auto = "1"
		}
		rows = append(rows, map[string]string{
			"ref": r.ref, "customer": r.customer, "kind": "pass", "ends_on": fmt.Sprintf("%04d-%02d-%02d", r.y, r.m, r.d),
			"price": fmt.Sprint(r.cents), "currency": "EUR", "auto_renew": auto, "customer_name": r.name,
		})
	}
	return rows
}
