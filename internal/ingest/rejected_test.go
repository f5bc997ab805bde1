package ingest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRejected proves that the bad rows can be corrected and imported again.
func TestRejected(t *testing.T) {
	f := mustOpen(t, "ref;since;country;\"odd;name\";note\nC1;13/04/2026;FR;x;1\nC2;03/04/2026;France;\"a\r\nb\";2\nC3;45292;ZZZ;\"say \"\"y\"\"\";=1+1\n", Options{})
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
		"country: a country is written as its two letters, such as FR\";C3;45292;ZZZ;\"say \"\"y\"\"\";=1+1\r\n"
	if out.String() != want {
		t.Fatalf("the bad rows are written as\n%s\nwanted\n%s", out.String(), want)
	}
	corrected := strings.NewReplacer(";France;", ";FR;", ";ZZZ;", ";DE;", "45292", "2024-01-01").Replace(out.String())
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

// TestRemoveRejected proves that only what WriteRejected wrote is removed, also
// where a spreadsheet has saved it since.
func TestRemoveRejected(t *testing.T) {
	var written strings.Builder
	f := mustOpen(t, "ref;since\nC1;45292\n", Options{})
	if err := f.WriteRejected(&written, []Fault{{Line: 2, Column: "since", Text: "reason"}}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"written":           {written.String(), true},
		"saved":             {"Rejected_because,ref,since\nreason,C1,\n", true},
		"of somebody":       {"ref;since\nC1;2026-01-01\n", false},
		"in another column": {"ref;rejected_because\nC1;reason\n", false},
		"no CSV":            {"PK\x03\x04rejected_because", false},
		"empty":             {"", false},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		removed, err := RemoveRejected(path)
		_, gone := os.Stat(path)
		if removed != c.want || err != nil || errors.Is(gone, fs.ErrNotExist) != c.want {
			t.Errorf("%s: removed %t, %v; on disk: %v", name, removed, err, gone)
		}
	}
	for _, path := range []string{filepath.Join(dir, "nowhere"), dir} {
		if removed, err := RemoveRejected(path); removed || err != nil {
			t.Errorf("%s: removed %t, %v", path, removed, err)
		}
	}
}
