package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// look measures a page as it is shown: its width, the lowest contrast of any
// text with what is behind it (WCAG 2), the lowest height of a button, and what
// a reader's program needs.
const look = `(() => {
  const rgb = text => text.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  let contrast = 21, texts = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    if (!walk.currentNode.data.trim()) continue;
    texts++;
    const e = walk.currentNode.parentElement;
    const [a, b] = [luminance(rgb(getComputedStyle(e).color)), luminance(behind(e))];
    contrast = Math.min(contrast, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  const controls = [...document.querySelectorAll('button')].map(b => b.getBoundingClientRect().height);
  return {
    width: innerWidth, needs: document.documentElement.scrollWidth, contrast, texts, dark: luminance(behind(document.body)) < 0.2,
    buttons: controls.length, lowest: Math.min(...controls, 1000), headings: document.querySelectorAll('h1').length,
    main: document.querySelectorAll('main').length, lang: document.documentElement.lang, heading: document.querySelector('h1').innerText,
    elsewhere: performance.getEntriesByType('resource').length, cookie: document.cookie,
  };
})()`

type looks struct {
	Width, Needs, Texts, Buttons, Headings, Main, Elsewhere int
	Contrast, Lowest                                        float64
	Dark                                                    bool
	Lang, Heading, Cookie                                   string
}

// TestPagesInABrowser opens the page behind the link as a customer does, on a
// telephone and at a desk, light and dark, and presses its button.
// RENEWD_PICTURES names a folder for pictures of what was seen.
func TestPagesInABrowser(t *testing.T) {
	browser := openTab(t)
	s := newSite(t, nil)
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.URL.Path)
		mu.Unlock()
		s.handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)

	check := func(page, lang string, buttons int) looks {
		t.Helper()
		var seen looks
		for _, width := range []int{320, 390, 1200} {
			for _, scheme := range []string{"light", "dark"} {
				browser.show(width, scheme)
				seen = looks{}
				browser.eval(look, &seen)
				if seen.Width != width || seen.Needs > width {
					t.Errorf("%s %s: %d wide, needs %d", page, lang, seen.Width, seen.Needs)
				}
				if seen.Contrast < 4.5 || seen.Texts < 5 || seen.Dark != (scheme == "dark") {
					t.Errorf("%s %s %s: contrast %.2f of %d texts, dark %v", page, lang, scheme, seen.Contrast, seen.Texts, seen.Dark)
				}
				if seen.Buttons != buttons || seen.Lowest < 44 || seen.Headings != 1 || seen.Main != 1 || seen.Lang != lang {
					t.Errorf("%s %s: %+v", page, lang, seen)
				}
				if seen.Elsewhere != 0 || seen.Cookie != "" {
					t.Errorf("%s %s: %d other files, cookie %q", page, lang, seen.Elsewhere, seen.Cookie)
				}
				if dir := os.Getenv("RENEWD_PICTURES"); dir != "" && width != 320 {
					browser.picture(filepath.Join(dir, fmt.Sprintf("%s-%s-%d-%s.png", page, lang, width, scheme)))
				}
			}
		}
		return seen
	}
	for i, c := range []struct{ subject, lang, ask, done string }{
		{"u1", "fr", "Ne plus recevoir de rappels\u202f?", "Vous ne recevrez plus de rappels"},
		{"u4", "en", "Stop these reminders?", "No more reminders"},
		{"u2", "de", "Erinnerungen abbestellen?", "Sie erhalten keine Erinnerungen mehr"},
	} {
		browser.load("Page.navigate", map[string]any{"url": server.URL + "/u/" + s.token(c.subject)})
		if seen := check("ask", c.lang, 1); seen.Heading != c.ask {
			t.Errorf("the page asks %q", seen.Heading)
		}
		if s.gone() != i {
			t.Error("looking at the page unsubscribed somebody")
		}
		browser.load("Runtime.evaluate", map[string]any{"expression": "document.querySelector('button').click()", "userGesture": true})
		if seen := check("done", c.lang, 0); seen.Heading != c.done || s.gone() != i+1 {
			t.Errorf("after the button: %q, %d unsubscribed", seen.Heading, s.gone())
		}
		browser.load("Page.navigate", map[string]any{"url": server.URL + "/u/" + s.token(c.subject)})
		check("again", c.lang, 0)
	}
	if len(browser.complaints) > 0 {
		t.Errorf("the browser complains: %q", browser.complaints)
	}
	browser.load("Page.navigate", map[string]any{"url": server.URL + "/nothing"}) // its status is a complaint
	check("missing", "fr", 0)

	mu.Lock()
	defer mu.Unlock()
	for _, request := range asked {
		if !strings.HasPrefix(request, "GET /u/") && !strings.HasPrefix(request, "POST /u/") && request != "GET /nothing" {
			t.Errorf("the browser asked for %s", request)
		}
	}
}
