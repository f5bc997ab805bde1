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

// tellStaffBeside mails staff in a goroutine of its own, one at most, so that a
// server that takes minutes over such a mail holds up no pass and fails none.
func (s *Server) tellStaffBeside(ctx context.Context) {
	w := s.current.Load()
	if len(w.o.Staff) == 0 || !s.telling.CompareAndSwap(false, true) {
		return // what is new meanwhile is for a later pass
	}
	using := w.o.Engine.Using // a reload leaves the transport open for it
	using.Add(1)
	s.mails.Go(func() {
		defer using.Done()
		defer s.telling.Store(false)
		if err := s.tellStaff(ctx, w); err != nil && ctx.Err() == nil {
			s.at.Log.Warn("staff could not be mailed; it is tried again", "error", hideAddresses(err.Error()))
		}
	})
}

// awaitStaffMail waits until no mail to staff is under way any more, or ctx ends.
func (s *Server) awaitStaffMail(ctx context.Context) {
	through := make(chan struct{})
	go func() {
		s.mails.Wait()
		close(through)
	}()
	select {
	case <-through:
	case <-ctx.Done():
	}
}

// tellStaff mails staff about what cannot wait: one plain mail a cause and hour,
// through the same transport. About an absent server that is when it is back, of
// course. A mail that cannot be sent is tried again, at growing distances.
func (s *Server) tellStaff(ctx context.Context, w *working) error {
	if w.engine.paused() != nil || s.at.Counted() < s.staffAfter {
		return nil
	}
	db, now := w.o.Engine.DB, w.o.Engine.Clock()
	for _, kind := range store.UrgentKinds {
		if kind == renewal.TaskServerAway || kind == renewal.TaskSenderRefused {
			continue // see tellBack
		}
		facts := compose.StaffFacts{Kind: kind}
		var upTo int64
		err := db.Read(ctx, func(tx *store.Tx) error {
			last, err := tx.LastTold(kind)
			// A mail of the future is one from before the clock was put right.
			if err != nil || !last.IsZero() && !now.Before(last) && now.Before(last.Add(staffEvery)) {
				return err
			}
			upTo, err = gather(tx, &facts, now)
			return err
		})
		if err != nil {
			return err
		}
		if len(facts.Tasks) == 0 {
			continue
		}
		if err := s.mailStaff(ctx, w, facts, now); err != nil {
			return fmt.Errorf("about tasks %s: %w", kind, err)
		}
		if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Told(kind, upTo, now) }); err != nil {
			return err
		}
	}
	return s.tellBack(ctx, w, now)
}

// gather fills in the tasks that staff do not know of, and returns the id of the
// latest.
func gather(tx *store.Tx, facts *compose.StaffFacts, before time.Time) (upTo int64, err error) {
	tasks, upTo, err := tx.Untold(facts.Kind, before, staffList)
	if err != nil || len(tasks) == 0 {
		return 0, err
	}
	for _, t := range tasks {
		facts.Tasks = append(facts.Tasks, compose.StaffTask{Since: t.Since, Text: t.Text})
	}
	facts.Count, err = tx.CountTasks(facts.Kind)
	return upTo, err
}

// tellBack mails staff about a server that takes messages again: one that was
// away for long, or that refused all we sent.
func (s *Server) tellBack(ctx context.Context, w *working, now time.Time) error {
	for kind, lasted := range map[renewal.TaskKind]time.Duration{renewal.TaskServerAway: awayBeforeTold, renewal.TaskSenderRefused: 0} {
		var over store.OpenTask
		err := w.o.Engine.DB.Read(ctx, func(tx *store.Tx) (err error) {
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
		if err := s.mailStaff(ctx, w, facts, now); err != nil {
			return fmt.Errorf("about the end of %s: %w", kind, err)
		}
		err = w.o.Engine.DB.Write(ctx, func(tx *store.Tx) error { return tx.ToldOver(kind, over.ID, now) })
		if err != nil {
			return err
		}
	}
	return nil
}

// mailStaff sends one letter to everybody of the staff.
func (s *Server) mailStaff(ctx context.Context, w *working, staff compose.StaffFacts, now time.Time) error {
	o := &w.o.Engine
	zone := o.Settings.Zone
	letter, err := o.Letters.Render(compose.StaffAlert, "", false, compose.NewData(compose.Facts{
		Staff: &staff, Zone: zone, Today: renewal.LocalDate(now, zone)}))
	if err != nil {
		return err
	}
	var errs []error
	for _, to := range slices.Compact(slices.Sorted(slices.Values(w.o.Staff))) {
		raw, err := compose.Message(letter, compose.Envelope{From: o.Sender.From, ReplyTo: o.Sender.ReplyTo, To: to,
			MessageID: newMessageID(now, w.engine.sequence.Add(1), w.engine.domain()), Date: now.In(zone), Class: renewal.Transactional})
		if err == nil {
			raw, err = o.signed(raw)
		}
		if err == nil {
			var answer mailout.Answer
			answer, err = deliverToStaff(ctx, o, to, raw)
			if err == nil && answer.Outcome != mailout.Accepted && answer.Outcome != mailout.Uncertain {
				err = errors.New(answer.Text)
			}
		}
		errs = append(errs, err)
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

// deliverToStaff hands one mail to the transport.
func deliverToStaff(ctx context.Context, o *Options, to string, raw []byte) (mailout.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, staffTime)
	defer cancel()
	return o.Transport.Deliver(ctx, o.Sender.Address, to, raw, nil)
}
