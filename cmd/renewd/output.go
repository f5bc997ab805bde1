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
)

// Printer writes data to one stream in the form that fits who reads it: aligned
// columns for people, one JSON object a line for programs.
type Printer struct {
	w    io.Writer
	json bool
	// terminal allows progress, colour also colours.
	terminal, colour bool
	// width is how many columns a line may take; 0 is any number.
	width int
}

// newPrinter writes to w; colours need a terminal, and NO_COLOR or a dumb
// terminal forbids them.
func newPrinter(w io.Writer, asJSON bool) *Printer {
	terminal := isTerminal(w) && os.Getenv("TERM") != "dumb"
	p := &Printer{w: w, json: asJSON, terminal: terminal, colour: terminal && os.Getenv("NO_COLOR") == ""}
	if f, ok := w.(*os.File); ok && terminal {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
			p.width = columns
		}
	}
	return p
}

// within is the printer with lines of at most so many columns.
func (p *Printer) within(columns int) *Printer {
	narrow := *p
	if p.width == 0 || p.width > columns {
		narrow.width = columns
	}
	return &narrow
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
	// Solid keeps a terminal from breaking the cells, Below puts them on lines of
	// their own where the row would not fit.
	Solid, Below bool
	Cell         func(T) string
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
	t := newListing(columns)
	for item, err := range items {
		if err != nil {
			return err
		}
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = printable(c.Cell(item))
		}
		t.rows = append(t.rows, row)
	}
	if len(t.rows) == 0 {
		return nil
	}
	if p.width > 0 {
		t.dropEmpty()
		t.fit(p.width)
	}
	t.write(out, p.colour)
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
