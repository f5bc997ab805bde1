package web

import (
	"errors"
	"regexp"
	"strconv"
)

// Fault is something wrong with a page's file.
type Fault struct {
	// File is the file's name within its folder.
	File string
	// BuiltIn is true where the file is one that renewd brings along, false where
	// it is the administrator's own.
	BuiltIn bool
	// Line counts from 1; 0 where the fault has no such place.
	Line int
	// Text says what is wrong in one sentence.
	Text string
}

// Error writes the fault as file:line: text.
func (f Fault) Error() string {
	place := f.File
	if f.Line > 0 {
		place += ":" + strconv.Itoa(f.Line)
	}
	return place + ": " + f.Text
}

// templatePlace is how the template engine begins an error: with file and line.
var templatePlace = regexp.MustCompile(`^(?:html/)?template: ?([^:]+):(\d+)(?::\d+)?: (?s:(.*))$`)

// fault turns an error of the template engine into a Fault of the file that it
// names; file is the one that was being read, for errors that name none.
func (l *loader) fault(file string, err error) Fault {
	var f Fault
	if !errors.As(err, &f) {
		f = Fault{File: file, Text: err.Error()}
	}
	if m := templatePlace.FindStringSubmatch(err.Error()); m != nil {
		f.File, f.Text = m[1], m[3]
		f.Line, _ = strconv.Atoi(m[2])
	}
	f.BuiltIn = !l.own[f.File]
	return f
}
