package compose

import (
	"bytes"
	"html"
	"strconv"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// Styles stand in the elements themselves, because several mail programs drop
// every style sheet; the classes are for layout.html, which turns the colours
// round for dark mode.
var htmlStyles = map[string]string{
	"p":          `class="text" style="margin:0 0 16px 0;"`,
	"h1":         `class="strong" style="margin:8px 0 16px 0;font-size:24px;line-height:1.25;font-weight:700;color:#12202e;"`,
	"h2":         `class="strong" style="margin:24px 0 12px 0;font-size:19px;line-height:1.3;font-weight:700;color:#12202e;"`,
	"h3":         `class="strong" style="margin:20px 0 8px 0;font-size:16px;line-height:1.4;font-weight:700;color:#12202e;"`,
	"ul":         `style="margin:0 0 16px 0;padding:0 0 0 22px;"`,
	"ol":         `style="margin:0 0 16px 0;padding:0 0 0 26px;"`,
	"li":         `style="margin:0 0 6px 0;"`,
	"blockquote": `class="quote" style="margin:0 0 16px 0;padding:12px 16px 1px 16px;border-left:4px solid #1d5fa8;background-color:#eef4fb;"`,
	"pre":        `style="margin:0 0 16px 0;white-space:pre-wrap;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px;"`,
	"code":       `style="font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px;"`,
	"hr":         `class="rule" style="margin:24px 0;border:0;border-top:1px solid #d9e0e7;"`,
	"table":      `role="table" cellpadding="0" cellspacing="0" style="margin:0 0 16px 0;border-collapse:collapse;width:100%;"`,
	"th":         `class="cell" style="padding:8px 12px 8px 0;border-bottom:2px solid #d9e0e7;text-align:left;font-size:14px;vertical-align:top;"`,
	"td":         `class="cell" style="padding:8px 12px 8px 0;border-bottom:1px solid #d9e0e7;text-align:left;vertical-align:top;"`,
	"a":          `class="link" style="color:#1d5fa8;text-decoration:underline;"`,
	"button":     `class="button" style="display:inline-block;padding:13px 26px;border-radius:8px;background-color:#1d5fa8;color:#ffffff;font-weight:600;text-decoration:none;"`,
}

// htmlWriter writes a document as HTML. Whatever it writes as text or into an
// attribute it escapes; elements come from the letter's own Markdown alone.
type htmlWriter struct {
	doc *document
	bytes.Buffer
}

// html returns the document as HTML for the inside of the layout.
func (d *document) html() string {
	w := &htmlWriter{doc: d}
	w.Grow(3*len(d.source) + 512) // styles make up most of it
	w.children(d.root)
	return w.String()
}

func (w *htmlWriter) text(s string) { w.WriteString(html.EscapeString(s)) }

func (w *htmlWriter) open(tag, attributes string) {
	w.WriteByte('<')
	w.WriteString(tag)
	if style := htmlStyles[tag]; style != "" {
		w.WriteByte(' ')
		w.WriteString(style)
	}
	w.WriteString(attributes)
	w.WriteByte('>')
}

func (w *htmlWriter) close(tag string) {
	w.WriteString("</")
	w.WriteString(tag)
	w.WriteByte('>')
}

// element writes n's children inside a block element.
func (w *htmlWriter) element(tag string, n ast.Node) {
	w.open(tag, "")
	w.children(n)
	w.close(tag)
	w.WriteByte('\n')
}

func (w *htmlWriter) children(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.Type() == ast.TypeInline {
			w.inline(c)
		} else {
			w.block(c)
		}
	}
}

