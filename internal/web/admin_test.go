package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func adminOf(h Health) http.Handler {
	return Admin(AdminOptions{
		Health:  func(context.Context) Health { return h },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "renewd_up 1") }),
		Hosts:   []string{"Renewd.Internal."},
	})
}

func ask(h http.Handler, method, target, host string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Host = host
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHealth(t *testing.T) {
	at := time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)
	well := Health{OK: true, LastPass: at, Due: 2, Waiting: 3, Problems: []Problem{{Kind: "missed", Text: "One notice was missed."}}}
	ill := Health{Problems: []Problem{{Kind: "server_away", Since: at, Text: "The mail server does not answer."}, {Kind: "copy", Text: "This is a copy."}}}
	const json = "application/json"
	for _, c := range []struct {
		health      Health
		target      string
		header      []string
		status      int
		contentType string
		want        string
	}{
		{well, "/healthz", nil, 200, "text/plain; charset=utf-8", "ok\n"},
		{ill, "/healthz", nil, 503, "text/plain; charset=utf-8",
			"not ok\nserver_away since 2027-03-01T08:00:00Z: The mail server does not answer.\ncopy: This is a copy.\n"},
		{well, "/healthz?json", nil, 200, json,
			`{"ok":true,"problems":[{"kind":"missed","text":"One notice was missed."}],"last_pass":"2027-03-01T08:00:00Z","due":2,"waiting":3}` + "\n"},
		{Health{OK: true}, "/healthz", []string{"Accept", json}, 200, json, `{"ok":true,"problems":[],"due":0,"waiting":0}` + "\n"},
		{ill, "/healthz?json=1", nil, 503, json, `{"ok":false,"problems":[{"kind":"server_away","since":"2027-03-01T08:00:00Z",` +
			`"text":"The mail server does not answer."},{"kind":"copy","text":"This is a copy."}],"due":0,"waiting":0}` + "\n"},
		{well, "/metrics", nil, 200, "text/plain; charset=utf-8", "renewd_up 1\n"},
	} {
		w := ask(adminOf(c.health), http.MethodGet, c.target, "127.0.0.1:8687", c.header...)
		if got := w.Header().Get("Content-Type"); w.Code != c.status || w.Body.String() != c.want || c.target != "/metrics" && got != c.contentType {
			t.Errorf("%s %v: %d %s %s", c.target, c.header, w.Code, got, w.Body)
		}
		if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", c.target, w.Header())
		}
	}
}

func TestAdminPaths(t *testing.T) {
	h := adminOf(Health{OK: true})
	first := ask(h, http.MethodGet, "/", "localhost")
	if body := first.Body.String(); first.Code != 200 || !strings.Contains(body, `href="/healthz"`) || !strings.Contains(body, `href="/metrics"`) ||
		!strings.HasPrefix(first.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v %s", first.Code, first.Header(), first.Body)
	}
	for target, want := range map[string]int{"/nothing": 404, "/u/x": 404, "/healthz/x": 404, "/metrics": 200} {
		if w := ask(h, http.MethodGet, target, "localhost"); w.Code != want {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		w := ask(h, method, "/healthz", "localhost")
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		if w := ask(h, http.MethodPost, "/healthz", "localhost", header...); w.Code != http.StatusForbidden {
			t.Errorf("a POST with %v: %d", header, w.Code)
		}
	}
	bare := Admin(AdminOptions{Health: func(context.Context) Health { return Health{OK: true} }})
	if w := ask(bare, http.MethodGet, "/metrics", "localhost"); w.Code != 404 {
		t.Errorf("no metrics: %d", w.Code)
	}
	if w := ask(bare, http.MethodGet, "/", "localhost"); strings.Contains(w.Body.String(), "metrics") {
		t.Errorf("it links to what is not there: %s", w.Body)
	}
}

// TestHosts: no page from elsewhere gets at the admin listener by a name of its own.
func TestHosts(t *testing.T) {
	h := adminOf(Health{OK: true})
	for host, good := range map[string]bool{
		"localhost": true, "localhost:8687": true, "LOCALHOST.": true, "shop.localhost:1": true, "127.0.0.1": true, "127.0.0.1:8687": true,
		"[::1]:8687": true, "[::1]": true, "192.0.2.1:8687": true, "renewd.internal": true, "renewd.internal:8687": true, "RENEWD.internal.": true,
		"evil.example": false, "evil.example:8687": false, "": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"notlocalhost": false, "renewd.internal.evil.example": false, "localhost:x": false, ".": false, "x renewd.internal": false,
	} {
		want := http.StatusMisdirectedRequest
		if good {
			want = http.StatusOK
		}
		for _, target := range []string{"/healthz", "/metrics", "/"} {
			if w := ask(h, http.MethodGet, target, host); w.Code != want {
				t.Errorf("%q %s: %d, want %d", host, target, w.Code, want)
			}
		}
	}
}
