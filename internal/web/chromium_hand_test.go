package web

import (
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// scripts says whether pages may run JavaScript from the next one on. What the
// tests themselves evaluate runs all the same.
func (b *tab) scripts(on bool) {
	b.t.Helper()
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": !on}, nil)
}

// open loads an address.
func (b *tab) open(address string) {
	b.t.Helper()
	b.load("Page.navigate", map[string]any{"url": address})
}

// find returns the browser's number of the first element of a selector.
func (b *tab) find(selector string) int {
	b.t.Helper()
	var document struct{ Root struct{ NodeID int } }
	b.call("DOM.getDocument", map[string]any{"depth": 0}, &document)
	var found struct{ NodeID int }
	b.call("DOM.querySelector", map[string]any{"nodeId": document.Root.NodeID, "selector": selector}, &found)
	if found.NodeID == 0 {
		b.t.Fatalf("there is no %s on the page", selector)
	}
	return found.NodeID
}

// point moves the mouse over an element, holds its button down there and returns
// what lets it go.
func (b *tab) point(selector string) (release map[string]any) {
	b.t.Helper()
	node := b.find(selector)
	b.call("DOM.scrollIntoViewIfNeeded", map[string]any{"nodeId": node}, nil)
	var box struct {
		Model struct{ Content []float64 }
	}
	b.call("DOM.getBoxModel", map[string]any{"nodeId": node}, &box)
	corners := box.Model.Content // left top, right top, right bottom, left bottom
	x, y := (corners[0]+corners[4])/2, (corners[1]+corners[5])/2
	b.call("Input.dispatchMouseEvent", map[string]any{"type": "mousePressed", "x": x, "y": y, "button": "left", "clickCount": 1}, nil)
	return map[string]any{"type": "mouseReleased", "x": x, "y": y, "button": "left", "clickCount": 1}
}

// click clicks at what leads to no other page.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.call("Input.dispatchMouseEvent", b.point(selector), nil)
}

// follow clicks at a link or a button and waits for the page to which it leads.
func (b *tab) follow(selector string) {
	b.t.Helper()
	b.load("Input.dispatchMouseEvent", b.point(selector))
}

// write types a text into a field in the place of what is there.
func (b *tab) write(selector, text string) {
	b.t.Helper()
	b.call("DOM.focus", map[string]any{"nodeId": b.find(selector)}, nil)
	b.key("a", 65, "selectAll")
	b.key("Backspace", 8)
	if text != "" {
		b.call("Input.insertText", map[string]any{"text": text}, nil)
	}
}

// key presses a key, with the commands of an editor that it stands for.
func (b *tab) key(name string, code int, commands ...string) {
	b.t.Helper()
	down := map[string]any{"type": "rawKeyDown", "key": name, "code": name, "windowsVirtualKeyCode": code}
	if len(commands) > 0 {
		down["commands"] = commands
	}
	b.call("Input.dispatchKeyEvent", down, nil)
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": name, "code": name, "windowsVirtualKeyCode": code}, nil)
}

// heard returns what the browser complained of since it was last asked, but for
// the statuses of pages that are meant to have one.
func (b *tab) heard() []string {
	all := slices.DeleteFunc(b.complaints, func(complaint string) bool {
		return strings.HasPrefix(complaint, "error: Failed to load resource: the server responded with a status of ")
	})
	b.complaints = nil
	return all
}

// axeVariable names the file axe.min.js of axe-core, which examines pages by the
// rules of WCAG and by common practice.
const axeVariable = "RENEWD_AXE"

// axeSource reads axe-core once for all tests.
var axeSource = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile(os.Getenv(axeVariable))
	return string(source), err
})

// needAxe reports whether pages can be examined by axe-core; where every test has
// to run, its absence is a failure.
func needAxe(t *testing.T) bool {
	t.Helper()
	if os.Getenv(axeVariable) == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal(axeVariable + " names no axe.min.js, and with CI=true it has to")
		}
		return false
	}
	source, err := axeSource()
	if err != nil || !strings.Contains(source, "axe.run") {
		t.Fatalf("%s names no axe.min.js: %v", axeVariable, err)
	}
	return true
}

// runAxe applies all rules that are on, and the size of targets, which is off by
// itself although WCAG 2.2 AA asks for it.
const runAxe = `axe.run(document, {rules: {'target-size': {enabled: true}}, resultTypes: ['violations'], preload: false}).then(r => ({
  rules: r.passes.length + r.violations.length,
  violations: r.violations.flatMap(v => v.nodes.map(n => v.id + ' (' + v.help + '): ' + n.html.slice(0, 160) + ' ' + n.failureSummary.replaceAll('\n', ' '))),
}))`

// examine returns what axe-core finds wrong with the page, a line for each rule
// and element, and how many rules had something to look at. It is put into the
// page by the protocol, past the page's policy, which allows no script.
func (b *tab) examine() (violations []string, rules int) {
	b.t.Helper()
	source, err := axeSource()
	if err != nil {
		b.t.Fatal(err)
	}
	var there bool
	if b.eval(`typeof axe === 'object'`, &there); !there {
		b.evaluate(map[string]any{"expression": source + "\n;true"}, &there)
	}
	var found struct {
		Rules      int
		Violations []string
	}
	b.evaluate(map[string]any{"expression": runAxe, "awaitPromise": true}, &found)
	return found.Violations, found.Rules
}

// evaluate is eval for what is too long to be told in a failure.
func (b *tab) evaluate(params map[string]any, result any) {
	b.t.Helper()
	params["returnByValue"] = true
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.call("Runtime.evaluate", params, &out)
	if e := out.ExceptionDetails; e != nil {
		b.t.Fatalf("axe-core failed: %s", cmp.Or(e.Exception.Description, e.Text))
	}
	if err := json.Unmarshal(out.Result.Value, result); err != nil {
		b.t.Fatal(err)
	}
}
