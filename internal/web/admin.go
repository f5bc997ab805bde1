package web

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// Health is how the daemon is doing.
type Health struct {
	// OK is true where it does what it is there for. Problems may be listed all
	// the same, which the JSON form shows: those that a person should look at, but
	// that stop nothing.
	OK       bool
	Problems []Problem
	// LastPass is when the last pass ended well; zero where there was none yet.
	LastPass time.Time
	// Due is the number of reminders that are to leave now, Waiting of those that
	// something holds.
	Due, Waiting int
}

// Problem is one thing that is wrong.
type Problem struct {
	// Kind is a short fixed word for programs, such as server_away.
	Kind string
	// Since is when it began; zero where that is not known.
	Since time.Time
	// Text says it in one sentence, without addresses.
	Text string
}

// AdminOptions is what the admin listener shows.
type AdminOptions struct {
	// Health is asked for each GET /healthz. Required.
	Health func(ctx context.Context) Health
	// Metrics answers GET /metrics; nil for none.
	Metrics http.Handler
	// Hosts are names, without ports, that the listener may be reached by besides
	// localhost and bare IP addresses.
	Hosts []string
}

// Admin returns the handler of the admin listener: GET /healthz (200 and "ok", or
// 503 and the problems; as JSON with ?json or where Accept asks for it), GET
// /metrics, and GET / with links to both. It asks for no password: it is to listen where
// only the business's own people can reach it. A web page from elsewhere that is
// open in their browser cannot: a foreign name that points here is answered 421,
// a request of a foreign page that would change something 403.
func Admin(o AdminOptions) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		showHealth(w, r, o.Health(r.Context()))
	})
	links := []string{"healthz"}
	if o.Metrics != nil {
		mux.Handle("GET /metrics", o.Metrics)
		links = append(links, "metrics")
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { showLinks(w, links) })

	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		if !ownHost(r.Host, o.Hosts) {
			http.Error(w, "This is not the name of this server.", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		guarded.ServeHTTP(w, r)
	})
}

// ownHost reports whether a Host header names this server: localhost, an IP
// address or one of hosts. Any other name was made to point here by somebody
// else, to have a browser read what only its user may (DNS rebinding).
func ownHost(host string, hosts []string) bool {
	if name, port, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
		host = name
	}
	if _, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
		return true
	}
	host = hostName(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		host != "" && slices.ContainsFunc(hosts, func(own string) bool { return hostName(own) == host })
}

// hostName is a name as names are compared.
func hostName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// healthJSON and problemJSON are Health as programs read it.
type healthJSON struct {
	OK       bool          `json:"ok"`
	Problems []problemJSON `json:"problems"`
	LastPass string        `json:"last_pass,omitempty"`
	Due      int           `json:"due"`
	Waiting  int           `json:"waiting"`
}

type problemJSON struct {
	Kind  string `json:"kind"`
	Since string `json:"since,omitempty"`
	Text  string `json:"text"`
}

func showHealth(w http.ResponseWriter, r *http.Request, h Health) {
	status := http.StatusOK
	if !h.OK {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Vary", "Accept")
	if r.URL.Query().Has("json") || strings.Contains(r.Header.Get("Accept"), "application/json") {
		out := healthJSON{OK: h.OK, Problems: []problemJSON{}, LastPass: renewal.FormatStamp(h.LastPass), Due: h.Due, Waiting: h.Waiting}
		for _, p := range h.Problems {
			out.Problems = append(out.Problems, problemJSON{Kind: p.Kind, Since: renewal.FormatStamp(p.Since), Text: p.Text})
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(out) // a client that hung up misses its answer only
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	if h.OK {
		fmt.Fprintln(w, "ok") // and no more: simple probes compare it
		return
	}
	fmt.Fprintln(w, "not ok")
	for _, p := range h.Problems {
		since := ""
		if !p.Since.IsZero() {
			since = " since " + renewal.FormatStamp(p.Since)
		}
		fmt.Fprintf(w, "%s%s: %s\n", p.Kind, since, p.Text)
	}
}

func showLinks(w http.ResponseWriter, links []string) {
	var b strings.Builder
	b.WriteString(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
		`<meta name="color-scheme" content="light dark"><title>renewd</title><h1>renewd</h1><ul>`)
	for _, link := range links {
		fmt.Fprintf(&b, `<li><a href="/%[1]s">/%[1]s</a></li>`, html.EscapeString(link))
	}
	b.WriteString("</ul></html>\n")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, b.String())
}
