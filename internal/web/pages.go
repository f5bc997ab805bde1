package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
)

// Business is who the pages speak for.
type Business struct {
	// Name and PostalAddress stand on every page. The address may have several
	// lines.
	Name, PostalAddress string
	// Email is the bare address that answers reach; a page without it refers to
	// the postal address.
	Email string
	// Locale is the business's language as a BCP 47 tag.
	Locale string
}

// Pages is all public pages in all languages, read once. It is safe for
// concurrent use and never changes: after an edit, LoadPages again.
type Pages struct {
	business Business
	// languages has the pages of each language by its tag in lower case.
	languages map[string]map[string]*template.Template
	// styles are the sources for style-src: the hashes of the pages' style sheets.
	styles string
}

// What a page is about, which is also the name of its block in
// unsubscribe.LOCALE.html. Beside them the block title is the heading of all.
const (
	pageAsk     = "ask"     // a question with a button
	pageDone    = "done"    // it was done just now
	pageAgain   = "again"   // it was done before
	pageMissing = "missing" // the link, or any other address, leads nowhere
	pageBusy    = "busy"    // not now: in half a minute
	pageSlow    = "slow"    // too many wrong links from one place
	pageFailed  = "failed"  // something is broken
)

var allPages = []string{pageAsk, pageDone, pageAgain, pageMissing, pageBusy, pageSlow, pageFailed}

// view is what a template sees as its dot.
type view struct {
	// Page is one of the names above, Lang and Dir the attributes of the language.
	Page, Lang, Dir string
	Business        Business
	// AddressLines are the lines of the postal address.
	AddressLines []string
	// Subscriber is the zero value on pages that are about nobody.
	Subscriber Subscriber
}

// LoadPages reads the pages: the layout page.html, and for each language
// unsubscribe.LOCALE.html with the blocks title, ask, done, again, missing,
// busy, slow and failed. A file in own (nil for none) wins over the one in
// builtin; blocks that it leaves out are the built-in ones of its language.
//
// Every page is tried with made-up data. An error joins the Faults of all files,
// each with the file's name and, where there is one, the line.
func LoadPages(builtin, own fs.FS, business Business) (*Pages, error) {
	l := &loader{texts: map[string][]string{}, files: map[string]string{}, own: map[string]bool{}, styles: map[string]bool{}}
	l.read(builtin, true)
	if own != nil {
		l.read(own, false)
	}
	p := &Pages{business: business, languages: map[string]map[string]*template.Template{}}
	l.assemble(p)
	if err := l.err(); err != nil {
		return nil, err
	}
	p.styles = l.styleSources()
	return p, nil
}

// render writes a page about a subscriber, in their language as far as there is
// one.
func (p *Pages) render(page string, s Subscriber) ([]byte, error) {
	for _, tag := range localeChain(s.Locale, p.business.Locale) {
		if t := p.languages[tag][page]; t != nil {
			return execute(t, page, tag, p.business, s)
		}
	}
	return nil, fmt.Errorf("there is no page %q in any language", page)
}

func execute(t *template.Template, page, tag string, business Business, s Subscriber) ([]byte, error) {
	var b bytes.Buffer
	err := t.Execute(&b, view{
		Page: page, Lang: htmlLang(tag), Dir: direction(tag),
		Business: business, AddressLines: addressLines(business.PostalAddress), Subscriber: s,
	})
	return b.Bytes(), err
}

func addressLines(address string) []string {
	var lines []string
	for line := range strings.Lines(address) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
