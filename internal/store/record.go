package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"renewd/internal/renewal"
)

// ErrContradicts is wrapped when an event comes again under the same source and
// id but with other contents.
var ErrContradicts = errors.New("there is an event with the same id and other contents")

// RecordEvent stores an event. (Source, SourceID) says which event it is: the
// same one again changes nothing and added is false; the same with another
// digest wraps ErrContradicts. An event without a SourceID is always new. An
// empty digest stands for EventDigest. The id of the event, new or known, goes
// into e.ID.
func (tx *Tx) RecordEvent(e *renewal.Event, digest string) (added bool, err error) {
	if digest == "" {
		digest = EventDigest(e)
	}
	if e.SourceID != "" {
		id, known, err := tx.eventDigest(e.Source, e.SourceID)
		if err != nil {
			return false, fmt.Errorf("recording an event: %w", err)
		}
		if id != 0 {
			// An event that was typed in has no digest and contradicts nothing.
			if known != "" && known != digest {
				return false, fmt.Errorf("the %s with the id %s: %w", e.Type, e.SourceID, ErrContradicts)
			}
			e.ID = id
			return false, nil
		}
	}
	id, err := tx.insertEvent(e, digest)
	if sentence, ok := raised(err); ok {
		return false, &fault{sentence: fmt.Sprintf("the %s was refused: %s", e.Type, sentence), cause: err}
	}
	if err != nil {
		return false, fmt.Errorf("recording an event: %w", err)
	}
	e.ID = id
	return true, nil
}

// eventDigest returns the id and the digest of the event of a source, 0 where
// there is none.
func (tx *Tx) eventDigest(source, sourceID string) (id int64, digest string, err error) {
	err = tx.one(`SELECT id, digest FROM events WHERE source = ? AND source_id = ?`, []any{source, sourceID}, &id, &digest)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", nil
	}
	return id, digest, err
}

// EventDigest is a fingerprint of what an event says, without its id, its
// source and what renewd adds.
func EventDigest(e *renewal.Event) string {
	var product int64
	if e.Product != nil {
		product = e.Product.ID
	}
	// JSON keeps neighbouring texts apart.
	text, _ := json.Marshal([]any{e.Type, renewal.FormatStamp(e.At), e.CustomerID, e.AgreementID, product, e.Channel,
		e.Quantity, e.Amount.Minor, e.Amount.Currency, e.Until, e.Note})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (tx *Tx) insertEvent(e *renewal.Event, digest string) (int64, error) {
	var product int64
	if e.Product != nil {
		product = e.Product.ID
	}
	settled := 0
	if e.Settled {
		settled = 1
	}
	var quantity, amount any
	if e.Quantity != 0 {
		quantity = e.Quantity
	}
	if e.Amount.Known() {
		amount = e.Amount.Minor
	}
	return tx.insert(`INSERT INTO events(type, at, customer_id, agreement_id, product_id, channel, quantity, amount_minor,
		currency, until, note, source, source_id, digest, stored_at, settled)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(e.Type), renewal.FormatStamp(e.At), idOrNull(e.CustomerID), idOrNull(e.AgreementID), idOrNull(product), e.Channel,
		quantity, amount, e.Amount.Currency, dateOrNull(e.Until), e.Note, e.Source, textOrNull(e.SourceID), digest,
		renewal.FormatStamp(e.StoredAt), settled)
}

// CustomerByRef returns the id of a customer; ErrNotFound where there is none.
func (tx *Tx) CustomerByRef(ref string) (int64, error) {
	return tx.byRef("customer", `SELECT id FROM customers WHERE ref = ?`, ref)
}

// AgreementByRef returns the id of an agreement and of its customer;
// ErrNotFound where there is none.
func (tx *Tx) AgreementByRef(ref string) (id, customerID int64, err error) {
	if id, err = tx.byRef("agreement", `SELECT id FROM agreements WHERE ref = ?`, ref); err != nil {
		return 0, 0, err
	}
	err = tx.one(`SELECT customer_id FROM agreements WHERE id = ?`, []any{id}, &customerID)
	return id, customerID, err
}

// ProductByRef returns a product; ErrNotFound where there is none.
func (tx *Tx) ProductByRef(ref string) (*renewal.Product, error) {
	id, err := tx.byRef("product", `SELECT id FROM products WHERE ref = ?`, ref)
	if err != nil {
		return nil, err
	}
	known, err := tx.product(id)
	if err != nil {
		return nil, err
	}
	return known.product, nil
}

func (tx *Tx) byRef(what, query, ref string) (id int64, err error) {
	err = tx.one(query, []any{ref}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("there is no %s %q: %w", what, ref, ErrNotFound)
	}
	if err != nil {
		return 0, fmt.Errorf("looking for the %s %q: %w", what, ref, err)
	}
	return id, nil
}

// Found is something that a REF on the command line may mean.
type Found struct {
	// Kind is customer or agreement.
	Kind string
	Ref  string
	// CustomerID is the customer, or the agreement's; AgreementID is 0 for a
	// customer.
	CustomerID, AgreementID int64
}

// FindRef returns everything that text may mean: a customer's or an agreement's
// ref, or an e-mail address; customer:REF and agreement:REF mean only the one.
// Results are in order of kind and ref; an empty slice means nothing was found.
func (tx *Tx) FindRef(text string) ([]Found, error) {
	const (
		agreements = `SELECT ref, customer_id, id FROM agreements WHERE ref = ?`
		customers  = `SELECT ref, id, 0 FROM customers WHERE ref = ?`
		addresses  = `SELECT ref, id, 0 FROM customers WHERE email_key = ? AND email_key <> ''`
	)
	type lookup struct{ kind, query, text string }
	queries := []lookup{
		{"agreement", agreements, text},
		{"customer", customers, text},
		{"customer", addresses, renewal.HouseholdKey(text)},
	}
	if ref, ok := strings.CutPrefix(text, "agreement:"); ok {
		queries = append(queries, lookup{"agreement", agreements, ref})
	}
	if ref, ok := strings.CutPrefix(text, "customer:"); ok {
		queries = append(queries, lookup{"customer", customers, ref})
	}
	var found []Found
	seen := map[Found]bool{}
	for _, q := range queries {
		err := tx.query(q.query, func(rows *sql.Rows) error {
			f := Found{Kind: q.kind}
			if err := rows.Scan(&f.Ref, &f.CustomerID, &f.AgreementID); err != nil {
				return err
			}
			if !seen[f] {
				seen[f] = true
				found = append(found, f)
			}
			return nil
		}, q.text)
		if err != nil {
			return nil, fmt.Errorf("looking for %q: %w", text, err)
		}
	}
	sort.Slice(found, func(i, j int) bool {
		if found[i].Kind != found[j].Kind {
			return found[i].Kind < found[j].Kind
		}
		return found[i].Ref < found[j].Ref
	})
	return found, nil
}
