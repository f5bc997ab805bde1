package plan

import (
	"fmt"
	"strings"

	"renewd/internal/renewal"
)

// silentRenewal is how long after its end an auto-renewing agreement may go
// without a renewal or a cancellation before a person is asked.
const silentRenewal = 14

// task asks for a person about one step.
func (w *work) task(kind renewal.TaskKind, s *step, text string) {
	t := renewal.Task{Kind: kind, CustomerID: s.customer.ID, Text: text}
	about := fmt.Sprintf("customer:%d", s.customer.ID)
	if s.agreement != nil {
		t.AgreementID = s.agreement.ID
		about = fmt.Sprintf("agreement:%d:%s", s.agreement.ID, s.agreement.EndsOn)
	}
	if s.event != nil {
		about += fmt.Sprintf(":event:%d", s.event.ID)
	}
	t.Topic = fmt.Sprintf("%s:%s:%s:%s", kind, about, s.rule.Name, s.name)
	w.out.Tasks = append(w.out.Tasks, t)
}

// missedTask tells staff of a notice whose window went by, and what becomes of the
// renewal.
func (w *work) missedTask(s *step) {
	text := fmt.Sprintf("The notice %s for %s was not sent: its last moment was %s. Tell the customer by other means; renewd audit lists it.",
		s.named(), s.agreement.Ref, renewal.FormatStamp(s.notAfter))
	switch s.rule.OnMissed {
	case renewal.HoldRenewal:
		text += fmt.Sprintf(" The renewal on %s is held: do not charge it. A payment that you record counts all the same.", s.agreement.RenewsOn())
	case renewal.RenewCancellable:
		text += fmt.Sprintf(" The renewal on %s goes ahead, but the customer may leave at any time from then on: say so, and charge no more than the days used.", s.agreement.RenewsOn())
	}
	w.task(renewal.TaskMissed, s, text)
}

// named is the rule of a step, with the duties that it meets.
func (s *step) named() string {
	var ids []string
	for _, d := range s.duties {
		ids = append(ids, d.ID)
	}
	if len(ids) == 0 {
		return s.rule.Name
	}
	return s.rule.Name + " (" + strings.Join(ids, ", ") + ")"
}

// unusedTask asks staff about an agreement that renews although nobody uses it.
func (w *work) unusedTask(s *step) {
	a, u := s.agreement, s.rule.Unused
	text := fmt.Sprintf("Agreement %s renews on %s, but was not used for %s or longer.", a.Ref, a.RenewsOn(), u.Since)
	switch u.Then {
	case renewal.UnusedTask:
		text += " Ask the customer whether to go on."
	case renewal.UnusedHold:
		text += " The renewal is held: do not charge it before the customer says so. A use or a payment that you record lets it go on."
	default:
		return
	}
	w.out.Tasks = append(w.out.Tasks, renewal.Task{Kind: renewal.TaskRenewed, CustomerID: s.customer.ID, AgreementID: a.ID,
		Topic: fmt.Sprintf("%s:unused:agreement:%d:%s:%s", renewal.TaskRenewed, a.ID, a.EndsOn, s.rule.Name), Text: text})
}

// gateTask tells staff of a notice or receipt that a gate ended.
func (w *work) gateTask(s *step, reason renewal.Reason) {
	if s.commercial() {
		return
	}
	switch reason {
	case renewal.NoAddress, renewal.Erased:
		w.task(renewal.TaskNoAddress, s, fmt.Sprintf(
			"%s could not go to customer %s: there is no e-mail address. Tell the customer by other means; an address added now counts for the next one.",
			s.rule.Name, s.customer.Ref))
	case renewal.Bounced:
		w.task(renewal.TaskBounced, s, fmt.Sprintf(
			"%s could not go to customer %s: the address bounced. Tell the customer by other means and ask for a new address; it counts for the next one.",
			s.rule.Name, s.customer.Ref))
	}
}

// templateTask tells staff of the letter of a step that does not render.
func (w *work) templateTask(s *step) {
	name := s.template
	w.out.Tasks = append(w.out.Tasks, TemplateTask(name, w.locale, w.set.Broken(name, w.locale, w.sober(s.class))))
}

// TemplateTask is the task about a letter that does not render in a language:
// one a letter, not one a reminder.
func TemplateTask(template, locale string, fault error) renewal.Task {
	return renewal.Task{
		Kind: renewal.TaskTemplateError, Topic: "template_error:" + template + ":" + locale,
		Text: fmt.Sprintf("The letter %s does not render, so its reminders wait until it is mended (renewd preview %s shows it): %v", template, template, fault),
	}
}

// BadDataTopic is the topic of the task about data of a customer, or of one
// agreement where agreementID is not 0, that cannot be used.
func BadDataTopic(customerID, agreementID int64) string {
	if agreementID != 0 {
		return fmt.Sprintf("bad_data:agreement:%d", agreementID)
	}
	return fmt.Sprintf("bad_data:customer:%d", customerID)
}

// badDataTasks names every fact of the household that cannot be used.
func (w *work) badDataTasks() {
	for i := range w.d.Customers {
		if c := &w.d.Customers[i]; c.BadData != "" {
			w.out.Tasks = append(w.out.Tasks, renewal.Task{
				Kind: renewal.TaskBadData, Topic: BadDataTopic(c.ID, 0), CustomerID: c.ID,
				Text: fmt.Sprintf("Customer %s waits until this is put right: %s.", c.Ref, c.BadData),
			})
		}
	}
	for i := range w.d.Agreements {
		if a := &w.d.Agreements[i]; a.BadData != "" {
			w.out.Tasks = append(w.out.Tasks, renewal.Task{
				Kind: renewal.TaskBadData, Topic: BadDataTopic(a.CustomerID, a.ID),
				CustomerID: a.CustomerID, AgreementID: a.ID,
				Text: fmt.Sprintf("Agreement %s waits until this is put right: %s.", a.Ref, a.BadData),
			})
		}
	}
}

// RenewedTopic is the topic of the task about an auto-renewal of the term that
// ended on endsOn which nobody confirmed.
func RenewedTopic(agreementID int64, endsOn renewal.Date) string {
	return fmt.Sprintf("renewed?:agreement:%d:%s", agreementID, endsOn)
}

// renewedTasks asks about auto-renewals that nobody confirmed: 14 days past the
// end with neither a renewal nor a cancellation.
func (w *work) renewedTasks() {
	for i := range w.d.Agreements {
		a := &w.d.Agreements[i]
		if !a.AutoRenew || a.BadData != "" || a.EndsOn.IsZero() || w.d.CancelledAt(a, w.now) {
			continue
		}
		held, _ := w.set.holds(renewal.StartOf(a.RenewsOn(), w.d.ZoneOf(a.CustomerID, w.set.Zone)), w.now, w.d, a)
		if _, ok := a.NextEnd(); ok && a.RollsByItself() && !held {
			continue
		}
		at := renewal.StartOf(a.EndsOn.AddDays(silentRenewal), w.d.ZoneOf(a.CustomerID, w.set.Zone))
		if w.now.Before(at) {
			w.look(at)
			continue
		}
		w.out.Tasks = append(w.out.Tasks, renewal.Task{
			Kind: renewal.TaskRenewed, Topic: RenewedTopic(a.ID, a.EndsOn),
			CustomerID: a.CustomerID, AgreementID: a.ID,
			Text: fmt.Sprintf("Agreement %s renews by itself and ended on %s, but neither a renewal nor a cancellation is recorded. Record the payment (renewd record payment --agreement %s) or the cancellation.",
				a.Ref, a.EndsOn, a.Ref),
		})
	}
}
