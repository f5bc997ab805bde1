package rulebook

import (
	"cmp"
	"slices"

	"renewd/internal/renewal"
)

// Send is one notice that meets the duties of all its windows.
type Send struct {
	// Opens and Closes are the first and the last day common to the windows,
	// local dates of the customer, both inclusive.
	Opens, Closes renewal.Date
	// Windows are in order of their closing, then of the book.
	Windows []Window
}

// Dedicated reports whether the notice must be a message of its own.
func (s *Send) Dedicated() bool {
	return slices.ContainsFunc(s.Windows, func(w Window) bool { return w.Duty.Dedicated })
}

// Fewest groups windows into the fewest sends: the window that closes first
// takes along every later one that is open by then, and so on. A dedicated duty
// has a send of its own, and a trial, a price and a renewal are told apart, each
// by its letter. Sends are in the order of their first windows.
func Fewest(windows []Window) []Send {
	sorted := slices.Clone(windows)
	slices.SortStableFunc(sorted, func(a, b Window) int {
		return cmp.Or(cmp.Compare(a.Closes, b.Closes), cmp.Compare(a.Duty.place, b.Duty.place))
	})
	var sends []Send
	shared := map[Event]int{} // the latest send about a subject that others may join, from 1
	// Invariant: every window grouped so far is open on the closing day of its
	// send; one that opens after the closing of the send at shared cannot be
	// open on that of any send before it.
	for _, w := range sorted {
		about := w.Duty.about()
		if at := shared[about]; !w.Duty.Dedicated && at > 0 && w.opensFor() <= sends[at-1].Closes {
			sends[at-1].Windows = append(sends[at-1].Windows, w)
			continue
		}
		if !w.Duty.Dedicated {
			shared[about] = len(sends) + 1
		}
		sends = append(sends, Send{Closes: w.Closes, Windows: []Window{w}})
	}
	for i := range sends {
		sends[i].open()
	}
	return sends
}

// about is what a letter for the duty is about: a trial, a price, or the renewal
// with its charges and years.
func (d *Duty) about() Event {
	if d.Event == EventTrialEnd || d.Event == EventPriceChange {
		return d.Event
	}
	return EventRenewal
}

// open finds the first day common to the windows: the law's where it names one,
// our own choice else. Windows of our own choosing that others open earlier open
// with them.
func (s *Send) open() {
	ours := !slices.ContainsFunc(s.Windows, func(w Window) bool { return !w.Ours })
	for i := range s.Windows {
		w := &s.Windows[i]
		switch {
		case ours, !w.Ours:
			s.Opens = max(s.Opens, w.Opens)
		default:
			s.Opens = max(s.Opens, w.opensFor())
		}
	}
	s.Opens = min(s.Opens, s.Closes)
	for i := range s.Windows {
		if w := &s.Windows[i]; w.Ours {
			w.Opens = min(w.Opens, s.Opens)
		}
	}
}
