package web

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestAskAndDone(t *testing.T) {
	for _, c := range []struct{ subject, lang, ask, done, again string }{
		{"u1", "fr", "Ne plus recevoir de rappels", "Vous ne recevrez plus de rappels", "Vous ne recevez déjà plus de rappels"},
		{"u2", "de", "Erinnerungen abbestellen", "Sie erhalten keine Erinnerungen mehr", "Sie erhalten bereits keine"},
		{"u3", "fr", "Ne plus recevoir de rappels", "Vous ne recevrez plus de rappels", "Vous ne recevez déjà plus de rappels"},
		{"u4", "en", "Stop these reminders?", "No more reminders", "You already get no reminders"},
		{"u5", "pt", "Deixar de receber lembretes", "Não receberá mais lembretes", "Já não recebe lembretes"},
		{"u6", "es", "¿Dejar de recibir recordatorios?", "No recibirá más recordatorios", "Ya no recibe recordatorios"},
	} {
		s := newSite(t, nil)
		token := s.token(c.subject)
		check := func(what string, w *httptest.ResponseRecorder, title string, button int) {
			t.Helper()
			body := w.Body.String()
			if w.Code != http.StatusOK || !strings.Contains(body, `<html lang="`+c.lang+`" dir="ltr">`) || !strings.Contains(body, "<h1>"+title) {
				t.Errorf("%s %s: %d\n%s", c.subject, what, w.Code, body)
			}
			if n := strings.Count(body, `<form method="post"><button`); n != button {
				t.Errorf("%s %s: %d buttons", c.subject, what, n)
			}
			if !strings.Contains(body, "Parc Aurore<br>1 rue des Lilas<br>69001 Lyon<br>France") {
				t.Errorf("%s %s: who writes is missing:\n%s", c.subject, what, body)
			}
			if strings.Contains(body, "<script") || strings.Contains(body, "<img") || strings.Contains(body, "://") {
				t.Errorf("%s %s: markup or something from elsewhere:\n%s", c.subject, what, body)
			}
		}
		check("ask", s.do(http.MethodGet, "/u/"+token, nil), c.ask, 1)
		if s.gone() != 0 {
			t.Error("asking unsubscribed somebody")
		}
		for range 2 {
			w := s.click(token)
			check("done", w, c.done, 0)
			if !strings.Contains(w.Body.String(), `<a class="address" href="mailto:accueil@parc-aurore.example">accueil@parc-aurore.example</a>`) {
				t.Errorf("it does not say whom to write to:\n%s", w.Body)
			}
		}
		check("again", s.do(http.MethodGet, "/u/"+token, nil), c.again, 0)
		if s.gone() != 1 || s.acts != 1 {
			t.Errorf("%d unsubscribed by %d acts", s.gone(), s.acts)
		}
		if s.log.Len() > 0 {
			t.Errorf("logged: %s", &s.log)
		}
	}
}

// TestOneClick posts as mail services do and as nobody should: the wish counts.
func TestOneClick(t *testing.T) {
	const multi = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
	for name, c := range map[string]struct {
		body   string
		header []string
	}{
		"form":            {oneClick, []string{"Content-Type", formType}},
		"multipart":       {multi, []string{"Content-Type", "multipart/form-data; boundary=b"}},
		"cross-origin":    {oneClick, []string{"Content-Type", formType, "Origin", "https://mail.example", "Sec-Fetch-Site", "cross-site"}},
		"opaque origin":   {oneClick, []string{"Content-Type", formType, "Origin", "null"}},
		"no body":         {"", nil},
		"no content type": {oneClick, nil},
		"at the limit":    {strings.Repeat("x", maxBody), []string{"Content-Type", formType}},
		"packed":          {"\x1f\x8b not unpacked", []string{"Content-Type", formType, "Content-Encoding", "gzip"}},
	} {
		s := newSite(t, nil)
		w := s.do(http.MethodPost, "/u/"+s.token("u1")+"?utm_source=mail", strings.NewReader(c.body), c.header...)
		if w.Code != http.StatusOK || s.gone() != 1 || !s.who["u1"].Unsubscribed {
			t.Errorf("%s: %d, %d unsubscribed", name, w.Code, s.gone())
		}
		for _, forbidden := range []string{"Location", "Set-Cookie", "Refresh"} {
			if v := w.Header().Get(forbidden); v != "" {
				t.Errorf("%s: %s: %s", name, forbidden, v)
			}
		}
	}
}

