package ingest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// openText opens a file that is held in memory.
func openText(text string, opt Options) (*File, error) {
	return Open(func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }, "list.csv", opt)
}

func mustOpen(t testing.TB, text string, opt Options) *File {
	t.Helper()
	f, err := openText(text, opt)
	if err != nil {
		t.Fatalf("the file is refused: %v", err)
	}
	return f
}

// goodRow is a row that was accepted, without the cells that say nothing.
type goodRow struct {
	Line  int
	Cells map[string]string
}

// readAll returns the good rows of a file and the faults of the others.
func readAll(t testing.TB, f *File) (rows []goodRow, faults []string) {
	t.Helper()
	err := f.Rows(func(line int, cells []string) error {
		row := goodRow{line, map[string]string{}}
		for i, cell := range cells {
			if cell != "" {
				row.Cells[f.Columns()[i]] = cell
			}
		}
		rows = append(rows, row)
		return nil
	}, func(line int, _, column, value, text string) {
		faults = append(faults, Fault{f.Name(), line, column, value, text}.String())
	})
	if err != nil {
		t.Fatalf("reading the rows: %v", err)
	}
	return rows, faults
}

// refusal returns the faults for which a file is refused as a whole.
func refusal(t testing.TB, text string, opt Options) string {
	t.Helper()
	_, err := openText(text, opt)
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("the file is not refused with faults, but: %v", err)
	}
	return faults.Error()
}

// oneCell reads a single value of an agreements, customers or events column.
func oneCell(t testing.TB, kind, column, value string, opt Options) (string, string) {
	t.Helper()
	fill := map[string][2]string{
		Customers:  {"ref;country", "C1;FR"},
		Products:   {"ref", "P1"},
		Agreements: {"ref;customer;kind;ends_on", "A1;C1;pass;2027-01-31"},
		Events:     {"type;at;customer;agreement", "payment;2027-01-31;C1;A1"},
	}[kind]
	names, cells := strings.Split(fill[0], ";"), strings.Split(fill[1], ";")
	found := false
	for i := range names {
		if names[i] == column {
			cells[i], found = quoted(value), true
		}
	}
	if !found {
		names, cells = append(names, column), append(cells, quoted(value))
	}
	f := mustOpen(t, fmt.Sprintf("%s\n%s\n", strings.Join(names, ";"), strings.Join(cells, ";")), opt)
	rows, faults := readAll(t, f)
	if len(faults) > 0 {
		return "", faults[0]
	}
	return rows[0].Cells[column], ""
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
