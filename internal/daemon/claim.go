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
	// retried: an earlier try of the same message may have kept its bytes.
	retried bool
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
		c := claimed{message: m, dossier: l.dossier}
		c.stored, err = e.newMessage(tx, l.dossier, &m, rows, now)
		if err != nil {
			return nil, l, err
		}
		c.retried = c.stored.ID != 0
		if c.stored.ID, err = tx.Claim(c.stored, now); err != nil {
			return nil, l, err
		}
		claims = append(claims, c)
	}
	if len(claims) == 1 {
		claims[0].alone = &l
	}
	return claims, l, nil
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
			s.ID, s.RFC822ID, s.At, s.Attempts = earlier.ID, earlier.RFC822ID, earlier.At, earlier.Attempts
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
