package main

import (
	"bufio"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// listing is what people get: aligned columns. On a terminal, columns that are
// empty in every row are left out, and cells are broken at blanks so that a row
// stays within the screen.
type listing struct {
	columns []listed
	rows    [][]string
	// widths are the columns' widths once fit was asked; nil: as wide as they are.
	widths []int
	// limit is how wide what stands below a row may be.
	limit int
}

// listed is one column of a listing.
type listed struct {
	title               string
	right, solid, below bool
}

func newListing[T any](columns []Column[T]) *listing {
	t := &listing{}
	for _, c := range columns {
		t.columns = append(t.columns, listed{c.Title, c.Right, c.Solid, c.Below})
	}
	return t
}

// dropEmpty leaves out the columns that say nothing.
func (t *listing) dropEmpty() {
	for i := len(t.columns) - 1; i >= 0; i-- {
		if slices.ContainsFunc(t.rows, func(row []string) bool { return row[i] != "" }) {
			continue
		}
		t.columns = slices.Delete(t.columns, i, i+1)
		for n := range t.rows {
			t.rows[n] = slices.Delete(t.rows[n], i, i+1)
		}
	}
}

// fit makes the widest columns narrower until a row takes no more than limit, or
// until every column is as narrow as its longest word: words stay whole, since
// refs are copied from here.
func (t *listing) fit(limit int) {
	t.widths, t.limit = t.natural(), limit
	total := -2
	for _, w := range t.widths {
		total += w + 2
	}
	for i := range t.columns {
		if t.columns[i].below && total > limit {
			total -= t.widths[i] + 2
		} else {
			t.columns[i].below = false
		}
	}
	least := t.least()
	for ; total > limit; total-- {
		widest := -1
		for i := range t.widths {
			if t.widths[i] > least[i] && !t.columns[i].below && (widest < 0 || t.widths[i] > t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.widths[widest]--
	}
}

// least is how narrow the columns can be.
func (t *listing) least() []int {
	least := t.natural()
	for i, c := range t.columns {
		if c.solid {
			continue
		}
		least[i] = longestWord(c.title)
		for _, row := range t.rows {
			least[i] = max(least[i], longestWord(row[i]))
		}
	}
	return least
}

// natural is how wide the columns are when nothing is broken.
func (t *listing) natural() []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = cellWidth(c.title)
		for _, row := range t.rows {
			widths[i] = max(widths[i], cellWidth(row[i]))
		}
	}
	return widths
}

// write prints the listing; the last column is not filled up.
func (t *listing) write(out *bufio.Writer, colour bool) {
	if t.widths == nil {
		t.widths = t.natural()
		for i := range t.columns {
			t.columns[i].below = false
		}
	}
	head := make([]string, len(t.columns))
	for i, c := range t.columns {
		if head[i] = c.title; c.below {
			head[i] = "" // what stands below speaks for itself
		}
	}
	if colour {
		_, _ = out.WriteString("\x1b[1m") // Flush tells the error, here and below
	}
	t.writeRow(out, head)
	if colour {
		_, _ = out.WriteString("\x1b[0m")
	}
	_ = out.WriteByte('\n')
	for _, row := range t.rows {
		t.writeRow(out, row)
		_ = out.WriteByte('\n')
	}
}

// writeRow prints one row on as many lines as its highest cell needs, and then
// what stands below it.
func (t *listing) writeRow(out *bufio.Writer, row []string) {
	cells, height := make([][]string, len(row)), 1
	for i, cell := range row {
		if !t.columns[i].below {
			cells[i] = wrap(cell, t.widths[i])
			height = max(height, len(cells[i]))
		}
	}
	for n := range height {
		if n > 0 {
			_ = out.WriteByte('\n')
		}
		_, _ = out.WriteString(t.line(cells, n))
	}
	indent := t.widths[0] + 2
	for i, cell := range row {
		if !t.columns[i].below || cell == "" {
			continue
		}
		for _, text := range wrap(cell, max(t.limit-indent, indent)) {
			_, _ = out.WriteString("\n" + strings.Repeat(" ", indent) + text)
		}
	}
}

// line is the n-th line of a row.
func (t *listing) line(cells [][]string, n int) string {
	var b strings.Builder
	first := true
	for i, c := range t.columns {
		if c.below {
			continue
		}
		text := ""
		if n < len(cells[i]) {
			text = cells[i][n]
		}
		fill := strings.Repeat(" ", max(0, t.widths[i]-cellWidth(text)))
		if c.right {
			text, fill = fill, text
		}
		if !first {
			b.WriteString("  ")
		}
		first = false
		b.WriteString(text + fill)
	}
	return strings.TrimRight(b.String(), " ")
}

// wrap breaks a text at blanks into lines of at most so many columns; a longer
// word has a line of its own.
func wrap(text string, columns int) []string {
	if cellWidth(text) <= columns {
		return []string{text}
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case cellWidth(line)+1+cellWidth(word) <= columns:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

func longestWord(text string) int {
	n := 0
	for word := range strings.FieldsSeq(text) {
		n = max(n, cellWidth(word))
	}
	return n
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
