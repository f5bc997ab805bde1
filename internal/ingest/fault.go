package ingest

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fault is one thing in a file that cannot be taken as it stands.
type Fault struct {
	// File is the name of the file as it was given.
	File string
	// Line is the line on which the row starts, counted from 1 as an editor
	// counts; 0 where the fault is about the file as a whole.
	Line int
	// Column is the name of the column; empty where no single one is meant.
	Column string
	// Value is the cell as it stands in the file; empty where it does not help.
	Value string
	// Text says what is wrong and what to write instead.
	Text string
}

// longestShown is the number of characters of a value that a fault shows.
const longestShown = 60

// String writes f as file:line: column "ends_on", value "31/02/2026": what is
// wrong; what to write.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(f.Line))
	}
	b.WriteString(": ")
	if f.Column != "" {
		b.WriteString(`column "` + f.Column + `"`)
	}
	if f.Value != "" {
		if f.Column != "" {
			b.WriteString(", ")
		}
		b.WriteString("value " + strconv.Quote(shorten(f.Value)))
	}
	if f.Column != "" || f.Value != "" {
		b.WriteString(": ")
	}
	b.WriteString(f.Text)
	return b.String()
}

// shorten cuts a text to what fits into a sentence.
func shorten(s string) string {
	if utf8.RuneCountInString(s) <= longestShown {
		return s
	}
	n := 0
	for i := range s {
		if n == longestShown {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// Faults is a list of faults as an error: the file as a whole is refused.
type Faults []Fault

// Error writes one fault a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].String()
	}
	return strings.Join(lines, "\n")
}
