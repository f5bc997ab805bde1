package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/web"
)

// overdue is how long after its time the next pass may be before that is a
// problem.
const overdue = 10 * time.Minute

// Health is what the admin listener and a monitor are told: the passes succeed,
// nothing is paused, and no task is open that cannot wait.
func (s *Server) Health(context.Context) web.Health {
	s.mu.Lock()
	report, broken, busy, chore := s.report, s.broken, s.busy, s.choreFailed
	s.mu.Unlock()
	now := s.o().Engine.Clock()
	h := web.Health{LastPass: report.last, Due: report.overview.Count(renewal.Due), Waiting: report.overview.Count(renewal.Waiting)}
	add := func(kind string, since time.Time, text string) {
		h.Problems = append(h.Problems, web.Problem{Kind: kind, Since: since, Text: hideAddresses(text)})
	}
	if report.failure != "" {
		add("pass", report.failing, report.failure)
	}
	if s.o().Pass != nil && busy.IsZero() && !report.last.IsZero() && report.failure == "" {
		if next := s.o().Pass.Next(report.last); !next.IsZero() && now.After(next.Add(overdue)) {
			add("pass", next, fmt.Sprintf("the pass of %s did not come", renewal.FormatStamp(next)))
		}
	}
	if report.last.IsZero() && report.failure == "" {
		add("starting", time.Time{}, "the first pass has not ended yet")
	}
	for _, t := range report.overview.Urgent {
		add(string(t.Kind), t.Since, fmt.Sprintf("%d open, the oldest: %s", report.overview.Tasks[t.Kind], t.Text))
	}
	h.OK = len(h.Problems) == 0
	// What a person should see, and what does not stop the sending.
	if broken != "" {
		add("configuration", time.Time{}, broken)
	}
	if chore != "" {
		add("chore", time.Time{}, chore)
	}
	return h
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
