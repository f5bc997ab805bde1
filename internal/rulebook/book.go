package rulebook

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

//go:embed books/*.toml
var books embed.FS

// Auto is the name that stands for every duty of the customer's country and
// region.
const Auto = "auto"

// Book is all duties, in the order of the files (by name) and of the entries in
// them. It does not change once it is loaded.
type Book struct {
	duties []*Duty
	byID   map[string]*Duty
}

// Load reads the books that are part of the program and checks them. An error
// names the file and the duty.
func Load() (*Book, error) { return load(books, "books") }

func load(fsys fs.FS, dir string) (*Book, error) {
	names, err := fs.Glob(fsys, path.Join(dir, "*.toml"))
	if err != nil {
		return nil, fmt.Errorf("rule books: %w", err)
	}
	b := &Book{byID: map[string]*Duty{}}
	for _, name := range names {
		if err := b.read(fsys, name); err != nil {
			return nil, fmt.Errorf("rule book %s: %w", path.Base(name), err)
		}
	}
	for _, d := range b.duties {
		for _, id := range d.Supersedes {
			if b.byID[id] == nil || id == d.ID {
				return nil, fmt.Errorf("rule book: %s supersedes %q, which is no other duty", d.ID, id)
			}
		}
	}
	return b, nil
}

// read adds the duties of one file.
func (b *Book) read(fsys fs.FS, name string) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	var file struct {
		Duty []*Duty `toml:"duty"`
	}
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			return fmt.Errorf("a key that no duty has: %w\n%s", err, strict.String())
		}
		return err
	}
	for _, d := range file.Duty {
		d.setDefaults()
		if err := d.check(); err != nil {
			return fmt.Errorf("duty %q: %w", d.ID, err)
		}
		if b.byID[d.ID] != nil {
			return fmt.Errorf("duty %q: the id is taken", d.ID)
		}
		d.place = len(b.duties)
		b.duties = append(b.duties, d)
		b.byID[d.ID] = d
	}
	return nil
}

// All returns every duty, whatever its status.
func (b *Book) All() []*Duty { return slices.Clone(b.duties) }

// Duty returns the duty of that id, nil where there is none.
func (b *Book) Duty(id string) *Duty { return b.byID[id] }

// Content returns what a letter for the duties of these ids must say: the union
// of what they want, in the order of ContentItems. Ids that no duty has, and all
// ids where the book is nil, ask for nothing.
func (b *Book) Content(ids []string) []string {
	if b == nil {
		return nil
	}
	var items []string
	for _, item := range ContentItems {
		if slices.ContainsFunc(ids, func(id string) bool {
			d := b.byID[id]
			return d != nil && slices.Contains(d.Content, item)
		}) {
			items = append(items, item)
		}
	}
	return items
}

// Select returns the duties that names stand for, for this subject, in the order
// of the book and each once. "auto" stands for every duty in force whose country
// and region are the subject's: card schemes and direct debits have no country
// and are never among them. An id stands for that duty, whatever its status,
// unless the subject is known to live elsewhere. Names that are neither are
// passed over (ask Duty first).
func (b *Book) Select(names []string, s Subject) []*Duty {
	country, region := s.place()
	auto := slices.Contains(names, Auto)
	var selected []*Duty
	for _, d := range b.duties {
		switch {
		case auto && d.Status == StatusInForce && d.Country != "" && d.Country == country && (d.Region == "" || d.Region == region),
			slices.Contains(names, d.ID) && !d.elsewhere(country, region):
			selected = append(selected, d)
		}
	}
	return selected
}

// elsewhere reports whether a customer of that country and region, empty where
// unknown, is known to live where the duty does not hold.
func (d *Duty) elsewhere(country, region string) bool {
	return d.Country != "" && country != "" && d.Country != country ||
		d.Region != "" && region != "" && d.Region != region
}

// place returns the subject's country and region in capitals, the region with
// its country in front; an unknown one is empty.
func (s *Subject) place() (country, region string) {
	country = strings.ToUpper(strings.TrimSpace(s.Country))
	region = strings.ToUpper(strings.TrimSpace(s.Region))
	prefix, _, whole := strings.Cut(region, "-")
	switch {
	case region == "" || whole && country != "" && prefix != country:
		return country, "" // a region of another country says nothing
	case whole:
		return prefix, region
	case country == "":
		return "", ""
	}
	return country, country + "-" + region
}
