package plan

import (
	"fmt"
	"regexp"
	"strings"

	"renewd/internal/renewal"
)

// outbox sets what became of the latest reminder of an agreement and step.
func (w *world) outbox(ref, step, state string) error {
	for i := len(w.reminders) - 1; i >= 0; i-- {
		r := &w.reminders[i]
		if a := w.agreementOf(r.AgreementID); a != nil && a.Ref == ref && r.Step == step {
			r.State = renewal.State(state)
			return nil
		}
	}
	return fmt.Errorf("no reminder %s/%s", ref, step)
}

func (w *world) agreementOf(id int64) *renewal.Agreement {
	for i := range w.agreements {
		if w.agreements[i].ID == id {
			return &w.agreements[i]
		}
	}
	return nil
}

// look tells which messages may leave at this instant, with letter and variant.
func (w *world) look() {
	for _, d := range w.dossiers() {
		Settle(w.now, &w.set, d)
		for _, m := range Decide(w.now, &w.set, w.standing, d).Messages {
			letter := m.Template
			if m.Sober {
				letter += " (sober)"
			}
			fmt.Fprintf(&w.out, "%s message %s %s: %s", renewal.FormatStamp(w.now), m.Class, m.Rule.Name, letter)
			for _, r := range m.Reminders {
				fmt.Fprintf(&w.out, " %s/%s", refOf(d, r), r.Step)
			}
			w.out.WriteByte('\n')
		}
	}
}

// show tells the term in force of every agreement.
func (w *world) show() {
	for i := range w.agreements {
		a := &w.agreements[i]
		term := a.InForce()
		fmt.Fprintf(&w.out, "%s covers %s..%s by %s\n", a.Ref, term.StartsOn, term.EndsOn, term.Cause)
	}
}

// eventID is the part of a topic that no story can foresee.
var eventID = regexp.MustCompile(`:event:-?\d+:`)

// named writes a task's topic with refs in the place of ids.
func (w *world) named(topic string) string {
	topic += ":"
	for _, a := range w.agreements {
		topic = strings.Replace(topic, fmt.Sprintf("agreement:%d:", a.ID), a.Ref+":", 1)
	}
	for _, c := range w.customers {
		topic = strings.Replace(topic, fmt.Sprintf("customer:%d:", c.ID), c.Ref+":", 1)
	}
	return strings.TrimSuffix(eventID.ReplaceAllString(topic, ":event:"), ":")
}
