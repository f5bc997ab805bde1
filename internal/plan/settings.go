// Package plan decides: the facts of one household, the rules and an instant go
// in, decisions come out, each with its reason. It is pure: no clock, no I/O,
// no memory but the reminders in the dossier.
//
// The order of reading: steps.go says which moments a rule has for a term,
// gates.go lists what can hold or drop a reminder, decide.go puts the two
// together, forecast.go plays a business forward with nothing but Decide.
package plan

import (
	"time"

	"renewd/internal/renewal"
	"renewd/internal/rulebook"
)

// Settings is everything besides the facts that decisions depend on.
type Settings struct {
	// Rules in the order of the configuration: earlier ones go first.
	Rules []renewal.Rule
	// Zone and Locale are the business's, for customers who have none.
	Zone   *time.Location
	Locale string
	Hours  Hours
	// Cap is the shortest span between two commercial messages to a household.
	Cap renewal.Period
	// Burst is the largest number of already-due commercial reminders that
	// leave without a person's word; 0 switches the guard off.
	Burst int
	// Hold and AfterResolution say how long a complaint holds commercial mail:
	// from its start, and from its resolution.
	Hold, AfterResolution renewal.Period
	// Book holds the legal and card-scheme duties, and Calendar the days that are no
	// business days; both may be nil where no rule has Duties.
	Book     *rulebook.Book
	Calendar rulebook.Calendar
	// Holidays are those that the business added to Calendar.
	Holidays map[renewal.Date]bool
	// Broken returns why a template cannot be used in a language, nil where it
	// can. A nil Broken means that all templates are fine.
	Broken func(template, locale string, sober bool) error
}

// Standing is what holds for the whole database at the moment of a decision.
type Standing struct {
	// Silent: the database may be a copy or a restored backup.
	Silent bool
	// BurstOn: more commercial reminders than Settings.Burst were already due
	// when first planned and are unsent.
	BurstOn bool
	// RulesSince is when the present rules came into force. A term that a payment
	// or time opened since then is daily business and no burst, even if a step of
	// it is due at once.
	RulesSince time.Time
	// ClockJumped: the wall clock moved more than a day against the monotonic
	// one; everything due waits for a person.
	ClockJumped bool
	// Paused is why nothing leaves at present: server_away or sender_refused; empty
	// where nothing is paused. It holds nobody, since the next message is claimed
	// when the pause ends, but it is the reason of those that it kept too long.
	Paused renewal.Reason
}

// Message is one e-mail that may leave now, for one or more reminders.
type Message struct {
	Rule     *renewal.Rule
	Class    renewal.Class
	Side     renewal.Side
	Template string
	// Sober asks for the variant without offers: a complaint is open.
	Sober bool
	// Reminders are in order of their agreement's ref, then step.
	Reminders []*renewal.Reminder
}

// Outcome is what a look at one household decided.
type Outcome struct {
	// Changes are the reminders whose row is new or differs from what it was.
	Changes []renewal.Reminder
	// Messages may leave now, in this order. Their reminders are in state due.
	Messages []Message
	// Tasks are what a person has to do; the same topic may come again.
	Tasks []renewal.Task
	// NextLook is the next instant at which time alone can change anything;
	// zero means never.
	NextLook time.Time
}
