package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// kind is the type of a value in the file, in words for a sentence.
type kind string

const (
	kindTable   kind = "a table"
	kindArray   kind = "a list"
	kindString  kind = "text"
	kindInteger kind = "a whole number"
	kindFloat   kind = "a number"
	kindBool    kind = "true or false"
	kindDate    kind = "a date"
	kindTime    kind = "a time"
)

// place is a position in the file, counted from 1; the zero place is the file
// as a whole.
type place struct{ line, column int }

// node is one value of the file with its place. The decoder of the library
// stops at the first wrong type; a tree of our own lets every fault be told at
// once, each with its place.
type node struct {
	kind kind
	// text is the contents of a string and the bytes as written of any other
	// scalar.
	text  string
	at    place
	items []*node
	// keys are those of fields in the order of the file.
	keys   []string
	fields map[string]field
}

// field is a key of a table with the place of the key itself.
type field struct {
	keyAt place
	value *node
}

// treeBuilder turns the parser's expressions into one tree.
type treeBuilder struct {
	parser unstable.Parser
	starts []int // offset of the first byte of each line
	data   []byte
}

// parseTree reads a TOML document. On a fault of its syntax it returns nil and
// one problem: what follows cannot be trusted.
func parseTree(data []byte, problems *problemList) *node {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	// The parser alone accepts keys and tables that are defined twice; the
	// decoder does not.
	var discard map[string]any
	if err := toml.Unmarshal(data, &discard); err != nil {
		var at place
		var decode *toml.DecodeError
		text := err.Error()
		if errors.As(err, &decode) {
			at.line, at.column = decode.Position()
		}
		problems.errorf(at, "this is not TOML: %s", strings.TrimPrefix(text, "toml: "))
		return nil
	}
	b := &treeBuilder{data: data, starts: []int{0}}
	for i, c := range data {
		if c == '\n' {
			b.starts = append(b.starts, i+1)
		}
	}
	root := newTable(place{})
	current := root
	b.parser.Reset(data)
	for b.parser.NextExpression() {
		expression := b.parser.Expression()
		switch expression.Kind {
		case unstable.Table:
			current = b.openTable(root, expression)
		case unstable.ArrayTable:
			current = b.appendTable(root, expression)
		case unstable.KeyValue:
			b.assign(current, expression)
		}
	}
	if err := b.parser.Error(); err != nil {
		problems.errorf(place{}, "this is not TOML: %v", err)
		return nil
	}
	return root
}

func newTable(at place) *node { return &node{kind: kindTable, at: at, fields: map[string]field{}} }

// set adds a key to a table; the first place of a key stays.
func (n *node) set(key string, at place, value *node) {
	if old, known := n.fields[key]; known {
		at = old.keyAt
	} else {
		n.keys = append(n.keys, key)
	}
	n.fields[key] = field{at, value}
}

// step goes from a table into the table under key, made where there is none;
// of an array of tables that is the last one.
func (n *node) step(key string, at place) *node {
	f, known := n.fields[key]
	if !known {
		child := newTable(at)
		n.set(key, at, child)
		return child
	}
	value := f.value
	if value.kind == kindArray && len(value.items) > 0 {
		value = value.items[len(value.items)-1]
	}
	if value.kind != kindTable {
		return newTable(at) // the decoder has refused such a document already
	}
	return value
}

// keyParts returns a dotted key and the place of each part.
func (b *treeBuilder) keyParts(expression *unstable.Node) (parts []string, at []place) {
	for it := expression.Key(); it.Next(); {
		parts = append(parts, string(it.Node().Data))
		at = append(at, b.placeOf(it.Node()))
	}
	return parts, at
}

func (b *treeBuilder) openTable(root *node, expression *unstable.Node) *node {
	parts, at := b.keyParts(expression)
	current := root
	for i, part := range parts {
		current = current.step(part, at[i])
	}
	return current
}

func (b *treeBuilder) appendTable(root *node, expression *unstable.Node) *node {
	parts, at := b.keyParts(expression)
	current, last := root, len(parts)-1
	for i, part := range parts[:last] {
		current = current.step(part, at[i])
	}
	table := newTable(at[last])
	array := &node{kind: kindArray, at: at[last]}
	if f, known := current.fields[parts[last]]; known && f.value.kind == kindArray {
		array = f.value
	}
	array.items = append(array.items, table)
	current.set(parts[last], at[last], array)
	return table
}

func (b *treeBuilder) assign(table *node, expression *unstable.Node) {
	parts, at := b.keyParts(expression)
	last := len(parts) - 1
	for i, part := range parts[:last] {
		table = table.step(part, at[i])
	}
	table.set(parts[last], at[last], b.value(expression.Value(), at[last]))
}

// value turns a parsed value into a node; a value without a place of its own
// has that of its key.
func (b *treeBuilder) value(v *unstable.Node, keyAt place) *node {
	n := &node{text: string(v.Data), at: keyAt}
	if v.Raw.Length > 0 {
		n.at = b.placeOf(v)
	}
	switch v.Kind {
	case unstable.Array:
		n.kind = kindArray
		for it := v.Children(); it.Next(); {
			n.items = append(n.items, b.value(it.Node(), n.at))
		}
	case unstable.InlineTable:
		table := newTable(n.at)
		for it := v.Children(); it.Next(); {
			b.assign(table, it.Node())
		}
		return table
	case unstable.String:
		n.kind = kindString
	case unstable.Bool:
		n.kind = kindBool
	case unstable.Integer:
		n.kind = kindInteger
	case unstable.Float:
		n.kind = kindFloat
	case unstable.LocalDate:
		n.kind = kindDate
	default:
		n.kind = kindTime
	}
	return n
}

func (b *treeBuilder) placeOf(n *unstable.Node) place {
	offset := int(n.Raw.Offset)
	line, exact := slices.BinarySearch(b.starts, offset)
	if !exact {
		line--
	}
	return place{line + 1, utf8.RuneCount(b.data[b.starts[line]:offset]) + 1}
}
