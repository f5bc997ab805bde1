package compose

import (
	"strings"
	"text/template"
	"text/template/parse"
)

// dropControlLines takes away the line of every action that stands alone on its
// line and prints nothing ({{if}}, {{range}}, {{else}}, {{end}} and the like):
// in Markdown the blank line that it would leave tears lists and paragraphs
// apart. Only the parsed template changes, so line numbers stay those of the file.
func dropControlLines(t *template.Template) {
	for _, each := range t.Templates() {
		if each.Tree == nil || each.Root == nil {
			continue
		}
		pieces := flatten(nil, each.Root)
		texts := make([]string, len(pieces)) // as written, before any line goes
		for i, p := range pieces {
			if p.text != nil {
				texts[i] = string(p.text.Text)
			}
		}
		for i := 0; i < len(pieces); i++ {
			if !pieces[i].control {
				continue
			}
			first := i
			for i+1 < len(pieces) && pieces[i+1].control {
				i++
			}
			opensLine := first == 0 || pieces[first-1].text != nil && endsLine(texts[first-1], first == 1)
			if !opensLine || i+1 >= len(pieces) || pieces[i+1].text == nil {
				continue
			}
			head, _, found := strings.Cut(texts[i+1], "\n")
			if found && strings.TrimSpace(head) == "" {
				next := pieces[i+1].text
				next.Text = next.Text[len(head)+1:]
			}
		}
	}
}

// endsLine reports whether nothing but blanks follows the last line break of s.
func endsLine(s string, first bool) bool {
	cut := strings.LastIndexByte(s, '\n')
	return (cut >= 0 || first) && strings.TrimSpace(s[cut+1:]) == ""
}

// piece is one part of a template in the order of the file: a text, an action
// that only controls, or (neither) one that prints.
type piece struct {
	text    *parse.TextNode
	control bool
}

func flatten(to []piece, list *parse.ListNode) []piece {
	if list == nil {
		return to
	}
	branch := func(n *parse.BranchNode) {
		to = append(to, piece{control: true})
		to = flatten(to, n.List)
		if n.ElseList != nil {
			to = append(to, piece{control: true})
			to = flatten(to, n.ElseList)
		}
		to = append(to, piece{control: true})
	}
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			to = append(to, piece{text: n})
		case *parse.IfNode:
			branch(&n.BranchNode)
		case *parse.RangeNode:
			branch(&n.BranchNode)
		case *parse.WithNode:
			branch(&n.BranchNode)
		case *parse.ActionNode:
			to = append(to, piece{control: len(n.Pipe.Decl) > 0})
		case *parse.BreakNode, *parse.ContinueNode:
			to = append(to, piece{control: true})
		default:
			to = append(to, piece{})
		}
	}
	return to
}
