package web

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"renewd/internal/renewal"
)

// post sends a form to a page; pairs are names and values.
func (s *site) post(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return s.do(http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", formType)
}

// TestManagePage shows what stands, with the acts that are possible, and nothing
// of the whole address.
func TestManagePage(t *testing.T) {
	s := newSite(t, nil)
	path := "/m/" + s.token("m1")
	w := s.do(http.MethodGet, path, nil)
	body := w.Body.String()
	for _, want := range []string{`<html lang="fr"`, "Votre abonnement", "Pass annuel", "A1", "Alex Martin", "a…@customer.example", "99,00\u00a0€", "109,00\u00a0€, à partir du 1er avril 2027",
		"1\u00a0an", "du 1er avril 2026 au 31 mars 2027", "Dernier jour pour résilier", "Renouvellement automatique le <strong>1er avril 2027</strong>", `value="cancel"`,
		`name="a.street" type="text" autocomplete="address-line1" value="1 Sample Street"`, `type="email" autocomplete="email" value=""`} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if w.Code != http.StatusOK || strings.Contains(body, `value="keep"`) || strings.Contains(body, `value="renew"`) {
		t.Errorf("%d\n%s", w.Code, body)
	}
	direct := s.do(http.MethodGet, path+"?cancel", nil).Body.String()
	first, _, found := strings.Cut(direct, "<button")
	if !found || !strings.Contains(first, "Résilier le renouvellement automatique\u202f?</h1>") || strings.Contains(first, "<dl>") || !strings.HasPrefix(direct[len(first):], `<button name="do" value="cancel">`) {
		t.Errorf("the button that cancels does not come first:\n%s", direct)
	}

	s.desk.pass()
	if body := s.do(http.MethodGet, path+"?cancel", nil).Body.String(); strings.Contains(body, `value="cancel"`) || !strings.Contains(body, `value="renew"`) || !strings.Contains(body, "Votre pass") {
		t.Errorf("a pass that ends:\n%s", body)
	}
	s.desk.a.RenewURL = "https://shop.example/renew?a=1&b=2"
	if body := s.do(http.MethodGet, path, nil).Body.String(); strings.Contains(body, `value="renew"`) || !strings.Contains(body, `<a class="button" href="https://shop.example/renew?a=1&amp;b=2">`) {
		t.Errorf("a pass with a shop:\n%s", body)
	}
	s.desk.a.RenewURL = "javascript:alert(1)"
	if body := s.do(http.MethodGet, path, nil).Body.String(); strings.Contains(body, "javascript:") {
		t.Errorf("a link that is a script:\n%s", body)
	}
	if len(s.desk.wishes) != 0 || s.log.Len() != 0 {
		t.Errorf("looking did %v, logged %s", s.desk.wishes, &s.log)
	}
}

// TestCancel: the page after the one POST says when it was received, in the
// customer's zone, until when the term runs, and offers to keep it or to say why.
func TestCancel(t *testing.T) {
	s := newSite(t, nil)
	path := "/m/" + s.token("m1")
	for range 30 { // never too often
		w := s.post(path+"?cancel", "do", "cancel")
		body := w.Body.String()
		if w.Code != http.StatusOK {
			t.Fatal(w.Code, body)
		}
		for _, want := range []string{"Votre résiliation est enregistrée", "1er mars 2027 à 09:05 (Europe/Paris)", "31 mars 2027", `value="keep"`, `value="reason"`, "Conservez cette page"} {
			if !strings.Contains(body, want) {
				t.Fatalf("%q is missing:\n%s", want, body)
			}
		}
	}
	s.desk.a.Confirms = true
	if body := s.post(path, "do", "cancel").Body.String(); !strings.Contains(body, "Une confirmation est en route vers") || strings.Contains(body, "Conservez cette page") {
		t.Errorf("%s", body)
	}
	for _, forbidden := range []string{"Location", "Set-Cookie", "Refresh"} {
		if v := s.post(path, "do", "cancel").Header().Get(forbidden); v != "" {
			t.Errorf("%s: %s", forbidden, v)
		}
	}
}

// TestOtherActs: each has a page that says what was done.
func TestOtherActs(t *testing.T) {
	s := newSite(t, nil)
	path := "/m/" + s.token("m1")
	s.desk.pass()
	for act, want := range map[string]string{"renew": "Nous vous recontactons", "keep": "Tout continue comme avant", "contact": "Rien n’était à changer", "reason": "<h1>Merci</h1>"} {
		if w := s.post(path, "do", act, "choice", "price"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d\n%s", act, w.Code, w.Body)
		}
	}
	s.desk.next = Outcome{Changes: []Change{{Field: s.desk.a.Contact[2], From: "1 Sample Street", To: "<b>2"}, {Field: s.desk.a.Contact[8], From: "1"}}}
	body := s.post(path, "do", "contact", "name", " Alex ", "was.name", "Alex Martin", "a.street", "x", "other", "y").Body.String()
	for _, want := range []string{"Vos coordonnées sont corrigées", "Numéro et rue", "Avant\u202f: 1 Sample Street", "<strong>&lt;b&gt;2</strong>", "Maintenant\u202f: <strong>rien</strong>"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing:\n%s", want, body)
		}
	}
	last := s.desk.wishes[len(s.desk.wishes)-1]
	if want := []Typed{{"a.street", "", "x"}, {FieldName, "Alex Martin", "Alex"}}; !slices.Equal(last.Contact, want) {
		t.Errorf("typed: %+v", last.Contact)
	}
	s.desk.next = Outcome{Stale: true}
	if w := s.post(path, "do", "keep"); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "La situation a changé") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
}

