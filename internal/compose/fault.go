package compose

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"unicode/utf8"
)

// Fault is something wrong with a letter, at its place in the file.
type Fault struct {
	// File is the file's name within its directory.
	File string
	// BuiltIn is true where the file is one that renewd brings along, false
	// where it is the admin's own.
	BuiltIn bool
	// Line and Column count from 1; 0 where the fault has no such place.
	Line, Column int
	// Text says what is wrong in one sentence.
	Text string
	// Harmless is true where letters go out all the same.
	Harmless bool
}

// Error writes the fault as file:line:column: text.
func (f Fault) Error() string {
	place := f.File
	if f.Line > 0 {
		place += ":" + strconv.Itoa(f.Line)
		if f.Column > 0 {
			place += ":" + strconv.Itoa(f.Column)
		}
	}
	return place + ": " + f.Text
}

var (
	templatePlace = regexp.MustCompile(`^(?:html/)?template: ?([^:]*):(\d+)(?::(\d+))?: (?s:(.*))$`)
	executing     = regexp.MustCompile(`^executing "[^"]*" at (<(?s:.*?)>): (?s:(.*))$`)
	noField       = regexp.MustCompile(`can't evaluate field (\w+) in type \*?(?:\[\])?(?:[a-z]+\.)?(\w+)`)
	noEntry       = regexp.MustCompile(`map has no entry for key "([^"]*)"`)
	noFunction    = regexp.MustCompile(`^function "([^"]*)" not defined$`)
	callFailed    = regexp.MustCompile(`^error calling \w+: `)
	goType        = regexp.MustCompile(`\*?\b(?:renewal|compose)\.(\w+)`)
	textAnyway    = strings.NewReplacer("<"+markFunc+">: ", "")
)

// newFault turns an error of the template engine into a Fault of this file.
// source is the file's text, to find columns that the engine does not tell.
func newFault(file string, builtIn bool, source string, err error) Fault {
	f := Fault{File: file, BuiltIn: builtIn, Text: err.Error()}
	var exec template.ExecError
	if errors.As(err, &exec) && errors.Is(err, errTooLong) {
		f.Text = errTooLong.Error()
		return f
	}
	m := templatePlace.FindStringSubmatch(err.Error())
	if m == nil {
		return f
	}
	f.Line, _ = strconv.Atoi(m[2])
	f.Text = sentence(m[4])
	line := sourceLine(source, f.Line)
	// The engine gives the place of the last field of a chain.
	for _, named := range []*regexp.Regexp{noField, noEntry} {
		if name := named.FindStringSubmatch(m[4]); name != nil && strings.Contains(line, "."+name[1]) {
			f.Column = utf8.RuneCountInString(line[:strings.Index(line, "."+name[1])]) + 1
			return f
		}
	}
	switch column, err := strconv.Atoi(m[3]); {
	case err == nil && column <= len(line):
		f.Column = utf8.RuneCountInString(line[:column]) + 1
	case strings.Contains(line, "{{"):
		f.Column = utf8.RuneCountInString(line[:strings.Index(line, "{{")]) + 1
	default:
		f.Column = 1
	}
	return f
}

// sentence says what the template engine says in the words of a letter's author.
func sentence(text string) string {
	at := ""
	if m := executing.FindStringSubmatch(text); m != nil {
		at, text = m[1], m[2]
	}
	if m := noField.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("there is no .%s in %s", m[1], strings.ToLower(m[2]))
	}
	if m := noEntry.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("this customer has no attribute %q", m[1])
	}
	if m := noFunction.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("there is no function %q", m[1])
	}
	text = goType.ReplaceAllString(callFailed.ReplaceAllString(text, ""), "$1")
	if at != "" && at != "<"+markFunc+">" {
		text = at + ": " + text
	}
	return textAnyway.Replace(text)
}

func sourceLine(source string, n int) string {
	for line := range strings.Lines(source) {
		if n--; n == 0 {
			return strings.TrimRight(line, "\n")
		}
	}
	return ""
}
