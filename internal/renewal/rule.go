package renewal

import (
	"slices"
	"strings"
)

// Class says what a message is for; it decides which gates hold it and what an
// interrupted send means.
type Class string

// The three classes, in falling order of priority when messages wait to leave.
const (
	Notice        Class = "notice"        // the law or the card scheme wants it
	Transactional Class = "transactional" // it answers something that happened
	Commercial    Class = "commercial"    // it would like the customer to stay
)

// Rule says who, when, what and unless.
type Rule struct {
	// Name identifies the rule for ever: reminders are keyed by it.
	Name string
	// Place is the rule's index in the configuration, from 0.
	Place    int
	Class    Class
	Audience Audience
	// BeforeEnd, AfterEnd and AfterUse are one family of moments, Notice and On
	// are others; a rule has exactly one family.
	BeforeEnd []Period
	AfterEnd  []Period
	AfterUse  *AfterUse
	Notice    *NoticeWindow
	// Duties are names of legal and card-scheme duties in the rule books, or
	// "auto": the windows of a notice come from them then, and Notice is nil.
	Duties []string
	On     EventType
	// Template is the letter; TemplateAfter that of the steps after the end.
	Template      string
	TemplateAfter string
	// Dedicated keeps a notice out of any message that lists other agreements.
	Dedicated bool
	// OnMissed says what becomes of a renewal whose notice did not leave in time.
	OnMissed OnMissed
	// Unused is nil where the rule does not ask whether the agreement is used.
	Unused *Unused
}

// GivesNotice reports whether the rule's moments are those of notices.
func (r *Rule) GivesNotice() bool { return r.Notice != nil || len(r.Duties) > 0 }

// HoldsRenewals reports whether the rule can keep an agreement from rolling by
// itself.
func (r *Rule) HoldsRenewals() bool {
	return r.GivesNotice() && r.OnMissed == HoldRenewal || r.Unused != nil && r.Unused.Then == UnusedHold
}

// OnMissed is what becomes of a renewal whose notice did not leave in time.
type OnMissed string

// What can become of it; the empty text means Alert.
const (
	Alert            OnMissed = "alert"             // staff are told
	HoldRenewal      OnMissed = "hold_renewal"      // and it does not roll by itself; a recorded payment still counts
	RenewCancellable OnMissed = "renew_cancellable" // and it goes ahead, but the customer may leave at any time
)

// Unused is what happens to the reminders before an end when there was no use
// for a while.
type Unused struct {
	// Since is how long: no use from today less Since on.
	Since Period
	// Then is what happens.
	Then WhenUnused
	// Template is the letter that goes instead, but where Then is UnusedTask.
	Template string
}

// WhenUnused is what happens when there was no use.
type WhenUnused string

// What can happen.
const (
	UnusedLetter WhenUnused = "letter"       // another letter asks "do you still use it?"
	UnusedTask   WhenUnused = "task"         // staff are asked to ask; the usual letter goes
	UnusedHold   WhenUnused = "hold_renewal" // the other letter goes, and it does not roll by itself
)

// TemplateFor returns the template of a step of this rule.
func (r *Rule) TemplateFor(step string) string {
	if r.TemplateAfter != "" && SideOf(step) == AfterTheEnd {
		return r.TemplateAfter
	}
	return r.Template
}

// Audience says whom a rule addresses. An empty list matches everything.
type Audience struct {
	Kind, Product, Country, Locale []string
	AutoRenew                      []bool
	// Cancelled is empty where the rule says nothing, which means false:
	// cancelled agreements are matched only by rules that ask for them.
	Cancelled []bool
}

// TakesCancelled reports whether the rule addresses agreements that are (or are
// not) cancelled.
func (a *Audience) TakesCancelled(cancelled bool) bool {
	if len(a.Cancelled) == 0 {
		return !cancelled
	}
	return slices.Contains(a.Cancelled, cancelled)
}

// AfterUse brings a reminder forward after a fresh use: Delay after the latest
// use between ends_on − From and ends_on − Until, both included.
type AfterUse struct {
	Delay, From, Until Period
}

// NoticeWindow is the window in which a notice must leave: from Anchor −
// Earliest to the end of Anchor − Latest.
type NoticeWindow struct {
	Anchor           Anchor
	Earliest, Latest Period
}

// Anchor is the date that a notice window is counted from.
type Anchor string

// The anchors of a notice.
const (
	AnchorRenewsOn    Anchor = "renews_on"
	AnchorCancelBy    Anchor = "cancel_by"
	AnchorEndsOn      Anchor = "ends_on"
	AnchorTrialEndsOn Anchor = "trial_ends_on"
	// AnchorYearly is the day on which another year since starts_on is complete.
	AnchorYearly Anchor = "yearly"
)

// The names of steps: the family, and for lists the period behind a colon.
const (
	StepBeforeEnd = "before_end:"
	StepAfterEnd  = "after_end:"
	StepAfterUse  = "after_use"
	StepNotice    = "notice" // under duties "notice:" and the first of them
	StepOn        = "on:"
)

// Side is the side of the end on which a step stands: reminders of one
// household and rule merge only on the same side.
type Side int

// The sides in the order in which messages of one rule go out.
const (
	BeforeTheEnd Side = iota
	AfterTheEnd
	NoticeSide
	EventSide // event steps never merge
)

// SideOf returns the side of a step by its name.
func SideOf(step string) Side {
	switch {
	case strings.HasPrefix(step, StepOn):
		return EventSide
	case strings.HasPrefix(step, StepAfterEnd):
		return AfterTheEnd
	case strings.HasPrefix(step, StepNotice):
		return NoticeSide
	}
	return BeforeTheEnd
}
