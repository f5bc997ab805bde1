package daemon_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"renewd/internal/compose"
	"renewd/internal/web"
	"renewd/templates"
)

// handler is the public listener over the scene's database.
func (c *counter) handler(log io.Writer) http.Handler {
	c.t.Helper()
	words := func(page, customer string) web.Words { return compose.SpeechFor(page, customer, "en") }
	pages, err := web.LoadPages(templates.FS, nil, web.Business{Name: "Parc Aurore", PostalAddress: "1 rue des Lilas", Locale: "en"}, words)
	if err != nil {
		c.t.Fatal(err)
	}
	return web.Public(web.PublicOptions{Unsubscribes: c.links, Agreements: c.pages, Reasons: c.pages, Pages: func() *web.Pages { return pages },
		Log: slog.New(slog.NewTextHandler(log, nil)), Clock: c.clock})
}

func request(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestPublicPages goes the way of a customer from end to end: many tabs cancel at
// once and one event is recorded; a page in the customer's own zone tells when.
func TestPublicPages(t *testing.T) {
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	c.Exec(`UPDATE customers SET time_zone = 'America/New_York', name = 'Ann Bell', attributes = '{"street":"1 Elm"}'`)
	var log bytes.Buffer
	h := c.handler(&log)
	path := "/m/" + c.token("m", "A1")
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		for _, query := range []string{"", "?cancel", "?do=cancel"} {
			request(h, method, path+query, "do=cancel")
		}
	}
	c.want("looking", c.events(), "")

	var tabs sync.WaitGroup
	for range 20 {
		tabs.Go(func() {
			if w := request(h, http.MethodPost, path, "do=cancel"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "1 March 2027 at 05:00 (America/New_York)") {
				t.Errorf("%d\n%s", w.Code, w.Body)
			}
		})
	}
	tabs.Wait()
	c.want("twenty clicks", c.events(), "cancel A1 2027-03-01T10:00:00Z ")

	for body, want := range map[string]string{
		"do=keep": "It goes on as before", "do=reason&choice=unused": "Thank you", "do=contact&a.street=2+Elm&was.a.street=1+Elm": "Your details are corrected",
	} {
		if w := request(h, http.MethodPost, path, body); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d\n%s", body, w.Code, w.Body)
		}
	}
	if w := request(h, http.MethodPost, path, "do=contact&email=x%40y"); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `value="x@y"`) {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	c.now = c.now.AddDate(3, 0, 0)
	if w := request(h, http.MethodPost, path, "do=cancel"); w.Code != http.StatusNotFound {
		t.Errorf("three years later: %d", w.Code)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
}

// TestPublicPagesOfACopy: a database that must not send still serves its pages.
func TestPublicPagesOfACopy(t *testing.T) {
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	c.Pass(c.Engine())
	c.Instance.Machine = "another"
	c.Instance.StateFile += "-elsewhere"
	c.Pass(c.Engine())
	c.now = c.now.Add(time.Hour)
	w := request(c.handler(io.Discard), http.MethodPost, "/m/"+c.token("m", "A1"), "do=cancel")
	if w.Code != http.StatusOK || !strings.HasPrefix(c.events(), "cancel A1") {
		t.Errorf("%d, %s", w.Code, c.events())
	}
}
