package daemon

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"renewd/internal/mailout"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// passes makes one pass after the other, whenever one is asked for, until ctx
// ends. It is the only goroutine that plans.
func (s *Server) passes(ctx context.Context) {
	passCtx, cancel := s.newPassContext(ctx)
	defer func() { cancel() }()
	wait := time.Duration(0)
	for {
		failed := s.pass(passCtx)
		switch {
		case ctx.Err() != nil:
			return
		case failed:
			wait = min(max(2*wait, retryFirst), retryMost)
		default:
			wait = 0
			s.tellStaffBeside(ctx)
		}
		var again <-chan time.Time
		if n, _ := s.engine().flight.under(); n > 0 && wait == 0 {
			again = time.After(stallLook)
		}
		if wait > 0 {
			again = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case f := <-s.follow:
			cancel()
			passCtx, cancel = s.newPassContext(ctx)
			f.done <- s.replace(f.options)
		case <-s.wake:
		case <-again:
		}
	}
}

func (s *Server) newPassContext(ctx context.Context) (context.Context, context.CancelFunc) {
	passCtx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel = cancel
	return passCtx, cancel
}

// replace follows a changed configuration and ends what the old one held open.
func (s *Server) replace(next ServeOptions) error {
	old := s.o()
	next.Engine.Using = &sync.WaitGroup{}
	if err := s.goOnWith(next); err != nil {
		return err
	}
	// What held everything may be what was just put right.
	err := next.Engine.DB.Write(context.Background(), func(tx *store.Tx) error {
		_, err := tx.ProbeNow(next.Engine.Clock())
		return err
	})
	if err != nil {
		s.at.Log.Warn("the pause goes on", "error", err)
	}
	if old.Close != nil {
		go func() {
			old.Engine.Using.Wait() // those under way end as they began
			if err := old.Close(); err != nil {
				s.at.Log.Debug("the connections of the old configuration", "error", err)
			}
		}()
	}
	return nil
}

// goOnWith follows other options between two passes.
func (s *Server) goOnWith(next ServeOptions) error {
	s.hear(&next)
	engine, err := s.engine().With(next.Engine)
	if err != nil {
		return err
	}
	s.put(next, engine)
	next.Engine.DB.SetZone(next.Engine.Settings.Zone)
	return nil
}

// pass makes one pass and tells everybody how it went. failed asks for another
// one soon.
func (s *Server) pass(ctx context.Context) (failed bool) {
	s.mu.Lock()
	s.busy = s.o().Engine.Clock()
	s.mu.Unlock()
	s.engine().pulse.beat() // a watchdog that looks just now finds a pass that has begun
	begun := s.at.Counted()
	s.refresh()
	err := s.clockJumped(ctx)
	var summary Summary
	if err == nil {
		summary, err = s.engine().Pass(ctx)
	}
	took := s.at.Counted() - begun
	if ctx.Err() != nil { // it says nothing about how passes are doing
		s.mu.Lock()
		s.busy = time.Time{}
		s.mu.Unlock()
		s.logPass(summary, took)
		return false
	}
	overview, readErr := s.overview()
	err = errors.Join(err, readErr)
	s.passed(summary, overview, took, err)
	if summary.More {
		s.wakeUp()
	}
	return err != nil
}

// refresh has edited letters and pages live with the pass that begins. Letters
// that do not render hold their reminders; pages that do not stay the old ones.
func (s *Server) refresh() {
	if s.o().Refresh == nil {
		return
	}
	edited, err := s.o().Refresh()
	if err != nil {
		s.at.Log.Error("edited letters or pages cannot be used", "error", err)
	}
	if edited == nil {
		return
	}
	next := *s.o()
	settings := *next.Engine.Settings
	settings.Broken = edited.Letters.Broken
	next.Engine.Settings, next.Engine.Letters, next.Engine.LettersVersion = &settings, edited.Letters, edited.Version
	if edited.Pages != nil {
		next.Pages = edited.Pages
	}
	if err := s.goOnWith(next); err != nil {
		s.at.Log.Error("edited letters cannot be used", "error", err)
		return
	}
	s.at.Log.Info("letters were edited and are read again")
}

// clockJumped compares the clocks before a pass. Its invariant: a jump that was
// seen is kept until it is recorded, and while it is not, no pass is made.
func (s *Server) clockJumped(ctx context.Context) error {
	by := s.hands.Jump(s.o().Engine.Clock().Round(0), s.at.Counted())
	if by.Abs() > mostJump {
		s.at.Log.Warn("the clock of the machine jumped: what is due waits for renewd release", "by", by.Round(time.Second).String())
		s.jumped = by
	}
	if s.jumped == 0 {
		return nil
	}
	if err := s.engine().ClockJumped(ctx, s.jumped); err != nil {
		return fmt.Errorf("recording that the clock jumped: %w", err)
	}
	s.jumped = 0
	return nil
}

