package compose

import (
	"html"
	"strconv"
	"strings"

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
	"blockquote": `class="quote" style="margin:0 0 16px 0;padding:12px 16px 1px 16px;border:1px solid #1d5fa8;border-left-width:4px;background-color:#eef4fb;"`,
	"pre":        `style="margin:0 0 16px 0;white-space:pre-wrap;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px;"`,
	"code":       `style="font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px;"`,
	"hr":         `class="rule" style="margin:24px 0;border:0;border-top:1px solid #d9e0e7;"`,
	"table":      `role="table" cellpadding="0" cellspacing="0" style="margin:0 0 16px 0;border-collapse:collapse;width:100%;"`,
	"th":         `class="cell" style="padding:8px 12px 8px 0;border-bottom:2px solid #d9e0e7;text-align:left;font-size:14px;vertical-align:top;"`,
	"td":         `class="cell" style="padding:8px 12px 8px 0;border-bottom:1px solid #d9e0e7;text-align:left;vertical-align:top;"`,
	"a":          `class="link" style="color:#1d5fa8;text-decoration:underline;"`,
	"button":     `class="button" style="display:inline-block;padding:13px 26px;border-radius:8px;background-color:#1d5fa8;color:#ffffff;font-weight:600;text-decoration:none;"`,
}

// htmlWriter turns a document into the steps that write it as HTML. Whatever they
// write as text or into an attribute is escaped; elements come from the letter's
// own Markdown alone.
type htmlWriter struct {
	doc   *document
	steps []htmlStep
	// pending is HTML that is not a step yet.
	pending strings.Builder
}

// raw adds what is written as it is.
func (w *htmlWriter) raw(s string) { w.pending.WriteString(s) }

func (w *htmlWriter) step(s htmlStep) {
	w.flush()
	w.steps = append(w.steps, s)
}

func (w *htmlWriter) flush() {
	if w.pending.Len() > 0 {
		w.steps = append(w.steps, htmlStep{kind: stepRaw, text: w.pending.String()})
		w.pending.Reset()
	}
}

// text adds the text of a node, in which marks stand for values.
func (w *htmlWriter) text(source string, raw bool) {
	expandText(source, raw, w.doc.slots, func(s string) { w.raw(html.EscapeString(s)) }, func(i int) {
		w.step(htmlStep{kind: stepValue, number: i})
	})
}

func (w *htmlWriter) open(tag, attributes string) {
	w.raw(startTag(tag, attributes))
}

func startTag(tag, attributes string) string {
	if style := htmlStyles[tag]; style != "" {
		attributes = " " + style + attributes
	}
	return "<" + tag + attributes + ">"
}

func (w *htmlWriter) close(tag string) { w.raw("</" + tag + ">") }

// element writes n's children inside a block element.
func (w *htmlWriter) element(tag string, n ast.Node) {
	w.open(tag, "")
	w.children(n)
	w.close(tag)
	w.raw("\n")
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
		w.raw("\n")
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		w.open("pre", "")
		w.text(string(n.Lines().Value(w.doc.source)), true)
		w.close("pre")
		w.raw("\n")
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

// paragraph writes a paragraph; one of which nothing but blanks is left, because
// its values are empty, is left out.
func (w *htmlWriter) paragraph(n *ast.Paragraph) {
	w.step(htmlStep{kind: stepParagraph, text: startTag("p", "")})
	if link := onlyLink(n); link != nil {
		w.anchor(htmlStyles["button"], link, func() { w.children(link) })
	} else {
		w.children(n)
	}
	w.step(htmlStep{kind: stepParagraphEnd, text: "</p>\n"})
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
	w.raw("\n")
	w.children(n)
	w.close(tag)
	w.raw("\n")
}

func (w *htmlWriter) row(n ast.Node, tag string) {
	w.raw("<tr>")
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		attributes := ""
		if cell, ok := c.(*extast.TableCell); ok && (cell.Alignment == extast.AlignRight || cell.Alignment == extast.AlignCenter) {
			attributes = ` align="` + cell.Alignment.String() + `"`
		}
		w.open(tag, attributes)
		w.children(c)
		w.close(tag)
	}
	w.raw("</tr>\n")
}

func (w *htmlWriter) inline(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		w.text(w.doc.piece(n.Segment), n.IsRaw())
		switch {
		case n.HardLineBreak():
			w.raw("<br>\n")
		case n.SoftLineBreak():
			w.raw("\n")
		}
	case *ast.String:
		w.text(string(n.Value), true)
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
		w.anchor(htmlStyles["a"], n, func() { w.children(n) })
	case *ast.AutoLink:
		w.anchor(htmlStyles["a"], n, func() { w.text(string(n.Label(w.doc.source)), true) })
	case *ast.Image: // a letter loads nothing from elsewhere
		w.doc.plainText(n, w.text)
	case *ast.RawHTML: // only comments get this far
	default:
		w.children(n)
	}
}

// anchor writes a link around what inside writes; where its target turns out to
// be none, only the inside.
func (w *htmlWriter) anchor(style string, link ast.Node, inside func()) {
	number := w.doc.linkAt[link]
	w.step(htmlStep{kind: stepLink, number: number, text: "<a " + style + ` href="`})
	inside()
	w.step(htmlStep{kind: stepLinkEnd, number: number, text: "</a>"})
}
