package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"renewd/templates"
)

// walk is one customer in front of one browser: a language, with or without
// JavaScript, at a telephone or at a desk.
type walk struct {
	t       *testing.T
	b       *tab
	s       *site
	base    string
	lang    string
	scripts bool
	width   int
	axe     bool
	// seen are the pages that were looked at.
	seen []string
}

// headings are those of the pages by their names, in French and in German.
var headings = map[string]map[string]string{
	"ask":       {"fr": "Ne plus recevoir de rappels\u202f?", "de": "Erinnerungen abbestellen?"},
	"done":      {"fr": "Vous ne recevrez plus de rappels", "de": "Sie erhalten keine Erinnerungen mehr"},
	"again":     {"fr": "Vous ne recevez déjà plus de rappels", "de": "Sie erhalten bereits keine Erinnerungen mehr"},
	"manage":    {"fr": "Votre abonnement", "de": "Ihr Abonnement"},
	"pass":      {"fr": "Votre pass", "de": "Ihre Karte"},
	"faults":    {"fr": "Veuillez vérifier vos coordonnées", "de": "Bitte prüfen Sie Ihre Angaben"},
	"saved":     {"fr": "Vos coordonnées sont corrigées", "de": "Ihre Angaben sind berichtigt"},
	"unchanged": {"fr": "Rien n’était à changer", "de": "Es war nichts zu ändern"},
	"cancel":    {"fr": "Résilier le renouvellement automatique\u202f?", "de": "Automatische Verlängerung kündigen?"},
	"cancelled": {"fr": "Votre résiliation est enregistrée", "de": "Ihre Kündigung ist eingegangen"},
	"kept":      {"fr": "Tout continue comme avant", "de": "Es bleibt alles, wie es war"},
	"wished":    {"fr": "Nous vous recontactons", "de": "Wir melden uns bei Ihnen"},
	"why":       {"fr": "Pouvons-nous vous demander pourquoi vous partez\u202f?", "de": "Dürfen wir fragen, warum Sie gehen?"},
	"why-again": {"fr": "Veuillez revoir votre réponse", "de": "Bitte sehen Sie Ihre Antwort noch einmal an"},
	"thanks":    {"fr": "Merci", "de": "Vielen Dank"},
	"missing":   {"fr": "Cette page n’existe pas", "de": "Diese Seite gibt es nicht"},
	"slow":      {"fr": "Trop de tentatives", "de": "Zu viele Versuche"},
	"busy":      {"fr": "Un instant, s’il vous plaît", "de": "Einen Augenblick, bitte"},
	"failed":    {"fr": "Une erreur s’est produite", "de": "Etwas ist schiefgegangen"},
}

// TestEveryPageInABrowser goes through all pages as a customer does who reads,
// types and clicks: in two languages, with and without JavaScript, at a telephone
// and at a desk. Each page fits into narrow and wide windows, can be read and
// used with the keys alone, and has nothing that axe-core objects to.
// RENEWD_PICTURES names a folder for pictures of what was seen.
func TestEveryPageInABrowser(t *testing.T) {
	if underRace {
		t.Skip("the walks are the browser's own time: they run without the race detector")
	}
	for _, lang := range []string{"fr", "de"} {
		for _, scripts := range []bool{true, false} {
			for _, width := range []int{390, 1200} {
				t.Run(fmt.Sprintf("%s, scripts %v, %d wide", lang, scripts, width), func(t *testing.T) {
					t.Parallel()
					w := newWalk(t, lang, scripts, width)
					w.unsubscribing()
					w.correcting()
					w.cancelling()
					w.renewing()
					w.answering()
					w.failing()
					for page := range headings {
						if !slices.Contains(w.seen, page) {
							t.Errorf("%s was not looked at", page)
						}
					}
				})
			}
		}
	}
}

// TestAxe examines a page that is wrong in many ways: else an examination that
// finds nothing says nothing.
func TestAxe(t *testing.T) {
	if !needAxe(t) {
		t.Skip(axeVariable + " names no axe.min.js: the pages were not examined by axe-core")
	}
	b := openTab(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		fmt.Fprint(w, `<!doctype html><title></title><h3>A<h1>B</h1></h3><input name=x><img src="data:,"><a href="/"></a>`)
	}))
	t.Cleanup(server.Close)
	b.open(server.URL)
	violations, _ := b.examine()
	for _, rule := range []string{"document-title", "html-has-lang", "image-alt", "label", "link-name"} {
		if !slices.ContainsFunc(violations, func(v string) bool { return strings.HasPrefix(v, rule+" (") }) {
			t.Errorf("%s is not among %q", rule, violations)
		}
	}
}

func newWalk(t *testing.T, lang string, scripts bool, width int) *walk {
	t.Helper()
	own := business
	own.Locale = lang
	pages, err := LoadPages(templates.FS, nil, own, speak)
	if err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, b: openTab(t), s: newSite(t, nil), lang: lang, scripts: scripts, width: width, axe: scripts && needAxe(t)}
	w.s.handler.(*public).PublicOptions.Pages = func() *Pages { return pages }
	w.s.desk.a = sampleAgreement(lang)
	server := httptest.NewServer(w.s.handler)
	t.Cleanup(server.Close)
	w.base = server.URL
	w.b.show(width, "light")
	w.b.scripts(scripts)
	w.b.open("data:text/html,<title>false</title><script>document.title = true</script>")
	var title string
	if w.b.eval("document.title", &title); title != fmt.Sprint(scripts) {
		t.Fatalf("scripts of pages run: %s", title)
	}
	if scripts && !w.axe {
		t.Log(axeVariable + " names no axe.min.js: the pages were not examined by axe-core")
	}
	return w
}

