package testkit

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"renewd/internal/compose"
	"renewd/internal/daemon"
	"renewd/internal/mailout"
	"renewd/internal/plan"
	"renewd/internal/store"
	"renewd/templates"
)

// Shop is a small business with everything that belongs to it in one temporary
// directory.
type Shop struct {
	// Dir holds the database, the state directory and the maildir.
	Dir string
	// Path is the database's.
	Path string
	// DB is open between Open and Close.
	DB *store.DB
	// Settings are what the next Engine follows; Engine adds the letters.
	Settings plan.Settings
	// Letters are the administrator's own files, which win over the built-in
	// ones at the next Engine.
	Letters fstest.MapFS
	// Post is the transport of every Engine.
	Post *Post
	// Instance is who sends.
	Instance store.Instance
	// Hasty: the database commits without waiting for the disk.
	Hasty bool
	// Lines are the decisions that the engines told, in order.
	Lines []plan.Line

	tb    testing.TB
	clock func() time.Time
	// admin is a second connection, as the sqlite3 shell has.
	admin *sql.DB
}

// NewShop opens a new business. clock tells the present to the engines and dates
// the facts that the helpers type in. The end of the test closes everything.
func NewShop(tb testing.TB, set plan.Settings, clock func() time.Time) *Shop {
	tb.Helper()
	return NewShopIn(tb, tb.TempDir(), set, clock)
}

// NewShopIn is NewShop in a directory of the caller's choice, where a database
// may be already.
func NewShopIn(tb testing.TB, dir string, set plan.Settings, clock func() time.Time) *Shop {
	tb.Helper()
	s := &Shop{
		Dir: dir, Path: filepath.Join(dir, "renewd.db"), Settings: set, Letters: fstest.MapFS{},
		Post:     &Post{Maildir: mailout.NewMaildir(filepath.Join(dir, "outbox"))},
		Instance: store.Instance{StateFile: filepath.Join(dir, "instance"), Machine: "testing"},
		tb:       tb, clock: clock,
	}
	s.Open()
	tb.Cleanup(s.Close)
	return s
}

// Open opens the database, as a process does at its start.
func (s *Shop) Open() {
	s.tb.Helper()
	db, err := store.Open(context.Background(), s.Path, store.Options{Now: s.clock(), Zone: s.Settings.Zone, Hasty: s.Hasty})
	if err != nil {
		s.tb.Fatal(err)
	}
	s.DB = db
	// What people type need not survive a loss of power here.
	options := url.Values{"_busy_timeout": {"5000"}, "_synchronous": {"OFF"}, "_txlock": {"immediate"}}
	if s.admin, err = sql.Open("sqlite", "file:"+s.Path+"?"+options.Encode()); err != nil {
		s.tb.Fatal(err)
	}
	s.admin.SetMaxOpenConns(1)
}

// Close closes the database, if it is open.
func (s *Shop) Close() {
	s.tb.Helper()
	if s.DB == nil {
		return
	}
	if err := errors.Join(s.admin.Close(), s.DB.Close()); err != nil {
		s.tb.Error(err)
	}
	s.DB, s.admin = nil, nil
}

// Engine returns a new engine over the open database, as a process that has just
// started has one.
func (s *Shop) Engine() *daemon.Engine {
	s.tb.Helper()
	e, err := daemon.New(s.Options())
	if err != nil {
		s.tb.Fatal(err)
	}
	return e
}

// Options are what Engine makes an engine of.
func (s *Shop) Options() daemon.Options {
	s.tb.Helper()
	letters := compose.Load(templates.FS, s.Letters, compose.Business{Name: "Parc Aurore",
		Email: "accueil@parc-aurore.example", PostalAddress: "1 rue des Lilas, 69001 Lyon, France", Locale: s.Settings.Locale})
	set := s.Settings
	set.Broken = letters.Broken
	return daemon.Options{
		DB: s.DB, Settings: &set, Letters: letters, LettersVersion: s.LettersVersion(), Transport: s.Post,
		Sender: daemon.Sender{From: "Parc Aurore <bonjour@parc-aurore.example>", Address: "bonjour@parc-aurore.example"},
		Clock:  s.clock, Instance: s.Instance,
		Watch: func(l plan.Line) { s.Lines = append(s.Lines, l) },
	}
}

// Fingerprint is that of the present Settings.
func (s *Shop) Fingerprint() string {
	s.tb.Helper()
	fingerprint, err := daemon.Fingerprint(&s.Settings)
	if err != nil {
		s.tb.Fatal(err)
	}
	return fingerprint
}

// LettersVersion changes whenever one of the Letters does.
func (s *Shop) LettersVersion() string {
	var names []string
	for name := range s.Letters {
		names = append(names, name)
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, name := range names {
		fmt.Fprintf(sum, "%s\x00%s\x00", name, s.Letters[name].Data)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// Pass makes one pass, which has to succeed.
func (s *Shop) Pass(e *daemon.Engine) daemon.Summary {
	s.tb.Helper()
	summary, err := e.Pass(context.Background())
	if err != nil {
		s.tb.Fatalf("pass at %s: %v", s.clock().Format(time.RFC3339), err)
	}
	return summary
}

// PassUntilKilled makes one pass and reports whether the post killed the process
// in the middle of it. err is what a pass that was not killed returned.
func (s *Shop) PassUntilKilled(e *daemon.Engine) (summary daemon.Summary, killed bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			if r != any(Killed) {
				panic(r)
			}
			killed = true
		}
	}()
	summary, err = e.Pass(context.Background())
	return summary, false, err
}

// Exec runs one statement on the second connection.
func (s *Shop) Exec(statement string, args ...any) {
	s.tb.Helper()
	if _, err := s.admin.Exec(statement, args...); err != nil {
		s.tb.Fatalf("%s: %v", statement, err)
	}
}

// Hold takes SQLite's write lock on the second connection and returns what lets
// it go again.
func (s *Shop) Hold() (release func()) {
	s.tb.Helper()
	tx, err := s.admin.Begin()
	if err != nil {
		s.tb.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			s.tb.Error(err)
		}
	}
}

// Rows returns what a query on the second connection yields, one slice a row;
// NULL is the empty text.
func (s *Shop) Rows(query string, args ...any) [][]string {
	s.tb.Helper()
	rows, err := s.admin.Query(query, args...)
	if err != nil {
		s.tb.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		s.tb.Fatal(err)
	}
	var all [][]string
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		dest := make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			s.tb.Fatal(err)
		}
		row := make([]string, len(columns))
		for i := range values {
			row[i] = values[i].String
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		s.tb.Fatal(err)
	}
	return all
}

// Text is Rows in one text: columns separated by |, rows by line feeds.
func (s *Shop) Text(query string, args ...any) string {
	s.tb.Helper()
	var lines []string
	for _, row := range s.Rows(query, args...) {
		lines = append(lines, strings.Join(row, "|"))
	}
	return strings.Join(lines, "\n")
}
