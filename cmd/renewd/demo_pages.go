package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"mime/quotedprintable"

	"renewd/internal/store"
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

// parse reads the headers and both parts of a message.
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
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.HTML = string(text)
		} else {
			l.Text = string(text)
		}
	}
}

// serve shows the letters at a loopback address until the context ends.
func (d *demo) serve(ctx context.Context) error {
	letters, err := d.letters(ctx)
	if err != nil {
		return err
	}
	index, err := template.ParseFS(demoFS, "demo_index.html")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := index.Execute(w, map[string]any{"Letters": letters, "Lines": d.lines, "Dir": demoDir, "Business": d.c.Business.Name}); err != nil {
			_ = d.s.Err.Line("the page could not be shown: %v", err) // the reader went away, or the page is broken
		}
	})
	mux.HandleFunc("GET /letter/{id}/{form}", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
		i := slices.IndexFunc(letters, func(l demoLetter) bool { return l.ID == id })
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		kind, body := "text/html; charset=utf-8", letters[i].HTML
		if r.PathValue("form") == "text" {
			kind, body = "text/plain; charset=utf-8", letters[i].Text
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = io.WriteString(w, body) // the reader may have gone away
	})
	listener, err := net.Listen("tcp", "127.0.0.1:8688")
	if err != nil {
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return fmt.Errorf("showing the letters: %w", err)
		}
	}
	if err := d.s.Out.Line("\nThe letters are at http://%s/ until Ctrl-C. Everything is in ./%s.", listener.Addr(), demoDir); err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // Serve then returns
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
