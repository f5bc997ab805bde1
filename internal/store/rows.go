package store

import (
	"database/sql"
	"fmt"
	"strings"

	"renewd/internal/renewal"
)

// The columns of each table in the order in which the scan functions below read
// them. NULL comes as the empty text or 0, which mean the same in the hub.
const (
	customerColumns = `c.id, c.ref, c.name, c.email, c.locale, c.time_zone, c.country, c.region, coalesce(c.since, ''),
		c.attributes, c.erased_at IS NOT NULL, c.email_key`
	agreementColumns = `a.id, a.customer_id, a.ref, coalesce(a.product_id, 0), a.kind, coalesce(a.starts_on, ''), a.ends_on, a.term,
		a.auto_renew, a.notice_period, coalesce(a.price_minor, 0), a.currency, coalesce(a.cancelled_on, ''), a.renews_by,
		coalesce(a.assume_renewal, -1), coalesce(a.trial_ends_on, ''), a.new_price_minor, coalesce(a.new_price_from, ''), a.basis,
		a.known_at`
	termColumns = `t.agreement_id, coalesce(t.starts_on, ''), t.ends_on, t.known_at, t.cause, coalesce(t.replaced, ''), t.in_force_at`

	eventColumns = `e.id, e.type, e.at, e.customer_id, coalesce(e.agreement_id, 0), coalesce(e.product_id, 0), e.channel,
		coalesce(e.quantity, 0), coalesce(e.amount_minor, 0), e.currency, coalesce(e.until, ''), e.note, e.source,
		coalesce(e.source_id, ''), e.stored_at, e.settled`
	reminderColumns = `r.id, r.customer_id, coalesce(r.agreement_id, 0), coalesce(r.event_id, 0), coalesce(r.ends_on, ''), r.rule,
		r.step, r.class, r.due_at, r.not_after, r.state, r.reason, coalesce(r.until, ''), r.planned_at, r.decided_at, r.burst,
		r.stands_for, coalesce(r.on_day, ''), coalesce(r.message_id, 0), r.duties`
)

// customerRow is a customer with what its row says about the household.
type customerRow struct {
	renewal.Customer
	key     string // of the household
	bounced string // when the address was suppressed
	last    string // when the latest commercial message left
}

// scanCustomer reads customerColumns and householdColumns; extra are further
// columns of the query, here and in the functions below.
func (tx *Tx) scanCustomer(rows *sql.Rows, extra ...any) (c customerRow, err error) {
	var since, attributes string
	dest := append([]any{&c.ID, &c.Ref, &c.Name, &c.Email, &c.Locale, &c.TimeZone, &c.Country, &c.Region, &since,
		&attributes, &c.Erased, &c.key, &c.bounced, &c.last}, extra...)
	if err := rows.Scan(dest...); err != nil {
		return c, fmt.Errorf("reading a customer: %w", err)
	}
	var bad faults
	c.Since = bad.date("since", since)
	if c.TimeZone != "" {
		if c.Zone, err = tx.db.zones.load(c.TimeZone); err != nil {
			bad = append(bad, fmt.Sprintf("time_zone: %q is not a time zone such as Europe/Paris", c.TimeZone))
		}
	}
	if c.key != "" && !usableAddress(strings.TrimSpace(c.Email)) {
		bad = append(bad, fmt.Sprintf("email: %q is not an e-mail address", c.Email))
	}
	if attributes != "{}" && attributes != "" {
		if c.Attributes, err = readAttributes(attributes); err != nil {
			bad = append(bad, "attributes: not a JSON object")
		}
	}
	c.BadData = bad.String()
	return c, nil
}