// TestBodies that are too long or break off are no wish.
func TestBodies(t *testing.T) {
	for name, c := range map[string]struct {
		body io.Reader
		want int
	}{
		"too long":   {strings.NewReader(strings.Repeat("x", maxBody+1)), http.StatusRequestEntityTooLarge},
		"no end":     {zeroes{}, http.StatusRequestEntityTooLarge},
		"breaks off": {io.MultiReader(strings.NewReader("List-Uns"), iotest.ErrReader(io.ErrUnexpectedEOF)), http.StatusBadRequest},
	} {
		s := newSite(t, nil)
		if w := s.do(http.MethodPost, "/u/"+s.token("u1"), c.body); w.Code != c.want || s.gone() != 0 {
			t.Errorf("%s: %d, want %d; %d unsubscribed", name, w.Code, c.want, s.gone())
		}
	}
}

// zeroes is a body without an end.
type zeroes struct{}

func (zeroes) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestScanners opens the link in all the ways of programs that look through
// mail, before the human does: nothing changes, and the human's wish still counts.
func TestScanners(t *testing.T) {
	s := newSite(t, nil)
	path := "/u/" + s.token("u1")
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		for _, query := range []string{"", "?confirm=1", "?List-Unsubscribe=One-Click", "?_method=POST", "?action=unsubscribe&yes=1"} {
			for _, header := range [][]string{nil, {"Purpose", "prefetch"}, {"Sec-Purpose", "prefetch;prerender"},
				{"X-HTTP-Method-Override", "POST"}, {"Cookie", "yes=1"}} {
				w := s.do(method, path+query, strings.NewReader(oneClick), append(header, "Content-Type", formType)...)
				if w.Code/100 != 2 || s.acts != 0 {
					t.Fatalf("%s %s %v: %d, %d acts", method, query, header, w.Code, s.acts)
				}
			}
		}
	}
	get, head := s.do(http.MethodGet, path, nil), s.do(http.MethodHead, path, nil)
	if head.Body.Len() != 0 || !maps.EqualFunc(get.Header(), head.Header(), slices.Equal) {
		t.Errorf("GET %v, HEAD %v with %d bytes", get.Header(), head.Header(), head.Body.Len())
	}
	if w := s.click(s.token("u1")); w.Code != http.StatusOK || s.gone() != 1 {
		t.Errorf("the human's own click: %d, %d unsubscribed", w.Code, s.gone())
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range []string{"/u/" + s.token("u1"), "/u/wrong", "/", "/nothing"} {
		for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodTrace, http.MethodConnect, "post", "BREW"} {
			w := s.do(method, path, nil)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != allowed {
				t.Errorf("%s %s: %d, Allow: %s", method, path, w.Code, w.Header().Get("Allow"))
			}
		}
		if w := s.do(http.MethodOptions, path, nil); w.Code != http.StatusNoContent || w.Header().Get("Allow") != allowed {
			t.Errorf("OPTIONS %s: %d, Allow: %s", path, w.Code, w.Header().Get("Allow"))
		}
	}
	if s.gone() != 0 {
		t.Errorf("%d unsubscribed", s.gone())
	}
}

