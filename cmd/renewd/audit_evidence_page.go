package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed audit_evidence.html
var evidencePage string

// summary is a document in sections: a page for a browser and the same as plain
// text.
type summary struct {
	Title, Business string
	// Read is when the database was read, Zone the clock of all times.
	Read, Zone string
	Short      string
	// Proves are two sentences: what this proves, and what it does not.
	Proves   []string
	Sections []summaryPart
}

// summaryPart is one table of the summary; Facts are pairs of a name and a value
// without a header.
type summaryPart struct {
	Title, Intro string
	// None stands in place of a table without rows.
	None    string
	Facts   bool
	Columns []string
	Rows    [][]cell
}

// cell is one value; Link is the file beside the summary that it names, Code
// tells identifiers, which may be broken anywhere.
type cell struct {
	Text, Link string
	Code, Bad  bool
}

// row adds a row of texts that strangers may have written.
func (s *summaryPart) row(values ...string) {
	cells := make([]cell, len(values))
	for i, v := range values {
		title := s.Columns[i]
		cells[i] = cell{Text: printable(v), Code: title == "SHA-256" || title == "Message-ID" || title == "File",
			Bad: title == "Verdict" && strings.HasPrefix(v, verdictSentences[windowMissed])}
	}
	s.Rows = append(s.Rows, cells)
}

// fact adds a name with its value unless that is empty.
func (s *summaryPart) fact(name, value string) {
	if value != "" {
		s.row(name, value)
	}
}

// html is the summary as a page that needs nothing but itself.
func (s *summary) html() ([]byte, error) {
	t, err := template.New("summary").Parse(evidencePage)
	if err != nil {
		return nil, fmt.Errorf("the page of the summary: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, s); err != nil {
		return nil, fmt.Errorf("the page of the summary: %w", err)
	}
	return b.Bytes(), nil
}

// text is the summary as plain text: a value a line, since no table is wide
// enough for a hash.
func (s *summary) text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n%s\n\n%s\nRead from the database at %s; all times are on the clock of %s.\n\n%s\n\n", s.Title,
		strings.Repeat("=", cellWidth(s.Title)), printable(s.Business), s.Read, s.Zone, s.Short)
	b.WriteString("What this proves and what it does not\n-------------------------------------\n\n")
	for _, sentence := range s.Proves {
		fmt.Fprintln(&b, strings.Join(wrap(sentence, textColumns), "\n"))
	}
	for _, part := range s.Sections {
		part.writeText(&b)
	}
	return b.Bytes()
}

// textColumns is how wide running text is.
const textColumns = 100

func (s *summaryPart) writeText(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n\n%s\n%s\n", s.Title, strings.Repeat("-", cellWidth(s.Title)))
	if s.Intro != "" {
		fmt.Fprintf(b, "\n%s\n", strings.Join(wrap(s.Intro, textColumns), "\n"))
	}
	if len(s.Rows) == 0 {
		fmt.Fprintf(b, "\n%s\n", s.None)
	}
	if s.Facts {
		fmt.Fprintln(b)
	}
	for i, row := range s.Rows {
		if s.Facts {
			fmt.Fprintf(b, "%-30s%s\n", row[0].Text, row[1].Text)
			continue
		}
		mark := fmt.Sprintf("%d.", i+1)
		fmt.Fprintln(b)
		for n, c := range row {
			if c.Text != "" {
				fmt.Fprintf(b, "%-5s%-25s%s\n", mark, s.Columns[n], c.Text)
				mark = ""
			}
		}
	}
}
