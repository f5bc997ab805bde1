package daemon_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"renewd/internal/compose"
	"renewd/internal/daemon"
	"renewd/internal/mailout"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/testkit"
	"renewd/internal/web"
	"renewd/templates"
)

// pageRate is how many pages a second are opened.
const pageRate = 200

// BenchmarkPages opens pages at a steady rate while a run sends letters, with the
// visitors and the mail server on the same cores: p99-ms is to stay under 50.
// Every page is counted from the instant at which it was to be opened, whatever
// became of those before it. Of twenty visits one is a wish that is written down;
// they are told apart as wish-p99-ms and count among all. The run has to send
// every letter, once, every visit has to succeed, and every wish has to be kept.
// The figures are those of the last run.
func BenchmarkPages(b *testing.B) {
	messages := size(2000, 20_000)
	for b.Loop() {
		b.StopTimer()
		sink := testkit.NewSink(b, testkit.SinkOptions{LowMemory: true})
		smtp, err := mailout.NewSMTP(mailout.SMTPOptions{Host: sink.Host, Port: sink.Port, TLS: mailout.TLSNone, Connections: 4})
		if err != nil {
			b.Fatal(err)
		}
		s := dueShop(b, 2*messages)
		v := newVisitors(b, s, 2*messages)
		v.begin()
		took := sendAll(b, s, smtp, 4, messages)
		v.end()
		if err := smtp.Close(); err != nil {
			b.Error(err)
		}
		if letters := sink.ByMessageID(); sink.Count() != messages || len(letters) != messages {
			b.Errorf("%d letters left, %d different ones, not %d", sink.Count(), len(letters), messages)
		}
		if kept := s.Text(`SELECT count(*) FROM events WHERE source = 'page'`); kept != fmt.Sprint(len(v.acts)) {
			b.Errorf("%s wishes were written down, not %d", kept, len(v.acts))
		}
		sink.Stop()
		s.Close()
		b.ReportMetric(perSecond(messages, took), "messages/s")
		v.report(b, took)
		b.StartTimer()
	}
}

// visitors open the pages of a business that is sending.
type visitors struct {
	b     *testing.B
	base  string
	close func() error
	// manage, reason and unsubscribe are tokens, those of wishes not among them.
	manage, reason, unsubscribe, wishes []string
	client                              http.Client

	stop    chan struct{}
	running sync.WaitGroup
	mu      sync.Mutex
	looks   []time.Duration
	acts    []time.Duration
}

// newVisitors serves the public pages as the daemon does, for every tenth of n
// customers.
func newVisitors(b *testing.B, s *testkit.Shop, n int) *visitors {
	b.Helper()
	v := &visitors{b: b, stop: make(chan struct{}), client: http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	ctx, links, today := context.Background(), daemon.NewLinks(s.DB, benchClock), renewal.LocalDate(benchNow, time.UTC)
	pick := func(token string, err error) string {
		if err != nil {
			b.Fatal(err)
		}
		return token
	}
	for id := int64(1); id <= int64(n); id += 10 {
		v.manage = append(v.manage, pick(links.AgreementToken(ctx, "m", id, id, today)))
		v.reason = append(v.reason, pick(links.AgreementToken(ctx, "s", id, id, today)))
		v.unsubscribe = append(v.unsubscribe, pick(links.UnsubscribeToken(ctx, id)))
		// A wish has a pass look at its customer: those to whom nothing is due soon.
		if wisher := id + 2; wisher%330 > 60 {
			v.wishes = append(v.wishes, pick(links.AgreementToken(ctx, "s", wisher, wisher, today)))
		}
	}
	pages, err := web.LoadPages(templates.FS, nil, web.Business{Name: "Parc Aurore", PostalAddress: "1 rue des Lilas", Locale: "fr"},
		func(page, customer string) web.Words { return compose.SpeechFor(page, customer, "fr") })
	if err != nil {
		b.Fatal(err)
	}
	agreements := daemon.NewAgreementPages(links, func() *plan.Settings { return &s.Settings })
	server := web.Server(web.Public(web.PublicOptions{Unsubscribes: links, Agreements: agreements, Reasons: agreements,
		Pages: func() *web.Pages { return pages }, Log: slog.New(slog.DiscardHandler), Clock: benchClock}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	v.base, v.close = "http://"+listener.Addr().String(), server.Close
	go func() { _ = server.Serve(web.Limit(listener)) }()
	return v
}

// begin has them come, one every two hundredth of a second, until end.
func (v *visitors) begin() {
	begun := time.Now()
	v.running.Go(func() {
		for i := 0; ; i++ {
			at := begun.Add(time.Duration(i) * time.Second / pageRate)
			select {
			case <-v.stop:
				return
			case <-time.After(time.Until(at)):
			}
			v.running.Go(func() { v.visit(i, at) })
		}
	})
}

// visit is the i-th visit, which was to begin at an instant.
func (v *visitors) visit(i int, at time.Time) {
	one := func(of []string) string { return of[i*7919%len(of)] }
	act := i%20 == 19
	var response *http.Response
	var err error
	switch {
	case act:
		response, err = v.client.Post(v.base+"/s/"+one(v.wishes), "application/x-www-form-urlencoded", strings.NewReader(fmt.Sprint("do=reason&text=", i)))
	case i%4 == 0:
		response, err = v.client.Get(v.base + "/u/" + one(v.unsubscribe))
	case i%4 == 1:
		response, err = v.client.Get(v.base + "/s/" + one(v.reason))
	default:
		response, err = v.client.Get(v.base + "/m/" + one(v.manage))
	}
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	took := time.Since(at)
	if err != nil || response.StatusCode != http.StatusOK {
		v.b.Errorf("visit %d: %+v, %v", i, response, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if act {
		v.acts = append(v.acts, took)
	} else {
		v.looks = append(v.looks, took)
	}
}

// end waits for the last of them.
func (v *visitors) end() {
	v.b.Helper()
	close(v.stop)
	v.running.Wait()
	v.client.CloseIdleConnections()
	if err := v.close(); err != nil {
		v.b.Error(err)
	}
}

// report tells how long they waited.
func (v *visitors) report(b *testing.B, took time.Duration) {
	b.Helper()
	slices.Sort(v.acts)
	all := slices.Sorted(slices.Values(append(slices.Clone(v.looks), v.acts...)))
	b.ReportMetric(perSecond(len(all), took), "pages/s")
	b.ReportMetric(percentile(all, 0.50), "p50-ms")
	b.ReportMetric(percentile(all, 0.99), "p99-ms")
	b.ReportMetric(percentile(all, 1), "max-ms")
	b.ReportMetric(percentile(v.acts, 0.99), "wish-p99-ms")
}

// percentile is that of durations in order, in milliseconds.
func percentile(sorted []time.Duration, share float64) float64 {
	at := min(int(share*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[at].Microseconds()) / 1000
}
