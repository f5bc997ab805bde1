package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/plan"
	"renewd/internal/store"
	"renewd/internal/web"
)

//go:embed demo_index.html
var demoFS embed.FS

// demoLetter is a sent message, taken apart again from the bytes that were kept.
type demoLetter struct {
	ID                           int64
	Customer, To, Subject, Class string
	Rule                         string
	SentAt                       time.Time
	Text, HTML                   string
	Today                        bool
}

// letters reads back every letter that was sent, the newest first.
func (d *demo) letters(ctx context.Context) ([]demoLetter, error) {
	var letters []demoLetter
	err := d.db.Read(ctx, func(tx *store.Tx) error {
		return tx.SentMessages(func(m store.SentMessage) error {
			raw, err := tx.Contents(m.ID)
			if err != nil {
				return err
			}
			l := demoLetter{ID: m.ID, Customer: m.Customer, Class: string(m.Class), Rule: m.Rule, SentAt: m.SentAt.In(d.c.Business.TimeZone)}
			l.Today = !m.SentAt.Before(d.today.Add(-2 * time.Hour))
			if err := l.parse(raw); err != nil {
				return fmt.Errorf("message %d: %w", m.ID, err)
			}
			letters = append(letters, l)
			return nil
		})
	})
	slices.Reverse(letters)
	return letters, err
}

// parse reads the headers, the text and the page of a message.
func (l *demoLetter) parse(raw []byte) error {
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	words := new(mime.WordDecoder)
	if l.Subject, err = words.DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	to, err := mail.ParseAddress(m.Header.Get("To"))
	if err != nil {
		return err
	}
	if l.To = to.Address; to.Name != "" {
		l.To = to.Name + " <" + to.Address + ">"
	}
	return l.parseParts(m.Header.Get("Content-Type"), m.Body)
}

// parseParts reads the text and the page; what is attached to them is left out.
func (l *demoLetter) parseParts(contentType string, body io.Reader) error {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return err
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		kind := part.Header.Get("Content-Type")
		if strings.HasPrefix(kind, "multipart/") {
			if err := l.parseParts(kind, part); err != nil {
				return err
			}
			continue
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(kind, "text/html"):
			l.HTML = string(text)
		case strings.HasPrefix(kind, "text/plain"):
			l.Text = string(text)
		}
	}
}

// demoPage is what the first page shows.
type demoPage struct {
	Business, Dir       string
	Now                 time.Time
	Sent, Earlier       []demoLetter
	Held, Skipped, Next []demoRow
	Tasks               []demoTask
}

// demoRow is one decision on the page, demoTask one thing for a person.
type (
	demoRow  struct{ At, Name, Colour, What, Words, Until, Letter, For string }
	demoTask struct{ Name, Agreement, Kind, Text string }
)

// page collects what the first page shows.
func (d *demo) page(ctx context.Context, letters []demoLetter) (demoPage, error) {
	p := demoPage{Business: d.c.Business.Name, Dir: demoDir, Now: d.today.In(d.c.Business.TimeZone)}
	for _, l := range letters {
		if l.Today {
			p.Sent = append(p.Sent, l)
		} else {
			p.Earlier = append(p.Earlier, l)
		}
	}
	slices.Reverse(p.Sent) // in the order of the day
	p.Held = d.rows(d.decided(plan.Wait), "15:04")
	p.Skipped = d.rows(d.decided(plan.Skip), "15:04")
	next, err := d.lookAhead(ctx)
	if err != nil {
		return p, err
	}
	p.Next = d.rows(next, "Mon 2 January, 15:04")
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		open, err := tx.OpenTasks()
		for _, t := range open {
			p.Tasks = append(p.Tasks, demoTask{t.CustomerName, t.Agreement, string(t.Kind), t.Text})
		}
		return err
	})
	return p, err
}

// rows are decisions for the page; layout is how their time is written.
func (d *demo) rows(lines []decisionLine, layout string) []demoRow {
	colours := map[string]string{plan.Send: "sent", plan.Wait: "held", plan.Skip: "not"}
	var rows []demoRow
	for _, l := range lines {
		rows = append(rows, demoRow{At: timeIn(l.At, d.c.Business.TimeZone, layout), Name: l.name, Colour: colours[l.Decision],
			What: l.verdict(), Words: demoWords(l), Until: l.end(d.c.Business.TimeZone), Letter: l.Template, For: l.concerned()})
	}
	return rows
}

// handler shows the first page and the letters.
func (d *demo) handler(ctx context.Context) (http.Handler, error) {
	letters, err := d.letters(ctx)
	if err != nil {
		return nil, err
	}
	page, err := d.page(ctx, letters)
	if err != nil {
		return nil, err
	}
	index, err := template.ParseFS(demoFS, "demo_index.html")
	if err != nil {
		return nil, err
	}
	var first bytes.Buffer
	if err := index.Execute(&first, page); err != nil {
		return nil, err
	}
	const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
	customers, err := d.customerPages()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for _, path := range []string{"/u/", "/m/", "/s/"} {
		mux.Handle(path, customers)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = w.Write(first.Bytes()) // the reader may have gone away
	})
	mux.HandleFunc("GET /letter/{id}/{form}", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
		i := slices.IndexFunc(letters, func(l demoLetter) bool { return l.ID == id })
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		// The pages behind the links are here, too.
		kind, body := "text/html; charset=utf-8", strings.ReplaceAll(letters[i].HTML, d.c.Web.BaseURL, "")
		switch r.PathValue("form") {
		case "html":
		case "text":
			kind, body = "text/plain; charset=utf-8", letters[i].Text
		default:
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = io.WriteString(w, body) // the reader may have gone away
	})
	return mux, nil
}

// customerPages are the pages that letters lead to, at the demo's own time.
func (d *demo) customerPages() (http.Handler, error) {
	pages, err := d.c.pages()
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	clock := func() time.Time { return d.today.Add(time.Since(begun)).Truncate(time.Second) }
	links := daemon.NewLinks(d.db, clock)
	settings := d.c.settings(d.c.letters())
	agreements := daemon.NewAgreementPages(links, func() *plan.Settings { return settings })
	return web.Public(web.PublicOptions{Unsubscribes: links, Agreements: agreements, Reasons: agreements,
		Pages: func() *web.Pages { return pages }, Log: slog.New(slog.DiscardHandler), Clock: clock}), nil
}

// serve shows the letters at a loopback address until the context ends.
func (d *demo) serve(ctx context.Context) error {
	handler, err := d.handler(ctx)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:8688")
	if err != nil {
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return fmt.Errorf("showing the letters: %w", err)
		}
	}
	if err := d.s.Out.Line("\nOpen http://%s/ in a browser to see the letters, and the pages behind their links. Ctrl-C ends it.\nEverything is in ./%s.", listener.Addr(), demoDir); err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // Serve then returns
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
