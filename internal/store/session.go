package store

import (
	"context"
	"database/sql"
	"errors"
)

// mostStatements bounds the statements that a session keeps.
const mostStatements = 200

// sessions lends the connections of a pool, each with the statements prepared on
// it: preparing them anew for every transaction costs more than running them.
type sessions struct {
	pool  *sql.DB
	begin string
	// free holds the sessions that nobody uses; nil for one not opened yet.
	free chan *session
}

// session is one connection, used by one transaction at a time.
type session struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

func newSessions(pool *sql.DB, size int, begin string) *sessions {
	s := &sessions{pool: pool, begin: begin, free: make(chan *session, size)}
	for range size {
		s.free <- nil
	}
	return s
}

// take begins a transaction on a free session, waiting for one until ctx ends.
func (s *sessions) take(ctx context.Context) (*session, error) {
	var one *session
	select {
	case one = <-s.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var err error
	if one == nil {
		one = &session{statements: map[string]*sql.Stmt{}}
		if one.conn, err = s.pool.Conn(ctx); err != nil {
			s.free <- nil
			return nil, err
		}
	}
	if _, err = one.conn.ExecContext(ctx, s.begin); err != nil {
		s.discard(one)
		return nil, err
	}
	return one, nil
}

// commit ends the transaction of a session and gives the session back.
func (s *sessions) commit(one *session) error {
	if _, err := one.conn.ExecContext(context.Background(), "COMMIT"); err != nil {
		s.rollback(one)
		return err
	}
	if len(one.statements) > mostStatements {
		one.forget()
	}
	s.free <- one
	return nil
}

// rollback undoes the transaction of a session and gives the session back. SQLite
// may have undone it already, when the disk was full for instance; a session that
// is in no known state is not used again.
func (s *sessions) rollback(one *session) {
	_, err := one.conn.ExecContext(context.Background(), "ROLLBACK")
	if err == nil {
		s.free <- one
		return
	}
	s.discard(one)
}

// discard closes a session; a new one takes its place when it is needed.
func (s *sessions) discard(one *session) {
	one.forget()
	_ = one.conn.Close() // nothing is left in it
	s.free <- nil
}

// close closes the sessions, waiting for those in use.
func (s *sessions) close() error {
	var errs []error
	for range cap(s.free) {
		if one := <-s.free; one != nil {
			one.forget()
			errs = append(errs, one.conn.Close())
		}
	}
	return errors.Join(append(errs, s.pool.Close())...)
}

// prepare returns the statement for a query, prepared once a session.
func (one *session) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := one.statements[query]; ok {
		return s, nil
	}
	s, err := one.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	one.statements[query] = s
	return s, nil
}

func (one *session) forget() {
	for _, s := range one.statements {
		_ = s.Close() // its connection may be gone
	}
	clear(one.statements)
}
