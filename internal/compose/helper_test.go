package compose

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"renewd/internal/renewal"
	"renewd/templates"
)

var business = Business{Name: "Parc Aurore", Email: "accueil@parc-aurore.example",
	PostalAddress: "1 rue des Lilas\n69001 Lyon, France", Locale: "fr"}

var languages = []string{"en", "fr", "pt", "es", "de"}

// builtIn is the set of the letters that renewd brings along.
func builtIn(t testing.TB) *Set {
	t.Helper()
	return Load(templates.FS, nil, business)
}

// own returns a set with the given files of the admin over the built-in ones.
func own(files map[string]string) *Set {
	dir := fstest.MapFS{}
	for name, text := range files {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Load(templates.FS, dir, business)
}

// alone returns a set with the given files of the admin and no built-in letters.
func alone(t testing.TB, files map[string]string) *Set {
	t.Helper()
	page, err := templates.FS.ReadFile("layout.html")
	if err != nil {
		t.Fatal(err)
	}
	dir := fstest.MapFS{}
	for name, text := range files {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Load(fstest.MapFS{"layout.html": &fstest.MapFile{Data: page}}, dir, business)
}

// renderBody renders a letter made of this Markdown alone and returns its text
// part and its HTML, both without the footer.
func renderBody(t *testing.T, markdown string, data Data) (text, body string) {
	t.Helper()
	letter, err := alone(t, map[string]string{"test.en.md": "---\nsubject: test\n---\n" + markdown}).Render("test", "en", false, data)
	if err != nil {
		t.Fatal(err)
	}
	return textBody(letter), htmlBody(t, letter)
}

func textBody(l Letter) string {
	body, _, _ := strings.Cut(l.Text, "\n-- \n")
	return strings.TrimRight(body, "\n")
}

// htmlBody is the inside of the letter's card, as written.
func htmlBody(t testing.TB, l Letter) string {
	t.Helper()
	_, rest, found := strings.Cut(l.HTML, "word-break:break-word;\">\n")
	body, _, end := strings.Cut(rest, "</td></tr>\n<tr><td class=\"foot\"")
	if !found || !end {
		t.Fatal("the layout has changed: where is the card?")
	}
	return strings.TrimRight(body, "\n")
}

// skeleton lists the elements of a page with their attributes, without text.
func skeleton(t testing.TB, page string) []string {
	t.Helper()
	var out []string
	visit(t, page, func(n *html.Node) {
		if n.Type == html.ElementNode || n.Type == html.CommentNode {
			line := n.Data
			for _, a := range n.Attr {
				line += " " + a.Key + "=" + a.Val
			}
			out = append(out, line)
		}
	})
	return out
}

// visibleText is the text of a page as a parser of HTML sees it.
func visibleText(t testing.TB, page string) string {
	t.Helper()
	var b strings.Builder
	visit(t, page, func(n *html.Node) {
		if n.Type == html.TextNode && n.Parent.Data != "style" {
			b.WriteString(n.Data)
		}
	})
	return b.String()
}

func visit(t testing.TB, page string, each func(*html.Node)) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		each(n)
	}
}

// links lists the targets of all links of a page.
func links(t testing.TB, page string) []string {
	t.Helper()
	var out []string
	visit(t, page, func(n *html.Node) {
		for _, a := range n.Attr {
			if a.Key == "href" || a.Key == "src" {
				out = append(out, a.Val)
			}
		}
	})
	return out
}

func date(text string) renewal.Date {
	d, err := renewal.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// missingDir is a directory that does not exist, lockedDir one that cannot be read.
type (
	missingDir struct{}
	lockedDir  struct{}
)

func (missingDir) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (lockedDir) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}
