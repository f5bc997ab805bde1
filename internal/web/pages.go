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
	words    func(page, customer string) Words
	// languages has the pages of each language by its tag in lower case.
	languages map[string]map[string]*template.Template
	// styles are the sources for style-src: the hashes of the pages' style sheets.
	styles string
}

// What a page is about, which is also the name of its block in the file of its
// family. Beside them each file has the block title, the heading of all.
const (
	pageAsk     = "ask"     // a question with a button
	pageDone    = "done"    // it was done just now
	pageAgain   = "again"   // it was done before
	pageMissing = "missing" // the link, or any other address, leads nowhere
	pageBusy    = "busy"    // not now: in half a minute
	pageSlow    = "slow"    // too many wrong links from one place
	pageFailed  = "failed"  // something is broken

	pageManage    = "manage"    // an agreement, with what its customer can do
	pageCancelled = "cancelled" // its renewal is cancelled
	pageKept      = "kept"      // the cancellation is withdrawn
	pageWished    = "wished"    // staff know of the wish to renew
	pageSaved     = "saved"     // the customer's data are corrected

	pageWhy    = "why"    // the question why somebody leaves
	pageThanks = "thanks" // it was answered
)

// family is the pages that are written in one file a language,
// NAME.LOCALE.html.
type family struct {
	name  string
	pages []string
	// on is the family whose file of the same language is read first, so that its
	// blocks can be used; empty for none.
	on string
}

// families are all of them, each after the one that it stands on.
var families = []family{
	{name: "unsubscribe", pages: []string{pageAsk, pageDone, pageAgain, pageMissing, pageBusy, pageSlow, pageFailed}},
	{name: "reason", pages: []string{pageWhy, pageThanks}},
	{name: "manage", pages: []string{pageManage, pageCancelled, pageKept, pageWished, pageSaved}, on: "reason"},
}

// asks reports whether a page says nothing of something done.
func asks(page string) bool {
	switch page {
	case pageAsk, pageAgain, pageManage, pageWhy:
		return true
	}
	return false
}

// LoadPages reads the pages: the layout page.html, and for each language
// unsubscribe.LOCALE.html with the blocks title, ask, done, again, missing,
// busy, slow and failed; manage.LOCALE.html with title, manage, cancelled, kept,
// wished and saved; reason.LOCALE.html with title, why and thanks, whose other
// blocks manage.LOCALE.html can use. A file in own (nil for none) wins over the
// one in builtin; blocks that it leaves out are the built-in ones of its
// language. words returns those of a page's language for a customer's locale.
//
// Every page is tried with made-up data. An error joins the Faults of all files,
// each with the file's name and, where there is one, the line.
func LoadPages(builtin, own fs.FS, business Business, words func(page, customer string) Words) (*Pages, error) {
	l := &loader{words: words, texts: map[fileKey][]string{}, files: map[fileKey]string{}, own: map[string]bool{}, styles: map[string]bool{}}
	l.read(builtin, true)
	if own != nil {
		l.read(own, false)
	}
	p := &Pages{business: business, words: words, languages: map[string]map[string]*template.Template{}}
	l.assemble(p)
	if err := l.err(); err != nil {
		return nil, err
	}
	p.styles = l.styleSources()
	return p, nil
}

// render writes a page, in its reader's language as far as there is one.
func (p *Pages) render(page string, c content) ([]byte, error) {
	for _, tag := range localeChain(c.locale, p.business.Locale) {
		if t := p.languages[tag][page]; t != nil {
			return execute(t, newView(page, tag, p.business, p.words(tag, c.locale), c))
		}
	}
	return nil, fmt.Errorf("there is no page %q in any language", page)
}

func execute(t *template.Template, v view) ([]byte, error) {
	var b bytes.Buffer
	err := t.Execute(&b, v)
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