func (w *htmlWriter) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Paragraph:
		w.paragraph(n)
	case *ast.TextBlock:
		w.children(n)
	case *ast.Heading:
		w.element("h"+strconv.Itoa(min(n.Level, 3)), n)
	case *ast.Blockquote:
		w.element("blockquote", n)
	case *ast.List:
		w.list(n)
	case *ast.ListItem:
		w.element("li", n)
	case *ast.ThematicBreak:
		w.open("hr", "")
		w.WriteByte('\n')
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		w.open("pre", "")
		w.doc.expandText(string(n.Lines().Value(w.doc.source)), true, w.text)
		w.close("pre")
		w.WriteByte('\n')
	case *extast.Table:
		w.element("table", n)
	case *extast.TableHeader:
		w.row(n, "th")
	case *extast.TableRow:
		w.row(n, "td")
	case *ast.HTMLBlock, *ast.LinkReferenceDefinition: // only comments get this far
	default:
		w.children(n)
	}
}

func (w *htmlWriter) paragraph(n *ast.Paragraph) {
	if link := onlyLink(n); link != nil {
		if target, ok := w.doc.target(link.Destination); ok {
			w.open("p", "")
			w.anchor(htmlStyles["button"], target, link)
			w.close("p")
			w.WriteByte('\n')
			return
		}
	}
	start := w.Len()
	w.open("p", "")
	inside := w.Len()
	w.children(n)
	if len(bytes.TrimSpace(w.Bytes()[inside:])) == 0 {
		w.Truncate(start) // a paragraph of empty values
		return
	}
	w.close("p")
	w.WriteByte('\n')
}

func (w *htmlWriter) list(n *ast.List) {
	tag, attributes := "ul", ""
	if n.IsOrdered() {
		tag = "ol"
		if n.Start != 1 {
			attributes = ` start="` + strconv.Itoa(n.Start) + `"`
		}
	}
	w.open(tag, attributes)
	w.WriteByte('\n')
	w.children(n)
	w.close(tag)
	w.WriteByte('\n')
}

func (w *htmlWriter) row(n ast.Node, tag string) {
	w.WriteString("<tr>")
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		attributes := ""
		if cell, ok := c.(*extast.TableCell); ok && (cell.Alignment == extast.AlignRight || cell.Alignment == extast.AlignCenter) {
			attributes = ` align="` + cell.Alignment.String() + `"`
		}
		w.open(tag, attributes)
		w.children(c)
		w.close(tag)
	}
	w.WriteString("</tr>\n")
}

func (w *htmlWriter) inline(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		w.doc.expandText(string(n.Segment.Value(w.doc.source)), n.IsRaw(), w.text)
		switch {
		case n.HardLineBreak():
			w.WriteString("<br>\n")
		case n.SoftLineBreak():
			w.WriteByte('\n')
		}
	case *ast.String:
		w.text(string(n.Value))
	case *ast.Emphasis:
		tag := "em"
		if n.Level == 2 {
			tag = "strong"
		}
		w.open(tag, "")
		w.children(n)
		w.close(tag)
	case *ast.CodeSpan:
		w.open("code", "")
		w.children(n)
		w.close("code")
	case *ast.Link:
		if target, ok := w.doc.target(n.Destination); ok {
			w.anchor(htmlStyles["a"], target, n)
		} else {
			w.children(n)
		}
	case *ast.AutoLink:
		w.autoLink(n)
	case *ast.Image: // a letter loads nothing from elsewhere
		w.text(w.doc.plainText(n))
	case *ast.RawHTML: // only comments get this far
	default:
		w.children(n)
	}
}

func (w *htmlWriter) anchor(style, target string, n ast.Node) {
	w.WriteString("<a ")
	w.WriteString(style)
	w.WriteString(` href="`)
	w.text(target)
	w.WriteString(`">`)
	w.children(n)
	w.close("a")
}

func (w *htmlWriter) autoLink(n *ast.AutoLink) {
	label := string(n.Label(w.doc.source))
	target := label
	if n.AutoLinkType == ast.AutoLinkEmail {
		target = "mailto:" + label
	}
	target, ok := w.doc.target([]byte(target))
	if !ok {
		w.doc.expandText(label, true, w.text)
		return
	}
	w.WriteString("<a ")
	w.WriteString(htmlStyles["a"])
	w.WriteString(` href="`)
	w.text(target)
	w.WriteString(`">`)
	w.doc.expandText(label, true, w.text)
	w.close("a")
}
