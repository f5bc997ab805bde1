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

// Health is what the admin listener and a monitor are told: the passes and the
// chores succeed, nothing is paused, and no task is open that cannot wait.
func (s *Server) Health(context.Context) web.Health {
	s.mu.Lock()
	report, broken, busy, done := s.report, s.broken, s.busy, maps.Clone(s.done)
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
	scheduled := map[string]bool{backupChore: s.o().backups() != nil, purgeChore: s.o().Purge != nil}
	for _, name := range sortedKeys(done) {
		// One that is not to run any more has nothing left to fail at.
		if d := done[name]; d.failure != "" && scheduled[name] {
			add(name, d.failing, "the "+name+" failed: "+d.failure)
		}
	}
	addTasks := func(wanted func(renewal.TaskKind) bool) {
		for _, t := range report.overview.Urgent {
			if wanted(t.Kind) {
				add(string(t.Kind), t.Since, fmt.Sprintf("%d open, the oldest: %s", report.overview.Tasks[t.Kind], t.Text))
			}
		}
	}
	addTasks(func(kind renewal.TaskKind) bool { return kind != renewal.TaskUncertain })
	h.OK = len(h.Problems) == 0
	// What a person should see, and what does not stop the sending.
	addTasks(func(kind renewal.TaskKind) bool { return kind == renewal.TaskUncertain })
	if broken != "" {
		add("configuration", time.Time{}, broken)
	}
	for _, note := range s.o().Notes {
		add("configuration", time.Time{}, note)
	}
	return h
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
