package ingest

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// WriteRejected writes the rows that faults names by their lines, as they
// stand in the file, with the reasons in a first column RejectedColumn. What it
// writes can be corrected and imported again: UTF-8 with a byte order mark, the
// file's own separator. A date whose day and month only the rest of the file
// told apart is written with the year first, since alone it could be read
// otherwise.
func (f *File) WriteRejected(w io.Writer, faults []Fault) error {
	reasons := map[int]string{}
	for _, fault := range faults {
		text := fault.Text
		if fault.Column != "" {
			text = fault.Column + ": " + text
		}
		if before := reasons[fault.Line]; before != "" {
			text = before + " | " + text
		}
		reasons[fault.Line] = text
	}
	rec, closer, err := f.read(f.sep)
	if err != nil {
		return err
	}
	defer closer.Close()
	header, err := f.nextFilled(rec)
	if err != nil {
		return err
	}
	before := slices.IndexFunc(header.cells, func(cell string) bool { return fold(cell) == RejectedColumn })
	out := bufio.NewWriter(w)
	out.Write(bomUTF8)
	f.writeRow(out, RejectedColumn, header.cells, before)
	for {
		r, err := rec.next()
		if errors.Is(err, io.EOF) {
			return out.Flush()
		}
		if err != nil {
			return f.failure(err)
		}
		reason, rejected := reasons[r.line]
		if !rejected || r.blank() {
			continue
		}
		for i := range min(len(r.cells), len(f.orders)) {
			r.cells[i] = f.settledDate(i, r.cells[i])
		}
		f.writeRow(out, reason, r.cells, before)
	}
}

// settledDate writes the date of a cell with the year first where its own
// characters do not say which is the day.
func (f *File) settledDate(i int, cell string) string {
	if f.surveys[i] == nil || f.orders[i] != dayFirst && f.orders[i] != monthFirst {
		return cell
	}
	d, ok := cutDate(trim(cell))
	if !ok || !d.yearTrails() || d.number[0] == d.number[1] || d.number[0] > 12 || d.number[1] > 12 {
		return cell
	}
	date, err := d.date(f.orders[i])
	if err != nil {
		return cell
	}
	return date.String() + d.rest
}

// writeRow writes one row; the cell at index before, the reason of an earlier
// import, is left out. Errors stay in the writer until Flush.
func (f *File) writeRow(out *bufio.Writer, first string, cells []string, before int) {
	f.writeCell(out, first)
	for i, cell := range cells {
		if i == before {
			continue
		}
		out.WriteByte(f.sep)
		f.writeCell(out, cell)
	}
	out.WriteString("\r\n")
}

func (f *File) writeCell(out *bufio.Writer, cell string) {
	if !strings.ContainsAny(cell, ",;\t\"\r\n") {
		out.WriteString(cell)
		return
	}
	out.WriteByte(quote)
	out.WriteString(strings.ReplaceAll(cell, `"`, `""`))
	out.WriteByte(quote)
}

// RemoveRejected removes the file at path if it is one that WriteRejected
// wrote, which it knows by its first column, and reports whether it did. No
// file, and a file of somebody else, are left as they are without an error.
func RemoveRejected(path string) (removed bool, err error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, nil
	}
	f := &File{name: path, open: func() (io.ReadCloser, error) { return os.Open(path) }}
	first, err := f.firstColumn()
	var faults Faults
	if errors.As(err, &faults) {
		return false, nil // no CSV at all
	}
	if err != nil || first != RejectedColumn {
		return false, err
	}
	err = os.Remove(path)
	return err == nil, err
}

// firstColumn is the folded name of the file's first column.
func (f *File) firstColumn() (string, error) {
	if err := f.findEncoding(); err != nil {
		return "", err
	}
	if err := f.findSeparator(); err != nil {
		return "", err
	}
	header, err := f.header(f.sep)
	if err != nil {
		return "", err
	}
	return fold(header[0]), nil
}
