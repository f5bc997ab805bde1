package compose

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/yuin/goldmark/parser"
)

// Letter is a rendered letter. It does not name its reader: Message adds that.
type Letter struct {
	// Subject and Preheader are one line each, of plain text.
	Subject, Preheader string
	// Text is the plain text part, lines ending in LF; HTML the whole page.
	Text, HTML string
	// Locale is the language that the letter is written in.
	Locale string
	// File is the template's name within its directory; BuiltIn is true where it
	// is one that renewd brings along.
	File    string
	BuiltIn bool
}

// Set is all letters of a business, read once. It is safe for concurrent use
// and never changes: after an edit, Load again.
type Set struct {
	business Business
	markdown parser.Parser
	// letters has the admin's own file where there is one, else the built-in.
	letters map[letterKey]*letterFile
	layout  layout
	tongues sync.Map // locale → *tongue
	// faults are what is wrong with directories and names of files.
	faults []Fault
}

type letterKey struct {
	name   string
	sober  bool
	locale string
}

// Load reads all letters: the built-in ones and, where own is not nil, the
// admin's, which win over built-in ones of the same name and language. It does
// not fail: what is wrong with a file holds the letters of that file, and Check
// and Broken tell it.
func Load(builtin, own fs.FS, business Business) *Set {
	s := &Set{business: business, markdown: newMarkdown(), letters: map[letterKey]*letterFile{}}
	s.read(builtin, true)
	if own != nil {
		s.read(own, false)
	}
	if s.layout.page == nil && s.layout.fault == nil {
		s.layout.fault = &Fault{File: layoutFile, Text: "the file is missing"}
	}
	for _, l := range s.letters {
		s.tryLetter(l)
	}
	return s
}

func (s *Set) read(dir fs.FS, builtIn bool) {
	entries, err := fs.ReadDir(dir, ".")
	if errors.Is(err, fs.ErrNotExist) && !builtIn {
		return // no letters of one's own
	}
	if err != nil {
		s.faults = append(s.faults, Fault{File: ".", BuiltIn: builtIn, Text: "the directory of letters cannot be read: " + err.Error()})
		return
	}
	for _, entry := range entries {
		file := entry.Name()
		name, locale, sober, isLetter := fileName(file)
		if entry.IsDir() {
			continue
		}
		s.checkName(file, builtIn)
		if !isLetter && file != layoutFile {
			continue
		}
		contents, err := fs.ReadFile(dir, file)
		if file == layoutFile {
			s.layout = parseLayout(contents, builtIn, err)
			continue
		}
		l := parseFile(file, builtIn, contents)
		if err != nil {
			l.fault = &Fault{File: file, BuiltIn: builtIn, Text: "the file cannot be read: " + err.Error()}
		}
		s.letters[letterKey{name, sober, locale}] = l
	}
}

// checkName finds files that were meant to be letters and are none: one of a
// built-in letter's name without a language, and one whose language nobody has.
func (s *Set) checkName(file string, builtIn bool) {
	stem, isMarkdown := strings.CutSuffix(file, ".md")
	if !isMarkdown {
		return
	}
	if s.Has(strings.TrimSuffix(stem, ".sober")) {
		s.faults = append(s.faults, Fault{File: file, BuiltIn: builtIn,
			Text: fmt.Sprintf("the file's name has no language: %s.en.md, for example", stem)})
		return
	}
	cut := strings.LastIndexByte(stem, '.')
	if cut <= 0 {
		return
	}
	name, tag := stem[:cut], stem[cut+1:]
	_, _, _, isLetter := fileName(file)
	if !isLetter && !s.Has(strings.TrimSuffix(name, ".sober")) || knownLanguage(tag) {
		return
	}
	s.faults = append(s.faults, Fault{File: file, BuiltIn: builtIn, Harmless: true,
		Text: fmt.Sprintf("%q is no language, so no customer gets this letter: %s.en.md, for example", tag, name)})
}

// Names returns the names of all letters, sorted.
func (s *Set) Names() []string {
	var names []string
	for key := range s.letters {
		if !slices.Contains(names, key.name) {
			names = append(names, key.name)
		}
	}
	slices.Sort(names)
	return names
}

