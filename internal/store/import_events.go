package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// importSource is the source of events that a file brought.
const importSource = "import"

// mostWarnings bounds the sentences about single rows; the rest is counted.
const mostWarnings = 20

// knownRefs bounds what is remembered of refs that were looked up.
const knownRefs = 100_000

// eventRows takes the rows of a file of events.
type eventRows struct {
	*importer
	products   knownProducts
	empty      bool // no event was imported yet
	customers  map[string]eventCustomer
	agreements map[string]eventAgreement
	// equal counts the rows without an id by their contents; ids are those of
	// the file, by their hash.
	equal  map[[16]byte]int
	ids    map[uint64]eventID
	moved  idSet
	future int
}

type eventCustomer struct {
	id   int64 // 0: not known
	zone *time.Location
}

type eventAgreement struct {
	id, customer int64
}

type eventID struct {
	line int32
	sum  [16]byte
}

func newEventRows(imp *importer) (*eventRows, error) {
	e := &eventRows{importer: imp, customers: map[string]eventCustomer{}, agreements: map[string]eventAgreement{},
		equal: map[[16]byte]int{}, ids: map[uint64]eventID{}}
	var err error
	if e.products, err = loadProducts(imp.tx); err != nil {
		return nil, err
	}
	var some bool
	err = imp.tx.one(`SELECT EXISTS (SELECT 1 FROM events WHERE source = ?)`, []any{importSource}, &some)
	e.empty = !some
	return e, err
}

// table is empty: events have no refs and never vanish.
func (e *eventRows) table() string { return "" }

func (e *eventRows) done() error {
	if e.future > mostWarnings {
		e.result.Warnings = append(e.result.Warnings, fmt.Sprintf("%s: %d more events lie in the future", e.opt.File, e.future-mostWarnings))
	}
	return nil
}

