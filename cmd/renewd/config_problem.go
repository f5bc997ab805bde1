package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The levels of a Problem.
const (
	LevelError   = "error"   // the configuration cannot be used
	LevelWarning = "warning" // it can, but somebody should know
	LevelNote    = "note"    // nothing is wrong: it says what holds
)

// Problem is one fault of the configuration (or of a letter or the database,
// where check looks at those). Its JSON form is what `check --json` prints.
type Problem struct {
	File string `json:"file"`
	// Line and Column count from 1, Column in characters; both are 0 where the
	// fault belongs to the file as a whole.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Level is LevelError, LevelWarning or LevelNote.
	Level string `json:"level"`
	// Text says which key, which value, what is wrong and what to do.
	Text string `json:"text"`
}

// String writes the problem as FILE:LINE:COLUMN: text; what is no error says what
// it is.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Level != LevelError {
		b.WriteString(p.Level + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// hasErrors reports whether any of the problems forbids to go on.
func hasErrors(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Level == LevelError })
}

// problemList collects problems while a file is read.
type problemList struct {
	file  string
	found []Problem
}

func (l *problemList) errorf(at place, format string, args ...any) {
	l.found = append(l.found, Problem{l.file, at.line, at.column, LevelError, fmt.Sprintf(format, args...)})
}

func (l *problemList) warnf(at place, format string, args ...any) {
	l.found = append(l.found, Problem{l.file, at.line, at.column, LevelWarning, fmt.Sprintf(format, args...)})
}

// sortProblems brings the problems of a file into their order there; those of
// other files come behind them, as they stand.
func sortProblems(problems []Problem, file string) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		switch {
		case a.File == file && b.File == file:
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		case a.File == file:
			return -1
		case b.File == file:
			return 1
		}
		return 0
	})
}

// nearest returns the candidate that a mistyped word was probably meant to be,
// or the empty string where none is near.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", 1+max(1, len(word)/3)
	for _, c := range candidates {
		d := editDistance(strings.ToLower(word), c)
		if len(word) >= 4 && (strings.HasPrefix(c, word) || strings.HasPrefix(word, c) && len(c) >= 4) {
			d = min(d, 1) // password for password_file
		}
		if d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance counts the letters to insert, drop, replace or swap with their
// neighbour to turn a into b (optimal string alignment).
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64 // nobody mistypes so long a key; this keeps the cost bounded
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// didYouMean is a clause for the end of a sentence, or nothing.
func didYouMean(word string, candidates []string) string {
	if c := nearest(word, candidates); c != "" {
		return "; did you mean " + c + "?"
	}
	return ""
}
