package test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"renewd/internal/testkit"
)

const pagesHost = "https://pages.parc-aurore.test"

// sent is a workshop whose daemon has just sent letters of every kind and whose
// next pass is far away, so that nothing happens but what its pages do.
func sent(t *testing.T, program string, each int) (w *workshop, s *working, letters []testkit.Letter) {
	t.Helper()
	w = newWorkshop(t, program, workshopSettings{mail: "rate = 0\nconnections = 8", web: true})
	text, err := os.ReadFile(filepath.Join(w.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("config.toml", strings.Replace(string(text), `pass = "* * * * *"`, `pass = "0 0 29 2 *"`, 1)+fullRules)
	w.askWhy("cancellation-confirmation")
	w.everyKind(each)
	s = w.serve()
	s.says("msg=pass ")
	return w, s, w.sink.Accepted()
}

// askWhy has a letter lead to the question why the customer leaves, as an
// administrator may edit it.
func (w *workshop) askWhy(letter string) {
	w.t.Helper()
	if err := os.Mkdir(filepath.Join(w.dir, "templates"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	for _, locale := range []string{"fr", "en", "pt", "es", "de"} {
		name := "templates/" + letter + "." + locale + ".md"
		w.write(name, readText(w.t, filepath.Join("..", name))+"\n[?]({{.Links.Reason}})\n")
	}
}

// TestScanners: programs that look through mail open every link of every letter,
// in all their ways and more than once, and nothing changes; what the customer
// then wishes happens all the same. Tokens that somebody tampered with get what
// any unknown address gets.
func TestScanners(t *testing.T) {
	program := buildForCrashes(t)
	w, s, letters := sent(t, program, 16)
	kinds := map[string]int{}
	for _, row := range query(t, filepath.Join(w.dir, "renewd.db"), `SELECT rule FROM reminders WHERE state = 'sent'`) {
		kinds[row]++
	}
	if len(letters) < 200 || len(kinds) != 13 {
		t.Fatalf("%d letters left, of %v", len(letters), kinds)
	}
	links := map[string]bool{}
	for _, letter := range letters {
		found := linksOf(t, letter)
		if len(found) == 0 {
			t.Errorf("there is no link in the letter to %s", letter.To)
		}
		for _, link := range found {
			if path, ours := strings.CutPrefix(link, pagesHost); ours {
				links[path] = true
			} else if !strings.HasPrefix(link, "https://shop.parc-aurore.test/") {
				t.Errorf("a letter to %s leads to %s", letter.To, link)
			}
		}
	}
	paths := slices.Sorted(maps.Keys(links))
	for _, place := range []string{"/u/", "/m/", "/s/"} {
		if !slices.ContainsFunc(paths, func(path string) bool { return strings.HasPrefix(path, place) }) {
			t.Errorf("no letter leads to %s", place)
		}
	}
	if t.Failed() {
		t.FailNow()
	}

	before := w.dump()
	w.scan(paths)
	if change := differs(before, w.dump()); change != "" {
		t.Fatalf("opening links changed the database: %s", change)
	}
	w.tamper(paths)
	if change := differs(before, w.dump()); change != "" {
		t.Fatalf("links that are wrong changed the database: %s", change)
	}
	s.stop()
	w.renewd("0", "run")
	if n := w.sink.Count(); n != len(letters) {
		t.Errorf("%d letters left because links were opened", n-len(letters))
	}

	s = w.serve()
	s.says("msg=ready")
	w.wishes(letters)
	s.stop()
}

// disguises are the headers by which programs say that they only look, or that
// pretend that somebody does more.
var disguises = []http.Header{
	{},
	{"Purpose": {"prefetch"}, "X-Moz": {"prefetch"}},
	{"Sec-Purpose": {"prefetch;prerender"}, "Sec-Fetch-Dest": {"document"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"none"}, "Sec-Fetch-User": {"?1"}},
	{"User-Agent": {"Mozilla/5.0 (compatible; safety scanner)"}, "Range": {"bytes=0-99"}, "Accept": {"*/*"}},
	{"X-Http-Method-Override": {"POST"}, "Cookie": {"yes=1"}, "Content-Type": {"application/x-www-form-urlencoded"}},
}

// scan opens every link twice in every way.
func (w *workshop) scan(paths []string) {
	w.t.Helper()
	type request struct{ method, path string }
	requests := make(chan request)
	var scanners sync.WaitGroup
	for range 8 {
		scanners.Go(func() {
			client := w.client()
			for r := range requests {
				for _, header := range disguises {
					status, _, _, err := ask(client, r.method, w.site()+r.path, header, "do=cancel")
					want := map[string]int{http.MethodOptions: http.StatusNoContent}[r.method]
					if want == 0 {
						want = http.StatusOK
					}
					if err != nil || status != want {
						w.t.Errorf("%s %s %v: %d, %v", r.method, r.path, header, status, err)
					}
				}
			}
		})
	}
	for range 2 {
		for _, path := range paths {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
				requests <- request{method, path}
			}
		}
	}
	close(requests)
	scanners.Wait()
}

func (w *workshop) site() string { return "http://" + w.public.Addr().String() }

// client follows nothing and keeps its connections.
func (w *workshop) client() *http.Client {
	return &http.Client{Timeout: mostPatience, Transport: &http.Transport{MaxIdleConnsPerHost: 8},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ask makes one request. A body goes only with what may have one.
func ask(client *http.Client, method, address string, header http.Header, form string) (status int, said http.Header, body []byte, err error) {
	var sends io.Reader
	if method == http.MethodPost || header.Get("Content-Type") != "" && method == http.MethodGet {
		sends = strings.NewReader(form)
	}
	r, err := http.NewRequest(method, address, sends)
	if err != nil {
		return 0, nil, nil, err
	}
	maps.Copy(r.Header, header)
	if method == http.MethodPost && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, response.Header, body, err
}

// tamper opens ten thousand links that somebody changed, each from a place of its
// own: who opens many from one place is asked to wait.
func (w *workshop) tamper(paths []string) {
	w.t.Helper()
	random, client := seed(w.t), w.client()
	_, unknownHeader, unknown, err := ask(client, http.MethodGet, w.site()+"/nothing/here", nil, "")
	if err != nil || len(unknown) == 0 {
		w.t.Fatalf("an unknown address: %q, %v", unknown, err)
	}
	good := map[string]bool{}
	for i := range paths {
		paths[i], _, _ = strings.Cut(paths[i], "?")
		good[paths[i]] = true
	}
	for i := 0; i < 10_000; {
		path := tampered(random, paths)
		if plain, err := url.PathUnescape(path); err != nil || good[plain] {
			continue // an escaped letter is that letter
		}
		i++
		method := []string{http.MethodGet, http.MethodPost, http.MethodGet, http.MethodHead}[i%4]
		from := http.Header{"X-Forwarded-For": {fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)}}
		status, header, body, err := ask(client, method, w.site()+path, from, "do=cancel")
		header.Set("Date", unknownHeader.Get("Date"))
		if err != nil || status != http.StatusNotFound || !maps.EqualFunc(header, unknownHeader, slices.Equal) || method != http.MethodHead && !bytes.Equal(body, unknown) {
			w.t.Fatalf("%s %s: %d, %v, %v\n%s", method, path, status, err, header, body)
		}
	}
}

// tampered is the path of a good link, changed in one of the ways of those who
// try their luck, or of programs that break what they pass on.
func tampered(random *rand.Rand, paths []string) string {
	path := paths[random.IntN(len(paths))]
	place, token := path[:3], path[3:]
	b := []byte(token)
	at := random.IntN(len(b))
	switch random.IntN(9) {
	case 0:
		b[at] ^= 1 << random.IntN(8)
	case 1:
		b = b[:at]
	case 2: // the same token for another page
		return []string{"/u/", "/m/", "/s/", "/x/", "/U/"}[random.IntN(5)] + token
	case 3: // and one that says that it is for another page
		b[0] = "umsa"[random.IntN(4)]
	case 4: // the other one of capital and small
		b[at] = bytes.ToUpper(b[at : at+1])[0] + bytes.ToLower(b[at : at+1])[0] - b[at]
	case 5: // escaped twice
		return place + token[:at] + fmt.Sprintf("%%25%02x", token[at]) + token[at+1:]
	case 6:
		return place + token[:at] + []string{"%00", "%20", "%2F", "%2e%2e%2f", "%c3%a9", "%0d%0a", "+", "=", "%ff"}[random.IntN(9)] + token[at:]
	case 7: // another one's seal
		_, seal, _ := strings.Cut(paths[random.IntN(len(paths))], "-")
		claim, _, _ := strings.Cut(token, "-")
		return place + claim + "-" + seal
	case 8:
		b = slices.Insert(b, at, "0123456789.-_aZ"[random.IntN(15)])
	}
	return place + url.PathEscape(string(b))
}

// wishes does one of each thing that the pages are for: else links that change
// nothing would say nothing.
func (w *workshop) wishes(letters []testkit.Letter) {
	w.t.Helper()
	client := w.client()
	for _, c := range []struct{ to, place, form, changes string }{
		{"pass", "/u/", "List-Unsubscribe=One-Click", "events"},
		{"contract", "/m/", "do=renew", "staff_tasks"},
		{"subscription", "/m/", "do=contact&name=Anna&was.name=Zo%C3%A9", "customers"},
		{"notice", "/m/", "do=cancel", "events"},
		{"cancel", "/m/", "do=keep", "events"},
		{"cancel", "/s/", "do=reason&choice=price", "events"},
	} {
		at := slices.IndexFunc(letters, func(l testkit.Letter) bool {
			return strings.HasPrefix(l.To, c.to) && slices.ContainsFunc(linksOf(w.t, l), func(link string) bool { return strings.HasPrefix(link, pagesHost+c.place) })
		})
		if at < 0 {
			w.t.Errorf("no letter to %s leads to %s", c.to, c.place)
			continue
		}
		before := w.dump()
		for _, link := range linksOf(w.t, letters[at]) {
			if path, ours := strings.CutPrefix(link, pagesHost); ours && strings.HasPrefix(path, c.place) {
				if status, _, body, err := ask(client, http.MethodPost, w.site()+path, nil, c.form); err != nil || status != http.StatusOK {
					w.t.Errorf("%s at the link of %s: %d, %v\n%s", c.form, letters[at].To, status, err, body)
				}
				break
			}
		}
		if change := differs(only(before, c.changes), only(w.dump(), c.changes)); change == "" {
			w.t.Errorf("%s at the link of %s changed nothing in %s", c.form, letters[at].To, c.changes)
		}
	}
}
