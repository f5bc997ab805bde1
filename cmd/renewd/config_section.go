package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// section reads the keys of one table. Each key is named once, where it is
// read, together with its default: what was never asked for is an unknown key.
type section struct {
	// name is the table's name in the list of features without effect.
	name string
	// label stands before the key in messages, such as `send.`.
	label    string
	table    *node
	known    []string
	problems *problemList
	record   *keyRecord
}

// keyRecord remembers every key that was ever asked for, so that a test can
// hold the example file against the code.
type keyRecord map[string]bool

// field returns the value of a key, nil where the file does not have it.
func (s *section) field(key string) *node {
	s.known = append(s.known, key)
	if s.record != nil {
		(*s.record)[s.name+"."+key] = true
	}
	return s.table.fields[key].value
}

// fault reports a wrong value of a key.
func (s *section) fault(at place, key, format string, args ...any) {
	s.problems.errorf(at, "%s%s: %s", s.label, key, fmt.Sprintf(format, args...))
}

// wrongKind reports a value of the wrong type.
func (s *section) wrongKind(v *node, key string, want string) {
	s.fault(v.at, key, "%s is %s, but %s is wanted", v.quoted(), v.kind, want)
}

// quoted is the value as it may stand in a message.
func (n *node) quoted() string {
	switch n.kind {
	case kindTable, kindArray:
		return "this"
	case kindString:
		return strconv.Quote(n.text)
	}
	return n.text
}

// sub opens a table inside this one; one that the file does not have reads as
// empty.
func (s *section) sub(key string) *section {
	inner := &section{name: key, label: key + ".", problems: s.problems, record: s.record}
	inner.table = s.field(key)
	switch {
	case inner.table == nil:
		inner.table = newTable(place{})
	case inner.table.kind != kindTable:
		s.wrongKind(inner.table, key, "a table ["+key+"]")
		inner.table = newTable(inner.table.at)
	}
	return inner
}

// text reads a string.
func (s *section) text(key, byDefault string) string {
	return parsed(s, key, byDefault, "text in quotes", plainText)
}

// word reads a string that must be one of a closed list; the first of the list
// is the default.
func (s *section) word(key string, words ...string) string {
	return parsed(s, key, words[0], "text in quotes", oneOf("", words))
}

// oneOf accepts the words of a closed list.
func oneOf(what string, words []string) func(string) (string, error) {
	return func(text string) (string, error) {
		if slices.Contains(words, text) {
			return text, nil
		}
		if what == "" {
			what = "possible"
		}
		hint := didYouMean(text, words)
		return "", fmt.Errorf("%q is not %s: write %s%s", text, what, orList(words), hint)
	}
}

// orList writes "a, b or c".
func orList(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// typed returns the value of a key, nil where the file says nothing or, which it
// reports, something of another kind.
func (s *section) typed(key, want string, kinds ...kind) *node {
	v := s.field(key)
	if v != nil && !slices.Contains(kinds, v.kind) {
		s.wrongKind(v, key, want)
		return nil
	}
	return v
}

// number reads a whole number between low and high, both included.
func (s *section) number(key string, byDefault, low, high int) int {
	v := s.typed(key, "a whole number", kindInteger)
	if v == nil {
		return byDefault
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(v.text, "_", ""), 0, 64)
	if err != nil || n < int64(low) || n > int64(high) {
		s.fault(v.at, key, "%s is out of bounds: write a whole number from %d to %d", v.text, low, high)
		return byDefault
	}
	return int(n)
}

// flag reads true or false; nil where the file says nothing.
func (s *section) flag(key string) *bool {
	v := s.typed(key, "true or false without quotes", kindBool)
	if v == nil {
		return nil
	}
	yes := v.text == "true"
	return &yes
}

// flags reads true, false or a list of them.
func (s *section) flags(key string) []bool {
	v := s.field(key)
	if v == nil {
		return nil
	}
	items := []*node{v}
	if v.kind == kindArray {
		items = v.items
	}
	var all []bool
	for _, item := range items {
		if item.kind != kindBool {
			s.wrongKind(item, key, "true or false without quotes")
			return nil
		}
		all = append(all, item.text == "true")
	}
	return all
}

// share reads a number above 0 and below 1; 0 where the file says nothing.
func (s *section) share(key string) float64 {
	v := s.typed(key, "a share such as 0.1", kindFloat, kindInteger)
	if v == nil {
		return 0
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(v.text, "_", ""), 64)
	if err != nil || !(n > 0 && n < 1) {
		s.fault(v.at, key, "%s is not a share: write a number above 0 and below 1, such as 0.1", v.text)
		return 0
	}
	return n
}

// parsed reads a string and turns it into a T; the error of parse is the
// message for the user.
func parsed[T any](s *section, key string, byDefault T, want string, parse func(string) (T, error)) T {
	v := s.field(key)
	if v == nil {
		return byDefault
	}
	result, ok := parseNode(s, key, v, want, parse)
	if !ok {
		return byDefault
	}
	return result
}

// parsedList reads a list of strings; alone says that a single value may stand
// without brackets.
func parsedList[T any](s *section, key string, alone bool, want string, parse func(string) (T, error)) []T {
	v := s.field(key)
	if v == nil {
		return nil
	}
	items := []*node{v}
	if v.kind == kindArray {
		items = v.items
	} else if !alone {
		s.wrongKind(v, key, "a list in brackets")
		return nil
	}
	var result []T
	for _, item := range items {
		if one, ok := parseNode(s, key, item, want, parse); ok {
			result = append(result, one)
		}
	}
	return result
}

func parseNode[T any](s *section, key string, v *node, want string, parse func(string) (T, error)) (result T, ok bool) {
	if v.kind != kindString {
		s.wrongKind(v, key, want)
		return result, false
	}
	result, err := parse(v.text)
	if err != nil {
		s.fault(v.at, key, "%v", err)
		return result, false
	}
	return result, true
}

// need reports a required key that is missing or empty.
func (s *section) need(key, meaning string) {
	f, written := s.table.fields[key]
	if !written {
		s.problems.errorf(s.table.at, "%s%s is missing: write %s", s.label, key, meaning)
	} else if f.value.kind == kindString && strings.TrimSpace(f.value.text) == "" {
		s.fault(f.value.at, key, "it is empty: write %s", meaning)
	}
}

// placeOf is where a key stands, else where its table does.
func (s *section) placeOf(key string) place {
	if f, written := s.table.fields[key]; written {
		return f.keyAt
	}
	return s.table.at
}

// finish reports the keys that nobody asked for and those whose feature is not
// there yet.
func (s *section) finish() {
	for _, key := range s.table.keys {
		at := s.table.fields[key].keyAt
		switch {
		case !slices.Contains(s.known, key):
			s.problems.errorf(at, "%s%s: unknown key%s", s.label, key, didYouMean(key, s.known))
		case withoutEffect(s.name, key):
			s.problems.warnf(at, "%s%s: known, but without effect in this version", s.label, key)
		}
	}
}
