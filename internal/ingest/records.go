package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// longestRecord bounds one row in bytes: more is a quote that was never closed
// or no CSV at all, and must not be gathered in memory.
const longestRecord = 1 << 20

const (
	quote       = '"'
	endOfFile   = "\x1A" // Ctrl-Z, with which programs of old end a text
	bareCR      = "a carriage return (CR) stands alone here; line ends must be LF or CRLF: save the file again with such line ends"
	afterQuotes = "text follows the closing quote of a cell; a quote inside a quoted cell is written twice"
)

// record is one row as it stands in the file, with its quotes resolved.
type record struct {
	// line is where the row starts, counted from 1.
	line  int
	cells []string
	// fault says what is wrong with its quotes; empty where nothing is.
	fault string
}

// blank reports whether no cell of the record holds anything to see.
func (r *record) blank() bool {
	for _, cell := range r.cells {
		if trim(cell) != "" {
			return false
		}
	}
	return true
}

// brokenError is a fault after which a file cannot be read on.
type brokenError struct {
	line int
	text string
}

func (e *brokenError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

// records cuts decoded text into records. Quotes count only at the start of a
// cell, as RFC 4180 has it; elsewhere they are text (5" pipe).
type records struct {
	r    *bufio.Reader
	sep  byte
	line int // number of the last line read
	long []byte
	buf  []byte
	ends []int
}

func newRecords(r io.Reader, sep byte) *records {
	return &records{r: bufio.NewReaderSize(r, 64<<10), sep: sep}
}

// next returns the next record, blank ones included. It returns io.EOF at the
// end and a *brokenError where the file cannot be read on.
func (r *records) next() (record, error) {
	line, err := r.readLine()
	if err != nil {
		return record{}, err
	}
	if bytes.IndexByte(line, quote) >= 0 {
		return r.quoted(line)
	}
	if bytes.IndexByte(line, '\r') >= 0 {
		return record{}, &brokenError{r.line, bareCR}
	}
	// One string for the whole row: its cells are parts of it.
	text := string(line)
	cells := make([]string, 0, strings.Count(text, string(rune(r.sep)))+1)
	for {
		i := strings.IndexByte(text, r.sep)
		if i < 0 {
			return record{line: r.line, cells: append(cells, text)}, nil
		}
		cells = append(cells, text[:i])
		text = text[i+1:]
	}
}

// readLine returns the next line without its end, valid until the next call.
func (r *records) readLine() ([]byte, error) {
	line, err := r.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = r.readLongLine(line)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if errors.Is(err, io.EOF) {
		line = bytes.TrimRight(line, endOfFile)
	}
	if len(line) == 0 {
		return nil, io.EOF
	}
	r.line++
	if n := len(line); line[n-1] == '\n' {
		line = line[:n-1]
		if n > 1 && line[n-2] == '\r' {
			line = line[:n-2]
		}
	}
	return line, nil
}

// readLongLine reads on from a line that filled the buffer.
func (r *records) readLongLine(start []byte) ([]byte, error) {
	r.long = append(r.long[:0], start...)
	for {
		more, err := r.r.ReadSlice('\n')
		r.long = append(r.long, more...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return r.long, err
		}
		if len(r.long) > longestRecord {
			if bytes.IndexByte(r.long, '\r') >= 0 {
				return nil, &brokenError{r.line + 1, bareCR}
			}
			return nil, &brokenError{r.line + 1, "the line is longer than 1 MB; is this a CSV file?"}
		}
	}
}

// quoted cuts a record whose first line holds a quote; quoted cells may hold
// line breaks, which are always written as LF.
func (r *records) quoted(rest []byte) (record, error) {
	rec := record{line: r.line}
	r.buf, r.ends = r.buf[:0], r.ends[:0]
	for more := true; more; {
		var plain []byte
		start := bytes.TrimLeft(rest, " ")
		if len(start) > 0 && start[0] == quote {
			after, err := r.quotedCell(start[1:], rec.line)
			if err != nil {
				return record{}, err
			}
			plain, rest, more = bytes.Cut(after, []byte{r.sep})
			if plain = bytes.TrimRight(plain, " \t"); len(plain) > 0 {
				rec.fault = afterQuotes
			}
		} else {
			plain, rest, more = bytes.Cut(rest, []byte{r.sep})
		}
		if bytes.IndexByte(plain, '\r') >= 0 {
			return record{}, &brokenError{r.line, bareCR}
		}
		r.buf = append(r.buf, plain...)
		r.ends = append(r.ends, len(r.buf))
	}
	text, from := string(r.buf), 0
	rec.cells = make([]string, len(r.ends))
	for i, end := range r.ends {
		rec.cells[i] = text[from:end]
		from = end
	}
	return rec, nil
}

// quotedCell appends the contents of a quoted cell to r.buf and returns what
// follows its closing quote on the line where that stands.
func (r *records) quotedCell(rest []byte, first int) ([]byte, error) {
	opened := r.line
	for {
		i := bytes.IndexByte(rest, quote)
		if i < 0 {
			r.buf = append(append(r.buf, rest...), '\n')
			var err error
			if rest, err = r.readLine(); errors.Is(err, io.EOF) {
				return nil, &brokenError{opened, "the quote that opens a cell here is never closed"}
			} else if err != nil {
				return nil, err
			}
			if len(r.buf)+len(rest) > longestRecord {
				return nil, &brokenError{opened, fmt.Sprintf(
					"the row that starts in line %d is longer than 1 MB; is the closing quote of a cell missing?", first)}
			}
			continue
		}
		r.buf = append(r.buf, rest[:i]...)
		rest = rest[i+1:]
		if len(rest) == 0 || rest[0] != quote {
			return rest, nil
		}
		r.buf = append(r.buf, quote)
		rest = rest[1:]
	}
}