// TestWrongInput keeps what was typed and says beside each field what is wrong.
func TestWrongInput(t *testing.T) {
	s := newSite(t, nil)
	path := "/m/" + s.token("m1")
	s.desk.next = Outcome{Faults: map[string]FieldFault{FieldEmail: FaultEmail, "a.city": FaultLong}}
	w := s.post(path, "do", "contact", "name", "Alexandra", "was.name", "Alex Martin", "email", `x"y`, "a.city", "Lyon", "was.a.city", "Sampletown")
	body := w.Body.String()
	for _, want := range []string{"<h1>Veuillez vérifier vos coordonnées</h1>", `href="#field-1"`, `id="field-1-fault"`, `aria-invalid="true" aria-describedby="field-1-fault field-1-hint"`, `value="x&#34;y"`,
		`value="Alexandra"`, `name="was.name" value="Alex Martin"`, `name="was.a.city" value="Sampletown"`, `href="#field-5"`, `role="alert"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing:\n%s", want, body)
		}
	}
	if w.Code != http.StatusUnprocessableEntity {
		t.Error(w.Code)
	}

	for _, page := range []string{path, "/s/" + s.token("s1")} {
		for _, c := range []struct {
			pairs []string
			want  []string
		}{
			{nil, []string{`id="reason-fault"`, `<fieldset aria-describedby="reason-fault">`}},
			{[]string{"choice", "gold"}, []string{`id="reason-fault"`}},
			{[]string{"choice", "moved", "text", strings.Repeat("é", 501)}, []string{`id="reason-long"`, `value="moved" checked`, strings.Repeat("é", 501), `aria-describedby="reason-hint reason-long"`}},
			{[]string{"text", " \r\n\t\x00 "}, []string{`id="reason-fault"`}},
		} {
			before := s.desk.acts()
			w := s.post(page, append([]string{"do", "reason"}, c.pairs...)...)
			for _, want := range append(c.want, "Veuillez revoir votre réponse") {
				if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), want) {
					t.Errorf("%q: %d without %q\n%s", c.pairs, w.Code, want, w.Body)
				}
			}
			if s.desk.acts() != before {
				t.Errorf("%q was obeyed", c.pairs)
			}
		}
	}
}

// TestReasonPage asks and thanks; what is no answer is no form.
func TestReasonPage(t *testing.T) {
	s := newSite(t, nil)
	path := "/s/" + s.token("s1")
	if w := s.do(http.MethodGet, path, nil); w.Code != http.StatusOK || strings.Count(w.Body.String(), `type="radio"`) != len(Choices) || !strings.Contains(w.Body.String(), "pourquoi vous partez") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	if w := s.post(path, "do", "reason", "choice", "other", "text", "Trop\r\nloin\u202e "); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<h1>Merci</h1>") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	if got := s.desk.wishes[0].Reason; got != (Reason{"other", "Trop\nloin"}) {
		t.Errorf("%+v", got)
	}
	if w := s.post(path, "do", "cancel"); w.Code != http.StatusBadRequest || s.desk.acts() != "reason" {
		t.Errorf("%d, %s", w.Code, s.desk.acts())
	}
}

// TestNoForm: what no page of ours sends is refused, and does nothing.
func TestNoForm(t *testing.T) {
	for name, body := range map[string]string{"empty": "", "no act": "name=x", "other act": "do=delete", "two acts": "do=cancel&do=keep", "bad escape": "do=cancel&x=%zz",
		"no text": "do=contact&name=%ff", "bytes": "do=cancel\xff", "semicolon": "do=cancel;x", "JSON": `{"do":"cancel"}`, "fields": "do=contact" + strings.Repeat("&a.x=1", 500)} {
		s := newSite(t, nil)
		w := s.do(http.MethodPost, "/m/"+s.token("m1"), strings.NewReader(body), "Content-Type", formType)
		if w.Code != http.StatusBadRequest || s.desk.acts() != "" {
			t.Errorf("%s: %d, %s", name, w.Code, s.desk.acts())
		}
	}
	s := newSite(t, nil)
	if w := s.do(http.MethodPost, "/m/"+s.token("m1"), zeroes{}); w.Code != http.StatusRequestEntityTooLarge || s.desk.acts() != "" {
		t.Errorf("%d", w.Code)
	}
}

// TestScannersOfAgreements opens the links in all the ways of programs that look
// through mail: nothing happens.
func TestScannersOfAgreements(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range []string{"/m/" + s.token("m1"), "/m/" + s.token("m1") + "?cancel", "/s/" + s.token("s1"), "/m/" + s.token("m1") + "?do=cancel"} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			for _, header := range [][]string{nil, {"Purpose", "prefetch"}, {"X-HTTP-Method-Override", "POST"}} {
				w := s.do(method, path, strings.NewReader("do=cancel"), append(header, "Content-Type", formType)...)
				if s.desk.acts() != "" {
					t.Fatalf("%s %s: %s", method, path, s.desk.acts())
				}
				if bad := w.Code/100 != 2; bad != (method == http.MethodPut || method == http.MethodDelete || method == http.MethodPatch) {
					t.Errorf("%s %s: %d", method, path, w.Code)
				}
			}
		}
		get, head := s.do(http.MethodGet, path, nil), s.do(http.MethodHead, path, nil)
		if head.Body.Len() != 0 || !maps.EqualFunc(get.Header(), head.Header(), slices.Equal) {
			t.Errorf("%s: GET %v, HEAD %v", path, get.Header(), head.Header())
		}
	}
}

// TestForgedAgreements: ten thousand changed links, and good ones below another
// page, get what any unknown address gets, byte for byte.
func TestForgedAgreements(t *testing.T) {
	s := newSite(t, nil)
	unknown := s.do(http.MethodGet, "/nothing/here", nil)
	random := rand.New(rand.NewPCG(5, 6))
	same := func(method, path string) {
		t.Helper()
		s.now = s.now.Add(wrongEvery)
		r := httptest.NewRequest(method, "/", strings.NewReader("do=cancel"))
		r.URL.Path = path
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound || w.Body.String() != unknown.Body.String() || !maps.EqualFunc(w.Header(), unknown.Header(), slices.Equal) {
			t.Fatalf("%s %q: %d %v\n%s", method, path, w.Code, w.Header(), w.Body)
		}
	}
	for i := range 10_000 {
		purpose := []string{"m", "s"}[i%2]
		token := s.token(purpose + "1")
		path := "/" + purpose + strings.TrimPrefix(mutated(random, token), "/u")
		if path != "/"+purpose+"/"+token {
			same([]string{http.MethodGet, http.MethodPost, http.MethodHead}[i%2], path)
		}
	}
	for _, path := range []string{"/m/" + s.token("s1"), "/s/" + s.token("m1"), "/u/" + s.token("m1"), "/m/" + s.token("u1"), "/m/" + s.token("m2"), "/m/", "/m", "/s/", "/M/" + s.token("m1"), "/m/" + s.token("m1") + "/"} {
		same(http.MethodGet, path)
		same(http.MethodPost, path)
	}
	if s.desk.acts() != "" {
		t.Errorf("obeyed: %s", s.desk.acts())
	}
}

// TestTooManyWishes: who wishes all the time waits; cancelling never does.
func TestTooManyWishes(t *testing.T) {
	s := newSite(t, nil)
	path, reason := "/m/"+s.token("m1"), "/s/"+s.token("s1")
	for _, c := range []struct{ path, act, title string }{{path, "renew", "Votre abonnement"}, {reason, "reason", "pourquoi vous partez"}} {
		codes := map[int]int{}
		for range 2 * wishBurst {
			codes[s.post(c.path, "do", c.act, "choice", "moved").Code]++
		}
		w := s.post(c.path, "do", c.act, "choice", "moved")
		if codes[http.StatusOK] != wishBurst || codes[http.StatusTooManyRequests] != wishBurst || w.Header().Get("Retry-After") != "60" || !strings.Contains(w.Body.String(), "Patientez une minute") || !strings.Contains(w.Body.String(), c.title) {
			t.Errorf("%s: %v\n%s", c.act, codes, w.Body)
		}
	}
	if w := s.post(path, "do", "cancel"); w.Code != http.StatusOK {
		t.Errorf("cancelling had to wait: %d", w.Code)
	}
	s.now = s.now.Add(wishEvery)
	if w := s.post(path, "do", "keep"); w.Code != http.StatusOK {
		t.Errorf("a minute later: %d", w.Code)
	}
}

// TestAgreementsThatFail: a busy database and any other failure are said plainly,
// and nothing personal is logged.
func TestAgreementsThatFail(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		logged bool
	}{{fmt.Errorf("x: %w", ErrBusy), http.StatusServiceUnavailable, false}, {errors.New("disk full"), http.StatusInternalServerError, true}, {ErrNoSuchPage, http.StatusNotFound, false}} {
		for _, kind := range []string{"m", "s"} {
			s := newSite(t, nil)
			s.desk.err = c.err
			token := s.token(kind + "1")
			for _, w := range []*httptest.ResponseRecorder{s.do(http.MethodGet, "/"+kind+"/"+token, nil), s.post("/"+kind+"/"+token, "do", "reason", "choice", "price")} {
				if w.Code != c.status {
					t.Errorf("%v: %d", c.err, w.Code)
				}
			}
			if log := s.log.String(); (log != "") != c.logged || strings.Contains(log, token) {
				t.Errorf("%v: logged %q", c.err, log)
			}
		}
	}
}

// TestEveryStateInEveryLanguage renders each page in each state: no value is
// printed in its inner form, and nothing that is not known leaves a hole.
func TestEveryStateInEveryLanguage(t *testing.T) {
	pages, err := builtInPages()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"en", "fr", "pt", "es", "de"} {
		for _, state := range []State{StateRenews, StateDue, StateEnds, StateLasts, StateCancelled, StateEnded} {
			for _, kind := range renewal.Kinds {
				a := sampleAgreement(tag)
				a.State, a.Kind, a.CanKeep, a.CanRenew = state, kind, state == StateCancelled, state == StateEnded
				for _, page := range append(slices.Clone(families[1].pages), families[2].pages...) {
					out, err := pages.render(page, aboutAgreement(&a))
					if err != nil {
						t.Fatalf("%s %s: %v", tag, page, err)
					}
					for _, bad := range []string{"2027-0", "ZgotmplZ", "<no value>", "{{", "<strong></strong>", "0x"} {
						if strings.Contains(string(out), bad) {
							t.Errorf("%s %s %s %s has %q", tag, page, state, kind, bad)
						}
					}
				}
			}
		}
	}
}
