package web

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// void are the elements without an end tag.
var void = []string{"meta", "link", "br", "input"}

// checkNesting reports what a browser would have to mend: every element is closed
// in its turn.
func checkNesting(t *testing.T, what string, page []byte) {
	t.Helper()
	var open []string
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if len(open) != 0 {
				t.Errorf("%s: %v are never closed", what, open)
			}
			return
		case html.StartTagToken:
			if name := z.Token().Data; !slices.Contains(void, name) {
				open = append(open, name)
				if name == "p" || name == "div" || name == "ul" || name == "dl" {
					if n := len(open); slices.Contains(open[:n-1], "p") {
						t.Errorf("%s: a %s in a paragraph: %v", what, name, open)
					}
				}
			}
		case html.EndTagToken:
			name := z.Token().Data
			if len(open) == 0 || open[len(open)-1] != name {
				t.Errorf("%s: </%s> closes %v", what, name, open)
				return
			}
			open = open[:len(open)-1]
		}
	}
}

// markup is what a page's elements say about each other.
type markup struct {
	ids, refs, labelled, controls []string
	headings                      []string
	faults                        []string
}

func readMarkup(page []byte) (m markup, err error) {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return m, err
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			m.element(n)
		}
	}
	return m, nil
}

func (m *markup) element(n *html.Node) {
	attributes := map[string]string{}
	for _, a := range n.Attr {
		if _, twice := attributes[a.Key]; twice {
			m.faults = append(m.faults, n.Data+" has "+a.Key+" twice")
		}
		attributes[a.Key] = a.Val
		if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
			m.faults = append(m.faults, n.Data+" has "+a.Key)
		}
		if (a.Key == "href" || a.Key == "src" || a.Key == "action") && (strings.Contains(a.Val, "://") || strings.HasPrefix(a.Val, "//")) {
			m.faults = append(m.faults, n.Data+" leads to "+a.Val)
		}
	}
	if id := attributes["id"]; id != "" {
		m.ids = append(m.ids, id)
	}
	m.refs = append(m.refs, strings.Fields(attributes["aria-describedby"])...)
	if target, here := strings.CutPrefix(attributes["href"], "#"); here {
		m.refs = append(m.refs, target)
	}
	switch n.Data {
	case "script", "iframe", "img", "object", "embed":
		m.faults = append(m.faults, "there is a "+n.Data)
	case "h1", "h2", "h3", "h4":
		m.headings = append(m.headings, n.Data)
	case "label":
		m.labelled = append(m.labelled, attributes["for"])
	case "input", "textarea", "select":
		if attributes["type"] != "hidden" {
			m.controls = append(m.controls, attributes["id"])
			if attributes["autocomplete"] == "" && attributes["type"] != "radio" {
				m.faults = append(m.faults, attributes["name"]+" has no autocomplete")
			}
		}
	case "button":
		if n.FirstChild == nil {
			m.faults = append(m.faults, "a button without words")
		}
	}
}

// TestMarkup reads every page in every language and state as a browser does:
// well nested, every field with its label, every reference with its target,
// headings in order, no script, no style of its own and nothing from elsewhere.
func TestMarkup(t *testing.T) {
	pages, err := builtInPages()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"en", "fr", "pt", "es", "de"} {
		for _, f := range families {
			for _, page := range f.pages {
				samples := agreementSamples(page, tag)
				if f.name == "unsubscribe" {
					samples = subscriberSamples(page, tag)
				}
				for i, s := range samples {
					s.content.locale = tag
					if s.content.agreement != nil {
						s.content.agreement.RenewURL = ""
					}
					out, err := pages.render(page, s.content)
					if err != nil {
						t.Fatal(err)
					}
					checkPage(t, strings.Join([]string{tag, page, string(rune('0' + i))}, " "), out)
				}
			}
		}
	}
}

func checkPage(t *testing.T, what string, out []byte) {
	t.Helper()
	checkNesting(t, what, out)
	m, err := readMarkup(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range m.faults {
		t.Errorf("%s: %s", what, fault)
	}
	if sorted := slices.Sorted(slices.Values(m.ids)); len(slices.Compact(sorted)) != len(m.ids) {
		t.Errorf("%s: an id twice: %v", what, m.ids)
	}
	for _, id := range append(m.refs, m.labelled...) {
		if !slices.Contains(m.ids, id) {
			t.Errorf("%s: nothing has the id %q", what, id)
		}
	}
	for _, id := range m.controls {
		if !slices.Contains(m.labelled, id) {
			t.Errorf("%s: the field %q has no label", what, id)
		}
	}
	for i, h := range m.headings {
		if want := "h2"; i == 0 && h != "h1" || i > 0 && h != want {
			t.Errorf("%s: headings %v", what, m.headings)
		}
	}
}

// FuzzForm reads any body as a form: what comes of it is always one of the acts,
// within its bounds.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"do=cancel", "do=contact&name=A&was.name=B&a.x=1", "do=reason&choice=price&text=%C3%A9", "do=reason&text=" + strings.Repeat("x", 600), "&&&=", "do=%zz"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w, faults, err := readWish(body)
		if err != nil {
			return
		}
		if !slices.Contains([]Act{ActRenew, ActContact, ActCancel, ActKeep, ActReason}, w.Act) || len(w.Contact) > 2*mostFields {
			t.Errorf("%+v", w)
		}
		if len(faults) == 0 && w.Act == ActReason && (w.Reason == Reason{} || len([]rune(w.Reason.Text)) > LongestReason) {
			t.Errorf("%+v", w.Reason)
		}
	})
}
