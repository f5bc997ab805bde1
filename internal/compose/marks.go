package compose

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	"renewd/internal/renewal"
)

// A mark stands for one printed value while Markdown is parsed: the value's
// number between two private-use characters, which no template may contain and
// which mean nothing to Markdown.
const (
	markOpen  = "\ue000"
	markClose = "\ue001"
	markFunc  = "_mark"
)

// maxLetter bounds what one letter's template may print, in bytes before values
// are put in: a loop gone wild fails instead of eating the memory.
const maxLetter = 1 << 20

var errTooLong = errors.New("the letter is longer than 1 MB")

// press is one set of executable templates with the values of the letter that
// is being rendered. A press renders one letter at a time.
type press struct {
	subject, preheader, letter *template.Template
	tongue                     *tongue
	// plain makes printed values appear as they are, for subject and preheader,
	// which are no Markdown.
	plain  bool
	values []string
	out    boundedWriter
	// body and page are the HTML of the letter and of the whole page: room that
	// the next letter uses again.
	body, page []byte
}

// funcs are the functions that a template of this press may call.
func (p *press) funcs() template.FuncMap {
	return template.FuncMap{
		markFunc: p.mark,
		"date":   func(d renewal.Date) string { return p.tongue.date(d) },
		"time":   func(at time.Time) string { return p.tongue.moment(at) },
		"exact":  func(at time.Time) string { return p.tongue.exact(at) },
		"money":  p.money,
		"period": func(v *renewal.Period) (string, error) { return p.tongue.period(v) },
		"list":   p.list,
	}
}

// mark takes what an action prints and returns what is printed in its place.
func (p *press) mark(v any) (string, error) {
	s, err := p.tongue.print(v)
	if err != nil {
		return "", err
	}
	s = cleanValue(s)
	if p.plain {
		return s, nil
	}
	p.values = append(p.values, s)
	return markOpen + strconv.Itoa(len(p.values)-1) + markClose, nil
}

// money takes .Price and its like. Any other type is a mistake in the letter.
func (p *press) money(v any) (string, error) {
	switch m := v.(type) {
	case *renewal.Money:
		return p.tongue.amount(m)
	case renewal.Money:
		return p.tongue.amount(&m)
	}
	return "", fmt.Errorf("money wants a price, not a %T", v)
}

func (p *press) list(v ...any) (string, error) {
	items, err := p.tongue.items(nil, reflect.ValueOf(v))
	return p.tongue.list(items), err
}

// run executes one template of the press.
func (p *press) run(t *template.Template, data *Data, plain bool) (string, error) {
	p.plain = plain
	p.values = p.values[:0]
	p.out.Reset()
	err := t.Execute(&p.out, data)
	return p.out.String(), err
}

type boundedWriter struct{ bytes.Buffer }

func (w *boundedWriter) Write(b []byte) (int, error) {
	if w.Len()+len(b) > maxLetter {
		return 0, errTooLong
	}
	return w.Buffer.Write(b)
}

// expand takes a piece of marked text apart: its literal text and the numbers of
// its values, which are below slots. A letter's file has no such characters and a
// value never becomes marked text, so every mark is one that a press made.
func expand(s string, slots int, literal func(string), value func(int)) {
	for {
		before, rest, found := strings.Cut(s, markOpen)
		if before != "" {
			literal(before)
		}
		if !found {
			return
		}
		number, after, _ := strings.Cut(rest, markClose)
		if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < slots {
			value(i)
		}
		s = after
	}
}

// markActions makes every action that prints go through markFunc, in t and in
// the templates it defines.
func markActions(t *template.Template) {
	for _, each := range t.Templates() {
		if each.Tree != nil && each.Root != nil {
			walkActions(each.Tree, each.Root)
		}
	}
}

func walkActions(tree *parse.Tree, list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 { // {{$x := …}} prints nothing
				name := parse.NewIdentifier(markFunc).SetTree(tree).SetPos(n.Pos)
				n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Pos, Args: []parse.Node{name}})
			}
		case *parse.IfNode:
			walkActions(tree, n.List)
			walkActions(tree, n.ElseList)
		case *parse.RangeNode:
			walkActions(tree, n.List)
			walkActions(tree, n.ElseList)
		case *parse.WithNode:
			walkActions(tree, n.List)
			walkActions(tree, n.ElseList)
		}
	}
}