func (tx *Tx) scanAgreement(rows *sql.Rows, extra ...any) (a renewal.Agreement, err error) {
	var product int64
	var starts, ends, term, notice, cancelled, trial, newFrom, known string
	var assume int
	var newPrice sql.NullInt64
	dest := append([]any{&a.ID, &a.CustomerID, &a.Ref, &product, &a.Kind, &starts, &ends, &term, &a.AutoRenew, &notice,
		&a.Price.Minor, &a.Price.Currency, &cancelled, &a.RenewsBy, &assume, &trial, &newPrice, &newFrom, &a.Basis, &known}, extra...)
	if err := rows.Scan(dest...); err != nil {
		return a, fmt.Errorf("reading an agreement: %w", err)
	}
	var bad faults
	a.StartsOn = bad.date("starts_on", starts)
	if a.EndsOn = bad.date("ends_on", ends); ends == "" {
		bad = append(bad, "ends_on: there is no date")
	}
	a.Term = bad.period("term", term)
	a.NoticePeriod = bad.period("notice_period", notice)
	a.CancelledOn = bad.date("cancelled_on", cancelled)
	a.TrialEndsOn = bad.date("trial_ends_on", trial)
	a.NewPriceFrom = bad.date("new_price_from", newFrom)
	a.KnownAt = bad.stamp("known_at", known)
	bad.renewsBy(a.RenewsBy)
	if newPrice.Valid {
		a.NewPrice = renewal.Money{Minor: newPrice.Int64, Currency: a.Price.Currency}
	}
	if assume >= 0 {
		yes := assume == 1
		a.AssumeRenewal = &yes
	}
	if product != 0 {
		known, err := tx.product(product)
		if err != nil {
			return a, err
		}
		a.Product = known.product
		bad = append(bad, known.bad...)
	}
	a.BadData = bad.String()
	return a, nil
}

// termRow is a term with its agreement and what is wrong with it.
type termRow struct {
	renewal.Term
	agreementID int64
	bad         faults
}

func (tx *Tx) scanTerm(rows *sql.Rows, extra ...any) (t termRow, err error) {
	var starts, ends, known, replaced, inForce string
	dest := append([]any{&t.agreementID, &starts, &ends, &known, &t.Cause, &replaced, &inForce}, extra...)
	if err := rows.Scan(dest...); err != nil {
		return t, fmt.Errorf("reading a term: %w", err)
	}
	t.StartsOn = t.bad.date("terms.starts_on", starts)
	t.EndsOn = t.bad.date("terms.ends_on", ends)
	t.KnownAt = t.bad.stamp("terms.known_at", known)
	t.Replaced = t.bad.date("terms.replaced", replaced)
	t.InForceAt = t.bad.stamp("terms.in_force_at", inForce)
	return t, nil
}

// eventRow is an event with its instant as it stands, which for a date alone
// needs the customer's zone, and with what is wrong with it.
type eventRow struct {
	renewal.Event
	at  string
	bad faults
}

func (tx *Tx) scanEvent(rows *sql.Rows, extra ...any) (e eventRow, err error) {
	var product int64
	var until, stored string
	dest := append([]any{&e.ID, &e.Type, &e.at, &e.CustomerID, &e.AgreementID, &product, &e.Channel, &e.Quantity, &e.Amount.Minor,
		&e.Amount.Currency, &until, &e.Note, &e.Source, &e.SourceID, &stored, &e.Settled}, extra...)
	if err := rows.Scan(dest...); err != nil {
		return e, fmt.Errorf("reading an event: %w", err)
	}
	e.Until = e.bad.date("until", until)
	e.StoredAt = e.bad.stamp("stored_at", stored)
	if product != 0 {
		known, err := tx.product(product)
		if err != nil {
			return e, err
		}
		e.Product = known.product
		if e.Type == renewal.PurchaseEvent {
			e.bad = append(e.bad, known.bad...)
		}
	}
	return e, nil
}

// reminderRow is a reminder with what is wrong with its row.
type reminderRow struct {
	renewal.Reminder
	bad faults
}

func (tx *Tx) scanReminder(rows *sql.Rows, extra ...any) (r reminderRow, err error) {
	var ends, due, notAfter, until, planned, decided, onDay, duties string
	dest := append([]any{&r.ID, &r.CustomerID, &r.AgreementID, &r.EventID, &ends, &r.Rule, &r.Step, &r.Class, &due, &notAfter,
		&r.State, &r.Reason, &until, &planned, &decided, &r.Burst, &r.StandsFor, &onDay, &r.MessageID, &duties}, extra...)
	if err := rows.Scan(dest...); err != nil {
		return r, fmt.Errorf("reading a reminder: %w", err)
	}
	r.EndsOn = r.bad.date("ends_on", ends)
	r.DueAt = r.bad.stamp("due_at", due)
	r.NotAfter = r.bad.stamp("not_after", notAfter)
	r.Until = r.bad.stamp("until", until)
	r.PlannedAt = r.bad.stamp("planned_at", planned)
	r.DecidedAt = r.bad.stamp("decided_at", decided)
	r.OnDay = r.bad.date("on_day", onDay)
	if r.Duties, err = readDuties(duties); err != nil {
		r.bad.add("duties", err)
	}
	return r, nil
}
