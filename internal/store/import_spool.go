package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// The tables that an import adds rows to under ids of its own.
const (
	tableCustomers = iota
	tableProducts
	tableAgreements
)

// tables names them for SQL.
var tables = [...]string{tableCustomers: "customers", tableProducts: "products", tableAgreements: "agreements"}

// newRow stands, among the arguments of a statement, for the id of the n-th
// row (from 0) that the import adds to a table. The id itself is known only
// under the write lock.
type newRow struct {
	table int
	n     int64
}

// spool holds statements with their arguments in a file until the write lock
// is taken, so that neither the lock nor the memory has to bear the whole
// import.
type spool struct {
	file    *os.File
	removed bool
	out     *bufio.Writer
	queries []query
	number  map[query]int
	record  []byte
	length  int
}

// query is a statement. One that must change a row and changes none means that
// the facts it was made for are gone.
type query struct {
	sql  string
	must bool
}

// newSpool makes the file in dir or, where dir cannot be written, among the
// system's temporary files.
func newSpool(dir string) (*spool, error) {
	file, err := os.CreateTemp(dir, "renewd-import-*")
	if err != nil {
		if file, err = os.CreateTemp("", "renewd-import-*"); err != nil {
			return nil, err
		}
	}
	// The file holds names and addresses. Most systems let it go while it is
	// open, so that it does not outlive even a crash.
	removed := os.Remove(file.Name()) == nil
	return &spool{file: file, removed: removed, out: bufio.NewWriterSize(file, 256<<10), number: map[query]int{}}, nil
}

func (s *spool) close() error {
	err := s.file.Close()
	if !s.removed {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	return err
}

// The kinds of an argument in the file.
const (
	argNull = iota
	argInt
	argText
	argNewRow
)

// add appends a statement. Arguments are nil, int64, string or newRow.
func (s *spool) add(q query, args ...any) error {
	n, ok := s.number[q]
	if !ok {
		n = len(s.queries)
		s.queries = append(s.queries, q)
		s.number[q] = n
	}
	b := binary.AppendUvarint(s.record[:0], uint64(n))
	b = binary.AppendUvarint(b, uint64(len(args)))
	for _, arg := range args {
		switch v := arg.(type) {
		case nil:
			b = append(b, argNull)
		case int64:
			b = binary.AppendVarint(append(b, argInt), v)
		case string:
			b = binary.AppendUvarint(append(b, argText), uint64(len(v)))
			b = append(b, v...)
		case newRow:
			b = binary.AppendUvarint(append(b, argNewRow, byte(v.table)), uint64(v.n))
		default:
			return fmt.Errorf("an argument of the type %T cannot be stored", arg)
		}
	}
	s.record = b
	s.length++
	_, err := s.out.Write(b)
	return err
}

// replay runs all statements in their order. next are the ids from which on
// new rows are numbered.
func (s *spool) replay(tx *Tx, next [len(tables)]int64, progress func(done, total int)) error {
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("writing a temporary file: %w", err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := argReader{r: bufio.NewReaderSize(s.file, 256<<10), next: next}
	for done := range s.length {
		if progress != nil && done%4096 == 0 {
			progress(done, s.length)
		}
		q := s.queries[in.uvarint()]
		args := in.args(int(in.uvarint()))
		if in.err != nil {
			return fmt.Errorf("reading a temporary file: %w", in.err)
		}
		n, err := tx.exec(q.sql, args...)
		if err != nil {
			return err
		}
		if q.must && n == 0 {
			return errRaced
		}
	}
	return nil
}

// argReader reads back what add wrote; its first error stays.
type argReader struct {
	r    *bufio.Reader
	next [len(tables)]int64
	list []any
	err  error
}

func (a *argReader) uvarint() uint64 {
	n, err := binary.ReadUvarint(a.r)
	a.err = errors.Join(a.err, err)
	return n
}

func (a *argReader) byte() byte {
	b, err := a.r.ReadByte()
	a.err = errors.Join(a.err, err)
	return b
}

func (a *argReader) args(n int) []any {
	a.list = a.list[:0]
	for i := 0; i < n && a.err == nil; i++ {
		var arg any
		switch a.byte() {
		case argInt:
			v, err := binary.ReadVarint(a.r)
			a.err = errors.Join(a.err, err)
			arg = v
		case argText:
			text := make([]byte, a.uvarint())
			_, err := io.ReadFull(a.r, text)
			a.err = errors.Join(a.err, err)
			arg = string(text)
		case argNewRow:
			table := a.byte()
			arg = a.next[table] + int64(a.uvarint())
		}
		a.list = append(a.list, arg)
	}
	return a.list
}

// A stored row is known by its id, a row still to be added by the negative
// number −1−n; 0 is no row.

// idArg turns such a number into an argument.
func idArg(id int64, table int) any {
	switch {
	case id < 0:
		return newRow{table, -1 - id}
	case id == 0:
		return nil
	}
	return id
}
