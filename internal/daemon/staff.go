package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"renewd/internal/compose"
	"renewd/internal/mailout"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// staffList is how many tasks a letter to staff lists.
const staffList = 10

// staffEvery is the shortest time between two mails about the same kind of thing.
const staffEvery = time.Hour

// awayBeforeTold is how long a server is away before staff are mailed about it.
const awayBeforeTold = time.Hour

// tellStaff mails staff about what cannot wait: one plain mail a cause and hour,
// through the same transport. About an absent server that is when it is back, of
// course. A mail that cannot be sent is tried again, at growing distances.
func (s *Server) tellStaff(ctx context.Context) error {
	if len(s.o().Staff) == 0 || s.engine().paused() != nil || s.at.Counted() < s.staffAfter {
		return nil
	}
	now := s.o().Engine.Clock()
	for _, kind := range store.UrgentKinds {
		if kind == renewal.TaskServerAway || kind == renewal.TaskSenderRefused {
			continue // see tellBack
		}
		facts := compose.StaffFacts{Kind: kind}
		err := s.o().Engine.DB.Read(ctx, func(tx *store.Tx) error {
			last, err := tx.LastTold(kind)
			// A mail of the future is one from before the clock was put right.
			if err != nil || !last.IsZero() && !now.Before(last) && now.Before(last.Add(staffEvery)) {
				return err
			}
			return s.gather(tx, &facts, now)
		})
		if err != nil {
			return err
		}
		if len(facts.Tasks) == 0 {
			continue
		}
		if err := s.mailStaff(ctx, facts, now); err != nil {
			s.at.Log.Warn("staff could not be mailed; it is tried again", "kind", string(kind), "error", hideAddresses(err.Error()))
			return nil
		}
		err = s.o().Engine.DB.Write(ctx, func(tx *store.Tx) error { return tx.Told(kind, now) })
		if err != nil {
			return err
		}
	}
	return s.tellBack(ctx, now)
}

// gather fills in the tasks that staff do not know of.
func (s *Server) gather(tx *store.Tx, facts *compose.StaffFacts, before time.Time) error {
	tasks, err := tx.Untold(facts.Kind, before, staffList+1)
	if err != nil {
		return err
	}
	for _, t := range tasks[:min(len(tasks), staffList)] {
		facts.Tasks = append(facts.Tasks, compose.StaffTask{Since: t.Since, Text: t.Text})
	}
	overview, err := tx.Overview()
	facts.Count = overview.Tasks[facts.Kind]
	return err
}

// tellBack mails staff about a server that takes messages again: one that was
// away for long, or that refused all we sent.
func (s *Server) tellBack(ctx context.Context, now time.Time) error {
	for kind, lasted := range map[renewal.TaskKind]time.Duration{renewal.TaskServerAway: awayBeforeTold, renewal.TaskSenderRefused: 0} {
		var over store.OpenTask
		err := s.o().Engine.DB.Read(ctx, func(tx *store.Tx) (err error) {
			over, err = tx.UntoldOver(kind, lasted)
			return err
		})
		if err != nil {
			return err
		}
		if over.ID == 0 {
			continue
		}
		facts := compose.StaffFacts{Kind: kind, Over: true, Count: 1, Tasks: []compose.StaffTask{{Since: over.Since, Text: over.Text}}}
		if err := s.mailStaff(ctx, facts, now); err != nil {
			s.at.Log.Warn("staff could not be mailed; it is tried again", "kind", string(kind), "error", hideAddresses(err.Error()))
			return nil
		}
		err = s.o().Engine.DB.Write(ctx, func(tx *store.Tx) error { return tx.ToldOver(kind, now) })
		if err != nil {
			return err
		}
	}
	return nil
}

// mailStaff sends one letter to everybody of the staff.
func (s *Server) mailStaff(ctx context.Context, staff compose.StaffFacts, now time.Time) error {
	o := &s.o().Engine
	zone := o.Settings.Zone
	letter, err := o.Letters.Render(compose.StaffAlert, "", false, compose.NewData(compose.Facts{
		Staff: &staff, Zone: zone, Today: renewal.LocalDate(now, zone)}))
	if err != nil {
		return err
	}
	id := newMessageID(now, s.engine().domain())
	var errs []error
	for _, to := range slices.Compact(slices.Sorted(slices.Values(s.o().Staff))) {
		raw, err := compose.Message(letter, compose.Envelope{From: o.Sender.From, ReplyTo: o.Sender.ReplyTo, To: to,
			MessageID: id, Date: now.In(zone), Class: renewal.Transactional})
		if err == nil {
			var answer mailout.Answer
			answer, err = s.deliverToStaff(ctx, to, raw)
			if err == nil && answer.Outcome != mailout.Accepted && answer.Outcome != mailout.Uncertain {
				err = fmt.Errorf("%s", answer.Text)
			}
		}
		errs = append(errs, err)
		id = newMessageID(now, s.engine().domain())
	}
	// One that got through is enough: a mistyped address must not repeat the mail
	// to the others every minute.
	if slices.Contains(errs, nil) {
		s.staffFailed = 0
		if err := errors.Join(errs...); err != nil {
			s.at.Log.Warn("not all of the staff could be mailed", "error", hideAddresses(err.Error()))
		}
		return nil
	}
	s.staffAfter = s.at.Counted() + backOff(s.staffFailed)
	s.staffFailed++
	return errors.Join(errs...)
}

// staffTime bounds the way to a server before it takes a mail to staff.
const staffTime = time.Minute

// deliverToStaff hands one mail to the transport. However long the server takes,
// it is no hang.
func (s *Server) deliverToStaff(ctx context.Context, to string, raw []byte) (mailout.Answer, error) {
	defer s.engine().pulse.rest()()
	ctx, cancel := context.WithTimeout(ctx, staffTime)
	defer cancel()
	return s.o().Engine.Transport.Deliver(ctx, s.o().Engine.Sender.Address, to, raw, nil)
}
