package plan

import (
	"container/heap"
	"sort"
	"time"

	"renewd/internal/renewal"
)

// The three decisions of a forecast line.
const (
	Send = "send"
	Wait = "wait"
	Skip = "skip"
)

// Line is one line of a forecast: one message that leaves, or one reminder that
// a gate holds or that is skipped.
type Line struct {
	// At is when the message leaves, the first instant at which the gate holds
	// the reminder, or the instant at which the skip became final.
	At time.Time
	// Customer is the ref of the household's first customer.
	Customer string
	Rule     string
	Place    int
	Side     renewal.Side
	Class    renewal.Class
	Template string
	Decision string
	Reason   renewal.Reason
	// Until is the end of a wait; zero where only a person ends it.
	Until     time.Time
	Reminders []LineReminder
}

// LineReminder names one reminder of a line.
type LineReminder struct {
	// Agreement is the ref; empty for an event about a customer alone.
	Agreement string
	Step      string
}

// Span is what a forecast covers: it simulates from Now, and prints what has
// its moment from From to To, both included.
type Span struct {
	Now, From, To time.Time
	Standing      Standing
}

// Forecast plays the households forward with Settle and Decide alone, jumping
// from moment to moment, and assumes that no new facts arrive and that every
// message leaves at the moment it may. It uses the dossiers up. Lines come in
// order of At, customer, the rule's place, before the end before after it.
func Forecast(span Span, set *Settings, households []*renewal.Dossier, emit func(Line) error) error {
	f := &forecast{span: span, set: set, emit: emit}
	for _, d := range households {
		if len(d.Customers) == 0 {
			continue
		}
		h := &household{d: d, next: span.Now}
		h.counted = flagged(d.Reminders, nil)
		f.counted += h.counted
		f.all = append(f.all, h)
	}
	f.queue = append(f.queue, f.all...)
	heap.Init(&f.queue)
	for len(f.queue) > 0 && !f.queue[0].next.After(span.To) {
		if err := f.step(f.queue[0].next); err != nil {
			return err
		}
	}
	return f.flush()
}

// forecast is a simulation under way.
type forecast struct {
	span  Span
	set   *Settings
	emit  func(Line) error
	all   []*household
	queue households
	// counted is the number of unsent reminders that the burst guard looks at.
	counted int
	// lines are those of the instant at.
	at    time.Time
	lines []Line
}

// household is one dossier in a simulation.
type household struct {
	d    *renewal.Dossier
	next time.Time
	out  Outcome
	// held remembers at which gates each reminder already waited.
	held    map[renewal.Key][]renewal.Reason
	counted int
}

// step looks at every household whose moment is t: first all of them are
// planned, then the burst guard is asked once for the whole database, then what
// may leave leaves. A household that sent something is looked at once more at
// the same instant.
func (f *forecast) step(t time.Time) error {
	if !t.Equal(f.at) {
		if err := f.flush(); err != nil {
			return err
		}
		f.at = t
	}
	var looked []*household
	for len(f.queue) > 0 && f.queue[0].next.Equal(t) {
		h := heap.Pop(&f.queue).(*household)
		renewal.Settle(h.d, t, f.set.Zone)
		h.out = Decide(t, f.set, f.span.Standing, h.d)
		f.count(h, flagged(h.d.Reminders, h.out.Changes))
		looked = append(looked, h)
	}
	burst := f.set.Burst > 0 && f.counted > f.set.Burst
	for _, h := range looked {
		if burst && h.counted > 0 {
			standing := f.span.Standing
			standing.BurstOn = true
			h.out = Decide(t, f.set, standing, h.d)
		}
		f.apply(h, t)
		if !h.next.IsZero() {
			heap.Push(&f.queue, h)
		}
	}
	if burst {
		f.holdBurst()
	}
	return nil
}

func (f *forecast) count(h *household, counted int) {
	f.counted += counted - h.counted
	h.counted = counted
}

// apply writes an outcome into the dossier, as the store would, sends what may
// leave, and prints.
func (f *forecast) apply(h *household, t time.Time) {
	for _, c := range h.out.Changes {
		if h.change(c) {
			f.print(h, t, c)
		}
	}
	for _, m := range h.out.Messages {
		line := f.line(h, t, m.Rule.Name, m.Class, m.Reminders[0].Step)
		line.Decision, line.Reason = Send, m.Reminders[0].Reason
		for _, r := range m.Reminders {
			row := h.row(r.Key())
			row.State = renewal.Sent
			line.Reminders = append(line.Reminders, h.name(r))
		}
		if m.Class == renewal.Commercial {
			h.d.LastCommercialAt = t
		}
		f.lines = append(f.lines, line)
	}
	f.count(h, flagged(h.d.Reminders, nil))
	h.next = h.out.NextLook
	if len(h.out.Messages) > 0 {
		h.next = t
	}
}

