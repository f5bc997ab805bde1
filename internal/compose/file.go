package compose

import (
	"fmt"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"
	"unicode/utf8"
)

// letterFile is one parsed file NAME[.sober].LOCALE.md.
type letterFile struct {
	file, name, locale string
	sober, builtIn     bool
	source             string
	// templates of which every press is a copy; nil where fault is set.
	subject, preheader, body *template.Template
	presses                  sync.Pool
	// calendar: the letter brings the days of its agreements for the calendar.
	calendar bool
	// attributes are the customer attributes that the letter names.
	attributes []string
	// fault is why the letter cannot be used at all.
	fault *Fault
}

// fileName takes the name of a letter's file apart; ok is false for a file that
// is no letter.
func fileName(file string) (name, locale string, sober, ok bool) {
	stem, isMarkdown := strings.CutSuffix(file, ".md")
	cut := strings.LastIndexByte(stem, '.')
	if !isMarkdown || cut <= 0 {
		return "", "", false, false
	}
	name, locale = stem[:cut], canonicalLocale(stem[cut+1:])
	name, sober = strings.CutSuffix(name, ".sober")
	return name, locale, sober, locale != "" && name != ""
}

// parseFile reads one letter. What is wrong with it is kept in its fault: such a
// letter keeps its place in the lookup, so that no other one goes out instead.
func parseFile(file string, builtIn bool, contents []byte) *letterFile {
	l := &letterFile{file: file, builtIn: builtIn}
	l.name, l.locale, l.sober, _ = fileName(file)
	l.source = strings.ReplaceAll(strings.TrimPrefix(string(contents), "\ufeff"), "\r\n", "\n")
	if f := l.parse(); f != nil {
		f.File, f.BuiltIn = file, builtIn
		l.fault = f
	}
	return l
}

func (l *letterFile) parse() *Fault {
	if !utf8.ValidString(l.source) {
		return &Fault{Line: 1, Column: 1, Text: "the file is not UTF-8: save it as UTF-8"}
	}
	for number, line := range numbered(l.source) {
		if at := strings.IndexAny(line, markOpen+markClose+"\x00"); at >= 0 {
			return &Fault{Line: number, Column: utf8.RuneCountInString(line[:at]) + 1, Text: "a character here has no meaning in text (U+E000, U+E001 or NUL)"}
		}
	}
	head, fault := frontMatter(l.source)
	if fault != nil {
		return fault
	}
	if strings.TrimSpace(head.subject) == "" {
		return &Fault{Line: 1, Column: 1, Text: "the front matter has no subject"}
	}
	if l.calendar, fault = head.wantsCalendar(); fault != nil {
		return fault
	}
	for _, part := range []struct {
		to   **template.Template
		text string
	}{{&l.subject, head.subject}, {&l.preheader, head.preheader}, {&l.body, head.body}} {
		t, err := template.New(l.file).Option("missingkey=error").Funcs((&press{}).funcs()).Parse(part.text)
		if err != nil {
			f := newFault(l.file, l.builtIn, l.source, err)
			return &f
		}
		l.collectAttributes(t)
		dropControlLines(t)
		markActions(t)
		*part.to = t
	}
	return nil
}

// press takes a press for this letter; give it back with presses.Put.
func (l *letterFile) press() (*press, error) {
	if p, ok := l.presses.Get().(*press); ok {
		return p, nil
	}
	p := &press{}
	for _, part := range []struct {
		to   **template.Template
		from *template.Template
	}{{&p.subject, l.subject}, {&p.preheader, l.preheader}, {&p.letter, l.body}} {
		t, err := part.from.Clone()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.file, err)
		}
		*part.to = t.Funcs(p.funcs())
	}
	return p, nil
}

// matter is a file taken apart. Each part is padded with the lines and blanks
// before it, so that the template engine counts lines and columns as the
// author's editor does.
type matter struct{ subject, preheader, calendar, body string }

