package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestListingOnATerminal: empty columns go, cells are broken at blanks, words
// stay whole even where they do not fit.
func TestListingOnATerminal(t *testing.T) {
	columns := []Column[[4]string]{
		{Title: "ID", Right: true, Cell: func(r [4]string) string { return r[0] }},
		{Title: "NOTHING", Cell: func(r [4]string) string { return r[1] }},
		{Title: "NAME", Cell: func(r [4]string) string { return r[2] }},
		{Title: "WHAT", Cell: func(r [4]string) string { return r[3] }},
	}
	rows := [][4]string{
		{"1", "", "Ana", "one two three four five"},
		{"12", "", "日本 José\u0301 Ruiz", "unbreakable-word-of-a-kind six"},
	}
	for name, c := range map[string]struct {
		width int
		want  string
	}{
		"wide": {80, "" +
			"ID  NAME            WHAT\n" +
			" 1  Ana             one two three four five\n" +
			"12  日本 José\u0301 Ruiz  unbreakable-word-of-a-kind six\n"},
		"narrow": {40, "" +
			"ID  NAME      WHAT\n" +
			" 1  Ana       one two three four five\n" +
			"12  日本      unbreakable-word-of-a-kind\n" +
			"    José\u0301      six\n" +
			"    Ruiz\n"},
		"too narrow": {20, "" +
			"ID  NAME  WHAT\n" +
			" 1  Ana   one two three four five\n" +
			"12  日本  unbreakable-word-of-a-kind\n" +
			"    José\u0301  six\n" +
			"    Ruiz\n"},
	} {
		var out strings.Builder
		p := &Printer{w: &out, width: c.width}
		if err := PrintAll(p, columns, Items(rows)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct{ has, wants, want int }{{0, 80, 80}, {60, 80, 60}, {200, 80, 80}} {
		p := &Printer{width: c.has}
		if got := p.within(c.wants).width; got != c.want || p.width != c.has {
			t.Errorf("%d within %d: %d", c.has, c.wants, got)
		}
	}
}