func TestHeaders(t *testing.T) {
	s := newSite(t, nil)
	for _, w := range []*httptest.ResponseRecorder{
		s.do(http.MethodGet, "/u/"+s.token("u1"), nil), s.do(http.MethodHead, "/u/"+s.token("u1"), nil), s.click(s.token("u1")),
		s.do(http.MethodGet, "/", nil), s.do(http.MethodPut, "/", nil), s.do(http.MethodOptions, "/", nil),
		s.do(http.MethodPost, "/", zeroes{}),
	} {
		h := w.Header()
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none';", "style-src 'sha256-", "form-action 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%d: Content-Security-Policy: %s: no %s", w.Code, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("%d: Content-Security-Policy: %s", w.Code, csp)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"X-Robots-Tag": "noindex, nofollow", "X-Frame-Options": "DENY", "Set-Cookie": "", "Location": ""} {
			if got := h.Get(name); got != want {
				t.Errorf("%d: %s: %q, want %q", w.Code, name, got, want)
			}
		}
	}
}

// TestForgedTokens changes good tokens ten thousand times: each gets the page
// that any unknown address gets, byte for byte, and changes nothing.
func TestForgedTokens(t *testing.T) {
	s := newSite(t, nil)
	unknown := s.do(http.MethodGet, "/nothing/here", nil)
	if unknown.Code != http.StatusNotFound || !strings.Contains(unknown.Body.String(), "Cette page n’existe pas") {
		t.Fatalf("%d\n%s", unknown.Code, unknown.Body)
	}
	random := rand.New(rand.NewPCG(1, 2))
	good := map[string]bool{}
	for subject := range s.who {
		good["/u/"+s.token(subject)] = true
	}
	for i := range 10_000 {
		path := mutated(random, s.token(fmt.Sprintf("u%d", 1+i%6)))
		if good[path] {
			continue
		}
		s.now = s.now.Add(wrongEvery)
		method := []string{http.MethodGet, http.MethodPost}[i%2]
		r := httptest.NewRequest(method, "/", strings.NewReader(oneClick))
		r.URL.Path = path
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != unknown.Code || w.Body.String() != unknown.Body.String() || !maps.EqualFunc(w.Header(), unknown.Header(), slices.Equal) {
			t.Fatalf("%s %q: %d %v\n%s", method, path, w.Code, w.Header(), w.Body)
		}
	}
	for _, path := range []string{"/u/" + s.token("u99"), "/u/", "/u", "//u/" + s.token("u1"), "/u/" + s.token("u1") + "/", "/U/" + s.token("u1"),
		"/x/../u/" + s.token("u1"), "/u//" + s.token("u1"), "/m/" + s.token("u1")} {
		if w := s.do(http.MethodPost, path, nil); w.Code != http.StatusNotFound || w.Body.String() != unknown.Body.String() {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if s.acts != 0 {
		t.Errorf("%d forged tokens were obeyed", s.acts)
	}
}

// mutated is the path of a token that somebody tampered with.
func mutated(random *rand.Rand, token string) string {
	b := []byte(token)
	at := random.IntN(len(b))
	switch random.IntN(7) {
	case 0:
		b[at] ^= 1 << random.IntN(7)
	case 1:
		b = b[:at]
	case 2:
		b = append(b, b[at])
	case 3:
		b[at] = byte(random.IntN(256))
	case 4:
		b = slices.Insert(b, at, byte(random.IntN(128)))
	case 5:
		b = slices.Delete(b, at, at+1)
	case 6: // another customer's number before this one's seal
		b = append([]byte(fmt.Sprintf("u%d", random.IntN(1000)+7)), b[2:]...)
	}
	return "/u/" + string(b)
}

func TestWhatGoesWrong(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		retry  string
		page   string
		logged string
	}{
		{ErrBusy, http.StatusServiceUnavailable, "30", "Un instant", ""},
		{fmt.Errorf("unsubscribe: %w", ErrBusy), http.StatusServiceUnavailable, "30", "Un instant", ""},
		{errors.New("disk full"), http.StatusInternalServerError, "", "Une erreur s’est produite", "disk full"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			s := newSite(t, nil)
			token := s.token("u1")
			s.err = c.err
			if c.logged != "" {
				s.err = fmt.Errorf("token %s: %w", token, c.err)
			}
			w := s.do(method, "/u/"+token, nil)
			if w.Code != c.status || w.Header().Get("Retry-After") != c.retry || !strings.Contains(w.Body.String(), "<h1>"+c.page) {
				t.Errorf("%v: %d, Retry-After %q\n%s", c.err, w.Code, w.Header().Get("Retry-After"), w.Body)
			}
			if strings.Contains(w.Body.String(), "marie") || s.gone() != 0 {
				t.Errorf("%v: %d unsubscribed\n%s", c.err, s.gone(), w.Body)
			}
			lines := strings.Count(s.log.String(), "\n")
			if want := min(len(c.logged), 1); lines != want || !strings.Contains(s.log.String(), c.logged) {
				t.Errorf("%v: logged %q", c.err, &s.log)
			}
			if strings.Contains(s.log.String(), token) || strings.Contains(s.log.String(), "marie") {
				t.Errorf("%v: the log tells too much: %s", c.err, &s.log)
			}
		}
	}
}

// TestPanic: a fault of ours is a page and a log line, not a broken connection.
func TestPanic(t *testing.T) {
	s := newSite(t, nil)
	token := s.token("u1")
	s.handler.(*public).Unsubscribes = panics{}
	w := s.click(token)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "Une erreur s’est produite") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	if log := s.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "out of order") || strings.Contains(log, token) {
		t.Errorf("logged %s", log)
	}
}

