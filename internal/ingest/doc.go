// Package ingest reads what spreadsheets write: a CSV file in, rows of
// normalised text or a list of faults out. It knows the columns of the four
// kinds of file (customers, products, agreements, events), settles how a file
// is encoded, separated and dated, and checks every cell by itself and against
// the other cells of its row. What needs the database (whether a ref is known)
// is checked by whoever takes the rows.
//
// A file is read as a stream, never as a whole, and up to four times: for its
// encoding, for its separator, for the formats of its date columns, and for its
// rows.
//
// Every cell of a good row is one of three things: "" says nothing, Erase says
// that there shall be nothing, and anything else is a value in one fixed
// spelling: characters in composed form (NFC), dates 2027-03-01, periods as renewal.Period writes them, yes and no
// as 1 and 0, money as a whole number of the minor unit of its currency. So two
// files that say the same in two dialects give equal cells.
package ingest
