package plan

import "renewd/internal/renewal"

// Answers reports whether a rule answers an event of this type about an
// agreement, which is cancelled or not at the event's instant, so that a letter
// follows unless the address fails.
func (s *Settings) Answers(t renewal.EventType, c *renewal.Customer, a *renewal.Agreement, cancelled bool) bool {
	for i := range s.Rules {
		if r := &s.Rules[i]; r.On == t && s.matches(r, c, a, a.Product, cancelled) {
			return true
		}
	}
	return false
}
