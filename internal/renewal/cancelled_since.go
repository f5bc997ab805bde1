package renewal

import "time"

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