func (s *Server) overview() (o store.Overview, err error) {
	err = s.o().Engine.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		o, err = tx.Overview()
		return err
	})
	return o, err
}

// passed notes how a pass went, logs what is worth a line, and puts STATUS up to
// date.
func (s *Server) passed(summary Summary, overview store.Overview, took time.Duration, err error) {
	now := s.o().Engine.Clock()
	failure := ""
	if err != nil {
		failure = hideAddresses(err.Error()) // which also makes two that differ by a Message-ID alike
	}
	s.mu.Lock()
	before := s.report
	s.busy = time.Time{}
	s.report.overview = overview
	if err == nil {
		s.report.last, s.report.failing, s.report.failure = now, time.Time{}, ""
	} else {
		s.report.failure = failure
		if s.report.failing.IsZero() {
			s.report.failing = now
		}
	}
	s.mu.Unlock()
	s.metrics.passed(took, err == nil)
	switch {
	case err != nil && before.failure != failure:
		s.at.Log.Error("a pass failed; it is tried again", "error", failure)
	case err == nil && before.failure != "":
		s.at.Log.Info("passes succeed again")
	}
	s.logPass(summary, took)
	known := before.overview.Tasks
	for kind, n := range overview.Tasks {
		if n > known[kind] {
			s.at.Log.Warn("something needs a person: see renewd tasks", "kind", string(kind), "open", n)
		}
	}
	s.at.Notify("STATUS=" + firstLine(s.status()))
}

// logPass writes a line about a pass that did something.
func (s *Server) logPass(summary Summary, took time.Duration) {
	if summary.Messages+summary.Failed+len(summary.Waiting)+len(summary.Skipped) > 0 {
		s.at.Log.Info("pass", "looked", summary.Households, "sent", summary.Messages, "failed", summary.Failed,
			"waiting", tally(summary.Waiting), "skipped", tally(summary.Skipped), "took", took.Round(time.Millisecond).String())
	}
}

// tally is "complaint 2, frequency_cap 1", the empty text for nothing.
func tally(counts map[string]int) string {
	var parts []string
	for _, key := range sortedKeys(counts) {
		parts = append(parts, fmt.Sprintf("%s %d", key, counts[key]))
	}
	return strings.Join(parts, ", ")
}

// status is what `systemctl status` shows in one line.
func (s *Server) status() string {
	s.mu.Lock()
	report, broken, engine := s.report, s.broken, s.engine()
	s.mu.Unlock()
	o := &report.overview
	text := fmt.Sprintf("%d due, %d waiting", o.Count(renewal.Due), o.Count(renewal.Waiting))
	if under, _ := engine.flight.under(); under > 0 {
		text += fmt.Sprintf(", %d under way", under)
	}
	tasks := 0
	for _, n := range o.Tasks {
		tasks += n
	}
	if tasks > 0 {
		text += fmt.Sprintf(", %d tasks", tasks)
	}
	if !o.NextLook.IsZero() && o.NextLook.After(s.o().Engine.Clock()) {
		text += ", next look " + o.NextLook.In(s.o().Engine.Settings.Zone).Format("2006-01-02 15:04")
	}
	switch {
	case report.failure != "":
		text = "Passes fail since " + report.failing.In(s.o().Engine.Settings.Zone).Format("15:04") + ": " + report.failure
	case o.Pause != nil:
		text = fmt.Sprintf("Sending is paused (%s), next try %s; %s", o.Pause.Reason, o.Pause.ProbeAt.In(s.o().Engine.Settings.Zone).Format("15:04"), text)
	case broken != "":
		text = "The new configuration is broken, the old one goes on; " + text
	}
	return text
}

// sent logs what came of a message, with ids in the place of addresses.
func (s *Server) sent(r Report) {
	s.metrics.sent(r)
	log := s.at.Log.With("message", r.Message, "rule", r.Rule, "class", string(r.Class), "outcome", string(r.Answer.Outcome))
	switch r.Answer.Outcome {
	case mailout.Accepted:
		log.Info("sent", "late", r.Late.String())
	default:
		log.Warn("not sent", "about", string(r.Answer.About), "reply", hideAddresses(r.Answer.Text))
	}
}

var anAddress = regexp.MustCompile(`[^\s<>"'(),:;]+@[^\s<>"'(),:;]+`)

// hideAddresses takes mail addresses out of what servers say.
func hideAddresses(text string) string { return anAddress.ReplaceAllString(text, "…@…") }

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
