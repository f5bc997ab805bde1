package ingest

import (
	"strings"
	"testing"
)

// TestRejected proves that the bad rows can be corrected and imported again.
func TestRejected(t *testing.T) {
	f := mustOpen(t, "ref;since;country;\"odd;name\";note\nC1;13/04/2026;FR;x;1\nC2;03/04/2026;France;\"a\r\nb\";2\nC3;45292;XXX;\"say \"\"y\"\"\";=1+1\n", Options{})
	var faults []Fault
	if err := f.Rows(func(int, []string) error { return nil }, func(line int, _, column, value, text string) {
		faults = append(faults, Fault{f.Name(), line, column, value, text})
	}); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := f.WriteRejected(&out, faults); err != nil {
		t.Fatal(err)
	}
	want := "\uFEFFrejected_because;ref;since;country;\"odd;name\";note\r\n" +
		"\"country: a country is written as its two letters, such as FR\";C2;2026-04-03;France;\"a\nb\";2\r\n" +
		"\"since: this is a spreadsheet's serial number, not a date; format the column as a date and export it again | " +
		"country: a country is written as its two letters, such as FR\";C3;45292;XXX;\"say \"\"y\"\"\";=1+1\r\n"
	if out.String() != want {
		t.Fatalf("the bad rows are written as\n%s\nwanted\n%s", out.String(), want)
	}
	corrected := strings.NewReplacer(";France;", ";FR;", ";XXX;", ";DE;", "45292", "2024-01-01").Replace(out.String())
	again := mustOpen(t, corrected, Options{})
	rows, faultTexts := readAll(t, again)
	if len(faultTexts) > 0 || len(rows) != 2 || rows[0].Cells["since"] != "2026-04-03" || rows[0].Cells["attributes.odd;name"] != "a\nb" {
		t.Fatalf("the corrected rows are read as %v, %s", rows, faultTexts)
	}
	// Rejected once more, the old reason gives way to the new one.
	out.Reset()
	if err := again.WriteRejected(&out, []Fault{{Line: rows[1].Line, Column: "ref", Text: "new reason"}}); err != nil {
		t.Fatal(err)
	}
	if want := "\uFEFFrejected_because;ref;since;country;\"odd;name\";note\r\nref: new reason;C3;2024-01-01;DE;\"say \"\"y\"\"\";=1+1\r\n"; out.String() != want {
		t.Errorf("rejected again:\n%s\nwanted\n%s", out.String(), want)
	}
}
