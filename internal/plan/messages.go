package plan

import (
	"slices"
	"sort"
	"time"

	"renewd/internal/renewal"
)

// messages asks the gates that hold a reminder and groups those that pass:
// reminders of one rule on the same side of the end are one message. Groups
// come in the order of the rules, before the end before after it, and a
// commercial message that may leave counts for the cap of those behind it.
func (w *work) messages(groups []group) {
	for i := 0; i < len(groups); {
		j := i
		for j < len(groups) && groups[j].rule == groups[i].rule {
			j++
		}
		for _, bundle := range bundles(groups[i:j], w.now) {
			w.message(groups[i].rule, bundle)
		}
		i = j
	}
}

// bundles returns the due steps of one rule, sorted into those that may share a
// message.
func bundles(groups []group, now time.Time) [][]*step {
	var sides [renewal.EventSide][]*step
	var single [][]*step
	for _, g := range groups {
		for _, s := range g.steps {
			if !s.open() || s.due.After(now) {
				continue
			}
			if s.side == renewal.EventSide || s.dedicated {
				single = append(single, []*step{s})
			} else {
				sides[s.side] = append(sides[s.side], s)
			}
		}
	}
	var out [][]*step
	for _, side := range sides {
		out = append(out, byTemplate(side)...)
	}
	return append(out, single...)
}

// byTemplate sorts steps by their letter, which is one but where some agreements
// are used and others are not.
func byTemplate(steps []*step) (out [][]*step) {
	for _, s := range steps {
		i := slices.IndexFunc(out, func(same []*step) bool { return same[0].template == s.template })
		if i < 0 {
			out, i = append(out, nil), len(out)
		}
		out[i] = append(out[i], s)
	}
	return out
}

func (w *work) message(r *renewal.Rule, bundle []*step) {
	m := Message{Rule: r, Class: r.Class, Side: bundle[0].side,
		Template: bundle[0].template, Sober: w.sober(r.Class)}
	for _, s := range bundle {
		if s.triedAgainLater(w.now) {
			w.look(s.row.Until)
			continue
		}
		reason, v := w.whatHolds(s)
		if v.objects {
			w.setState(s, renewal.Waiting, reason, v.until)
			w.look(v.until)
			if reason == renewal.TemplateError {
				w.templateTask(s)
			}
			continue
		}
		why := renewal.IsDue
		if s.row.Burst == renewal.BurstReleased {
			why = renewal.Released
		}
		w.setState(s, renewal.Due, why, time.Time{})
		if s.unused {
			w.unusedTask(s)
		}
		m.Reminders = append(m.Reminders, &s.row)
	}
	if len(m.Reminders) == 0 {
		return
	}
	sort.SliceStable(m.Reminders, func(i, j int) bool {
		a, b := w.refOf(m.Reminders[i]), w.refOf(m.Reminders[j])
		return a < b || a == b && m.Reminders[i].Step < m.Reminders[j].Step
	})
	w.out.Messages = append(w.out.Messages, m)
	if r.Class == renewal.Commercial {
		w.lastCommercial = w.now
	}
}

// triedAgainLater reports whether the transport put the reminder off, or its
// letter failed with this customer's own data: that one is tried again once the
// daemon, for whom a fact or an edited letter is the reason, makes it due.
func (s *step) triedAgainLater(now time.Time) bool {
	if s.row.State != renewal.Waiting {
		return false
	}
	switch s.row.Reason {
	case renewal.Deferred, renewal.ServerAway, renewal.SenderRefused:
		return now.Before(s.row.Until)
	case renewal.TemplateError:
		return s.row.MessageID != 0
	}
	return false
}

func (w *work) refOf(r *renewal.Reminder) string {
	if a := w.d.Agreement(r.AgreementID); a != nil {
		return a.Ref
	}
	return ""
}
