// Package renewal is the hub of the house: the plain words that every other
// room speaks, and the arithmetic that belongs to those words alone (civil
// dates, calendar periods, wall clocks, and how facts move the term of an
// agreement). It imports no other room, reads no clock and does no I/O.
//
// Two kinds of time are kept apart throughout:
//
//   - a Date is a civil date without a zone;
//   - an instant is a time.Time in UTC with whole seconds.
//
// Only the functions of zone.go turn one into the other, and they always take
// the zone as an argument.
package renewal