// change puts a changed reminder into the dossier and reports whether it is a
// decision to print: a skip, or a wait at a gate that did not hold it before.
func (h *household) change(c renewal.Reminder) bool {
	row := h.row(c.Key())
	before := renewal.Reminder{}
	if row == nil {
		h.d.Reminders = append(h.d.Reminders, c)
	} else {
		before, *row = *row, c
	}
	switch c.State {
	case renewal.Skipped:
		return before.State != renewal.Skipped
	case renewal.Waiting:
		key := c.Key()
		for _, reason := range h.held[key] {
			if reason == c.Reason {
				return false
			}
		}
		if h.held == nil {
			h.held = map[renewal.Key][]renewal.Reason{}
		}
		h.held[key] = append(h.held[key], c.Reason)
		// A wait that the database already records is not printed again.
		return before.State != renewal.Waiting || before.Reason != c.Reason
	}
	return false
}

func (h *household) row(key renewal.Key) *renewal.Reminder {
	for i := range h.d.Reminders {
		r := &h.d.Reminders[i]
		if r.Step == key.Step && r.Key() == key {
			return r
		}
	}
	return nil
}

func (h *household) name(r *renewal.Reminder) LineReminder {
	n := LineReminder{Step: r.Step}
	if a := h.d.Agreement(r.AgreementID); a != nil {
		n.Agreement = a.Ref
	}
	return n
}

func (f *forecast) print(h *household, t time.Time, c renewal.Reminder) {
	line := f.line(h, t, c.Rule, c.Class, c.Step)
	line.Decision, line.Reason, line.Until = Skip, c.Reason, c.Until
	if c.State == renewal.Waiting {
		line.Decision = Wait
	}
	line.Reminders = []LineReminder{h.name(&c)}
	f.lines = append(f.lines, line)
}

func (f *forecast) line(h *household, t time.Time, rule string, class renewal.Class, step string) Line {
	line := Line{At: t, Customer: h.d.Customers[0].Ref, Rule: rule, Place: len(f.set.Rules), Class: class, Side: renewal.SideOf(step)}
	for i := range f.set.Rules {
		if r := &f.set.Rules[i]; r.Name == rule {
			line.Place, line.Template = i, r.TemplateFor(step)
		}
	}
	return line
}

// flush prints the lines of one instant in their order.
func (f *forecast) flush() error {
	sort.SliceStable(f.lines, func(i, j int) bool {
		a, b := &f.lines[i], &f.lines[j]
		switch {
		case a.Customer != b.Customer:
			return a.Customer < b.Customer
		case a.Place != b.Place:
			return a.Place < b.Place
		case a.Side != b.Side:
			return a.Side < b.Side
		case a.Reminders[0].Agreement != b.Reminders[0].Agreement:
			return a.Reminders[0].Agreement < b.Reminders[0].Agreement
		}
		return a.Reminders[0].Step < b.Reminders[0].Step
	})
	for _, line := range f.lines {
		if line.At.Before(f.span.From) {
			continue
		}
		if err := f.emit(line); err != nil {
			return err
		}
	}
	f.lines = f.lines[:0]
	return nil
}

// holdBurst marks everything that the guard counts as held: it waits until a
// person releases it, even if the number falls.
func (f *forecast) holdBurst() {
	for _, h := range f.all {
		if h.counted == 0 {
			continue
		}
		for i := range h.d.Reminders {
			if r := &h.d.Reminders[i]; r.Burst == renewal.BurstCounted && r.State.Unsent() {
				r.Burst = renewal.BurstHeld
			}
		}
	}
}

// flagged counts the unsent reminders that the burst guard looks at, with the
// changes laid over the rows.
func flagged(rows, changes []renewal.Reminder) int {
	n := 0
	counts := func(r *renewal.Reminder) bool {
		return (r.Burst == renewal.BurstCounted || r.Burst == renewal.BurstHeld) && r.State.Unsent()
	}
	for i := range rows {
		if !counts(&rows[i]) {
			continue
		}
		key, changed := rows[i].Key(), false
		for j := range changes {
			changed = changed || changes[j].Key() == key
		}
		if !changed {
			n++
		}
	}
	for i := range changes {
		if counts(&changes[i]) {
			n++
		}
	}
	return n
}

// households is a heap by the next moment.
type households []*household

func (q households) Len() int           { return len(q) }
func (q households) Less(i, j int) bool { return q[i].next.Before(q[j].next) }
func (q households) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push adds a household; it is for container/heap alone.
func (q *households) Push(x any) { *q = append(*q, x.(*household)) }

// Pop takes the last household off; it is for container/heap alone.
func (q *households) Pop() any {
	old := *q
	h := old[len(old)-1]
	*q = old[:len(old)-1]
	return h
}
