package rulebook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"renewd/internal/renewal"
)

var (
	idShape      = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)*$`)
	countryShape = regexp.MustCompile(`^[A-Z]{2}$`)
	regionShape  = regexp.MustCompile(`^[A-Z]{2}-[A-Z0-9]{1,3}$`)
)

// anchorsOf are the anchors that make sense for an event.
var anchorsOf = map[Event][]renewal.Anchor{
	EventRenewal:     {renewal.AnchorRenewsOn, renewal.AnchorCancelBy, renewal.AnchorEndsOn, AnchorChargeOn},
	EventEachCharge:  {renewal.AnchorRenewsOn, AnchorChargeOn},
	EventTrialEnd:    {renewal.AnchorTrialEndsOn, renewal.AnchorCancelBy, AnchorChargeOn},
	EventPriceChange: {AnchorNewPriceFrom, AnchorChargeOn},
	EventAnnual:      {AnchorAnniversary},
}

// setDefaults writes out what a book leaves unsaid.
func (d *Duty) setDefaults() {
	if d.Cadence == "" {
		d.Cadence = CadenceEvery
	}
	if d.Unit == "" {
		d.Unit = UnitDay
	}
	if d.OnMissed == "" {
		d.OnMissed = renewal.Alert
	}
	if d.Party == "" {
		d.Party = "consumer"
	}
	if d.Payment == "" {
		d.Payment = "any"
	}
}

// check says what is wrong with an entry, nil for nothing.
func (d *Duty) check() error {
	for _, required := range []struct{ key, value string }{
		{"title", d.Title}, {"cite", d.Cite}, {"verified_on", d.VerifiedOn.String()},
	} {
		if strings.TrimSpace(required.value) == "" {
			return fmt.Errorf("%s is missing", required.key)
		}
	}
	switch {
	case !idShape.MatchString(d.ID) || d.ID == Auto:
		return fmt.Errorf("id must be lower-case words joined by hyphens")
	case d.Country != "" && !countryShape.MatchString(d.Country):
		return fmt.Errorf("country is %q, want two capitals such as US", d.Country)
	case d.Region != "" && (!regionShape.MatchString(d.Region) || d.Region[:2] != d.Country):
		return fmt.Errorf("region is %q, want one of its country such as US-CA", d.Region)
	case d.Status == StatusInForce && d.Country == "":
		return fmt.Errorf("a law needs a country")
	case d.Active() && d.Evidence == "M":
		return fmt.Errorf("what nobody has verified (evidence M) must not be active")
	}
	if err := d.checkWords(); err != nil {
		return err
	}
	return d.checkWindow()
}

// checkWords holds every word of a closed list against it.
func (d *Duty) checkWords() error {
	for _, c := range []struct {
		key, word string
		list      []string
	}{
		{"status", string(d.Status), []string{string(StatusInForce), string(StatusScheme), string(StatusEnacted), string(StatusDraft)}},
		{"evidence", d.Evidence, []string{"A", "B", "C", "M"}},
		{"party", d.Party, []string{"consumer", "small_business", "any"}},
		{"payment", d.Payment, []string{"card", "sepa", "ach", "upi", "any"}},
		{"event", string(d.Event), []string{string(EventRenewal), string(EventTrialEnd), string(EventPriceChange), string(EventAnnual), string(EventEachCharge)}},
		{"cadence", string(d.Cadence), []string{string(CadenceEvery), string(CadenceFirstThenYearly), string(CadenceCrosses12Months),
			string(CadenceYearly), string(CadenceCalendarYear)}},
		{"unit", string(d.Unit), []string{string(UnitDay), string(UnitBusinessDay), string(UnitMonth), string(UnitHour)}},
		{"on_missed", string(d.OnMissed), []string{string(renewal.Alert), string(renewal.HoldRenewal), string(renewal.RenewCancellable)}},
	} {
		if !slices.Contains(c.list, c.word) {
			return fmt.Errorf("%s is %q, want one of %s", c.key, c.word, strings.Join(c.list, ", "))
		}
	}
	for _, kind := range d.Kinds {
		if !slices.Contains(renewal.Kinds, kind) {
			return fmt.Errorf("kinds has %q, want some of %s", kind, strings.Join(renewal.Kinds, ", "))
		}
	}
	at := -1
	for _, item := range d.Content {
		next := slices.Index(ContentItems, item)
		if next <= at {
			return fmt.Errorf("content has %q, want some of %s, each once and in this order", item, strings.Join(ContentItems, ", "))
		}
		at = next
	}
	if len(d.Content) == 0 {
		return fmt.Errorf("content is missing")
	}
	return nil
}

// checkWindow checks anchor, earliest, latest and unit.
func (d *Duty) checkWindow() error {
	if len(d.Anchor) == 0 {
		return fmt.Errorf("anchor is missing")
	}
	for _, anchor := range d.Anchor {
		if !slices.Contains(anchorsOf[d.Event], anchor) {
			return fmt.Errorf("anchor %q does not go with the event %s", anchor, d.Event)
		}
	}
	if d.Event == EventAnnual != (d.Cadence == CadenceYearly || d.Cadence == CadenceCalendarYear) {
		return fmt.Errorf("the event annual goes with the cadences yearly and calendar_year, and they with it")
	}
	if !d.Latest.Set {
		if d.Active() || d.Earliest.Set || d.EarliestOurs.Set {
			return fmt.Errorf("latest is missing; only a duty that is not active may have no window")
		}
		return nil
	}
	if d.Earliest.Set == d.EarliestOurs.Set {
		return fmt.Errorf("it needs either earliest (the law's) or earliest_ours")
	}
	latest, days := d.Latest.Period, renewal.Days(d.Latest.Days)
	switch d.Unit {
	case UnitHour:
		if d.Latest.Hours == 0 {
			return fmt.Errorf("the unit hour needs a latest such as PT24H")
		}
	case UnitMonth:
		if latest.Years == 0 && latest.Months == 0 {
			return fmt.Errorf("the unit month needs a latest such as P1M")
		}
	default:
		if latest != days || d.Latest.Hours > 0 {
			return fmt.Errorf("the unit %s needs a latest in days such as P15D", d.Unit)
		}
	}
	return nil
}
