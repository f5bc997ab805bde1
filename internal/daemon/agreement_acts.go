package daemon

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/web"
)

// Act does what a customer wishes on the page of an agreement; see
// web.Agreements.
func (p *AgreementPages) Act(ctx context.Context, token string, w web.Wish) (web.Outcome, error) {
	return p.write(ctx, forManage, token, w)
}

// Answer records why somebody leaves; see web.Reasons.
func (p *AgreementPages) Answer(ctx context.Context, token string, r web.Reason) (web.Agreement, error) {
	out, err := p.write(ctx, forReason, token, web.Wish{Act: web.ActReason, Reason: r})
	return out.Agreement, err
}

// write does one wish in one transaction. What earlier events do to the term is
// settled first, so that two pages that are open at once see each other's work.
func (p *AgreementPages) write(ctx context.Context, purpose, token string, w web.Wish) (web.Outcome, error) {
	to, err := p.holder(ctx, purpose, token)
	if err != nil {
		return web.Outcome{}, err
	}
	var out web.Outcome
	err = p.links.db.Write(ctx, func(tx *store.Tx) error {
		f, err := p.readFile(tx, to)
		if err == nil {
			err = f.settle(f.now)
		}
		if err == nil {
			out, err = f.act(w)
		}
		if err == nil {
			out.Agreement = p.view(f)
		}
		return err
	})
	return out, inPageWords(err)
}

func (f *file) act(w web.Wish) (out web.Outcome, err error) {
	switch w.Act {
	case web.ActCancel:
		out.Stale, err = f.cancel()
	case web.ActKeep:
		out.Stale, err = f.keep()
	case web.ActRenew:
		out.Stale, err = f.wish()
	case web.ActContact:
		out.Changes, out.Faults, err = f.correct(w.Contact)
	case web.ActReason:
		err = f.answer(w.Reason)
	default:
		err = fmt.Errorf("a page asks for %q, which is no act", w.Act)
	}
	return out, err
}

// cancel stops the renewal. Where it is stopped already that is so, too.
func (f *file) cancel() (stale bool, err error) {
	if !f.a.AutoRenew {
		return true, nil
	}
	if f.cancelled() {
		return false, nil
	}
	at := f.now
	for i := range f.d.Events {
		// At a tie the cancel stands; a withdrawal may lie a second ahead.
		if e := &f.d.Events[i]; e.Type == renewal.CancelWithdrawn && e.Concerns(f.a) && e.At.After(at) && !e.At.After(f.stands()) {
			at = e.At
		}
	}
	return false, f.record(renewal.Cancel, at)
}

// keep takes a cancellation back.
func (f *file) keep() (stale bool, err error) {
	if f.canCancel() && !f.ended() {
		return false, nil // it goes on already
	}
	if !f.canKeep() {
		return true, nil
	}
	at := f.now
	for i := range f.d.Events {
		// At a tie the cancel would stand.
		if e := &f.d.Events[i]; e.Type == renewal.Cancel && e.Concerns(f.a) && !e.At.Before(at) && !e.At.After(f.stands()) {
			at = e.At.Add(time.Second)
		}
	}
	return false, f.record(renewal.CancelWithdrawn, at)
}

// record stores an event about the agreement, once for its second, and lets it
// take effect; at is not before f.now.
func (f *file) record(kind renewal.EventType, at time.Time) error {
	_, err := f.tx.RecordEvent(&renewal.Event{Type: kind, At: at, CustomerID: f.c.ID, AgreementID: f.a.ID, Channel: channelOfPages, Source: sourceOfPages,
		SourceID: fmt.Sprintf("%s:%d:%s", kind, f.a.ID, renewal.FormatStamp(at)), StoredAt: f.now}, "")
	if err != nil {
		return err
	}
	if err := f.read(); err != nil {
		return err
	}
	return f.settle(at)
}

// wish tells staff that the customer would like to renew, once for each term.
func (f *file) wish() (stale bool, err error) {
	if !f.canRenew() {
		return true, nil
	}
	what := f.a.Ref
	if f.a.Product != nil && f.a.Product.Name != "" {
		what += " (" + f.a.Product.Name + ")"
	}
	t := renewal.Task{Kind: renewal.TaskWish, Topic: fmt.Sprintf("wish:renew:%d:%s", f.a.ID, f.a.EndsOn), CustomerID: f.c.ID, AgreementID: f.a.ID,
		Text: fmt.Sprintf("%s would like to renew %s, whose term ends on %s: get in touch", whoIs(f.c), what, f.a.EndsOn)}
	known, err := f.tx.KnownTask(t)
	if err == nil && !known {
		_, err = f.tx.AddTask(t, f.now)
	}
	return false, err
}

// whoIs names a customer to staff.
func whoIs(c *renewal.Customer) string {
	if c.Name == "" {
		return "customer " + c.Ref
	}
	return c.Name + " (" + c.Ref + ")"
}

// answer records why somebody leaves, once for each different reason and term.
func (f *file) answer(r web.Reason) error {
	note := r.Choice
	if r.Text != "" {
		if note != "" {
			note += ": "
		}
		note += r.Text
	}
	sum := sha256.Sum256([]byte(note))
	id := fmt.Sprintf("answer:%d:%s:%x", f.a.ID, f.a.EndsOn, sum[:8])
	known, err := f.tx.HasEvent(sourceOfPages, id)
	if err != nil || known {
		return err
	}
	_, err = f.tx.RecordEvent(&renewal.Event{Type: renewal.Answer, At: f.now, CustomerID: f.c.ID, AgreementID: f.a.ID, Channel: channelOfPages,
		Note: note, Source: sourceOfPages, SourceID: id, StoredAt: f.now}, "")
	return err
}