func (e *eventRows) take(string) error {
	customer, agreement, good, err := e.whose()
	if err != nil {
		return err
	}
	product, known := e.products[e.value("product")]
	if ref := e.value("product"); ref != "" && !known {
		e.fault("product", ref, "no product has this ref; import the products first")
		good = false
	}
	if !good {
		return nil
	}
	sum := e.sum()
	digest := hex.EncodeToString(sum[:])
	id, again, good := e.identity(sum, digest)
	if !good || again {
		return nil
	}
	if !e.empty {
		if again, good, err = e.isStored(id, digest); err != nil || again || !good {
			return err
		}
	}
	at, err := e.instant(customer.zone)
	if err != nil {
		return err
	}
	e.result.Added++
	if renewal.EventType(e.get("type")).MovesTerms() && !e.moved.has(customer.id) {
		e.moved.add(customer.id)
		e.result.Settle = append(e.result.Settle, customer.id)
	}
	return e.spool.add(query0(`INSERT INTO events(type, at, customer_id, agreement_id, product_id, channel, quantity, amount_minor,
		currency, until, note, source, source_id, digest, stored_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
		e.get("type"), at, customer.id, idArg(agreement, tableAgreements), idArg(product.id, tableProducts), e.value("channel"),
		integerOrNull(e.value("quantity")), integerOrNull(e.value("amount")), e.value("currency"), textOrNull(e.value("until")), e.value("note"),
		importSource, id, digest, e.now)
}

// whose finds the customer and the agreement of the row at hand.
func (e *eventRows) whose() (c eventCustomer, agreement int64, good bool, err error) {
	good = true
	if ref := e.value("agreement"); ref != "" {
		a, err := e.agreement(ref)
		if err != nil {
			return c, 0, false, err
		}
		if a.id == 0 {
			e.fault("agreement", ref, "no agreement has this ref; import the agreements first")
			good = false
		} else if c, err = e.customer(`SELECT id, time_zone FROM customers WHERE id = ?`, a.customer, "#"+strconv.FormatInt(a.customer, 10)); err != nil {
			return c, 0, false, err
		}
		agreement = a.id
	}
	ref := e.value("customer")
	if ref == "" {
		return c, agreement, good, nil
	}
	named, err := e.customer(`SELECT id, time_zone FROM customers WHERE ref = ?`, ref, "="+ref)
	switch {
	case err != nil:
		return c, 0, false, err
	case named.id == 0:
		e.fault("customer", ref, "no customer has this ref; import the customers first")
		good = false
	case c.id != 0 && c.id != named.id:
		e.fault("customer", ref, fmt.Sprintf("the agreement %s belongs to another customer; correct one of the two, or leave the customer empty", e.value("agreement")))
		good = false
	}
	return named, agreement, good, nil
}

func (e *eventRows) customer(query string, arg any, key string) (eventCustomer, error) {
	if c, ok := e.customers[key]; ok {
		return c, nil
	}
	c := eventCustomer{zone: e.tx.db.Zone()}
	var zone string
	err := e.tx.one(query, []any{arg}, &c.id, &zone)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c, err
	}
	if zone != "" {
		// A zone that was mistyped is reported with the customer's facts.
		if loc, err := e.tx.db.zones.load(zone); err == nil {
			c.zone = loc
		}
	}
	if len(e.customers) >= knownRefs {
		clear(e.customers)
	}
	e.customers[strings.Clone(key)] = c
	return c, nil
}

func (e *eventRows) agreement(ref string) (eventAgreement, error) {
	if a, ok := e.agreements[ref]; ok {
		return a, nil
	}
	var a eventAgreement
	err := e.tx.one(`SELECT id, customer_id FROM agreements WHERE ref = ?`, []any{ref}, &a.id, &a.customer)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return a, err
	}
	if len(e.agreements) >= knownRefs {
		clear(e.agreements)
	}
	e.agreements[strings.Clone(ref)] = a
	return a, nil
}

// sum is a fingerprint of what the row at hand says, but for its id.
func (e *eventRows) sum() (sum [16]byte) {
	h := sha256.New()
	for _, name := range []string{"type", "at", "customer", "agreement", "product", "channel", "quantity", "amount", "currency", "until", "note"} {
		cell := e.value(name)
		fmt.Fprintf(h, "%d:", len(cell)) // keeps neighbouring texts apart
		h.Write([]byte(cell))
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

// identity is the event's own id, or its contents and their count among equal
// rows of the file. again is true where the file has the same event already.
func (e *eventRows) identity(sum [16]byte, digest string) (id string, again, good bool) {
	id = e.value("id")
	if id == "" {
		e.equal[sum]++
		return fmt.Sprintf("row:%s:%d", digest, e.equal[sum]), false, true
	}
	key := maphash.String(e.hash, id)
	first, twice := e.ids[key]
	switch {
	case !twice:
		e.ids[key] = eventID{int32(e.line), sum}
		return id, false, true
	case first.sum == sum:
		e.result.Unchanged++
		return id, true, true
	}
	e.fault("id", id, fmt.Sprintf("line %d has this same id and other contents; correct one of the two", first.line))
	return id, false, false
}

// isStored reports whether an earlier import brought this event; the same id
// with other contents is a fault.
func (e *eventRows) isStored(id, digest string) (again, good bool, err error) {
	stored, known, err := e.tx.eventDigest(importSource, id)
	switch {
	case err != nil:
		return false, false, err
	case stored == 0:
		return false, true, nil
	case known == digest || known == "": // one typed in by hand contradicts nothing
		e.result.Unchanged++
		return true, true, nil
	}
	e.fault("id", id, "an event with this id and other contents was imported before; events are never changed, so give this one an id of its own")
	return false, false, nil
}

// instant is when the event was, in UTC. A date without a time is its start
// where the customer is.
func (e *eventRows) instant(zone *time.Location) (string, error) {
	at, err := readInstant(e.get("at"), zone)
	if err != nil {
		return "", err
	}
	if at.After(e.opt.Now) {
		if e.future++; e.future <= mostWarnings {
			e.warn(fmt.Sprintf("the event lies in the future; it counts from %s on", renewal.FormatStamp(at)))
		}
	}
	return renewal.FormatStamp(at), nil
}

// readInstant reads the three spellings in which ingest writes instants: a
// date, a date with a time in the given zone, and UTC.
func readInstant(text string, zone *time.Location) (time.Time, error) {
	if strings.HasSuffix(text, "Z") {
		return renewal.ParseStamp(text)
	}
	if len(text) == len("2006-01-02") {
		d, err := renewal.ParseDate(text)
		return renewal.StartOf(d, zone), err
	}
	local, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time such as 2027-03-01T08:00:00", text)
	}
	at := renewal.At(renewal.LocalDate(local, time.UTC), local.Hour()*60+local.Minute(), zone)
	if shown := at.In(zone); shown.Hour() != local.Hour() || shown.Minute() != local.Minute() {
		return at, nil // clocks skipped this time: the first instant after the gap
	}
	return at.Add(time.Duration(local.Second()) * time.Second), nil
}
