package compose

import (
	"errors"
	"fmt"
	"io/fs"
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
	// Calendar is nil where the letter has none.
	Calendar *Calendar
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
	// signature is the end of every plain text part but for the way out.
	signature string
	tongues   sync.Map // locale → *tongue
	// What letters have in common is worked out once: which letter customers of a
	// locale get, what the marked text of a letter means as Markdown, what the
	// layout writes around it. No value of a letter is in any of it.
	found     *memo[letterKey, found]
	documents *memo[string, *document]
	frames    *memo[frameKey, *frame]
	// faults are what is wrong with directories and names of files.
	faults []Fault
}

type letterKey struct {
	name   string
	sober  bool
	locale string
}

const (
	// remembered is how many things of one kind a Set keeps: far more than a
	// business has shapes of letters.
	remembered = 256
	// rememberedText is the longest marked text, in bytes, that a Set keeps: ten
	// times that of a long letter.
	rememberedText = 32 << 10
)

// Load reads all letters: the built-in ones and, where own is not nil, the
// admin's, which win over built-in ones of the same name and language. It does
// not fail: what is wrong with a file holds the letters of that file, and Check
// and Broken tell it.
func Load(builtin, own fs.FS, business Business) *Set {
	s := &Set{business: business, markdown: newMarkdown(), letters: map[letterKey]*letterFile{}, signature: signature(business),
		found: newMemo[letterKey, found](remembered), documents: newMemo[string, *document](remembered), frames: newMemo[frameKey, *frame](remembered)}
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
	s.documents = newMemo[string, *document](remembered) // what was tried is no letter of a customer
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

// Render renders a letter for data in the customer's locale (empty for the
// business's). An error that is a Fault names the place in the file.
func (s *Set) Render(name, locale string, sober bool, data Data) (Letter, error) {
	f, err := s.find(name, locale, sober)
	if err != nil {
		return Letter{}, err
	}
	if f.letter.fault != nil {
		return Letter{}, *f.letter.fault
	}
	if s.layout.fault != nil {
		return Letter{}, *s.layout.fault
	}
	return s.render(f.letter, f.tongue, data)
}

func (s *Set) render(l *letterFile, t *tongue, data Data) (Letter, error) {
	p, err := l.press()
	if err != nil {
		return Letter{}, err
	}
	defer l.presses.Put(p)
	p.tongue = t
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
	markdown, err := p.run(p.letter, &data, false)
	if err != nil {
		return Letter{}, newFault(l.file, l.builtIn, l.source, err)
	}
	if l.calendar {
		out.Calendar = newCalendar(&data, s.calendarTongue(t))
	}
	if out.Subject = shorten(oneLine(subject), 250); out.Subject == "" {
		return Letter{}, Fault{File: l.file, BuiltIn: l.builtIn, Line: 1, Column: 1, Text: "the subject is empty for this customer"}
	}
	out.Preheader = shorten(oneLine(preheader), 250)
	doc := s.document(markdown, len(p.values))
	if doc.rawHTML != "" {
		return Letter{}, l.htmlFault(doc.rawHTML)
	}
	letter, links := doc.fill(p.values), data.Links
	unsubscribe, ok := safeURL(links.Unsubscribe)
	if !ok {
		links.Unsubscribe = ""
	}
	out.Text = letter.text(l.locale) + s.textFooter(l.locale, unsubscribe)
	p.body = letter.appendHTML(p.body[:0])
	p.page, err = s.page(p.page[:0], out, p.body, links)
	out.HTML = string(p.page)
	return out, err
}

// document returns what marked text means as Markdown.
func (s *Set) document(markdown string, slots int) *document {
	if d, ok := s.documents.get(markdown); ok {
		return d
	}
	d := newDocument(s.markdown, markdown, slots)
	if len(markdown) <= rememberedText {
		s.documents.put(markdown, d)
	}
	return d
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
