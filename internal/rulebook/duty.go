package rulebook

import "renewd/internal/renewal"

// Status says whether a duty binds anybody today.
type Status string

// The statuses of a duty. Only in_force and scheme are active.
const (
	StatusInForce Status = "in_force" // a law that applies
	StatusScheme  Status = "scheme"   // a contract binds: card scheme, direct debit
	StatusEnacted Status = "enacted"  // a law that does not apply yet
	StatusDraft   Status = "draft"    // a bill, or numbers that nobody has verified
)

// Event is what a duty wants announced.
type Event string

// The events of duties.
const (
	EventRenewal     Event = "renewal"      // the next term
	EventTrialEnd    Event = "trial_end"    // the end of a free or cheaper trial
	EventPriceChange Event = "price_change" // a new price
	EventAnnual      Event = "annual"       // another year has gone by
	EventEachCharge  Event = "each_charge"  // every charge, however often
)

// Cadence says which of an agreement's terms a duty is about.
type Cadence string

// The cadences of duties. The empty word in a book is every.
const (
	// CadenceEvery is each term, trial or new price.
	CadenceEvery Cadence = "every"
	// CadenceFirstThenYearly is the first renewal and then those whose term
	// takes in an anniversary of the first one.
	CadenceFirstThenYearly Cadence = "first_then_yearly"
	// CadenceCrosses12Months is each renewal whose term takes in a day 12, 24,
	// 36 … months after the start.
	CadenceCrosses12Months Cadence = "crosses_12_months"
	// CadenceYearly is each anniversary of the start that lies in a term or
	// closes it.
	CadenceYearly Cadence = "yearly"
	// CadenceCalendarYear is yearly, with a window that never spans New Year, so
	// that no calendar year goes without.
	CadenceCalendarYear Cadence = "calendar_year"
)

// The anchors that only duties know, beside those of a notice rule.
const (
	// AnchorNewPriceFrom is the first day of the new price.
	AnchorNewPriceFrom renewal.Anchor = "new_price_from"
	// AnchorChargeOn is the day of the charge: renews_on, for a trial
	// trial_ends_on, for a new price new_price_from.
	AnchorChargeOn renewal.Anchor = "charge_on"
	// AnchorAnniversary is the anniversary of the start that the term reaches.
	AnchorAnniversary renewal.Anchor = "anniversary"
)

// Unit says how the latest day of a window is counted back from its anchor; the
// earliest is always counted on the calendar.
type Unit string

// The units of a duty. The empty word in a book is day.
const (
	UnitDay         Unit = "day"
	UnitBusinessDay Unit = "business_day" // weekends and holidays are passed over
	UnitMonth       Unit = "month"        // a day that a month lacks is clamped inward
	UnitHour        Unit = "hour"         // begun days count as whole ones
)

// ContentItems is the closed list of what a duty may want said, in the order in
// which a letter lists it.
var ContentItems = []string{"will_renew", "renewal_date", "cancel_by_date", "price", "frequency", "term_length",
	"extra_terms", "how_to_cancel", "cancel_link", "contact", "old_price", "new_price", "charge_date", "trial_end",
	"card_last4", "boxed_deadline", "complaint_route"}

// Duty is one notice that a law or a card scheme asks for, as it stands in a
// book. A condition that is not set is always met. Its JSON is what decisions
// depend on: a corrected word in its prose changes no rule.
type Duty struct {
	// ID is the stable name: us-ca-renewal.
	ID     string `toml:"id"`
	Title  string `toml:"title" json:"-"`
	Status Status `toml:"status"`
	// Evidence grades the source: A the official wording was read, B an official
	// summary or a law firm's note, C third-party notes that quote it, M (only
	// where the duty is not active) unverified.
	Evidence string `toml:"evidence" json:"-"`
	// VerifiedOn is the day on which the sources were last read.
	VerifiedOn renewal.Date `toml:"verified_on" json:"-"`
	// Cite names the law or the scheme's text.
	Cite string `toml:"cite" json:"-"`
	// InForceFrom is the first day of the duty, zero where it is not known; a
	// window that closes before it does not exist.
	InForceFrom renewal.Date `toml:"in_force_from"`
	// ContractsFrom exempts agreements that started before it, zero none. With
	// OrExtended an older one is bound from its first term since then.
	ContractsFrom renewal.Date `toml:"contracts_from"`
	OrExtended    bool         `toml:"or_extended"`
	// Country (ISO 3166-1, two letters) and Region (ISO 3166-2: US-CA) say whose
	// customers are meant; empty: wherever they live.
	Country string `toml:"country"`
	Region  string `toml:"region"`
	// Party is consumer, small_business or any; Payment is card, sepa, ach, upi
	// or any. AppliesTo says in words what data about an agreement cannot:
	// sectors, ways of buying.
	Party     string `toml:"party" json:"-"`
	Payment   string `toml:"payment" json:"-"`
	AppliesTo string `toml:"applies_to" json:"-"`
	// Kinds are the kinds of agreement that are meant; none means all.
	Kinds []string `toml:"kinds"`

	Event Event `toml:"event"`
	// InitialTerm bounds the first term, RenewalTerm the next one, TrialLength
	// the trial, TotalTerm the whole agreement with its next term, Cycle the
	// time from one charge to the next.
	InitialTerm Bound   `toml:"initial_term"`
	RenewalTerm Bound   `toml:"renewal_term"`
	TrialLength Bound   `toml:"trial_length"`
	TotalTerm   Bound   `toml:"total_term"`
	Cycle       Bound   `toml:"cycle"`
	Cadence     Cadence `toml:"cadence"`
	// Anchor is the date counted from; of several the earliest.
	Anchor []renewal.Anchor `toml:"anchor"`
	// Earliest is counted back from the anchor. Where the law names no earliest
	// day, EarliestOurs stands in its place, our own choice, counted back from
	// the latest day.
	Earliest     renewal.Period `toml:"earliest"`
	EarliestOurs renewal.Period `toml:"earliest_ours"`
	// Latest is not set where the text names no day (drafts only): such a duty
	// opens no window.
	Latest Lead `toml:"latest"`
	Unit   Unit `toml:"unit"`
	// Content is a part of ContentItems, in its order.
	Content []string `toml:"content"`
	// Dedicated means that the notice must be a message of its own.
	Dedicated bool `toml:"dedicated"`
	// Supersedes are the ids of the duties that this one stands in for where
	// both apply.
	Supersedes []string `toml:"supersedes"`
	// OnMissed is what the law itself makes of a renewal without its notice; Alert
	// where it says nothing.
	OnMissed renewal.OnMissed `toml:"on_missed"`
	Notes    string           `toml:"notes" json:"-"`

	// place is the duty's position in the book.
	place int
}

// Active reports whether the duty binds today: a law in force or the rule of a
// scheme.
func (d *Duty) Active() bool { return d.Status == StatusInForce || d.Status == StatusScheme }
