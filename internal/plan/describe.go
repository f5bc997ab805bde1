package plan

import (
	"slices"
	"time"

	"renewd/internal/renewal"
)

// Describe says what was decided about one reminder, as a line of the forecast
// does: at is when. A reminder that left or was tried is a send, one that is
// planned has no decision yet and an empty Decision.
func Describe(set *Settings, d *renewal.Dossier, r *renewal.Reminder, at time.Time) Line {
	line := describe(set, d, r.Rule, r.Class, r.Step, r.Duties)
	line.At, line.Reason, line.Until = at, r.Reason, r.Until
	line.add(d, r)
	switch r.State {
	case renewal.Waiting:
		line.Decision = Wait
	case renewal.Skipped:
		line.Decision = Skip
	case renewal.Planned:
	default:
		line.Decision = Send
	}
	return line
}

// DescribeMessage says that a message leaves at the instant at.
func DescribeMessage(set *Settings, d *renewal.Dossier, m *Message, at time.Time) Line {
	line := describe(set, d, m.Rule.Name, m.Class, m.Reminders[0].Step, nil)
	line.At, line.Decision, line.Reason = at, Send, m.Reminders[0].Reason
	for _, r := range m.Reminders {
		line.add(d, r)
	}
	line.Template = m.Template
	return line
}

// add names one more reminder.
func (l *Line) add(d *renewal.Dossier, r *renewal.Reminder) {
	l.Reminders = append(l.Reminders, nameOf(d, r))
	for _, duty := range r.Duties {
		if !slices.Contains(l.Duties, duty) {
			l.Duties = append(l.Duties, duty)
		}
	}
}

func describe(set *Settings, d *renewal.Dossier, rule string, class renewal.Class, step string, duties []renewal.DutyWindow) Line {
	line := Line{Customer: d.Customers[0].Ref, Name: d.Customers[0].Name, Rule: rule, Place: len(set.Rules), Class: class, Side: renewal.SideOf(step)}
	for i := range set.Rules {
		if r := &set.Rules[i]; r.Name == rule {
			line.Place, line.Template = i, set.letterOf(r, step, duties)
		}
	}
	return line
}

func nameOf(d *renewal.Dossier, r *renewal.Reminder) LineReminder {
	n := LineReminder{Step: r.Step}
	if a := d.Agreement(r.AgreementID); a != nil {
		n.Agreement = a.Ref
	}
	return n
}