// frontMatter splits a file into its front matter and its body. A line that
// begins with a blank continues the one before.
func frontMatter(source string) (matter, *Fault) {
	var m matter
	var value *string
	offset := 0
	for number, line := range numbered(source) {
		offset += len(line) + 1
		trimmed := strings.TrimRight(line, " \t")
		switch {
		case number == 1 && trimmed != "---":
			return m, &Fault{Line: 1, Column: 1, Text: "a letter begins with a line --- and its subject"}
		case number == 1:
		case trimmed == "---":
			unquote(&m.subject)
			unquote(&m.preheader)
			unquote(&m.calendar)
			if offset < len(source) {
				m.body = strings.Repeat("\n", number) + source[offset:]
			}
			return m, nil
		case trimmed == "" || line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if value == nil {
				return m, &Fault{Line: number, Column: 1, Text: "this line continues no other"}
			}
			*value += strings.Repeat("\n", number-1-strings.Count(*value, "\n")) + line
		default:
			key, rest, found := strings.Cut(line, ":")
			switch strings.TrimSpace(key) {
			case "subject":
				value = &m.subject
			case "preheader":
				value = &m.preheader
			case "calendar":
				value = &m.calendar
			default:
				return m, &Fault{Line: number, Column: 1, Text: fmt.Sprintf("the front matter knows subject, preheader and calendar, not %q", strings.TrimSpace(key))}
			}
			if !found {
				return m, &Fault{Line: number, Column: utf8.RuneCountInString(trimmed) + 1, Text: "a colon is missing after " + strings.TrimSpace(key)}
			}
			if *value != "" {
				return m, &Fault{Line: number, Column: 1, Text: strings.TrimSpace(key) + " stands here for the second time"}
			}
			*value = strings.Repeat("\n", number-1) + strings.Repeat(" ", len(key)+1) + rest
		}
	}
	return m, &Fault{Line: 1, Column: 1, Text: "the front matter has no end: a second line --- is missing"}
}

// wantsCalendar reads the key calendar; without it a letter has none.
func (m *matter) wantsCalendar() (bool, *Fault) {
	switch strings.TrimSpace(m.calendar) {
	case "", "no":
		return false, nil
	case "yes":
		return true, nil
	}
	line := strings.Count(m.calendar, "\n") - strings.Count(strings.TrimLeft(m.calendar, "\n"), "\n") + 1
	return false, &Fault{Line: line, Column: 1, Text: fmt.Sprintf("calendar is yes or no, not %q", strings.TrimSpace(m.calendar))}
}

// unquote takes away quotes around a whole value, which YAML would want there.
func unquote(value *string) {
	text := strings.TrimSpace(*value)
	for _, quote := range []string{`"`, `'`} {
		if len(text) >= 2 && strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote) && strings.Count(text, quote) == 2 {
			*value = strings.Replace(*value, quote, " ", 1)
			*value = strings.Replace(*value, quote, "", 1)
		}
	}
}

// numbered ranges over the lines of s, counted from 1, without their ends.
func numbered(s string) func(func(int, string) bool) {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range strings.Lines(s) {
			n++
			if !yield(n, strings.TrimSuffix(line, "\n")) {
				return
			}
		}
	}
}

// collectAttributes notes which customer attributes the letter names, so that
// Check can try it with a customer who has them.
func (l *letterFile) collectAttributes(t *template.Template) {
	for _, each := range t.Templates() {
		if each.Tree == nil || each.Root == nil {
			continue
		}
		visitFields(each.Root, func(path []string) {
			for i := 0; i+1 < len(path); i++ {
				if path[i] == "Attributes" {
					l.attributes = append(l.attributes, path[i+1])
				}
			}
		})
	}
}

func visitFields(node parse.Node, visit func([]string)) {
	pipe := func(p *parse.PipeNode) {
		if p == nil {
			return
		}
		for _, c := range p.Cmds {
			for _, arg := range c.Args {
				visitFields(arg, visit)
			}
		}
	}
	branch := func(n *parse.BranchNode) {
		pipe(n.Pipe)
		visitFields(n.List, visit)
		visitFields(n.ElseList, visit)
	}
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, each := range n.Nodes {
			visitFields(each, visit)
		}
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.TemplateNode:
		pipe(n.Pipe)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.PipeNode:
		pipe(n)
	case *parse.FieldNode:
		visit(n.Ident)
	case *parse.VariableNode:
		visit(n.Ident)
	case *parse.ChainNode:
		visitFields(n.Node, visit)
		visit(n.Field)
	}
}
