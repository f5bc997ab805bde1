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

// Content returns what the notice must say: the union of what its duties want,
// in the order of ContentItems.
func (s *Send) Content() []string {
	var items []string
	for _, item := range ContentItems {
		if slices.ContainsFunc(s.Windows, func(w Window) bool { return slices.Contains(w.Duty.Content, item) }) {
			items = append(items, item)
		}
	}
	return items
}

// Fewest groups windows into the fewest sends: the window that closes first
// takes along every later one that is open by then, and so on. A dedicated duty
// has a send of its own. Sends are in the order of their first windows.
func Fewest(windows []Window) []Send {
	sorted := slices.Clone(windows)
	slices.SortStableFunc(sorted, func(a, b Window) int {
		return cmp.Or(cmp.Compare(a.Closes, b.Closes), cmp.Compare(a.Duty.place, b.Duty.place))
	})
	var sends []Send
	shared := -1 // the latest send that others may join
	// Invariant: every window grouped so far is open on the closing day of its
	// send; one that opens after the closing of the send at shared cannot be
	// open on that of any send before it.
	for _, w := range sorted {
		if !w.Duty.Dedicated && shared >= 0 && w.Opens <= sends[shared].Closes {
			s := &sends[shared]
			s.Opens = max(s.Opens, w.Opens)
			s.Windows = append(s.Windows, w)
			continue
		}
		if !w.Duty.Dedicated {
			shared = len(sends)
		}
		sends = append(sends, Send{Opens: w.Opens, Closes: w.Closes, Windows: []Window{w}})
	}
	return sends
}
