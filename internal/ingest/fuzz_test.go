package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"renewd/internal/renewal"
)

// FuzzFile reads arbitrary bytes as a file. Whatever is accepted is written
// again as plain CSV and must be read as the same cells.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"ref;name\nC1;Zoë\n", "sep=,\r\nref,email\r\nC1,a@b.example\r\n", "\xFF\xFEr\x00e\x00f\x00\n\x00C\x00\n\x00",
		"ref;customer;kind;ends_on;price\nA1;C1;pass;31.12.2026;1.234,56 €\n", "type;at;customer\nuse;03/04/2026 8:00 PM;C1\n",
		"ref;name\nC1;\"a\"\"b\r\nc\"x\n", "ref\nC\xEB\n", "ref;name\n\"", "\"sep=;\"\nref\n", "ref;name;\nC1;-;\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, "f.csv", Options{})
		if err != nil {
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("refused without a fault: %v", err)
			}
			return
		}
		var plain strings.Builder
		for _, name := range file.Columns() {
			plain.WriteString(quoted(strings.TrimPrefix(name, AttributePrefix)) + ";")
		}
		plain.WriteString("\n")
		var cells [][]string
		rows := 0
		if err := file.Rows(func(line int, row []string) error {
			if len(row) != len(file.Columns()) {
				t.Fatalf("line %d has %d cells for %d columns", line, len(row), len(file.Columns()))
			}
			cells = append(cells, append([]string(nil), row...))
			return nil
		}, func(line int, _, column, value, text string) {
			if text == "" {
				t.Fatalf("line %d: a fault without a sentence", line)
			}
			rows++
		}); err != nil {
			t.Fatalf("the rows cannot be read after all: %v", err)
		}
		if file.Len() < len(cells) || file.Len() > len(cells)+rows {
			t.Fatalf("%d rows, of which %d are good with %d faults", file.Len(), len(cells), rows)
		}
		for _, row := range cells {
			for i, cell := range row {
				if !utf8.ValidString(cell) {
					t.Fatalf("the cell %q is no UTF-8", cell)
				}
				if name := file.Columns()[i]; cell != "" && cell != Erase && (name == "price" || name == "new_price" || name == "amount") {
					cell = majorUnits(cell, row[file.index["currency"]])
				}
				plain.WriteString(quoted(cell) + ";")
			}
			plain.WriteString("\n")
		}
		if len(cells) == 0 {
			return
		}
		again, err := openText(plain.String(), Options{As: file.Kind()})
		if err != nil {
			t.Fatalf("what was read is refused when written again: %v\n%s", err, plain.String())
		}
		n := 0
		if err := again.Rows(func(_ int, row []string) error {
			for i := range row {
				if row[i] != cells[n][i] {
					t.Fatalf("row %d: %q is read again as %q", n, cells[n][i], row[i])
				}
			}
			n++
			return nil
		}, func(line int, _, column, value, text string) {
			t.Fatalf("row %d: %s %q is refused when written again: %s", n, column, value, text)
		}); err != nil {
			t.Fatal(err)
		}
		if n != len(cells) {
			t.Fatalf("%d rows became %d", len(cells), n)
		}
	})
}

// majorUnits writes an amount in minor units as an amount with decimals.
func majorUnits(minor, code string) string {
	for digits := range 5 {
		sign, number := "", minor
		if rest, ok := strings.CutPrefix(minor, "-"); ok {
			sign, number = "-", rest
		}
		number = strings.Repeat("0", max(0, digits+1-len(number))) + number
		text := sign + number[:len(number)-digits]
		if digits > 0 {
			// Two marks, so that three decimals are not taken for thousands.
			text = sign + grouped(number[:len(number)-digits]) + "." + number[len(number)-digits:]
		}
		m, err := parseMoney(text)
		if err != nil {
			continue
		}
		if back, err := m.minor(code); err == nil && back == minor {
			return text
		}
	}
	return "cannot be written"
}

// grouped writes a whole number with at least one group, 0'012.
func grouped(whole string) string {
	whole = strings.Repeat("0", max(0, 4-len(whole))) + whole
	for n := len(whole) - 3; n > 0; n -= 3 {
		whole = whole[:n] + "'" + whole[n:]
	}
	return whole
}

// FuzzDate reads arbitrary text as a date; what is accepted is a day that has
// one spelling in every order.
func FuzzDate(f *testing.F) {
	for _, seed := range []string{"2026-12-31", "31/12/2026", "1.2.2026 00:00", "12-31-2026", "45292", "31. 12. 2026", "2026-12-31T00:00:00Z"} {
		f.Add(seed, byte(1))
	}
	f.Fuzz(func(t *testing.T, text string, o byte) {
		in := order(o % 5)
		if d, err := parseDate(text, in); err == nil {
			for _, any := range []order{dayFirst, monthFirst, yearFirst, contradicts} {
				if again, err := parseDate(d.String(), any); err != nil || again != d {
					t.Fatalf("%q is %s, which is read again as %s, %v", text, d, again, err)
				}
			}
		}
		at, err := parseInstant(text, in)
		if err != nil {
			return
		}
		if again, err := parseInstant(at, in); err != nil || again != at {
			t.Fatalf("%q is %s, which is read again as %s, %v", text, at, again, err)
		}
		if _, err := renewal.ParseStamp(at); err != nil && len(at) != len("2026-12-31") {
			t.Fatalf("%q is read as %q, which is no instant", text, at)
		}
	})
}

// FuzzMoney reads arbitrary text as an amount of euros; what is accepted is
// read again from its plain spelling.
func FuzzMoney(f *testing.F) {
	for _, seed := range []string{"1.234,56", "1,234.56", "1 234,56", "1'234.56", "€ 12", "-5", "12.50 EUR", "1.234", ".5", "0,5", "5."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMoney(text)
		if err != nil {
			return
		}
		minor, err := m.minor("EUR")
		if err != nil {
			return
		}
		plain := majorUnits(minor, "EUR")
		again, err := parseMoney(plain)
		if err != nil {
			t.Fatalf("%q is %s cents, whose plain spelling %q is refused: %v", text, minor, plain, err)
		}
		if back, err := again.minor("EUR"); err != nil || back != minor {
			t.Fatalf("%q is %s cents, read again from %q as %s, %v", text, minor, plain, back, err)
		}
		var n int64
		if _, err := fmt.Sscan(minor, &n); err != nil {
			t.Fatalf("%q gives %q, which is no whole number", text, minor)
		}
	})
}
