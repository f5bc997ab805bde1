package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Options are what a person may say about a file.
type Options struct {
	// As is the kind of file (one of Kinds); empty finds it from the header.
	As string
	// Ignore are the headers of columns to pass over, in any case.
	Ignore []string
	// DateFormat is dmy, mdy or ymd; empty finds it column by column.
	DateFormat string
}

// File is a CSV file whose encoding, separator, kind, columns and dates are
// settled. Its rows are read by Rows.
type File struct {
	name    string
	kind    string
	open    func() (io.ReadCloser, error)
	enc     charset
	sep     byte
	sepLine bool
	plan    plan
	index   map[string]int
	orders  []order   // by place
	surveys []*survey // by place, nil where the column has no dates
	rows    int
}

// OpenPath is Open for a file of the file system.
func OpenPath(path string, opt Options) (*File, error) {
	return Open(func() (io.ReadCloser, error) { return os.Open(path) }, path, opt)
}

// Open reads a file through once and settles what it is. open is called for
// every pass over it and must give the same bytes each time; name is how
// faults call the file. A file that cannot be used as a whole gives Faults;
// other errors are those of reading.
func Open(open func() (io.ReadCloser, error), name string, opt Options) (*File, error) {
	f := &File{name: name, open: open}
	forced, known := orderOf(opt.DateFormat)
	switch {
	case !known:
		return nil, fmt.Errorf("the date format %q is not known; say dmy, mdy or ymd", opt.DateFormat)
	case opt.As != "" && !slices.Contains(Kinds, opt.As):
		return nil, fmt.Errorf("files of %q are not known; say one of %s", opt.As, strings.Join(Kinds, ", "))
	}
	if err := f.findEncoding(); err != nil {
		return nil, err
	}
	if err := f.findSeparator(); err != nil {
		return nil, err
	}
	if err := f.readThrough(opt, forced); err != nil {
		return nil, err
	}
	return f, nil
}

// Name is the file's name as it was given.
func (f *File) Name() string { return f.name }

// Kind is one of Kinds.
func (f *File) Kind() string { return f.kind }

// Columns names the cells of every row in their order: columns of the manual,
// and AttributePrefix + name for other columns of customers.
func (f *File) Columns() []string { return f.plan.columns }

// Len is the number of rows, bad ones included.
func (f *File) Len() int { return f.rows }

// refuse makes the error for a file that cannot be used as a whole.
func (f *File) refuse(line int, text string) error {
	return Faults{{File: f.name, Line: line, Text: text}}
}

func (f *File) findEncoding() error {
	r, err := f.open()
	if err != nil {
		return fmt.Errorf("cannot open the file: %w", err)
	}
	defer r.Close()
	enc, refusal, err := detectEncoding(r)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", f.name, err)
	}
	if refusal != "" {
		return f.refuse(0, refusal)
	}
	f.enc = enc
	return nil
}

// read opens the file for one pass over its records, after its sep= line.
func (f *File) read(sep byte) (*records, io.Closer, error) {
	r, err := f.open()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot open the file: %w", err)
	}
	rec := newRecords(decode(r, f.enc), sep)
	if f.sepLine {
		if _, err := rec.readLine(); err != nil {
			r.Close()
			return nil, nil, fmt.Errorf("cannot read %s: %w", f.name, err)
		}
	}
	return rec, r, nil
}

// failure turns what went wrong while reading into the error of the file.
func (f *File) failure(err error) error {
	var broken *brokenError
	switch {
	case errors.As(err, &broken):
		return f.refuse(broken.line, broken.text)
	case errors.Is(err, io.EOF):
		return f.refuse(0, "the file is empty; its first line must name the columns")
	}
	return fmt.Errorf("cannot read %s: %w", f.name, err)
}

// header returns the first record that is not blank, read with a separator.
func (f *File) header(sep byte) ([]string, error) {
	rec, closer, err := f.read(sep)
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	h, err := f.nextFilled(rec)
	return h.cells, err
}

// nextFilled is next for reading the header: records that hold nothing but
// blanks and separators, of whatever sort, are passed over.
func (f *File) nextFilled(rec *records) (record, error) {
	for {
		r, err := rec.next()
		if err != nil {
			return record{}, f.failure(err)
		}
		if slices.ContainsFunc(r.cells, func(cell string) bool { return trim(strings.Trim(cell, separators+" ")) != "" }) {
			return r, nil
		}
	}
}

// readThrough reads the header and then all rows once, to settle the orders of
// the dates and to meet whatever keeps the file from being read to its end.
func (f *File) readThrough(opt Options, forced order) error {
	rec, closer, err := f.read(f.sep)
	if err != nil {
		return err
	}
	defer closer.Close()
	header, err := f.nextFilled(rec)
	if err != nil {
		return err
	}
	if err := f.takeHeader(header, opt); err != nil {
		return err
	}
	for {
		r, err := rec.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f.failure(err)
		}
		if r.blank() {
			continue
		}
		f.rows++
		for i := range min(len(r.cells), len(f.surveys)) {
			if s := f.surveys[i]; s != nil {
				s.add(r.line, trim(r.cells[i]))
			}
		}
	}
	return f.settleOrders(forced)
}

func (f *File) takeHeader(header record, opt Options) error {
	if header.fault != "" {
		return f.refuse(header.line, header.fault)
	}
	names := make([]string, len(header.cells))
	for i, cell := range header.cells {
		names[i] = fold(cell)
	}
	ignore := make([]string, len(opt.Ignore))
	for i, name := range opt.Ignore {
		ignore[i] = fold(name)
	}
	if f.kind = opt.As; f.kind == "" {
		f.kind = detectKind(names)
		kept := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(ignore, name) })
		if fault, found := misnamed(f.kind, kept); found {
			fault.File, fault.Line = f.name, header.line
			return Faults{fault}
		}
	}
	p, faults := planColumns(f.kind, header.cells, ignore)
	if len(faults) > 0 {
		for i := range faults {
			faults[i].File, faults[i].Line = f.name, header.line
		}
		return Faults(faults)
	}
	f.plan = p
	f.index = map[string]int{}
	for i, name := range p.columns {
		f.index[name] = i
	}
	f.orders = make([]order, len(p.places))
	f.surveys = make([]*survey, len(p.places))
	for i, at := range p.places {
		if at.out >= 0 && at.isDated() {
			f.surveys[i] = &survey{}
		}
	}
	return nil
}

// settleOrders decides how each column writes its dates, or refuses the file.
func (f *File) settleOrders(forced order) error {
	var faults Faults
	for i, s := range f.surveys {
		if s == nil {
			continue
		}
		if f.orders[i] = forced; forced != orderUnknown {
			continue
		}
		if f.orders[i] = s.order(); f.orders[i] == orderUnknown {
			fault := s.refusal(f.plan.places[i].name)
			fault.File = f.name
			faults = append(faults, fault)
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}
