package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// PublicOptions is what the public pages are made of. All fields are required.
type PublicOptions struct {
	// Unsubscribes, Agreements and Reasons know the tokens of their pages.
	Unsubscribes Unsubscribes
	Agreements   Agreements
	Reasons      Reasons
	// Pages returns the pages as they are now; it is asked at each request, so
	// that edited ones can take the place of the old. Never nil.
	Pages func() *Pages
	// Log gets one line for each request that failed for a reason of ours,
	// without the token and the customer's address.
	Log *slog.Logger
	// Clock is the present instant, for counting wrong links by client.
	Clock func() time.Time
}

const (
	// maxBody is as much as a request may bring, in bytes. A wish to unsubscribe
	// has 26, a corrected address a few hundred.
	maxBody = 64 << 10
	// workTime is how long one wish may take: less than the time in which the
	// answer must be written.
	workTime = 20 * time.Second
	// busyRetry is after how many seconds to come back when the database is locked.
	busyRetry = 30
	// allowed are the methods of every public address, existing or not.
	allowed = "GET, HEAD, POST, OPTIONS"
)

// Public returns the handler of the public listener: GET /u/{token} asks, POST
// /u/{token} unsubscribes; GET /m/{token} shows an agreement, POST /m/{token}
// does what its form says; GET and POST /s/{token} ask why somebody leaves and
// take the answer. A POST to /u counts whatever its body says, from wherever it
// comes and without a cookie: the token alone says who wishes what (RFC 8058).
func Public(o PublicOptions) http.Handler {
	return &public{PublicOptions: o, wrong: newPatience(wrongEvery, wrongBurst), wishes: newPatience(wishEvery, wishBurst)}
}

type public struct {
	PublicOptions
	// wrong counts wrong links by client, wishes what is wished for by token.
	wrong, wishes *patience
}

func (p *public) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := &answer{w: w, pages: p.Pages(), head: r.Method == http.MethodHead}
	defer func() {
		if v := recover(); v != nil {
			p.Log.Error("a public page broke off", "method", r.Method, "panic", hide(fmt.Sprint(v), tokenOf(r)),
				"stack", string(debug.Stack()))
			_ = a.show(http.StatusInternalServerError, pageFailed, content{})
		}
	}()
	a.headers()
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
		p.page(a, r)
	case http.MethodOptions:
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", allowed)
		a.plain(http.StatusMethodNotAllowed)
	}
}

// page answers GET, HEAD and POST.
func (p *public) page(a *answer, r *http.Request) {
	var body []byte
	if r.Method == http.MethodPost {
		// What was not sent to its end was not wished.
		var err error
		body, err = io.ReadAll(http.MaxBytesReader(a.w, r.Body, maxBody))
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			a.plain(http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			a.plain(http.StatusBadRequest)
			return
		}
	}
	switch kind, token := place(r); kind {
	case "u":
		p.unsubscribePage(a, r, token)
	case "m":
		p.managePage(a, r, token, body)
	case "s":
		p.reasonPage(a, r, token, body)
	default:
		_ = a.show(http.StatusNotFound, pageMissing, content{})
	}
}

// unsubscribePage answers below /u; nothing in the body matters.
func (p *public) unsubscribePage(a *answer, r *http.Request, token string) {
	var s Subscriber
	var err error
	if r.Method == http.MethodPost {
		s, err = p.unsubscribe(r.Context(), token)
	} else {
		s, err = p.Unsubscribes.Subscriber(r.Context(), token)
	}
	if err != nil {
		p.refuse(a, r, token, err)
		return
	}
	page := pageAsk
	switch {
	case r.Method == http.MethodPost:
		page = pageDone
	case s.Unsubscribed:
		page = pageAgain
	}
	p.show(a, http.StatusOK, page, token, aboutSubscriber(s))
}

// show writes a page and logs why it cannot be shown, without anything that
// tells a person.
func (p *public) show(a *answer, status int, page, token string, c content) {
	err := a.show(status, page, c)
	if err == nil {
		return
	}
	secrets := []string{token, c.subscriber.Name, c.subscriber.MaskedEmail}
	if c.agreement != nil {
		secrets = append(secrets, c.agreement.Name, c.agreement.MaskedEmail)
	}
	p.Log.Error("a public page cannot be shown", "page", page, "error", hide(err.Error(), secrets...))
}

// unsubscribe does what a POST asks for, also where the client hangs up before
// it has the answer: it has said what it wishes.
func (p *public) unsubscribe(ctx context.Context, token string) (Subscriber, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workTime)
	defer cancel()
	return p.Unsubscribes.Unsubscribe(ctx, token)
}

// refuse answers a request that came to nothing.
func (p *public) refuse(a *answer, r *http.Request, token string, err error) {
	switch {
	case errors.Is(err, ErrNoSuchPage):
		if !p.wrong.allow(clientAddress(r), p.Clock()) {
			a.retryAfter(int(wrongEvery / time.Second))
			_ = a.show(http.StatusTooManyRequests, pageSlow, content{})
			return
		}
		_ = a.show(http.StatusNotFound, pageMissing, content{})
	case errors.Is(err, ErrBusy), errors.Is(err, context.DeadlineExceeded):
		a.retryAfter(busyRetry)
		_ = a.show(http.StatusServiceUnavailable, pageBusy, content{})
	default:
		p.Log.Error("a public page failed", "method", r.Method, "error", hide(err.Error(), token))
		_ = a.show(http.StatusInternalServerError, pageFailed, content{})
	}
}

// placeForm is where pages with tokens are, with what a token may consist of;
// others need not be looked up.
var placeForm = regexp.MustCompile(`^/([ums])/([A-Za-z0-9_.~-]{1,200})$`)

// place returns the kind of page that a request asks for and its token, both
// empty where there is no such page.
func place(r *http.Request) (kind, token string) {
	m := placeForm.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return "", ""
	}
	return m[1], m[2]
}

// tokenOf is the token in a request's path, empty where there can be none.
func tokenOf(r *http.Request) string {
	_, token := place(r)
	return token
}

// hide takes what must not be logged out of a text.
func hide(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}

// answer writes one response, whole or not at all.
type answer struct {
	w     http.ResponseWriter
	pages *Pages
	head  bool
}

// headers sets what every response says: nothing from elsewhere, no frame around
// it, nothing kept, nothing told to others, nothing in a search engine.
func (a *answer) headers() {
	h := a.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src"+a.pages.styles+
		"; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	secure(h)
	h.Set("X-Robots-Tag", "noindex, nofollow")
}

// secure sets the headers that do not depend on the page.
func secure(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

func (a *answer) retryAfter(seconds int) {
	a.w.Header().Set("Retry-After", strconv.Itoa(seconds))
}

// show writes a page. One that does not render is answered in two plain words:
// with the same status where the thing itself is done or refused all the same,
// else as a failure. The error says why.
func (a *answer) show(status int, page string, c content) error {
	body, err := a.pages.render(page, c)
	if err != nil {
		if asks(page) && status == http.StatusOK {
			status = http.StatusInternalServerError
		}
		a.plain(status)
		return err
	}
	a.write(status, "text/html; charset=utf-8", body)
	return nil
}

// plain writes the status in words.
func (a *answer) plain(status int) {
	a.write(status, "text/plain; charset=utf-8", []byte(http.StatusText(status)+"\n"))
}

func (a *answer) write(status int, contentType string, body []byte) {
	a.w.Header().Set("Content-Type", contentType)
	a.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	a.w.WriteHeader(status)
	if !a.head {
		_, _ = a.w.Write(body) // a client that hung up misses its answer only
	}
}
