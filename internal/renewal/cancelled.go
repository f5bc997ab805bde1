package renewal

import "time"

// CancelledAt reports whether the agreement is cancelled in the light of the
// events up to the instant t: it has a written CancelledOn, or a cancel event
// that no later withdrawal follows (at a tie the cancel stands). A payment that
// names a new end withdraws a cancellation as well.
func (d *Dossier) CancelledAt(a *Agreement, t time.Time) bool {
	return !a.CancelledOn.IsZero() || d.CancelledByEvent(a, t)
}

// CancelledByEvent is CancelledAt without the written CancelledOn.
func (d *Dossier) CancelledByEvent(a *Agreement, t time.Time) bool {
	return !d.CancelledSince(a, t).IsZero()
}

// CancelledSince returns the instant of the cancel event by which the agreement
// is cancelled at the instant t: the first since any withdrawal. It is the zero
// time where no event cancelled it, which leaves a written CancelledOn.
func (d *Dossier) CancelledSince(a *Agreement, t time.Time) time.Time {
	var since, last time.Time
	for i := range d.Events {
		e := &d.Events[i]
		if e.At.After(t) {
			break // events are in order of their instant
		}
		switch {
		case e.Type == Cancel && e.Concerns(a):
			if since.IsZero() {
				since = e.At
			}
			last = e.At
		case withdraws(e) && e.Concerns(a) && e.At.After(last):
			since = time.Time{}
		}
	}
	return since
}

// withdraws reports whether the event takes a cancellation back. The renewal
// that renewd derives from a payment always has an end; only the payment itself
// says whether its sender named one.
func withdraws(e *Event) bool {
	return e.Type == CancelWithdrawn ||
		(e.Type == Payment || e.Type == Renewal && e.Source != RenewdSource) && !e.Until.IsZero() && e.AgreementID != 0
}
