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
	On        EventType
	// Template is the letter; TemplateAfter that of the steps after the end.
	Template      string
	TemplateAfter string
	// Dedicated keeps a notice out of any message that lists other agreements.
	Dedicated bool
}

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
)

// The names of steps: the family, and for lists the period behind a colon.
const (
	StepBeforeEnd = "before_end:"
	StepAfterEnd  = "after_end:"
	StepAfterUse  = "after_use"
	StepNotice    = "notice"
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
