package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	layoutFile = "page.html"
	textPrefix = "unsubscribe."
	textSuffix = ".html"
)

// loader reads the files of pages and puts them together.
type loader struct {
	layout string
	// texts has, for each language by its tag in lower case, the contents of its
	// file: the built-in one, then the administrator's own over it.
	texts map[string][]string
	// files has the name of the last file of each language, own the names of the
	// files that are the administrator's.
	files map[string]string
	own   map[string]bool
	// styles are the hashes of all style sheets met with.
	styles map[string]bool
	faults []error
}

func (l *loader) err() error { return errors.Join(l.faults...) }

func (l *loader) read(dir fs.FS, builtIn bool) {
	entries, err := fs.ReadDir(dir, ".")
	if errors.Is(err, fs.ErrNotExist) && !builtIn {
		return // no pages of one's own
	}
	if err != nil {
		l.faults = append(l.faults, Fault{File: ".", BuiltIn: builtIn, Text: "the folder of pages cannot be read: " + err.Error()})
		return
	}
	for _, entry := range entries {
		file := entry.Name()
		isText := strings.HasPrefix(file, textPrefix) && strings.HasSuffix(file, textSuffix)
		if entry.IsDir() || !isText && file != layoutFile {
			continue
		}
		l.own[file] = !builtIn
		contents, err := fs.ReadFile(dir, file)
		if err != nil {
			l.faults = append(l.faults, Fault{File: file, BuiltIn: builtIn, Text: "the file cannot be read: " + err.Error()})
			continue
		}
		// A browser hashes a style sheet after making all ends of lines alike.
		text := strings.TrimPrefix(strings.ReplaceAll(string(contents), "\r\n", "\n"), "\ufeff")
		if file == layoutFile {
			l.layout = text
			continue
		}
		l.addText(file, builtIn, text)
	}
}

func (l *loader) addText(file string, builtIn bool, text string) {
	var tag string
	if len(file) > len(textPrefix)+len(textSuffix) {
		tag = canonicalLocale(file[len(textPrefix) : len(file)-len(textSuffix)])
	}
	if tag == "" {
		l.faults = append(l.faults, Fault{File: file, BuiltIn: builtIn,
			Text: "the file's name has no language: unsubscribe.en.html, for example"})
		return
	}
	l.files[tag] = file
	l.texts[tag] = append(l.texts[tag], text)
}

// assemble makes every page of every language and tries it.
func (l *loader) assemble(p *Pages) {
	if l.layout == "" {
		l.faults = append(l.faults, Fault{File: layoutFile, BuiltIn: !l.own[layoutFile], Text: "the file is missing or empty"})
		return
	}
	layout, err := template.New(layoutFile).Parse(l.layout)
	if err != nil {
		l.faults = append(l.faults, l.fault(layoutFile, err))
		return
	}
	if err := l.checkLayout(layout); err != nil {
		l.faults = append(l.faults, err)
		return
	}
	for _, tag := range slices.Sorted(maps.Keys(l.files)) {
		pages, err := l.language(layout, tag)
		if err != nil {
			l.faults = append(l.faults, l.fault(l.files[tag], err))
			continue
		}
		p.languages[tag] = pages
	}
	if len(l.faults) == 0 && p.languages["en"] == nil {
		l.faults = append(l.faults, Fault{File: "unsubscribe.en.html", BuiltIn: true, Text: "the file is missing"})
	}
}

