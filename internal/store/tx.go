package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"renewd/internal/renewal"
)

// atOnce in customers.next_look_at means: look at the household at once.
const atOnce = "1970-01-01T00:00:00Z"

// ErrNotFound is wrapped by errors about a row that does not exist.
var ErrNotFound = errors.New("not found")

// errReadOnly is what a write to a database opened for reading only answers.
var errReadOnly = errors.New("the database is open for reading only")

// Tx is one transaction. It is used by one goroutine, and only inside the
// function that it was given to.
type Tx struct {
	// ctx is given to statements, asked at the start of each. One that watched
	// asked itself would cost a goroutine each.
	ctx, asked context.Context
	db         *DB
	session    *session
	products   map[int64]*knownProduct
}

// Write runs f in one immediate transaction: nobody else writes meanwhile. What
// f wrote is durable when Write returns nil, and undone when f fails or ctx ends
// in it.
func (db *DB) Write(ctx context.Context, f func(*Tx) error) error {
	if db.writers == nil {
		return fmt.Errorf("writing to %s: %w", db.path, errReadOnly)
	}
	return db.within(ctx, db.writers, f)
}

// Read runs f in one read transaction: f sees the database as it was at its
// first query, whatever is written meanwhile.
func (db *DB) Read(ctx context.Context, f func(*Tx) error) error {
	return db.within(ctx, db.readers, f)
}

func (db *DB) within(ctx context.Context, pool *sessions, f func(*Tx) error) (err error) {
	one, err := pool.take(ctx)
	if err != nil {
		return inWords(err, db.path)
	}
	done := false
	defer func() {
		if !done { // f failed or panicked
			pool.rollback(one)
		}
	}()
	tx := &Tx{ctx: context.WithoutCancel(ctx), asked: ctx, db: db, session: one, products: map[int64]*knownProduct{}}
	if err := f(tx); err != nil {
		return inWords(err, db.path)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done = true
	return inWords(pool.commit(one), db.path)
}

// prepare returns the statement for a query.
func (tx *Tx) prepare(query string) (*sql.Stmt, error) {
	if err := tx.asked.Err(); err != nil {
		return nil, err
	}
	return tx.session.prepare(tx.ctx, query)
}

// run runs a statement.
func (tx *Tx) run(query string, args ...any) (sql.Result, error) {
	s, err := tx.prepare(query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(tx.ctx, args...)
}

// exec runs a statement and returns the number of rows that it changed.
func (tx *Tx) exec(query string, args ...any) (int64, error) {
	result, err := tx.run(query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert runs an INSERT of one row and returns its id.
func (tx *Tx) insert(query string, args ...any) (int64, error) {
	result, err := tx.run(query, args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// query runs a query and gives each row to scan.
func (tx *Tx) query(query string, scan func(*sql.Rows) error, args ...any) error {
	s, err := tx.prepare(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(tx.ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one reads one row into dest; where there is none the error is sql.ErrNoRows.
func (tx *Tx) one(query string, args []any, dest ...any) error {
	s, err := tx.prepare(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(tx.ctx, args...).Scan(dest...)
}

// meta returns a single value of the table meta, empty where it has none.
func (tx *Tx) meta(key string) (string, error) {
	var value string
	err := tx.one(`SELECT value FROM meta WHERE key = ?`, []any{key}, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// setMeta stores a single value; an empty one is removed.
func (tx *Tx) setMeta(key, value string) error {
	if value == "" {
		_, err := tx.exec(`DELETE FROM meta WHERE key = ?`, key)
		return err
	}
	_, err := tx.exec(`INSERT INTO meta(key, value) VALUES (?1, ?2)
		ON CONFLICT(key) DO UPDATE SET value = ?2 WHERE value <> ?2`, key, value)
	return err
}

// Meta returns a single value kept in the database, such as a key for links;
// empty where there is none.
func (tx *Tx) Meta(key string) (string, error) {
	value, err := tx.meta(key)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", key, err)
	}
	return value, nil
}

// SetMeta stores a single value; the empty one removes it.
func (tx *Tx) SetMeta(key, value string) error {
	if err := tx.setMeta(key, value); err != nil {
		return fmt.Errorf("storing %s: %w", key, err)
	}
	return nil
}

// The helpers below turn the zero values of the hub into NULL.

func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return renewal.FormatStamp(t)
}

func dateOrNull(d renewal.Date) any {
	if d.IsZero() {
		return nil
	}
	return d.String()
}

func idOrNull(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
