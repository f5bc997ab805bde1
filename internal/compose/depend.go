package compose

import (
	"html/template"
	"strings"
	"text/template/parse"
)

// dependence is what an expression of a layout depends on.
type dependence int

const (
	onLanguage dependence = iota // the same for all letters of a language
	onPage                       // the page as a whole, or what is not known
	onValue                      // one value of the letter, alone
)

// hasFrame reports whether the values of a letter decide nothing in a layout,
// parsed and not yet executed, but by being there or not: each of them stands
// alone in {{…}}, {{if …}} or {{with …}}.
func hasFrame(t *template.Template) bool {
	return t.Tree != nil && t.Tree.Root != nil && fixedList(t.Tree.Root, onPage)
}

func fixedList(list *parse.ListNode, dot dependence) bool {
	if list == nil {
		return true
	}
	for _, node := range list.Nodes {
		if !fixedNode(node, dot) {
			return false
		}
	}
	return true
}

func fixedNode(node parse.Node, dot dependence) bool {
	switch n := node.(type) {
	case *parse.TextNode, *parse.CommentNode, *parse.BreakNode, *parse.ContinueNode:
		return true
	case *parse.ActionNode:
		return ofPipe(n.Pipe, dot) != onPage
	case *parse.IfNode:
		return ofPipe(n.Pipe, dot) != onPage && fixedList(n.List, dot) && fixedList(n.ElseList, dot)
	case *parse.WithNode:
		on := ofPipe(n.Pipe, dot)
		return on != onPage && fixedList(n.List, on) && fixedList(n.ElseList, dot)
	case *parse.RangeNode:
		return ofPipe(n.Pipe, dot) == onLanguage && fixedList(n.List, onLanguage) && fixedList(n.ElseList, dot)
	}
	return false // {{template}}, {{block}}
}

// ofPipe says what a pipeline depends on. A value of the letter that goes through
// a function or into a variable counts as the whole page.
func ofPipe(p *parse.PipeNode, dot dependence) dependence {
	if len(p.Decl) == 0 && len(p.Cmds) == 1 && len(p.Cmds[0].Args) == 1 {
		return ofArgument(p.Cmds[0].Args[0], dot)
	}
	for _, command := range p.Cmds {
		for _, argument := range command.Args {
			if ofArgument(argument, dot) != onLanguage {
				return onPage
			}
		}
	}
	return onLanguage
}

func ofArgument(node parse.Node, dot dependence) dependence {
	switch n := node.(type) {
	case *parse.BoolNode, *parse.NumberNode, *parse.StringNode, *parse.NilNode, *parse.IdentifierNode:
		return onLanguage
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		if dot == onPage {
			return ofPageField(n.Ident)
		}
		return dot
	case *parse.VariableNode:
		if n.Ident[0] == "$" {
			return ofPageField(n.Ident[1:])
		}
		return onLanguage // ofPipe lets no other be declared
	case *parse.PipeNode:
		return ofPipe(n, dot)
	}
	return onPage
}

func ofPageField(path []string) dependence {
	switch strings.Join(path, ".") {
	case "Lang", "Dir", "AddressLines":
		return onLanguage
	case "Subject", "Preheader", "Body", "Links.Unsubscribe", "Links.Manage", "Links.Cancel":
		return onValue
	}
	if len(path) == 2 && (path[0] == "Business" || path[0] == "Words") {
		return onLanguage
	}
	return onPage
}