// TestWrongLinksAreLimited: by client, never for a good token, and for a while.
func TestWrongLinksAreLimited(t *testing.T) {
	s := newSite(t, nil)
	const one, other = "192.0.2.1:1111", "198.51.100.7:2222"
	get := func(peer, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = peer
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w
	}
	for range wrongBurst {
		if w := get(one, "/u/wrong"); w.Code != http.StatusNotFound {
			t.Fatalf("%d", w.Code)
		}
	}
	w := get(one, "/u/wrong")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "3" || !strings.Contains(w.Body.String(), "<h1>Trop de tentatives") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := get(one, "/u/"+s.token("u1")); w.Code != http.StatusOK {
		t.Errorf("a good token after many wrong ones: %d", w.Code)
	}
	if w := get(other, "/u/wrong"); w.Code != http.StatusNotFound && s.handler.(*public).wrong.bucket(parseAddress(one)) != s.handler.(*public).wrong.bucket(parseAddress(other)) {
		t.Errorf("another client: %d", w.Code)
	}
	s.now = s.now.Add(3 * time.Second)
	if w := get(one, "/u/wrong"); w.Code != http.StatusNotFound {
		t.Errorf("after Retry-After: %d", w.Code)
	}
	for range 3 * wrongBurst {
		if w := get(one, "/u/"+s.token("u1")); w.Code != http.StatusOK {
			t.Fatalf("good tokens are counted: %d", w.Code)
		}
	}
}

func FuzzToken(f *testing.F) {
	s := newSite(f, nil)
	token := s.token("u1")
	for _, seed := range []string{"/u/" + token, "/u/" + token + "/", "/u/", "/", "", "*", "/u/" + token[:9], "/u/%75", "/u/é", "/u/\x00", "/u/" + strings.Repeat("a", 300)} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, path string, post bool) {
		s := newSite(t, nil)
		method := http.MethodGet
		if post {
			method = http.MethodPost
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(oneClick))
		r.URL.Path = path
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		subject, good := "", false
		for known := range s.who {
			if path == "/u/"+s.token(known) {
				subject, good = known, true
			}
		}
		want, acts := http.StatusNotFound, 0
		if good {
			want = http.StatusOK
			if post {
				acts = 1
			}
		}
		if w.Code != want || s.acts != acts || good && s.who[subject].Unsubscribed != post {
			t.Errorf("%s %q: %d, want %d; %d acts", method, path, w.Code, want, s.acts)
		}
	})
}