func (w *walk) open(path string) { w.t.Helper(); w.b.open(w.base + path) }

// behind is the page of an agreement, with one state or another.
func (w *walk) behind(change func(*Agreement)) string {
	w.s.desk.mu.Lock()
	defer w.s.desk.mu.Unlock()
	w.s.desk.a, w.s.desk.next = sampleAgreement(w.lang), Outcome{}
	if change != nil {
		change(&w.s.desk.a)
	}
	return "/m/" + w.s.token("m1")
}

// comes says what comes of the next wish.
func (w *walk) comes(out Outcome) {
	w.s.desk.mu.Lock()
	defer w.s.desk.mu.Unlock()
	w.s.desk.next = out
}

// wished is the last wish that arrived.
func (w *walk) wished() Wish {
	w.s.desk.mu.Lock()
	defer w.s.desk.mu.Unlock()
	if len(w.s.desk.wishes) == 0 {
		return Wish{}
	}
	return w.s.desk.wishes[len(w.s.desk.wishes)-1]
}

// measure is what look does not: how the page arrived, and what its fields are
// called.
const measure = `(() => ({
  status: performance.getEntriesByType('navigation')[0].responseStatus,
  nameless: [...document.querySelectorAll('input:not([type=hidden]), textarea')].filter(e => ![...e.labels].some(l => l.innerText.trim())).map(e => e.name),
  narrow: [...document.querySelectorAll('input:not([type=hidden]):not([type=radio]), textarea')].filter(e => parseFloat(getComputedStyle(e).fontSize) < 16).length,
  title: document.title,
}))()`

// sees looks at the page that is shown: which it is, at all widths, light and
// dark, with the keys, by axe-core.
func (w *walk) sees(page string, status int) {
	w.t.Helper()
	w.seen = append(w.seen, page)
	heading := headings[page][w.lang]
	var got struct {
		Status, Narrow int
		Nameless       []string
		Title          string
	}
	w.b.eval(measure, &got)
	if got.Status != status || len(got.Nameless) > 0 || got.Narrow > 0 || !strings.HasPrefix(got.Title, heading+" · ") {
		w.t.Errorf("%s: %+v, want %d", page, got, status)
	}
	for _, width := range []int{320, 390, 1200} {
		for _, scheme := range []string{"light", "dark"} {
			w.b.show(width, scheme)
			var seen looks
			w.b.eval(look, &seen)
			if seen.Heading != heading || seen.Lang != w.lang || seen.Headings != 1 || seen.Main != 1 || seen.Elsewhere != 0 || seen.Cookie != "" {
				w.t.Errorf("%s: %+v", page, seen)
			}
			if seen.Width != width || seen.Needs > width || seen.Contrast < 4.5 || seen.Lowest < 44 || seen.Dark != (scheme == "dark") {
				w.t.Errorf("%s %d %s: %+v", page, width, scheme, seen)
			}
			if w.axe && width == w.width {
				w.examined(fmt.Sprintf("%s %d %s", page, width, scheme))
			}
			if dir := os.Getenv("RENEWD_PICTURES"); dir != "" && w.scripts && width == w.width {
				w.b.wholePicture(filepath.Join(dir, fmt.Sprintf("%02d-%s-%s-%d-%s.png", len(w.seen), page, w.lang, width, scheme)))
			}
		}
	}
	w.b.show(w.width, "light")
	w.tabs(page)
	if heard := w.b.heard(); len(heard) > 0 {
		w.t.Errorf("%s: the browser complains: %q", page, heard)
	}
}

func (w *walk) examined(what string) {
	w.t.Helper()
	violations, rules := w.b.examine()
	for _, violation := range violations {
		w.t.Errorf("%s: %s", what, violation)
	}
	if rules < 10 {
		w.t.Errorf("%s: only %d rules of axe-core had something to look at", what, rules)
	}
}

// stops is where the Tab key has to come to: one of each group of radio buttons.
const stops = `(() => { const groups = new Set(); return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), textarea')].filter(e =>
  e.type !== 'radio' || !groups.has(e.name) && groups.add(e.name)).length })()`

// fromTop puts the focus before everything, wherever a click has been.
const fromTop = `(() => { const top = document.createElement('i'); top.tabIndex = -1; document.body.prepend(top); top.focus(); return true })()`

// focused is where the focus is and how that shows.
const focused = `(() => { const e = document.activeElement; if (!e || e === document.body) return {}; const s = getComputedStyle(e), r = e.getBoundingClientRect();
  return { what: e.outerHTML.slice(0, 100), ring: s.outlineStyle === 'none' ? 0 : parseFloat(s.outlineWidth),
    within: Math.min(r.bottom, innerHeight) - Math.max(r.top, 0) > r.height / 2 && r.left >= 0 && r.right <= innerWidth } })()`

// tabs goes through the page with the Tab key: it comes to everything, and one
// sees where it is.
func (w *walk) tabs(page string) {
	w.t.Helper()
	var want int
	w.b.eval(stops, &want)
	w.b.eval(fromTop, new(bool))
	seen := map[string]bool{}
	for range want {
		var at struct {
			What   string
			Ring   float64
			Within bool
		}
		w.b.key("Tab", 9)
		w.b.eval(focused, &at)
		if at.What == "" || at.Ring < 2 || !at.Within {
			w.t.Errorf("%s: the focus is at %+v", page, at)
		}
		seen[at.What] = true
	}
	if len(seen) != want {
		w.t.Errorf("%s: the Tab key comes to %d of %d: %v", page, len(seen), want, seen)
	}
}
