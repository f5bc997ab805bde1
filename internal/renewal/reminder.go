package renewal

import "time"

// State is where a reminder stands in its life:
//
//	planned → waiting ⇄ due → sending → sent | failed | uncertain
//
// skipped is reached from any state before sending, and left again for planned
// when its cause ends; sending → due when a try ended without doubt;
// failed and uncertain → due by a person's retry.
type State string

// The states of a reminder.
const (
	Planned   State = "planned"   // its moment has not come
	Waiting   State = "waiting"   // it is due and a gate holds it
	Due       State = "due"       // nothing holds it; the next claim takes it
	Sending   State = "sending"   // claimed; the transport has it
	Sent      State = "sent"      // the transport accepted it
	Failed    State = "failed"    // it was refused for good
	Uncertain State = "uncertain" // nobody can know whether it was accepted
	Skipped   State = "skipped"   // it will not leave, and Reason says why
)

// Unsent reports whether the reminder may still leave by itself.
func (s State) Unsent() bool { return s == Planned || s == Waiting || s == Due }

// CountsAsSent reports whether a message may have reached the customer.
func (s State) CountsAsSent() bool { return s == Sending || s == Sent || s == Uncertain }

// Reason says why a reminder is in its state. The list is closed.
type Reason string

// Reasons of reminders that were skipped.
const (
	Renewed       Reason = "renewed"         // the end moved later: a new term
	Corrected     Reason = "corrected"       // the end moved earlier: a new term
	Cancelled     Reason = "cancelled"       // the agreement is cancelled
	Erased        Reason = "erased"          // the person's data were removed
	NoAddress     Reason = "no_address"      // there is nowhere to write to
	Bounced       Reason = "bounced"         // the address came back as dead
	Unsubscribed  Reason = "unsubscribed"    // the customer refused commercial mail
	SpamReported  Reason = "spam_report"     // the customer called our mail spam
	Sunset        Reason = "sunset"          // the address was let go
	Control       Reason = "control"         // control group of an experiment
	Superseded    Reason = "superseded"      // a later step of the same rule is the right one
	TooLate       Reason = "too_late"        // its last moment went by
	Missed        Reason = "missed"          // a notice whose window went by
	BeforeOurTime Reason = "before_our_time" // its last moment was before we knew the term
	NoMatch       Reason = "no_match"        // the rule or step is gone or no longer fits
)

// Reasons of reminders that wait.
const (
	Complaint     Reason = "complaint"      // the customer complained recently
	FrequencyCap  Reason = "frequency_cap"  // the household was written to recently
	OutsideHours  Reason = "outside_hours"  // outside sending hours
	Burst         Reason = "burst"          // too many at once: a person releases them
	TemplateError Reason = "template_error" // its letter does not render
	BadData       Reason = "bad_data"       // a fact about the customer cannot be used
	Copy          Reason = "copy"           // this database may be a copy: a person decides
	Deferred      Reason = "deferred"       // the server said: later
	ServerAway    Reason = "server_away"    // there is no server
	SenderRefused Reason = "sender_refused" // the server objects to us
)

// Reasons of reminders that left or were tried.
const (
	IsDue    Reason = "due"      // its moment has come
	Released Reason = "released" // a person let a burst go
	Rejected Reason = "rejected" // the server refused the recipient
	InDoubt  Reason = "in_doubt" // the try was interrupted at the wrong moment
)

// Reminder is one intended contact for one key: (agreement or customer, the
// term's EndsOn or the event, rule, step).
type Reminder struct {
	// ID is 0 for a reminder that has no row yet.
	ID         int64
	CustomerID int64
	// AgreementID is 0 for an event step about a customer alone.
	AgreementID int64
	// EventID is 0 but for event steps, EndsOn zero for event steps.
	EventID int64
	EndsOn  Date
	Rule    string
	Step    string
	Class   Class
	// DueAt and NotAfter are the first and the last moment, both inclusive.
	DueAt, NotAfter time.Time
	State           State
	Reason          Reason
	// Until is the end of the gate that holds a waiting reminder; zero where
	// only a person or a new fact ends the wait.
	Until time.Time
	// PlannedAt is when the row was first written, DecidedAt when State or
	// Reason last changed.
	PlannedAt, DecidedAt time.Time
	// Burst is where the reminder stands with the burst guard.
	Burst BurstState
	// StandsFor names the before_end step that an after_use brings forward, and
	// OnDay the day that it was brought forward to.
	StandsFor string
	OnDay     Date
	// Duties are those that a notice under legal duties meets, by their closing;
	// nil for all other reminders.
	Duties []DutyWindow
	// MessageID is the row of the message that carried it, 0 for none.
	MessageID int64
}

// BurstState is where a reminder stands with the burst guard.
type BurstState int

// The burst states.
const (
	BurstNone     BurstState = iota // it was planned before it was due
	BurstCounted                    // already due when first planned: the guard counts it
	BurstHeld                       // the guard holds it until a person releases it
	BurstReleased                   // a person let it go
)

// Key identifies a reminder.
type Key struct {
	CustomerID, AgreementID, EventID int64
	EndsOn                           Date
	Rule, Step                       string
}

// Key returns the reminder's unique key. The customer counts only where there
// is no agreement.
func (r *Reminder) Key() Key {
	k := Key{AgreementID: r.AgreementID, EventID: r.EventID, EndsOn: r.EndsOn, Rule: r.Rule, Step: r.Step}
	if r.AgreementID == 0 {
		k.CustomerID = r.CustomerID
	}
	return k
}
