package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// claimed is a message that is out of everybody's reach and not yet sent.
type claimed struct {
	stored  store.Message
	message plan.Message
	dossier *renewal.Dossier
	// alone is the look that claimed it, where no other message of the household
	// was claimed with it: then what comes next is known as soon as it has left.
	alone *looked
	// saved is the progress of its claim, which is on the disk before it leaves.
	saved *saving
}

// claim takes the first few households of a prospect, at most limit, whose
// messages it marks as sending. What was decided ahead has to hold still, inside
// the transaction that does so, else it decides there once more: a complaint
// committed a millisecond before still stops the message. Its invariant: a claim
// either takes a household's due reminders into sending or gives them another
// state.
func (e *Engine) claim(ctx context.Context, p *prospect, limit int) (batch []claimed, households int, err error) {
	if err := p.wait(); err != nil || len(p.ids) == 0 {
		return nil, 0, err
	}
	ids := p.ids[:min(limit, len(p.ids))]
	if e.unowned {
		if err := store.TakeOwnership(ctx, e.o.DB, e.o.Instance, e.o.Clock()); err != nil {
			return nil, 0, fmt.Errorf("taking the database over: %w", err)
		}
		e.unowned = false
	}
	var progress int64
	var now time.Time
	var looks []looked
	err = e.ledger.enter(ctx, func(tx *store.Tx) (err error) {
		batch, looks = nil, nil
		marks, err := tx.HouseholdMarks(ids)
		if err != nil {
			return err
		}
		// Only now that nobody else writes: what others committed while this
		// transaction waited for its turn must not lie in its future.
		now = e.o.Clock()
		for _, id := range ids {
			l, err := e.lookAgain(tx, p, id, marks[id], now)
			if errors.Is(err, store.ErrNotFound) {
				continue // deleted since
			}
			if err != nil {
				return err
			}
			claims, err := e.claimHousehold(tx, l, now)
			if err != nil {
				return err
			}
			batch, looks = append(batch, claims...), append(looks, l)
		}
		if len(batch) > 0 {
			progress, err = tx.CountProgress(now)
		}
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("claiming: %w", err)
	}
	e.tellAll(looks)
	if len(batch) > 0 {
		saved := e.saveProgress(progress, now)
		for i := range batch {
			batch[i].saved = saved
		}
	}
	return batch, len(ids), nil
}

// claimable returns the households whose turn it is: one for a probe; what was
// refused before only once nothing else is under way.
func (e *Engine) claimable(tx *store.Tx, limit int, probe bool) ([]int64, error) {
	if probe {
		return tx.ClaimableProbe()
	}
	under, _ := e.flight.under()
	return tx.ClaimableHouseholds(limit, under == 0)
}

// anyDue reports whether there is anything to claim, without a turn to write.
func (e *Engine) anyDue(ctx context.Context) (bool, error) {
	var ids []int64
	err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.ClaimableHouseholds(1, true)
		return err
	})
	return len(ids) > 0, err
}

// lookAgain looks at a household, or writes down what was decided ahead where that
// still holds.
func (e *Engine) lookAgain(tx *store.Tx, p *prospect, id int64, mark string, now time.Time) (looked, error) {
	l, ok := p.still(id, mark, e.standingNow(), now)
	if !ok {
		return e.look(tx, id, now)
	}
	l.out.Changes = slices.Clone(l.out.Changes) // they get ids, and this may run again
	var err error
	l.asked, err = e.apply(tx, l.dossier, &l.out, now)
	return l, err
}

func (e *Engine) claimHousehold(tx *store.Tx, l looked, now time.Time) (claims []claimed, err error) {
	rows := map[renewal.Key]int64{}
	for i := range l.dossier.Reminders {
		rows[l.dossier.Reminders[i].Key()] = l.dossier.Reminders[i].ID
	}
	for i := range l.out.Changes {
		rows[l.out.Changes[i].Key()] = l.out.Changes[i].ID
	}
	for _, m := range l.out.Messages {
		parts, err := inDoubtApart(tx, &m)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			c, err := e.claimMessage(tx, l.dossier, part, rows, now)
			if err != nil {
				return nil, err
			}
			claims = append(claims, c)
		}
	}
	if len(claims) == 1 {
		claims[0].alone = &l
	}
	return claims, nil
}

