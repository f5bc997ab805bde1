package web

import (
	"bytes"
	"errors"
	"html/template"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

const (
	layoutFile = "page.html"
	textSuffix = ".html"
)

// fileKey is a family's pages in one language, by its tag in lower case.
type fileKey struct{ family, tag string }

// loader reads the files of pages and puts them together.
type loader struct {
	words  func(page, customer string) Words
	layout string
	// texts has the contents of each file: the built-in one, then the
	// administrator's own over it.
	texts map[fileKey][]string
	// files has the name of the last file of each, own the names of the files that
	// are the administrator's.
	files map[fileKey]string
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
		name, isText := familyOf(file)
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
		l.addText(name, file, builtIn, text)
	}
}

// familyOf returns the family of a file by its name.
func familyOf(file string) (name string, ok bool) {
	for _, f := range families {
		if strings.HasPrefix(file, f.name+".") && strings.HasSuffix(file, textSuffix) {
			return f.name, true
		}
	}
	return "", false
}

func (l *loader) addText(family, file string, builtIn bool, text string) {
	var tag string
	if prefix := len(family) + 1; len(file) > prefix+len(textSuffix) {
		tag = canonicalLocale(file[prefix : len(file)-len(textSuffix)])
	}
	if tag == "" {
		l.faults = append(l.faults, Fault{File: file, BuiltIn: builtIn,
			Text: "the file's name has no language: " + family + ".en.html, for example"})
		return
	}
	key := fileKey{family, tag}
	l.files[key] = file
	l.texts[key] = append(l.texts[key], text)
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
	for _, f := range families {
		l.assembleFamily(p, layout, f)
	}
}

func (l *loader) assembleFamily(p *Pages, layout *template.Template, f family) {
	before := len(l.faults)
	for _, tag := range l.tags(f.name) {
		pages, err := l.language(layout, f, tag)
		if err != nil {
			l.faults = append(l.faults, l.fault(l.files[fileKey{f.name, tag}], err))
			continue
		}
		if p.languages[tag] == nil {
			p.languages[tag] = map[string]*template.Template{}
		}
		maps.Copy(p.languages[tag], pages)
	}
	if len(l.faults) == before && p.languages["en"][f.pages[0]] == nil {
		l.faults = append(l.faults, Fault{File: f.name + ".en.html", BuiltIn: true, Text: "the file is missing"})
	}
}

// tags are the languages of a family, in order.
func (l *loader) tags(family string) []string {
	var tags []string
	for key := range l.files {
		if key.family == family {
			tags = append(tags, key.tag)
		}
	}
	slices.Sort(tags)
	return tags
}

// language makes the pages of a family in one language. A region's file (pt-br)
// stands on that of its language (pt).
func (l *loader) language(layout *template.Template, f family, tag string) (map[string]*template.Template, error) {
	set, err := layout.Clone()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{f.on, f.name} {
		for i, r := range tag + "-" {
			if r != '-' {
				continue
			}
			key := fileKey{name, tag[:i]}
			for _, text := range l.texts[key] {
				if _, err := set.New(l.files[key]).Parse(text); err != nil {
					return nil, err
				}
			}
		}
	}
	pages := map[string]*template.Template{}
	for _, page := range f.pages {
		block := set.Lookup(page)
		if block == nil || set.Lookup("title") == nil {
			return nil, Fault{File: l.files[fileKey{f.name, tag}], Text: `the blocks {{define "title"}} and {{define "` + page + `"}} have to be there`}
		}
		whole, err := set.Clone()
		if err != nil {
			return nil, err
		}
		if _, err := whole.AddParseTree("body", block.Tree.Copy()); err != nil {
			return nil, err
		}
		if err := l.try(whole, f, page, tag); err != nil {
			return nil, err
		}
		pages[page] = whole
	}
	return pages, nil
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
	out, err := execute(t, newView(pageAsk, "en", Business{Name: name, PostalAddress: address}, l.words("en", ""), content{}))
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
