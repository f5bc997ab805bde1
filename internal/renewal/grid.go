package renewal

// maxTerms bounds the search for a term's number: daily terms for 100 years.
const maxTerms = 36600

// longestSlack is the largest number of days by which a payment may precede the
// end it renews, and an end may move as a correction.
const longestSlack = 60

// Slack is half the days from endsOn − term to endsOn, rounded down, at most
// 60. A payment earlier than that before the end belongs to the term that
// stands, and an end that moves by less without a payment is a correction.
// Without a term length it is 60 days.
func Slack(endsOn Date, term Period) int {
	if term.IsZero() {
		return longestSlack
	}
	return min(longestSlack, DaysBetween(endsOn.Sub(term), endsOn)/2)
}

// IsCorrection reports whether an end that moved without a payment moved by so
// little that it is the same term with its date put right: by less than half
// the term, and by less than 60 days. Without a term length only the 60 days count.
func IsCorrection(from, to Date, term Period) bool {
	moved := DaysBetween(from, to)
	moved = max(moved, -moved)
	if !term.IsZero() && 2*moved >= DaysBetween(from.Sub(term), from) {
		return false
	}
	return moved < longestSlack
}

// onGrid returns the number n of the term that ends on end, counted from the
// first start: the n-th end is start + n × term − P1D.
func onGrid(start, end Date, term Period) (n int, ok bool) {
	if start.IsZero() || end < start {
		return 0, false
	}
	// A term has at least a day and months at most 31, so n can be found by
	// starting near it and walking up.
	perTerm := term.Years*366 + term.Months*31 + term.Weeks*7 + term.Days
	n = max(1, DaysBetween(start, end)/max(1, perTerm)-1)
	for ; n < maxTerms; n++ {
		e := start.Add(term.Times(n)) - 1
		if e == end {
			return n, true
		}
		if e > end {
			return 0, false
		}
	}
	return 0, false
}

// NextEnd returns the end of the term after the one in force. Repetition counts
// from the first start, never from the previous result: the n-th end is
// StartsOn + n × term − P1D. Without StartsOn, or off that grid, the grid
// starts at the renewal date; terms that rolled on such a grid keep it.
func (a *Agreement) NextEnd() (Date, bool) {
	term := a.TermLength()
	if term.IsZero() || a.EndsOn.IsZero() {
		return 0, false
	}
	for _, start := range []Date{a.StartsOn, a.laterGrid(term)} {
		if n, ok := onGrid(start, a.EndsOn, term); ok {
			return start.Add(term.Times(n+1)) - 1, true
		}
	}
	return a.RenewsOn().Add(term) - 1, true
}

// laterGrid returns the start of the grid that the term in force lies on if it
// is not that of StartsOn: the first day of the term that left another grid.
func (a *Agreement) laterGrid(term Period) Date {
	var start Date
	for i := range a.Terms {
		if !CauseRenews(a.Terms[i].Cause) {
			continue
		}
		before := a.Terms[i].StartsOn - 1
		if i > 0 {
			before = a.Terms[i-1].EndsOn
		}
		if _, ok := onGrid(a.StartsOn, before, term); ok {
			continue
		}
		if _, ok := onGrid(start, before, term); !ok {
			start = a.Terms[i].StartsOn
		}
	}
	return start
}
