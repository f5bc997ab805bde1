package web

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"renewd/internal/renewal"
)

// desk is Agreements and Reasons with the tokens of an office and no database:
// one agreement, whose customer does what a test asks for.
type desk struct {
	*office
	t  testing.TB
	mu sync.Mutex
	// a is the agreement behind m1 and s1.
	a Agreement
	// wishes are those that arrived, with what the next one comes to.
	wishes []Wish
	next   Outcome
	// err is what every call with a good token returns instead of its effect.
	err error
}

func newDesk(t testing.TB, o *office) *desk {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	a := sampleAgreement("fr")
	a.Zone, a.Product = paris, "Pass annuel"
	return &desk{office: o, t: t, a: a}
}

func (d *desk) known(token, purpose string) (Agreement, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	subject, _, _ := strings.Cut(token, "-")
	if subject != purpose+"1" || d.token(subject) != token {
		return Agreement{}, ErrNoSuchPage
	}
	return d.a, d.err
}

func (d *desk) Agreement(_ context.Context, token string) (Agreement, error) {
	return d.known(token, "m")
}

func (d *desk) Act(ctx context.Context, token string, w Wish) (Outcome, error) {
	if _, err := d.known(token, "m"); err != nil {
		return Outcome{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wishes = append(d.wishes, w)
	out := d.next
	if out.Agreement.Ref == "" {
		out.Agreement = d.a
	}
	if w.Act == ActCancel {
		out.Agreement.State, out.Agreement.CanCancel, out.Agreement.CanKeep = StateCancelled, false, true
		out.Agreement.CancelledAt = time.Date(2027, 3, 1, 8, 5, 0, 0, time.UTC)
		d.a = out.Agreement
	}
	return out, ctx.Err()
}

func (d *desk) Leaver(_ context.Context, token string) (Agreement, error) { return d.known(token, "s") }

func (d *desk) Answer(_ context.Context, token string, r Reason) (Agreement, error) {
	a, err := d.known(token, "s")
	if err != nil {
		return a, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wishes = append(d.wishes, Wish{Act: ActReason, Reason: r})
	return a, nil
}

// acts are the acts that arrived.
func (d *desk) acts() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var acts []string
	for _, w := range d.wishes {
		acts = append(acts, string(w.Act))
	}
	return strings.Join(acts, " ")
}

// pass makes the agreement one that ends by itself.
func (d *desk) pass() {
	d.a.Kind, d.a.State, d.a.CanCancel, d.a.CanRenew = renewal.KindPass, StateEnds, false, true
}
