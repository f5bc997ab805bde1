package web

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"renewd/internal/compose"
	"renewd/templates"
)

var business = Business{Name: "Parc Aurore", PostalAddress: "1 rue des Lilas\n69001 Lyon\nFrance", Email: "accueil@parc-aurore.example", Locale: "fr"}

// speak is how the pages of the business write dates and money.
func speak(page, customer string) Words { return compose.SpeechFor(page, customer, business.Locale) }

// office is Unsubscribes with real tokens and no database.
type office struct {
	mu   sync.Mutex
	key  []byte
	who  map[string]Subscriber // by subject, the part of a token before the hyphen
	acts int                   // how many calls of Unsubscribe had an effect
	// err is what every call with a good token returns instead of its effect.
	err error
}

func newOffice() *office {
	return &office{key: []byte("a key for tests"), who: map[string]Subscriber{
		"u1": {Name: "Marie Laurent", MaskedEmail: "m…@marie.example", Locale: "fr-CA"},
		"u2": {Name: "Jonas Berg", MaskedEmail: "j…@berg.example", Locale: "de_AT"},
		"u3": {MaskedEmail: "k…@kim.example", Locale: "xx"},
		"u4": {Name: `<script>alert(1)</script>`, MaskedEmail: `"><img src=x onerror=alert(1)>@x.example`, Locale: "en"},
		"u5": {Name: "Ana", MaskedEmail: "a…@ana.example", Locale: "pt-BR"},
		"u6": {Name: "Eva", MaskedEmail: "e…@eva.example", Locale: "es"},
	}}
}

func (o *office) token(subject string) string {
	mac := hmac.New(sha256.New, o.key)
	mac.Write([]byte(subject))
	return subject + "-" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:15])
}

func (o *office) find(token string) (string, error) {
	subject, _, _ := strings.Cut(token, "-")
	if !hmac.Equal([]byte(o.token(subject)), []byte(token)) {
		return "", ErrNoSuchPage
	}
	if _, known := o.who[subject]; !known {
		return "", ErrNoSuchPage
	}
	return subject, o.err
}

func (o *office) Subscriber(ctx context.Context, token string) (Subscriber, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	subject, err := o.find(token)
	if err != nil {
		return Subscriber{}, err
	}
	return o.who[subject], ctx.Err()
}

func (o *office) Unsubscribe(ctx context.Context, token string) (Subscriber, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	subject, err := o.find(token)
	if err != nil {
		return Subscriber{}, err
	}
	if err := ctx.Err(); err != nil {
		return Subscriber{}, err
	}
	s := o.who[subject]
	if !s.Unsubscribed {
		o.acts++
	}
	s.Unsubscribed = true
	o.who[subject] = s
	return s, nil
}

// gone is how many subscribers get no more reminders.
func (o *office) gone() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, s := range o.who {
		if s.Unsubscribed {
			n++
		}
	}
	return n
}

// site is the public pages over an office, with a clock that a test turns and
// what was logged.
type site struct {
	*office
	desk    *desk
	handler http.Handler
	now     time.Time
	log     bytes.Buffer
}

// builtInPages are loaded once for all tests that need no others.
var builtInPages = sync.OnceValues(func() (*Pages, error) { return LoadPages(templates.FS, nil, business, speak) })

func newSite(t testing.TB, own fs.FS) *site {
	t.Helper()
	pages, err := builtInPages()
	if own != nil {
		pages, err = LoadPages(templates.FS, own, business, speak)
	}
	if err != nil {
		t.Fatal(err)
	}
	office := newOffice()
	s := &site{office: office, desk: newDesk(t, office), now: time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)}
	s.handler = Public(PublicOptions{
		Unsubscribes: s.office, Agreements: s.desk, Reasons: s.desk, Pages: func() *Pages { return pages },
		Log: slog.New(slog.NewTextHandler(&s.log, nil)), Clock: func() time.Time { return s.now },
	})
	return s
}

// do sends one request; header is pairs of name and value.
func (s *site) do(method, target string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

const (
	formType = "application/x-www-form-urlencoded"
	oneClick = "List-Unsubscribe=One-Click"
)

func (s *site) click(token string) *httptest.ResponseRecorder {
	return s.do(http.MethodPost, "/u/"+token, strings.NewReader(oneClick), "Content-Type", formType)
}

// panics is Unsubscribes that is out of order.
type panics struct{}

func (panics) Subscriber(context.Context, string) (Subscriber, error) { panic("out of order") }
func (panics) Unsubscribe(_ context.Context, token string) (Subscriber, error) {
	panic("out of order: " + token)
}
