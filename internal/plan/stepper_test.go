package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// stepper plays households as the daemon does, apart from Forecast: at every
// moment it settles and decides, writes the rows, asks the burst guard once for
// all of them, and only then decides again and sends. What it does must be what
// Forecast foretells.
type stepper struct {
	set      *Settings
	standing Standing
	homes    []*home
	// sent and skipped are one line each, tasks and warnings in order of time.
	sent, skipped, tasks, warnings []string
	// faults are instants at which a second look, or one between two moments,
	// would have changed anything.
	faults []string
	// onSend, where it is set, sees every message as it leaves, before anything
	// is written down.
	onSend func(t time.Time, d *renewal.Dossier, m Message)
}

// home is one household and the instant of its next look.
type home struct {
	d    *renewal.Dossier
	next time.Time
}

func newStepper(set *Settings, standing Standing, from time.Time, dossiers []*renewal.Dossier) *stepper {
	s := &stepper{set: set, standing: standing}
	for _, d := range dossiers {
		s.homes = append(s.homes, &home{d: d, next: from})
	}
	return s
}

// run passes at every moment up to and including the given instant.
func (s *stepper) run(to time.Time) {
	for {
		var t time.Time
		for _, h := range s.homes {
			if !h.next.IsZero() && (t.IsZero() || h.next.Before(t)) {
				t = h.next
			}
		}
		if t.IsZero() || t.After(to) {
			return
		}
		s.pass(t)
	}
}

func (s *stepper) pass(t time.Time) {
	var looked []*home
	for _, h := range s.homes {
		if !h.next.Equal(t) {
			continue
		}
		looked = append(looked, h)
		s.warnings = append(s.warnings, Settle(t, s.set, h.d).Warnings...)
		first := Decide(t, s.set, s.standing, h.d)
		s.write(t, h, first)
	}
	s.guard()
	for _, h := range looked {
		for {
			// What left may let a renewal that waited for it go ahead.
			s.warnings = append(s.warnings, Settle(t, s.set, h.d).Warnings...)
			out := Decide(t, s.set, s.standing, h.d)
			s.write(t, h, out)
			h.next = out.NextLook
			if len(out.Messages) == 0 {
				break
			}
			for _, m := range out.Messages {
				s.send(t, h, m)
			}
		}
		s.check(t, h)
	}
}

// check looks at a household once more at the same instant, and three times on
// the way to its next moment (or a month on, where there is none): nothing may
// change.
func (s *stepper) check(t time.Time, h *home) {
	next := h.next
	if next.IsZero() {
		next = t.AddDate(0, 1, 0)
	}
	half := t.Add(next.Sub(t) / 2).Truncate(time.Second)
	for _, at := range []time.Time{t, t.Add(time.Second), half, next.Add(-time.Second)} {
		if !at.Equal(t) && !(at.After(t) && at.Before(next)) {
			continue
		}
		d := clone(h.d)
		moved := Settle(at, s.set, d)
		out := Decide(at, s.set, s.standing, d)
		for _, c := range out.Changes {
			s.faults = append(s.faults, fmt.Sprintf("after the look at %s one at %s changes %s %s/%s to %s %s", renewal.FormatStamp(t),
				renewal.FormatStamp(at), c.Rule, refOf(d, &c), c.Step, c.State, c.Reason))
		}
		if len(out.Messages) > 0 || !moved.Empty() {
			s.faults = append(s.faults, fmt.Sprintf("after the look at %s one at %s sends or settles", renewal.FormatStamp(t), renewal.FormatStamp(at)))
		}
	}
}

// guard holds everything that the burst guard counts once there is too much.
func (s *stepper) guard() {
	var counted []*renewal.Reminder
	for _, h := range s.homes {
		for i := range h.d.Reminders {
			r := &h.d.Reminders[i]
			if r.State.Unsent() && (r.Burst == renewal.BurstCounted || r.Burst == renewal.BurstHeld) {
				counted = append(counted, r)
			}
		}
	}
	if s.set.Burst == 0 || len(counted) <= s.set.Burst {
		return
	}
	for _, r := range counted {
		r.Burst = renewal.BurstHeld
	}
}

