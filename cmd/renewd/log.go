package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// newLog writes one line an event. For the journal, which adds the time itself,
// a line begins with its priority (sd-daemon(3)), so that journalctl -p finds
// what went wrong.
func newLog(w io.Writer, journal bool) *slog.Logger {
	if !journal {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	j := &journalLines{w: w}
	j.text = slog.NewTextHandler(&j.line, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}})
	return slog.New(journalHandler{j, j.text})
}

// journalLines is where the handlers of one log write their lines, one at a time.
type journalLines struct {
	mu   sync.Mutex
	line bytes.Buffer
	text slog.Handler
	w    io.Writer
}

// journalHandler puts the priority before what text writes.
type journalHandler struct {
	lines *journalLines
	text  slog.Handler
}

func (h journalHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.text.Enabled(ctx, level)
}

func (h journalHandler) Handle(ctx context.Context, r slog.Record) error {
	h.lines.mu.Lock()
	defer h.lines.mu.Unlock()
	h.lines.line.Reset()
	if err := h.text.Handle(ctx, r); err != nil {
		return err
	}
	priority := 6 // informational
	switch {
	case r.Level >= slog.LevelError:
		priority = 3
	case r.Level >= slog.LevelWarn:
		priority = 4
	case r.Level < slog.LevelInfo:
		priority = 7
	}
	_, err := fmt.Fprintf(h.lines.w, "<%d>%s", priority, h.lines.line.Bytes())
	return err
}

func (h journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return journalHandler{h.lines, h.text.WithAttrs(attrs)}
}

func (h journalHandler) WithGroup(name string) slog.Handler {
	return journalHandler{h.lines, h.text.WithGroup(name)}
}
