// Package store keeps everything renewd knows in one SQLite file: facts
// (customers, products, agreements, events), what was decided about each
// reminder, what was sent, and what waits for a person. It hands out dossiers,
// one household at a time, and writes down what the pure rooms decided.
//
// There is one writer at a time and every write is one immediate transaction
// that is on the disk when it returns. Instants and dates are stored as text
// (2027-03-01T08:00:00Z, 2027-03-01), so that sqlite3 shows them readable.
// Nothing here reads a clock: the caller gives one timestamp per transaction.
package store
