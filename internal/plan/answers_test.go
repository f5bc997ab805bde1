package plan

import (
	"testing"

	"renewd/internal/renewal"
)

// TestAnswers: a cancellation is confirmed only where a rule about cancelled
// agreements says so.
func TestAnswers(t *testing.T) {
	c := &renewal.Customer{ID: 1, Locale: "fr-CA"}
	a := &renewal.Agreement{ID: 1, CustomerID: 1, Kind: renewal.KindPass, AutoRenew: true}
	rule := func(on renewal.EventType, who renewal.Audience) renewal.Rule {
		return renewal.Rule{On: on, Audience: who}
	}
	yes := []bool{true}
	for name, x := range map[string]struct {
		rule renewal.Rule
		want bool
	}{
		"confirmation":    {rule(renewal.Cancel, renewal.Audience{Cancelled: yes}), true},
		"in his language": {rule(renewal.Cancel, renewal.Audience{Cancelled: yes, Locale: []string{"fr"}}), true},
		"other event":     {rule(renewal.Renewal, renewal.Audience{Cancelled: yes}), false},
		"not cancelled":   {rule(renewal.Cancel, renewal.Audience{}), false},
		"other kind":      {rule(renewal.Cancel, renewal.Audience{Cancelled: yes, Kind: []string{renewal.KindContract}}), false},
	} {
		s := &Settings{Rules: []renewal.Rule{x.rule}}
		if got := s.Answers(renewal.Cancel, c, a, true); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
