package compose

import "bytes"

// htmlStep is one step of writing a document as HTML: the page of a letter is made
// once for all its readers, and each reader's values go in between.
type htmlStep struct {
	kind stepKind
	// text is HTML: what the step writes, or what it writes before its target.
	text string
	// number is the place of the value or of the link.
	number int
}

type stepKind uint8

const (
	// stepRaw writes text.
	stepRaw stepKind = iota
	// stepValue writes a value, escaped.
	stepValue
	// stepLink begins a link and stepLinkEnd ends it, unless it leads nowhere.
	stepLink
	stepLinkEnd
	// stepParagraph begins a paragraph, stepParagraphEnd ends it, or takes it
	// back where nothing but blanks stands in it. Paragraphs never nest.
	stepParagraph
	stepParagraphEnd
)

// appendHTML appends the document, with its values, as HTML for the inside of the
// layout.
func (f *filled) appendHTML(b []byte) []byte {
	start, inside := 0, 0 // of the paragraph that is open
	for i := range f.page {
		step := &f.page[i]
		switch step.kind {
		case stepRaw:
			b = append(b, step.text...)
		case stepValue:
			b = appendEscaped(b, f.values[step.number], false)
		case stepLink:
			if target := f.targets[step.number]; target != "" {
				b = append(b, step.text...)
				b = appendEscaped(b, target, false)
				b = append(b, `">`...)
			}
		case stepLinkEnd:
			if f.targets[step.number] != "" {
				b = append(b, step.text...)
			}
		case stepParagraph:
			start = len(b)
			b = append(b, step.text...)
			inside = len(b)
		case stepParagraphEnd:
			if len(bytes.TrimSpace(b[inside:])) == 0 {
				b = b[:start]
				break
			}
			b = append(b, step.text...)
		}
	}
	return b
}

// appendEscaped appends text as it stands in HTML, between elements or in a quoted
// attribute. With plus it writes what html/template writes there, which escapes +
// and NUL as well, for mail programs of long ago.
func appendEscaped(b []byte, s string, plus bool) []byte {
	done := 0
	for i := 0; i < len(s); i++ {
		escaped := ""
		switch c := s[i]; {
		case c == '"':
			escaped = "&#34;"
		case c == '&':
			escaped = "&amp;"
		case c == '\'':
			escaped = "&#39;"
		case c == '<':
			escaped = "&lt;"
		case c == '>':
			escaped = "&gt;"
		case c == '+' && plus:
			escaped = "&#43;"
		case c == 0 && plus:
			escaped = "\ufffd"
		default:
			continue
		}
		b = append(b, s[done:i]...)
		b = append(b, escaped...)
		done = i + 1
	}
	return append(b, s[done:]...)
}
