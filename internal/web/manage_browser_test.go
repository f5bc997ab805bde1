package web

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// TestAgreementInABrowser opens the page of an agreement as a customer does, on
// a telephone and at a desk, light and dark, presses its buttons and mistypes.
// RENEWD_PICTURES names a folder for pictures of what was seen.
func TestAgreementInABrowser(t *testing.T) {
	browser := openTab(t)
	for _, lang := range []string{"fr", "de", "en"} {
		s := newSite(t, nil)
		s.desk.a.Locale = lang
		server := httptest.NewServer(s.handler)
		t.Cleanup(server.Close)
		check := func(page string, buttons int) {
			t.Helper()
			for _, width := range []int{320, 390, 1200} {
				for _, scheme := range []string{"light", "dark"} {
					browser.show(width, scheme)
					var seen looks
					browser.eval(look, &seen)
					if seen.Needs > width || seen.Contrast < 4.5 || seen.Lowest < 44 || seen.Dark != (scheme == "dark") {
						t.Errorf("%s %s %d %s: %+v", page, lang, width, scheme, seen)
					}
					if seen.Buttons != buttons || seen.Headings != 1 || seen.Main != 1 || seen.Lang != lang || seen.Elsewhere != 0 || seen.Cookie != "" {
						t.Errorf("%s %s: %+v", page, lang, seen)
					}
					if dir := os.Getenv("RENEWD_PICTURES"); dir != "" && width != 320 {
						browser.wholePicture(filepath.Join(dir, fmt.Sprintf("%s-%s-%d-%s.png", page, lang, width, scheme)))
					}
				}
			}
		}
		open := func(path string) { browser.load("Page.navigate", map[string]any{"url": server.URL + path}) }
		press := func(act string) {
			browser.load("Runtime.evaluate", map[string]any{"expression": `document.querySelector('button[value=` + act + `]').click()`, "userGesture": true})
		}
		manage := "/m/" + s.token("m1")
		open(manage)
		check("manage", 2)
		open(manage + "?cancel")
		check("manage-cancel", 2)
		press("cancel")
		check("cancelled", 2)
		press("reason") // without a word
		check("why-again", 1)
		if s.desk.acts() != "cancel" {
			t.Errorf("%s: %s", lang, s.desk.acts())
		}
		s.desk.next = Outcome{Agreement: sampleAgreement(lang)}
		open(manage)
		press("keep")
		check("kept", 1)
		s.desk.a = sampleAgreement(lang)
		s.desk.next = Outcome{Agreement: s.desk.a, Faults: map[string]FieldFault{FieldName: FaultMissing, FieldEmail: FaultEmail}}
		open(manage)
		press("contact")
		check("wrong", 2)
		s.desk.next = Outcome{Agreement: s.desk.a, Changes: []Change{{Field: s.desk.a.Contact[0], From: "Alex", To: "Alex Martin"}, {Field: s.desk.a.Contact[2], From: "1 Sample Street", To: ""}}}
		press("contact")
		check("saved", 0)
		s.desk.pass()
		open(manage)
		check("pass", 2)
		press("renew")
		check("wished", 0)
		open("/s/" + s.token("s1"))
		check("why", 1)
		browser.eval(`(document.querySelector('#choice-moved').click(), document.activeElement !== null)`, new(bool))
		press("reason")
		check("thanks", 0)
		if got, want := s.desk.acts(), "cancel keep contact contact renew reason"; got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	for _, complaint := range browser.complaints {
		// Chromium names the 422 of wrong input among its complaints.
		if complaint != "error: Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)" {
			t.Errorf("the browser complains: %s", complaint)
		}
	}
}

// wholePicture writes the page in its whole length to a file.
func (b *tab) wholePicture(file string) {
	b.t.Helper()
	var shot struct{ Data []byte }
	b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &shot)
	if err := os.WriteFile(file, shot.Data, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
