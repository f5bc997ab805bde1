package ingest

import (
	"fmt"
	"slices"
	"strings"
)

// separators are the marks between cells, in order of preference.
const separators = ",;\t"

// otherSeparator is one that some programs write and that is not read.
const otherSeparator = '|'

// pointsOfKnown is what a known column counts against mere columns.
const pointsOfKnown = 10_000

// findSeparator takes the separator of a sep= line, else the one under which
// most columns of the header are known (of two, the one with more columns).
func (f *File) findSeparator() error {
	rec, closer, err := f.read(',')
	if err != nil {
		return err
	}
	line, err := rec.readLine()
	closer.Close()
	if err != nil {
		return f.failure(err)
	}
	if sep, found := cutSepLine(string(line)); found {
		if !strings.Contains(separators, string(rune(sep))) {
			return f.refuse(1, "the separator named here is not known; cells are separated by comma, semicolon or tab")
		}
		f.sep, f.sepLine = sep, true
		return nil
	}
	best := -1
	var failed error
	for _, sep := range []byte(separators) {
		header, err := f.header(sep)
		if err != nil {
			// Under the wrong separator a quote may stand where none can; only
			// if no separator makes sense of the header is it at fault.
			if failed == nil {
				failed = err
			}
			continue
		}
		if points := pointsOf(header); points > best {
			best, f.sep = points, sep
		}
	}
	if best < pointsOfKnown {
		if header, err := f.header(otherSeparator); err == nil && pointsOf(header) >= pointsOfKnown && len(header) > 1 {
			return f.refuse(0, fmt.Sprintf("cells are separated by %c here; save the file with comma, semicolon or tab between them", otherSeparator))
		}
	}
	if best < 0 {
		return failed
	}
	return nil
}

// pointsOf says how much sense a header makes.
func pointsOf(header []string) int {
	points := len(header)
	for _, cell := range header {
		if knownAnywhere(fold(cell)) {
			points += pointsOfKnown
		}
	}
	return points
}

// cutSepLine reads a first line sep=; as spreadsheets write it, also where
// another program has since put it into quotes or added empty cells.
func cutSepLine(line string) (sep byte, found bool) {
	line = strings.TrimPrefix(strings.TrimLeft(line, " \uFEFF"), `"`)
	if len(line) < 5 || !strings.EqualFold(line[:4], "sep=") || strings.Trim(line[5:], "\",;\t ") != "" {
		return 0, false
	}
	return line[4], true
}

func knownAnywhere(name string) bool {
	return slices.ContainsFunc(Kinds, func(kind string) bool {
		return slices.ContainsFunc(knownColumns(kind), func(c column) bool { return c.name == name })
	})
}
