package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// Printer writes data to one stream in the form that fits who reads it: aligned
// columns for people, one JSON object a line for programs.
type Printer struct {
	w    io.Writer
	json bool
	// terminal allows progress, colour also colours.
	terminal, colour bool
}

// newPrinter writes to w; colours need a terminal, and NO_COLOR or a dumb
// terminal forbids them.
func newPrinter(w io.Writer, asJSON bool) *Printer {
	terminal := isTerminal(w) && os.Getenv("TERM") != "dumb"
	return &Printer{w: w, json: asJSON, terminal: terminal, colour: terminal && os.Getenv("NO_COLOR") == ""}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// JSON reports whether programs read: then nothing but JSON may be written.
func (p *Printer) JSON() bool { return p.json }

// Line writes one line of text for people.
func (p *Printer) Line(format string, args ...any) error {
	_, err := fmt.Fprintf(p.w, format+"\n", args...)
	return err
}

// Object writes one JSON object on a line.
func (p *Printer) Object(v any) error {
	encoder := json.NewEncoder(p.w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// Column is one column of a table of T.
type Column[T any] struct {
	Title string
	// Right aligns numbers.
	Right bool
	Cell  func(T) string
}

// PrintAll writes items: as JSON objects, each as soon as it comes, or as one
// table once all have come. An error among the items ends it.
func PrintAll[T any](p *Printer, columns []Column[T], items iter.Seq2[T, error]) error {
	out := bufio.NewWriter(p.w)
	if p.json {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		for item, err := range items {
			if err == nil {
				err = encoder.Encode(item)
			}
			if err != nil {
				_ = out.Flush() // the first error is the one to tell
				return err
			}
		}
		return out.Flush()
	}
	var rows [][]string
	for item, err := range items {
		if err != nil {
			return err
		}
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = printable(c.Cell(item))
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	head, right := make([]string, len(columns)), make([]bool, len(columns))
	for i, c := range columns {
		head[i], right[i] = c.Title, c.Right
	}
	writeTable(out, head, right, rows, p.colour)
	return out.Flush()
}

// Items makes a slice into what PrintAll takes.
func Items[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// printable replaces what could steer a terminal or break a row: cells hold
// names and notes that strangers wrote.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return '\uFFFD'
		}
		return r
	}, text)
}

// writeTable aligns columns with blanks; the last one is not filled up.
func writeTable(out *bufio.Writer, head []string, right []bool, rows [][]string, colour bool) {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], cellWidth(cell))
		}
	}
	line := func(row []string) {
		var b strings.Builder
		for i, cell := range row {
			fill := strings.Repeat(" ", widths[i]-cellWidth(cell))
			if i > 0 {
				b.WriteString("  ")
			}
			if right[i] {
				b.WriteString(fill + cell)
			} else {
				b.WriteString(cell + fill)
			}
		}
		_, _ = out.WriteString(strings.TrimRight(b.String(), " ")) // Flush tells the error
	}
	if colour {
		_, _ = out.WriteString("\x1b[1m")
	}
	line(head)
	if colour {
		_, _ = out.WriteString("\x1b[0m")
	}
	_ = out.WriteByte('\n')
	for _, row := range rows {
		line(row)
		_ = out.WriteByte('\n')
	}
}

// cellWidth counts the columns of a terminal that a text takes.
func cellWidth(text string) int {
	n := 0
	for _, r := range text {
		switch k := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case k == width.EastAsianWide || k == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// Progress shows how far long work has got, on a terminal only.
type Progress struct {
	p     *Printer
	label string
	shown bool
}

// Progress starts a line of progress.
func (p *Printer) Progress(label string) *Progress { return &Progress{p: p, label: label} }

// Step shows that done of total are done; a total of 0 is unknown.
func (g *Progress) Step(done, total int) {
	const every = 256 // a terminal is slower than what it watches
	if !g.p.terminal || done%every != 0 && done != total {
		return
	}
	g.shown = true
	if total > 0 {
		_, _ = fmt.Fprintf(g.p.w, "\r\x1b[K%s %d of %d", g.label, done, total)
	} else {
		_, _ = fmt.Fprintf(g.p.w, "\r\x1b[K%s %d", g.label, done)
	}
}

// End wipes the line.
func (g *Progress) End() {
	if g.shown {
		_, _ = fmt.Fprint(g.p.w, "\r\x1b[K")
	}
}
