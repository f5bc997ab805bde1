package compose

import (
	"slices"
	"time"

	"renewd/internal/renewal"
)

// StaffAlert is the name of the letter that tells staff what cannot wait.
const StaffAlert = "staff-alert"

// StaffFacts are what NewData makes the letter to staff from: the open tasks of
// one kind.
type StaffFacts struct {
	// Kind is server_away, sender_refused, burst, copy, template_error, missed,
	// failed or uncertain; about any other one the letter says that something needs a person.
	Kind renewal.TaskKind
	// Tasks are some of the open tasks of that kind, the oldest first.
	Tasks []StaffTask
	// Count is how many tasks of that kind are open; never taken for less than
	// there are in Tasks.
	Count int
	// Over is true where the trouble is over: the mail server takes messages
	// again. The first task's Since is then when it began.
	Over bool
}

// StaffTask is one task as the letter to staff sees it.
type StaffTask struct {
	// Since is when the task arose; Data has it in the business's zone. It prints
	// as date and time.
	Since time.Time
	// Text is the program's sentence about it, in English.
	Text string
}

// Staff is what the letter to staff tells; see StaffFacts.
type Staff struct {
	Kind  string
	Tasks []StaffTask
	Count int
	Over  bool
}

func newStaff(f *StaffFacts, zone *time.Location) *Staff {
	if f == nil {
		return nil
	}
	s := &Staff{Kind: string(f.Kind), Tasks: slices.Clone(f.Tasks), Count: max(f.Count, len(f.Tasks)), Over: f.Over}
	for i := range s.Tasks {
		if at := &s.Tasks[i].Since; !at.IsZero() {
			*at = at.In(zone)
		}
	}
	return s
}

// staffTexts are tasks as the program words them, one of every kind that staff
// are written to about.
var staffTexts = []struct {
	kind renewal.TaskKind
	text string
}{
	{renewal.TaskServerAway, "Messages wait, because the mail server cannot be used: 127.0.0.1:25: connection refused."},
	{renewal.TaskSenderRefused, "All messages wait, because the mail server refuses what we send, whoever it is for: 550 5.7.1 sender not allowed."},
	{renewal.TaskBurst, "240 commercial reminders were already due when they were first planned (send.burst allows 100): all of them wait."},
	{renewal.TaskCopy, "This database belongs to another instance, so nothing is sent from it."},
	{renewal.TaskTemplateError, "The letter pass-renewal does not render: pass-renewal.fr.md:6:10: there is no .Custmer in data."},
	{renewal.TaskMissed, "The notice auto-renewal-notice for A17 was not sent: its last moment was 2027-03-01T22:59:59Z."},
	{renewal.TaskFailed, "The notice auto-renewal-notice (notice) to alex@customer.example was refused (550 5.1.1 no such user)."},
	{renewal.TaskUncertain, "the annual-pass (before_end:P30D) to alex@customer.example may or may not have arrived: the sending was interrupted; `renewd retry 17` sends it again"},
}

// SampleStaff returns made-up data for a look at the letter to staff: n tasks of
// a kind, of which it lists ten at most.
func SampleStaff(kind renewal.TaskKind, n int, over bool) Data {
	f := StaffFacts{Kind: kind, Count: n, Over: over}
	text := "Something has to be looked at."
	for _, each := range staffTexts {
		if each.kind == kind {
			text = each.text
		}
	}
	at := time.Date(2027, 3, 1, 9, 5, 0, 0, time.UTC)
	for i := range min(n, 10) {
		f.Tasks = append(f.Tasks, StaffTask{Since: at.Add(time.Duration(i) * 20 * time.Minute), Text: text})
	}
	return NewData(Facts{Staff: &f})
}

// staffSamples are data in all the shapes that the letter to staff meets: every
// kind, one task, several, more than it lists and none, and trouble that is over.
func staffSamples() []Data {
	kinds := []renewal.TaskKind{"other"}
	for _, each := range staffTexts {
		kinds = append(kinds, each.kind)
	}
	var out []Data
	for _, kind := range kinds {
		for _, n := range []int{1, 2, 12, 0} {
			out = append(out, SampleStaff(kind, n, false), SampleStaff(kind, n, true))
		}
	}
	return out
}
