package main

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// visit is a row for the tests of tables.
type visit struct {
	Name  string `json:"name"`
	Count string `json:"count"`
}

var visitColumns = []Column[visit]{
	{Title: "NAME", Cell: func(v visit) string { return v.Name }},
	{Title: "COUNT", Right: true, Cell: func(v visit) string { return v.Count }},
	{Title: "NOTE", Cell: func(visit) string { return "" }},
}

var visits = []visit{{"Ana <&>", "1"}, {"日本", "1000"}, {"José\u0301", "20"}, {"evil\x1b[2J\nname\u202e", "3"}}

func TestPrintAll(t *testing.T) {
	for name, c := range map[string]struct {
		json, colour bool
		want         string
	}{
		"pipe": {want: "" +
			"NAME            COUNT  NOTE\n" +
			"Ana <&>             1\n" +
			"日本             1000\n" +
			"José\u0301               20\n" +
			"evil\uFFFD[2J name\uFFFD      3\n"},
		"terminal": {colour: true, want: "" +
			"\x1b[1mNAME            COUNT  NOTE\x1b[0m\n" +
			"Ana <&>             1\n" +
			"日本             1000\n" +
			"José\u0301               20\n" +
			"evil\uFFFD[2J name\uFFFD      3\n"},
		"json": {json: true, want: `{"name":"Ana <&>","count":"1"}
{"name":"日本","count":"1000"}
{"name":"José` + "\u0301" + `","count":"20"}
{"name":"evil\u001b[2J\nname` + "\u202e" + `","count":"3"}
`},
	} {
		var out strings.Builder
		p := &Printer{w: &out, json: c.json, colour: c.colour}
		if err := PrintAll(p, visitColumns, Items(visits)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestPrintAllOfNothing(t *testing.T) {
	var out strings.Builder
	if err := PrintAll(newPrinter(&out, false), visitColumns, Items[visit](nil)); err != nil || out.Len() > 0 {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestPrintAllTellsAnErrorAmongTheItems(t *testing.T) {
	broken := errors.New("the disk is gone")
	var items iter.Seq2[visit, error] = func(yield func(visit, error) bool) {
		_ = yield(visits[0], nil) && yield(visit{}, broken)
	}
	for _, json := range []bool{false, true} {
		var out strings.Builder
		err := PrintAll(newPrinter(&out, json), visitColumns, items)
		if !errors.Is(err, broken) {
			t.Errorf("json %v: %v", json, err)
		}
		if lines := strings.Count(out.String(), "\n"); json && lines != 1 || !json && lines != 0 {
			t.Errorf("json %v: %q", json, out.String())
		}
	}
}

func TestPipesGetNeitherColourNorProgress(t *testing.T) {
	var out strings.Builder
	p := newPrinter(&out, false)
	g := p.Progress("rows")
	g.Step(256, 512)
	g.End()
	if p.terminal || p.colour || out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}

func TestProgressOnATerminal(t *testing.T) {
	var out strings.Builder
	p := &Printer{w: &out, terminal: true}
	g := p.Progress("rows")
	for i := range 300 {
		g.Step(i+1, 300)
	}
	g.End()
	want := "\r\x1b[Krows 256 of 300\r\x1b[Krows 300 of 300\r\x1b[K"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
