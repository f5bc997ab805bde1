package compose

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// textWidth is where lines of the plain text part are broken, in characters.
const textWidth = 76

// textWriter writes a document as plain text for people who read their mail
// that way: wrapped, with addresses in full and never broken.
type textWriter struct {
	doc *filled
	// colon is what the language puts between a link's text and its address.
	colon string
}

// text returns the document as plain text, lines ending in LF.
func (f *filled) text(locale string) string {
	w := textWriter{doc: f, colon: footerFor(locale).colon}
	return strings.Join(w.blocks(f.root, textWidth), "\n") + "\n"
}

// blocks returns the lines of n's blocks, with a blank line between them.
func (w textWriter) blocks(n ast.Node, width int) []string {
	var lines []string
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		block := w.block(c, width)
		if len(block) == 0 {
			continue
		}
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, block...)
	}
	return lines
}

func (w textWriter) block(n ast.Node, width int) []string {
	switch n := n.(type) {
	case *ast.Paragraph:
		if link := onlyLink(n); link != nil {
			if target := w.doc.target(link); target != "" {
				return w.button(w.inlines(link), target, width)
			}
		}
		return wrap(w.inlines(n), width)
	case *ast.TextBlock:
		return wrap(w.inlines(n), width)
	case *ast.Heading:
		return w.heading(n, width)
	case *ast.Blockquote:
		return prefixed(w.blocks(n, width-2), "> ", "> ")
	case *ast.List:
		return w.list(n, width)
	case *ast.ThematicBreak:
		return []string{strings.Repeat("-", min(width, 40))}
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		var b strings.Builder
		w.doc.expandText(string(n.Lines().Value(w.doc.source)), true, func(s string) { b.WriteString(s) })
		return prefixed(strings.Split(strings.TrimRight(b.String(), "\n"), "\n"), "    ", "    ")
	case *extast.Table:
		return w.table(n, width)
	case *ast.HTMLBlock, *ast.LinkReferenceDefinition: // only comments get this far
		return nil
	}
	return w.blocks(n, width)
}

// button writes the link that stands alone: its text, then the address.
func (w textWriter) button(label, target string, width int) []string {
	target = readable(target)
	label = strings.TrimRight(squeezed(label), ": \u00a0\u202f")
	if label == "" || label == target {
		return []string{target}
	}
	if label += w.colon; utf8.RuneCountInString(label)+1+utf8.RuneCountInString(target) <= width {
		return []string{label + " " + target}
	}
	return append(wrap(label, width), target)
}

func (w textWriter) heading(n *ast.Heading, width int) []string {
	lines := wrap(w.inlines(n), width)
	if n.Level > 2 || len(lines) == 0 {
		return lines
	}
	longest := 0
	for _, line := range lines {
		longest = max(longest, utf8.RuneCountInString(line))
	}
	return append(lines, strings.Repeat(map[int]string{1: "=", 2: "-"}[n.Level], longest))
}

func (w textWriter) list(n *ast.List, width int) []string {
	var lines []string
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		bullet := "- "
		if n.IsOrdered() {
			bullet = strconv.Itoa(number) + ". "
			number++
		}
		block := w.blocks(item, width-len(bullet))
		if n.IsTight {
			block = withoutBlank(block)
		} else if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, prefixed(block, bullet, strings.Repeat(" ", len(bullet)))...)
	}
	return lines
}

// table writes columns side by side, or, where they do not fit, every row as
// lines of "header: cell".
func (w textWriter) table(n *extast.Table, width int) []string {
	var rows [][]string
	var widths []int
	total := -2
	for r := n.FirstChild(); r != nil; r = r.NextSibling() {
		var row []string
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			cell := squeezed(w.inlines(c))
			if len(row) >= len(widths) {
				widths = append(widths, 0)
			}
			widths[len(row)] = max(widths[len(row)], utf8.RuneCountInString(cell))
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	for _, each := range widths {
		total += each + 2
	}
	if len(rows) == 0 {
		return nil
	}
	if total > width {
		return tableAsLines(rows, width)
	}
	var lines []string
	for i, row := range rows {
		var b strings.Builder
		for j, cell := range row {
			b.WriteString(cell)
			b.WriteString(strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)+2))
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
		if i == 0 {
			lines = append(lines, strings.Repeat("-", total))
		}
	}
	return lines
}

func tableAsLines(rows [][]string, width int) []string {
	var lines []string
	for i, row := range rows[1:] {
		if i > 0 {
			lines = append(lines, "")
		}
		for j, cell := range row {
			if j < len(rows[0]) && rows[0][j] != "" {
				cell = rows[0][j] + ": " + cell
			}
			lines = append(lines, wrap(cell, width)...)
		}
	}
	return lines
}

// inlines returns the text of n's inline children; a line break in it is one
// that the author wanted.
func (w textWriter) inlines(n ast.Node) string {
	var b strings.Builder
	b.Grow(2 * textWidth)
	write := func(s string) { b.WriteString(s) }
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			w.doc.expandText(w.doc.piece(c.Segment), c.IsRaw(), write)
			switch {
			case c.HardLineBreak():
				b.WriteByte('\n')
			case c.SoftLineBreak():
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.Link:
			b.WriteString(w.link(c))
		case *ast.AutoLink:
			w.doc.expandText(string(c.Label(w.doc.source)), true, write)
		case *ast.Image:
			w.doc.plainText(c, func(source string, raw bool) { w.doc.expandText(source, raw, write) })
		case *ast.RawHTML: // only comments get this far
		default:
			b.WriteString(w.inlines(c))
		}
	}
	return b.String()
}

func (w textWriter) link(n *ast.Link) string {
	label := w.inlines(n)
	target := readable(w.doc.target(n))
	if target == "" || label == target {
		return label
	}
	return label + " <" + target + ">"
}

// readable is how a link's target is shown to a person: a plain mail address
// without its scheme.
func readable(target string) string {
	if address, isMail := strings.CutPrefix(target, "mailto:"); isMail && !strings.ContainsAny(address, "?%") {
		return address
	}
	return target
}

// wrap breaks text into lines of at most width characters. It breaks at blanks
// only: neither a long address nor a no-break space is torn.
func wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		paragraph = squeezed(paragraph)
		for paragraph != "" {
			end, used := 0, 0 // of the line: in bytes, in characters
			for next := 0; next < len(paragraph); next = end + 1 {
				word, _, _ := strings.Cut(paragraph[next:], " ")
				n := utf8.RuneCountInString(word)
				if used > 0 {
					n++
				}
				if used > 0 && used+n > width {
					break
				}
				used += n
				end = next + len(word)
			}
			lines = append(lines, paragraph[:end])
			paragraph = paragraph[min(end+1, len(paragraph)):]
		}
	}
	return lines
}

func prefixed(lines []string, first, rest string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		prefix := rest
		if i == 0 {
			prefix = first
		}
		out[i] = strings.TrimRight(prefix+line, " ")
	}
	return out
}

func withoutBlank(lines []string) []string {
	out := lines[:0]
	for _, line := range lines {
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}
