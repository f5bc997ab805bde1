package daemon

import (
	"context"
	"crypto/rand"
	"fmt"
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
}

// claim takes a few households and decides once more, inside the transaction
// that marks their messages as sending: a complaint committed a millisecond
// before still stops the message. Its invariant: a claim either takes a
// household's due reminders into sending or gives them another state.
func (e *Engine) claim(ctx context.Context, limit int, probe bool) (batch []claimed, households int, err error) {
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
		ids, err := claimable(tx, limit, probe)
		if err != nil {
			return err
		}
		// Only now that nobody else writes: what others committed while this
		// transaction waited for its turn must not lie in its future.
		now = e.o.Clock()
		for _, id := range ids {
			claims, l, err := e.claimHousehold(tx, id, now)
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
		if err := store.SaveProgress(e.o.Instance, e.o.DB, progress, now); err != nil {
			e.rescued = false
			return nil, 0, err
		}
	}
	return batch, len(looks), nil
}

// claimable returns the households whose turn it is: one for a probe.
func claimable(tx *store.Tx, limit int, probe bool) ([]int64, error) {
	if probe {
		return tx.ClaimableProbe()
	}
	return tx.ClaimableHouseholds(limit)
}

// anyDue reports whether there is anything to claim, without a turn to write.
func (e *Engine) anyDue(ctx context.Context) (bool, error) {
	var ids []int64
	err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = claimable(tx, 1, false)
		return err
	})
	return len(ids) > 0, err
}

func (e *Engine) claimHousehold(tx *store.Tx, id int64, now time.Time) ([]claimed, looked, error) {
	l, err := e.look(tx, id, now)
	if err != nil {
		return nil, l, err
	}
	rows := map[renewal.Key]int64{}
	for i := range l.dossier.Reminders {
		rows[l.dossier.Reminders[i].Key()] = l.dossier.Reminders[i].ID
	}
	for i := range l.out.Changes {
		rows[l.out.Changes[i].Key()] = l.out.Changes[i].ID
	}
	var claims []claimed
	for _, m := range l.out.Messages {
		parts, err := inDoubtApart(tx, &m)
		if err != nil {
			return nil, l, err
		}
		for _, part := range parts {
			c, err := e.claimMessage(tx, l.dossier, part, rows, now)
			if err != nil {
				return nil, l, err
			}
			claims = append(claims, c)
		}
	}
	if len(claims) == 1 {
		claims[0].alone = &l
	}
	return claims, l, nil
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
	s.RFC822ID = newMessageID(now, e.domain())
	return s, nil
}

// newMessageID begins with the time, so that the index over all of them grows at
// its end, and goes on at random.
func newMessageID(now time.Time, domain string) string {
	return strings.ToUpper(strconv.FormatInt(now.Unix(), 36)) + "." + rand.Text() + "@" + domain
}

// domain is that of the sender, for Message-IDs.
func (e *Engine) domain() string {
	if at := strings.LastIndexByte(e.o.Sender.Address, '@'); at >= 0 {
		return e.o.Sender.Address[at+1:]
	}
	return "localhost"
}
