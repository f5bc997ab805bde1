package plan

import (
	"time"

	"renewd/internal/renewal"
)

// Settle brings the terms of a household up to now, as the rules want it: a
// renewal whose notice did not leave is held where its rule says so, and the
// events that rules answer are drawn from the facts. It changes d.
func Settle(now time.Time, set *Settings, d *renewal.Dossier) renewal.Settlement {
	return renewal.Settle(d, now, set.Zone, set.conditions(now, d))
}

// SettleEvents is Settle for the moment at which events are stored: what they do
// to terms is seen at once, while the passing of time is left to the passes.
func SettleEvents(now time.Time, set *Settings, d *renewal.Dossier) renewal.Settlement {
	return renewal.SettleEvents(d, now, set.Zone, set.conditions(now, d))
}

// conditions are what the rules say about how facts move terms.
func (s *Settings) conditions(now time.Time, d *renewal.Dossier) (under renewal.Conditions) {
	for i := range s.Rules {
		r := &s.Rules[i]
		under.SignUps = under.SignUps || r.On == renewal.SignUp
		under.PriceChanges = under.PriceChanges || r.On == renewal.PriceChange
		if r.HoldsRenewals() {
			under.Holds = func(a *renewal.Agreement, at time.Time) (bool, bool) { return s.holds(at, now, d, a) }
		}
	}
	return under
}