// Has reports whether there is a letter of that name in any language.
func (s *Set) Has(name string) bool {
	for key := range s.letters {
		if key.name == name {
			return true
		}
	}
	return false
}

// find looks a letter up: pt-BR, pt, the business's language, en. A sober one
// that exists in none of them is the plain one.
func (s *Set) find(name, locale string, sober bool) (*letterFile, error) {
	chain := localeChain(locale, s.business.Locale)
	for _, variant := range []bool{true, false} {
		if variant && !sober {
			continue
		}
		for _, tag := range chain {
			if l := s.letters[letterKey{name, variant, tag}]; l != nil {
				return l, nil
			}
		}
	}
	if !s.Has(name) {
		return nil, fmt.Errorf("there is no letter %q", name)
	}
	return nil, fmt.Errorf("there is no letter %q in any of the languages %s", name, strings.Join(chain, ", "))
}

// Broken returns why a letter cannot be rendered whatever the data, nil where it
// can. It only looks up what Load found, so a gate may ask it for every reminder.
func (s *Set) Broken(name, locale string, sober bool) error {
	l, err := s.find(name, locale, sober)
	switch {
	case err != nil:
		return err
	case l.fault != nil:
		return *l.fault
	case s.layout.fault != nil:
		return *s.layout.fault
	}
	return nil
}

// Render renders a letter for data in the customer's locale (empty for the
// business's). An error that is a Fault names the place in the file.
func (s *Set) Render(name, locale string, sober bool, data Data) (Letter, error) {
	l, err := s.find(name, locale, sober)
	if err != nil {
		return Letter{}, err
	}
	if l.fault != nil {
		return Letter{}, *l.fault
	}
	if s.layout.fault != nil {
		return Letter{}, *s.layout.fault
	}
	return s.render(l, locale, data)
}

func (s *Set) render(l *letterFile, locale string, data Data) (Letter, error) {
	p, err := l.press()
	if err != nil {
		return Letter{}, err
	}
	defer l.presses.Put(p)
	p.tongue = s.tongue(tongueLocale(l.locale, locale, s.business.Locale))
	data.Business = s.business
	out := Letter{Locale: l.locale, File: l.file, BuiltIn: l.builtIn}

	subject, err := p.run(p.subject, &data, true)
	if err != nil {
		return Letter{}, newFault(l.file, l.builtIn, l.source, err)
	}
	preheader, err := p.run(p.preheader, &data, true)
	if err != nil {
		return Letter{}, newFault(l.file, l.builtIn, l.source, err)
	}
	markdown, err := p.run(p.body, &data, false)
	if err != nil {
		return Letter{}, newFault(l.file, l.builtIn, l.source, err)
	}
	if out.Subject = shorten(oneLine(subject), 250); out.Subject == "" {
		return Letter{}, Fault{File: l.file, BuiltIn: l.builtIn, Line: 1, Column: 1, Text: "the subject is empty for this customer"}
	}
	out.Preheader = shorten(oneLine(preheader), 250)
	doc := newDocument(s.markdown, markdown, p.values)
	if raw := doc.rawHTML(); raw != "" {
		return Letter{}, l.htmlFault(raw)
	}
	out.Text = doc.text(l.locale) + s.textFooter(l.locale, data.Links)
	out.HTML, err = s.page(l.locale, out, doc.html(), data.Links)
	return out, err
}

// tongue returns the tongue of a locale, made once: tongues are few.
func (s *Set) tongue(locale string) *tongue {
	if t, ok := s.tongues.Load(locale); ok {
		return t.(*tongue)
	}
	t := newTongue(locale)
	s.tongues.Store(locale, t)
	return t
}

// htmlFault says where in the file HTML stands, which letters do not have.
func (l *letterFile) htmlFault(raw string) Fault {
	first, _, _ := strings.Cut(raw, "\n")
	literal, _, _ := strings.Cut(first, markOpen)
	f := Fault{File: l.file, BuiltIn: l.builtIn, Text: "a letter is Markdown and has no HTML such as " + literal}
	if at := strings.Index(l.source, literal); at >= 0 {
		before := l.source[:at]
		f.Line = strings.Count(before, "\n") + 1
		f.Column = len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
	}
	return f
}
