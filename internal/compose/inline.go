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

// document is a letter's Markdown, parsed, with the values of its marks.
type document struct {
	root   ast.Node
	source []byte
	values []string
}

func newDocument(p parser.Parser, markdown string, values []string) *document {
	source := []byte(markdown)
	return &document{root: p.Parse(text.NewReader(source)), source: source, values: values}
}

// rawHTML returns the first piece of HTML in the letter's own Markdown but for
// comments. It is not supported, and what cannot be shown must not vanish.
func (d *document) rawHTML() string {
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

// expandText writes the text of a node: what the author wrote, with backslash
// escapes and entities resolved unless raw, and values as they are. Neither is
// escaped for any output yet.
func (d *document) expandText(s string, raw bool, write func(string)) {
	expand(s, d.values, func(literal string) {
		if !raw {
			literal = unescape(literal)
		}
		write(literal)
	}, write)
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

// plainText is the text of a node and its children on one line.
func (d *document) plainText(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			d.expandText(string(c.Segment.Value(d.source)), c.IsRaw(), func(s string) { b.WriteString(s) })
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.AutoLink:
			b.Write(c.Label(d.source))
		default:
			b.WriteString(d.plainText(c))
		}
	}
	return b.String()
}

// target returns where a link leads, or false where it must not be a link. A
// value at its beginning is taken as an address; one further inside is encoded,
// so that it cannot change where the link leads.
func (d *document) target(destination []byte) (string, bool) {
	var b strings.Builder
	safe := ""
	expand(string(destination), d.values, func(literal string) {
		b.WriteString(unescape(literal))
	}, func(value string) {
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
	return safeURL(b.String())
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
