package compose

import (
	"html"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// newMarkdown returns the parser of letters: CommonMark and tables. It is safe
// for concurrent use.
func newMarkdown() parser.Parser {
	return goldmark.New(goldmark.WithExtensions(extension.Table)).Parser()
}

// document is a letter's Markdown with marks in place of values, parsed. It knows
// no value of any customer, so letters that differ only in their values share it;
// it never changes and is safe for concurrent use.
type document struct {
	root ast.Node
	// markdown is the text, source the same for the parser.
	markdown string
	source   []byte
	// slots is how many values it has marks for.
	slots int
	// rawHTML is the first piece of HTML in the Markdown, empty where there is none.
	rawHTML string
	// page are the steps that write the HTML.
	page []htmlStep
	// links are the destinations of all links as the Markdown has them; linkAt
	// finds a link's place among them.
	links  []string
	linkAt map[ast.Node]int
}

func newDocument(p parser.Parser, markdown string, slots int) *document {
	d := &document{markdown: markdown, source: []byte(markdown), slots: slots, linkAt: map[ast.Node]int{}}
	d.root = p.Parse(text.NewReader(d.source))
	d.rawHTML = d.findHTML()
	d.findLinks()
	w := htmlWriter{doc: d}
	w.children(d.root)
	w.flush()
	d.page = w.steps
	return d
}

// findHTML returns the first piece of HTML in the letter's own Markdown but for
// comments. It is not supported, and what cannot be shown must not vanish.
func (d *document) findHTML() string {
	found := ""
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		raw := ""
		switch n := n.(type) {
		case *ast.HTMLBlock:
			raw = string(n.Lines().Value(d.source))
		case *ast.RawHTML:
			raw = string(n.Segments.Value(d.source))
		}
		raw = strings.TrimSpace(raw)
		if entering && raw != "" && !strings.HasPrefix(raw, "<!--") {
			found = raw
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return found
}

func (d *document) findLinks() {
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		destination := ""
		switch n := n.(type) {
		case *ast.Link:
			destination = string(n.Destination)
		case *ast.AutoLink:
			destination = string(n.Label(d.source))
			if n.AutoLinkType == ast.AutoLinkEmail {
				destination = "mailto:" + destination
			}
		default:
			return ast.WalkContinue, nil
		}
		if entering {
			d.linkAt[n] = len(d.links)
			d.links = append(d.links, destination)
		}
		return ast.WalkContinue, nil
	})
}

// piece returns the text of a segment.
func (d *document) piece(s text.Segment) string {
	if s.Padding == 0 && !s.ForceNewline {
		return d.markdown[s.Start:s.Stop]
	}
	return string(s.Value(d.source))
}

// plainText gives the source text of a node and its children on one line, piece
// by piece; raw pieces have no escapes in them.
func (d *document) plainText(n ast.Node, piece func(source string, raw bool)) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			piece(d.piece(c.Segment), c.IsRaw())
			if c.SoftLineBreak() || c.HardLineBreak() {
				piece(" ", true)
			}
		case *ast.String:
			piece(string(c.Value), true)
		case *ast.AutoLink:
			piece(string(c.Label(d.source)), true)
		default:
			d.plainText(c, piece)
		}
	}
}

// onlyLink returns the link that a paragraph consists of, nil where there is
// anything else in it. Such a link is the letter's button.
func onlyLink(p ast.Node) *ast.Link {
	if p.ChildCount() != 1 {
		return nil
	}
	link, _ := p.FirstChild().(*ast.Link)
	return link
}

// filled is a document with the values of one letter.
type filled struct {
	*document
	values []string
	// targets are where the links lead, in the order of links; empty where it
	// must not be a link.
	targets []string
}

// fill puts the values of one letter, one for every slot, into a document. Values never become part
// of anything that is searched for marks.
func (d *document) fill(values []string) *filled {
	f := &filled{document: d, values: values, targets: make([]string, len(d.links))}
	for i, destination := range d.links {
		f.targets[i] = f.resolve(destination)
	}
	return f
}

// resolve returns where a link leads, or nothing where it must not be a link. A
// value at its beginning is taken as an address; one further inside is encoded,
// so that it cannot change where the link leads.
func (f *filled) resolve(destination string) string {
	var b strings.Builder
	safe := ""
	expand(destination, f.slots, func(literal string) {
		b.WriteString(unescape(literal))
	}, func(i int) {
		value := f.values[i]
		if b.Len() == 0 {
			b.WriteString(strings.TrimSpace(value))
			return
		}
		if strings.EqualFold(b.String(), "mailto:") {
			safe = "@+"
		}
		b.WriteString(percentEncode(value, safe))
		safe = ""
	})
	target, _ := safeURL(b.String())
	return target
}

// target returns where a link leads; empty where it is none.
func (f *filled) target(link ast.Node) string { return f.targets[f.linkAt[link]] }

// expandText writes the text of a node: what the author wrote, with backslash
// escapes and entities resolved unless raw, and values as they are. Neither is
// escaped for any output yet.
func (f *filled) expandText(source string, raw bool, write func(string)) {
	expandText(source, raw, f.slots, write, func(i int) { write(f.values[i]) })
}

// expandText is expand for the text of a node, whose escapes and entities are
// resolved unless raw.
func expandText(source string, raw bool, slots int, literal func(string), value func(int)) {
	expand(source, slots, func(s string) {
		if !raw {
			s = unescape(s)
		}
		literal(s)
	}, value)
}

// unescape resolves backslash escapes and entities as CommonMark wants it, in one
// pass: what an escape produced is not read again.
func unescape(s string) string {
	if !strings.ContainsAny(s, `\&`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && util.IsPunct(s[i+1]):
			i++
			b.WriteByte(s[i])
		case c == '&':
			if end := strings.IndexByte(s[i:], ';'); end > 1 && end < 40 {
				entity := s[i : i+end+1]
				if text := html.UnescapeString(entity); text != entity {
					b.WriteString(text)
					i += end
					continue
				}
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
