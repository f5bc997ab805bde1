// Package migrations holds the numbered steps of the database schema, as SQL
// that the sqlite3 shell of version 3.40 and newer can read as well.
package migrations

import "embed"

// FS has the files NNNN_name.sql; the store applies them in order.
//
//go:embed *.sql
var FS embed.FS