// language makes the pages of one language. A region's file (pt-br) stands on
// that of its language (pt).
func (l *loader) language(layout *template.Template, tag string) (map[string]*template.Template, error) {
	set, err := layout.Clone()
	if err != nil {
		return nil, err
	}
	for i, r := range tag + "-" {
		if r != '-' {
			continue
		}
		for _, text := range l.texts[tag[:i]] {
			if _, err := set.New(l.files[tag[:i]]).Parse(text); err != nil {
				return nil, err
			}
		}
	}
	pages := map[string]*template.Template{}
	for _, page := range allPages {
		block := set.Lookup(page)
		if block == nil || set.Lookup("title") == nil {
			return nil, Fault{File: l.files[tag], Text: `the blocks {{define "title"}} and {{define "` + page + `"}} have to be there`}
		}
		whole, err := set.Clone()
		if err != nil {
			return nil, err
		}
		if _, err := whole.AddParseTree("body", block.Tree.Copy()); err != nil {
			return nil, err
		}
		if err := l.try(whole, page, tag); err != nil {
			return nil, err
		}
		pages[page] = whole
	}
	return pages, nil
}

var (
	postForm = regexp.MustCompile(`(?i)<form\b[^>]*\bmethod\s*=\s*["']?post\b`)
	style    = regexp.MustCompile(`(?is)<style\b[^>]*>(.*?)</style\s*>`)
)

// try runs a page with made-up data in all the shapes that real data have, and
// notes its style sheets.
func (l *loader) try(t *template.Template, page, tag string) error {
	var first []string
	for i, sample := range []struct {
		business Business
		s        Subscriber
	}{
		{Business{Name: "Sample & Sons", PostalAddress: "1 Sample Street\nSampletown", Email: "hello@sample.example"},
			Subscriber{Name: "Alex Martin", MaskedEmail: "a…@customer.example", Locale: tag}},
		{Business{Name: "S", PostalAddress: "S"}, Subscriber{MaskedEmail: "z…@other.example", Unsubscribed: true}},
		{Business{Name: "S", PostalAddress: "S"}, Subscriber{}},
	} {
		out, err := execute(t, page, tag, sample.business, sample.s)
		if err != nil {
			return err
		}
		if page == pageAsk && !postForm.Match(out) {
			return Fault{File: l.files[tag], Text: `the block {{define "ask"}} has no button: <form method="post"><button>…</button></form>`}
		}
		var hashes []string
		for _, m := range style.FindAllSubmatch(out, -1) {
			sum := sha256.Sum256(m[1])
			hashes = append(hashes, base64.StdEncoding.EncodeToString(sum[:]))
			l.styles[hashes[len(hashes)-1]] = true
		}
		if i == 0 {
			first = hashes
		} else if !slices.Equal(first, hashes) {
			return Fault{File: layoutFile, Text: "a style sheet is the same for every reader: no value can stand in <style>"}
		}
	}
	return nil
}

// checkLayout proves that the layout shows what every page must show.
func (l *loader) checkLayout(layout *template.Template) error {
	t, err := layout.Clone()
	if err != nil {
		return err
	}
	const title, body, name, address = "proof-of-title", "proof-of-body", "proof-of-name", "proof-of-address"
	for block, proof := range map[string]string{"title": title, "body": body} {
		if _, err := t.New(block).Parse(proof); err != nil {
			return err
		}
	}
	out, err := execute(t, pageAsk, "en", Business{Name: name, PostalAddress: address}, Subscriber{})
	if err != nil {
		return l.fault(layoutFile, err)
	}
	for _, must := range []struct{ proof, text string }{
		{title, `the layout does not show the heading: {{template "title" .}} is missing`},
		{body, `the layout does not show the page: {{template "body" .}} is missing`},
		{name, "the layout does not show whose page it is: {{.Business.Name}} is missing"},
		{address, "the layout does not show the postal address: {{range .AddressLines}}{{.}}<br>{{end}} is missing"},
	} {
		if !bytes.Contains(out, []byte(must.proof)) {
			return Fault{File: layoutFile, BuiltIn: !l.own[layoutFile], Text: must.text}
		}
	}
	return nil
}

// styleSources lists the style sheets of the pages for a Content-Security-Policy.
func (l *loader) styleSources() string {
	var b strings.Builder
	for _, hash := range slices.Sorted(maps.Keys(l.styles)) {
		b.WriteString(" 'sha256-" + hash + "'")
	}
	if b.Len() == 0 {
		return " 'none'"
	}
	return b.String()
}