func (e *Engine) claimMessage(tx *store.Tx, d *renewal.Dossier, m plan.Message, rows map[renewal.Key]int64, now time.Time) (c claimed, err error) {
	c = claimed{message: m, dossier: d}
	if c.stored, err = e.newMessage(tx, d, &m, rows, now); err != nil {
		return c, err
	}
	c.stored.ID, err = tx.Claim(c.stored, now)
	return c, err
}

// inDoubtApart splits a message: reminders whose earlier message may have arrived
// go again as that message and no other, so that its reader's mail program knows
// the two for one; what has come since goes apart.
func inDoubtApart(tx *store.Tx, m *plan.Message) ([]plan.Message, error) {
	tried := map[int64][]*renewal.Reminder{}
	var order []int64
	for _, r := range m.Reminders {
		if tried[r.MessageID] == nil {
			order = append(order, r.MessageID)
		}
		tried[r.MessageID] = append(tried[r.MessageID], r)
	}
	if len(order) == 1 {
		return []plan.Message{*m}, nil
	}
	rest := *m
	rest.Reminders = nil
	var parts []plan.Message
	for _, id := range order {
		doubtful := false
		if id != 0 {
			earlier, err := tx.Message(id)
			if err != nil {
				return nil, err
			}
			doubtful = earlier.Doubts > 0 && len(earlier.Reminders) == len(tried[id])
		}
		if !doubtful {
			rest.Reminders = append(rest.Reminders, tried[id]...)
			continue
		}
		part := *m
		part.Reminders = tried[id]
		parts = append(parts, part)
	}
	if len(parts) > 0 && m.Class == renewal.Commercial {
		return parts[:1], nil // the cap holds the others once it has left
	}
	if len(rest.Reminders) > 0 {
		parts = append(parts, rest)
	}
	return parts, nil
}

// newMessage makes the row of a message. Reminders that were tried together
// before go again as the same message, with its Message-ID and date.
func (e *Engine) newMessage(tx *store.Tx, d *renewal.Dossier, m *plan.Message, rows map[renewal.Key]int64, now time.Time) (store.Message, error) {
	first := &d.Customers[0]
	s := store.Message{CustomerID: first.ID, To: strings.TrimSpace(first.Email), Class: m.Class, Rule: m.Rule.Name,
		Template: m.Template, Locale: e.o.Settings.LocaleOf(first), At: now}
	tried := m.Reminders[0].MessageID
	for _, r := range m.Reminders {
		s.Reminders = append(s.Reminders, rows[r.Key()])
		if r.MessageID != tried {
			tried = 0
		}
	}
	if tried != 0 {
		earlier, err := tx.Message(tried)
		if err != nil {
			return s, err
		}
		if len(earlier.Reminders) == len(m.Reminders) && earlier.To == s.To && earlier.Template == s.Template {
			s.ID, s.RFC822ID, s.At, s.Attempts, s.Doubts = earlier.ID, earlier.RFC822ID, earlier.At, earlier.Attempts, earlier.Doubts
			return s, nil
		}
	}
	s.RFC822ID = newMessageID(now, e.sequence.Add(1), e.domain())
	return s, nil
}

// newMessageID begins with the time and the messages' order, so that the index
// over all of them grows at its end, and goes on at random.
func newMessageID(now time.Time, sequence uint32, domain string) string {
	order := strconv.FormatUint(36*36*36*36+uint64(sequence)%(36*36*36*36), 36)[1:]
	return strings.ToUpper(strconv.FormatInt(now.Unix(), 36)+order) + "." + rand.Text() + "@" + domain
}

// domain is that of the sender, for Message-IDs.
func (e *Engine) domain() string {
	if at := strings.LastIndexByte(e.o.Sender.Address, '@'); at >= 0 {
		return e.o.Sender.Address[at+1:]
	}
	return "localhost"
}
