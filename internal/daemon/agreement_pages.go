package daemon

import (
	"context"
	"net/url"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/web"
)

// AgreementPages is what the pages of agreements show and do; see web.Agreements
// and web.Reasons. It is safe for concurrent use.
type AgreementPages struct {
	links    *Links
	settings func() *plan.Settings
}

// NewAgreementPages returns the pages of the agreements that links lead to.
// settings returns the present ones, which a reload may replace.
func NewAgreementPages(links *Links, settings func() *plan.Settings) *AgreementPages {
	return &AgreementPages{links: links, settings: settings}
}

// Agreement returns the agreement of a token; see web.Agreements.
func (p *AgreementPages) Agreement(ctx context.Context, token string) (web.Agreement, error) {
	return p.show(ctx, forManage, token)
}

// Leaver returns the agreement that somebody leaves; see web.Reasons.
func (p *AgreementPages) Leaver(ctx context.Context, token string) (web.Agreement, error) {
	return p.show(ctx, forReason, token)
}

func (p *AgreementPages) show(ctx context.Context, purpose, token string) (web.Agreement, error) {
	to, err := p.holder(ctx, purpose, token)
	if err != nil {
		return web.Agreement{}, err
	}
	var shown web.Agreement
	err = p.links.db.Read(ctx, func(tx *store.Tx) error {
		f, err := p.readFile(tx, to)
		if err == nil {
			// What a payment does to the term shows before a pass writes it down.
			plan.Settle(f.now, f.set, f.d)
			f.a = f.d.Agreement(to.agreementID) // goods that it opened may have moved it
			shown = p.view(f)
		}
		return err
	})
	return shown, inPageWords(err)
}

func (p *AgreementPages) holder(ctx context.Context, purpose, token string) (tied, error) {
	to, ok, err := p.links.holder(ctx, purpose, token)
	if err == nil && !ok {
		err = web.ErrNoSuchPage
	}
	return to, inPageWords(err)
}

// file is what a transaction knows about the agreement of a page.
type file struct {
	tx  *store.Tx
	set *plan.Settings
	to  tied
	// now is the present in whole seconds, as the database keeps it.
	now time.Time
	d   *renewal.Dossier
	// a and c point into d.
	a *renewal.Agreement
	c *renewal.Customer
}

// readFile reads an agreement and its customer. One that has changed hands, and
// a customer whose data were erased, are not there.
func (p *AgreementPages) readFile(tx *store.Tx, to tied) (*file, error) {
	f := &file{tx: tx, set: p.settings(), to: to, now: p.links.clock().Truncate(time.Second)}
	return f, f.read()
}

func (f *file) read() error {
	d, err := f.tx.Dossier(f.to.customerID, time.Time{})
	if err != nil {
		return err
	}
	f.d, f.a, f.c = d, d.Agreement(f.to.agreementID), d.Customer(f.to.customerID)
	if f.a == nil || f.c == nil || f.a.CustomerID != f.to.customerID || f.c.Erased {
		return store.ErrNotFound
	}
	return nil
}

// settle writes down what events up to an instant do to terms, and reads anew.
func (f *file) settle(at time.Time) error {
	settled := plan.SettleEvents(at, f.set, f.d)
	if settled.Empty() {
		return nil
	}
	if err := f.tx.ApplySettlement(f.d, settled, f.now); err != nil {
		return err
	}
	return f.read()
}

// stands is the instant at which a page judges what stands: a withdrawal in the
// very second of its cancellation counts from the next second on, and shows at
// once.
func (f *file) stands() time.Time { return f.now.Add(time.Second) }

func (f *file) cancelled() bool { return f.d.CancelledAt(f.a, f.stands()) }

// ended reports whether the term's last day is over where the customer lives.
func (f *file) ended() bool {
	return !f.a.EndsOn.IsZero() && f.a.EndsOn < renewal.LocalDate(f.now, f.d.ZoneOf(f.c.ID, f.tx.Zone()))
}

// canCancel: whatever renews by itself can be stopped, at any time.
func (f *file) canCancel() bool { return f.a.AutoRenew && !f.cancelled() }

// canKeep: a cancellation that arrived as an event can be taken back while the
// term lasts. One that the business wrote down is the business's to undo.
func (f *file) canKeep() bool {
	return f.a.AutoRenew && !f.ended() && f.d.CancelledByEvent(f.a, f.stands())
}

// canRenew: what does not renew by itself, or no longer.
func (f *file) canRenew() bool {
	return !f.a.AutoRenew || f.cancelled() && !f.canKeep()
}

func (f *file) state() web.State {
	cancelled, ended := f.cancelled(), f.ended()
	switch {
	case ended && (cancelled || !f.a.AutoRenew):
		return web.StateEnded
	case cancelled:
		return web.StateCancelled
	case f.a.Kind == renewal.KindGoods:
		return web.StateLasts
	case ended:
		return web.StateDue
	case f.a.AutoRenew:
		return web.StateRenews
	}
	return web.StateEnds
}

// view is what the page may know.
func (p *AgreementPages) view(f *file) web.Agreement {
	a := f.a
	v := web.Agreement{
		Ref: a.Ref, Kind: a.Kind, Name: f.c.Name, MaskedEmail: maskAddress(f.c.Email), Locale: f.c.Locale,
		Zone: f.d.ZoneOf(f.c.ID, f.tx.Zone()), State: f.state(), StartsOn: a.TermStart(), EndsOn: a.EndsOn,
		Term: a.TermLength(), Price: a.Price, NewPrice: a.NewPrice, NewPriceFrom: a.NewPriceFrom,
		CanCancel: f.canCancel(), CanKeep: f.canKeep(), CanRenew: f.canRenew(), Contact: contactOf(f.c),
	}
	if !a.EndsOn.IsZero() {
		v.RenewsOn, v.CancelBy = a.RenewsOn(), a.CancelBy()
	}
	if a.TrialEndsOn >= renewal.LocalDate(f.now, v.Zone) {
		v.TrialEndsOn = a.TrialEndsOn
	}
	if a.Product != nil {
		v.Product = a.Product.Name
		if v.Product == "" {
			v.Product = a.Product.Ref
		}
		v.RenewURL = pageAddress(a.Product.RenewURL)
	}
	if f.cancelled() {
		v.CancelledAt, v.CancelledOn = f.d.CancelledSince(a, f.stands()), a.CancelledOn
	}
	reachable := f.c.Email != "" && f.d.BouncedAt.IsZero() && f.c.BadData == ""
	v.Confirms = reachable && p.settings().Answers(renewal.Cancel, f.c, a, true)
	return v
}

// pageAddress leaves out what is no address of a page.
func pageAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return address
}