func (s *stepper) write(t time.Time, h *home, out Outcome) {
	for _, c := range out.Changes {
		i := slices.IndexFunc(h.d.Reminders, func(r renewal.Reminder) bool { return r.Key() == c.Key() })
		was := renewal.State("")
		if i < 0 {
			h.d.Reminders = append(h.d.Reminders, c)
		} else {
			was, h.d.Reminders[i] = h.d.Reminders[i].State, c
		}
		if c.State == renewal.Skipped && was != renewal.Skipped {
			s.skipped = append(s.skipped, fmt.Sprintf("%s skip %s %s %s/%s", renewal.FormatStamp(t), c.Reason, c.Rule, refOf(h.d, &c), c.Step))
		}
	}
	for _, task := range out.Tasks {
		line := fmt.Sprintf("task %s", task.Topic)
		if slices.ContainsFunc(s.tasks, func(known string) bool { return strings.HasSuffix(known, line) }) {
			continue
		}
		s.tasks = append(s.tasks, renewal.FormatStamp(t)+" "+line)
	}
}

func (s *stepper) send(t time.Time, h *home, m Message) {
	if s.onSend != nil {
		s.onSend(t, h.d, m)
	}
	var names []string
	for _, r := range m.Reminders {
		for i := range h.d.Reminders {
			if h.d.Reminders[i].Key() == r.Key() {
				h.d.Reminders[i].State = renewal.Sent
			}
		}
		names = append(names, refOf(h.d, r)+"/"+r.Step)
	}
	if m.Class == renewal.Commercial {
		h.d.LastCommercialAt = t
	}
	s.sent = append(s.sent, fmt.Sprintf("%s send %s %s %s", renewal.FormatStamp(t), m.Reminders[0].Reason, m.Rule.Name, strings.Join(names, " ")))
}

func refOf(d *renewal.Dossier, r *renewal.Reminder) string {
	if a := d.Agreement(r.AgreementID); a != nil {
		return a.Ref
	}
	return ""
}

// foretold writes the sends and skips of forecast lines as the stepper does.
func foretold(lines []Line) (sent, skipped []string) {
	for _, l := range lines {
		var names []string
		for _, r := range l.Reminders {
			names = append(names, r.Agreement+"/"+r.Step)
		}
		text := fmt.Sprintf("%s %s %s %s %s", renewal.FormatStamp(l.At), l.Decision, l.Reason, l.Rule, strings.Join(names, " "))
		switch l.Decision {
		case Send:
			sent = append(sent, text)
		case Skip:
			skipped = append(skipped, text)
		}
	}
	return sent, skipped
}

// disagreement compares what was foretold with what the stepper did; it is
// empty where they agree and no look changed what no look should.
func (s *stepper) disagreement(lines []Line) string {
	if len(s.faults) > 0 {
		return strings.Join(s.faults, "\n")
	}
	sent, skipped := foretold(lines)
	for _, pair := range [][2][]string{{sent, s.sent}, {skipped, s.skipped}} {
		told, done := slices.Sorted(slices.Values(pair[0])), slices.Sorted(slices.Values(pair[1]))
		if !slices.Equal(told, done) {
			return fmt.Sprintf("the forecast says\n%s\nstepping says\n%s", strings.Join(told, "\n"), strings.Join(done, "\n"))
		}
	}
	return ""
}

// clone copies a dossier so deeply that playing the copy leaves it alone.
func clone(d *renewal.Dossier) *renewal.Dossier {
	c := *d
	c.Customers = slices.Clone(d.Customers)
	c.Agreements = slices.Clone(d.Agreements)
	for i := range c.Agreements {
		c.Agreements[i].Terms = slices.Clone(d.Agreements[i].Terms)
	}
	c.Events = slices.Clone(d.Events)
	c.Reminders = slices.Clone(d.Reminders)
	return &c
}

func clones(dossiers []*renewal.Dossier) []*renewal.Dossier {
	var copies []*renewal.Dossier
	for _, d := range dossiers {
		copies = append(copies, clone(d))
	}
	return copies
}
