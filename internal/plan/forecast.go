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
	// Name is that customer's name.
	Name     string
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
	// Duties are those that the notices of the line meet, each once.
	Duties []renewal.DutyWindow
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
	s := NewSimulation(span, set)
	for _, d := range households {
		s.Add(d)
	}
	return s.Run(emit)
}

// Simulation is a forecast that takes its households one by one and keeps only
// those that have a moment within its span.
type Simulation struct {
	span  Span
	set   *Settings
	emit  func(Line) error
	queue households
	// counted is the number of unsent reminders that the burst guard looks at;
	// watched are the households that have any.
	counted int
	watched map[*household]bool
	// lines are those of the instant at.
	at    time.Time
	lines []Line
}

// NewSimulation starts a forecast over a span.
func NewSimulation(span Span, set *Settings) *Simulation {
	return &Simulation{span: span, set: set, watched: map[*household]bool{}}
}

// Add takes a household in and uses it up.
func (f *Simulation) Add(d *renewal.Dossier) {
	if len(d.Customers) == 0 {
		return
	}
	h := &household{d: d, next: f.span.Now}
	f.look(h, f.span.Now)
	if h.counted > 0 || h.speaks(f.span.To) {
		f.queue = append(f.queue, h)
	}
}

// speaks reports whether the household has anything to say up to the instant to.
func (h *household) speaks(to time.Time) bool {
	for i := range h.out.Changes {
		if h.out.Changes[i].State != renewal.Planned {
			return true
		}
	}
	return len(h.out.Messages) > 0 || !h.out.NextLook.IsZero() && !h.out.NextLook.After(to)
}

// Run plays the households forward and prints what it sees.
func (f *Simulation) Run(emit func(Line) error) error {
	f.emit = emit
	heap.Init(&f.queue)
	for len(f.queue) > 0 && !f.queue[0].next.After(f.span.To) {
		if err := f.step(f.queue[0].next); err != nil {
			return err
		}
	}
	return f.flush()
}

// household is one dossier in a simulation.
type household struct {
	d    *renewal.Dossier
	next time.Time
	out  Outcome
	// held remembers at which gates each reminder already waited.
	held    map[renewal.Key][]renewal.Reason
	counted int
	// looked: out is what Decide says at next already.
	looked bool
}

// step looks at every household whose moment is t: first all of them are
// planned, then the burst guard is asked once for the whole database, then what
// may leave leaves. A household that sent something is looked at once more at
// the same instant.
func (f *Simulation) step(t time.Time) error {
	if !t.Equal(f.at) {
		if err := f.flush(); err != nil {
			return err
		}
		f.at = t
	}
	var looked []*household
	for len(f.queue) > 0 && f.queue[0].next.Equal(t) {
		h := heap.Pop(&f.queue).(*household)
		if !h.looked {
			f.look(h, t)
		}
		h.looked = false
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

// look settles a household and decides, and counts what the burst guard counts.
func (f *Simulation) look(h *household, t time.Time) {
	Settle(t, f.set, h.d)
	h.out = Decide(t, f.set, f.span.Standing, h.d)
	h.looked = true
	f.count(h, flagged(h.d.Reminders, h.out.Changes))
}

func (f *Simulation) count(h *household, counted int) {
	f.counted += counted - h.counted
	if h.counted = counted; counted > 0 {
		f.watched[h] = true
	} else {
		delete(f.watched, h)
	}
}

// apply writes an outcome into the dossier, as the store would, sends what may
// leave, and prints.
func (f *Simulation) apply(h *household, t time.Time) {
	for _, c := range h.out.Changes {
		if h.change(c) {
			f.lines = append(f.lines, Describe(f.set, h.d, &c, t))
		}
	}
	for _, m := range h.out.Messages {
		f.lines = append(f.lines, DescribeMessage(f.set, h.d, &m, t))
		for _, r := range m.Reminders {
			h.row(r.Key()).State = renewal.Sent
		}
		if m.Class == renewal.Commercial {
			h.d.LastCommercialAt = t
		}
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

// flush prints the lines of one instant in their order.
func (f *Simulation) flush() error {
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
func (f *Simulation) holdBurst() {
	for h := range f.watched {
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
