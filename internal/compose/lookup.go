package compose

import (
	"fmt"
	"slices"
	"strings"
)

// found is what a customer's locale comes to for one letter.
type found struct {
	letter *letterFile
	tongue *tongue
}

// Names returns the names of all letters, sorted.
func (s *Set) Names() []string {
	var names []string
	for key := range s.letters {
		if !slices.Contains(names, key.name) {
			names = append(names, key.name)
		}
	}
	slices.Sort(names)
	return names
}

// Has reports whether there is a letter of that name in any language.
func (s *Set) Has(name string) bool {
	for key := range s.letters {
		if key.name == name {
			return true
		}
	}
	return false
}

// find is lookUp, remembered.
func (s *Set) find(name, locale string, sober bool) (found, error) {
	key := letterKey{name, sober, locale}
	if f, ok := s.found.get(key); ok {
		return f, nil
	}
	l, err := s.lookUp(name, locale, sober)
	if err != nil {
		return found{}, err
	}
	f := found{l, s.tongue(tongueLocale(l.locale, locale, s.business.Locale))}
	s.found.put(key, f)
	return f, nil
}

// lookUp looks a letter up: pt-BR, pt, the business's language, en. A sober one
// that exists in none of them is the plain one.
func (s *Set) lookUp(name, locale string, sober bool) (*letterFile, error) {
	chain := localeChain(locale, s.business.Locale)
	for _, variant := range []bool{true, false} {
		if variant && !sober {
			continue
		}
		for _, tag := range chain {
			if l := s.letters[letterKey{name, variant, tag}]; l != nil {
				return l, nil
			}
		}
	}
	if !s.Has(name) {
		return nil, fmt.Errorf("there is no letter %q", name)
	}
	return nil, fmt.Errorf("there is no letter %q in any of the languages %s", name, strings.Join(chain, ", "))
}

// Broken returns why a letter cannot be rendered whatever the data, nil where it
// can. It only looks up what Load found, so a gate may ask it for every reminder.
func (s *Set) Broken(name, locale string, sober bool) error {
	f, err := s.find(name, locale, sober)
	switch {
	case err != nil:
		return err
	case f.letter.fault != nil:
		return *f.letter.fault
	case s.layout.fault != nil:
		return *s.layout.fault
	}
	return nil
}

// tongue returns the tongue of a locale, made once: tongues are few.
func (s *Set) tongue(locale string) *tongue {
	if t, ok := s.tongues.Load(locale); ok {
		return t.(*tongue)
	}
	t := newTongue(locale)
	s.tongues.Store(locale, t)
	return t
}
