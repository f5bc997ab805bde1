package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"renewd/internal/compose"
	"renewd/internal/plan"
	"renewd/internal/rulebook"
	"renewd/internal/store"
	"renewd/templates"
)

// present is the present instant, in whole seconds UTC.
func present() time.Time { return time.Now().UTC().Truncate(time.Second) }

// letters loads the built-in templates with the business's own ones over them.
func (c *Config) letters() *compose.Set {
	return compose.Load(templates.FS, os.DirFS(c.Templates), compose.Business{
		Name: c.Business.Name, Email: c.Business.answersTo(), PostalAddress: c.Business.PostalAddress, Locale: c.Business.Locale,
	})
}

// lettersVersion changes whenever a letter does, built-in or the business's own.
func (c *Config) lettersVersion() (string, error) {
	hash := sha256.New()
	for _, files := range []fs.FS{templates.FS, os.DirFS(c.Templates)} {
		names, err := fs.Glob(files, "*.*")
		if err != nil {
			return "", err
		}
		for _, name := range names {
			contents, err := fs.ReadFile(files, name)
			if err != nil {
				contents = []byte(err.Error()) // its fault is told where the letter is used
			}
			fmt.Fprintf(hash, "%q %d\n%s\n", name, len(contents), contents)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// settings is what decisions depend on besides the facts.
func (c *Config) settings(letters *compose.Set) *plan.Settings {
	return &plan.Settings{
		Rules: c.Rules, Zone: c.Business.TimeZone, Locale: c.Business.Locale,
		Hours: plan.Hours{Days: c.Send.Days, Open: c.Send.Open, Close: c.Send.Close, Holidays: c.Send.Holidays},
		Cap:   c.Send.Cap, Burst: c.Send.Burst,
		Hold: c.Complaints.Hold, AfterResolution: c.Complaints.AfterResolution,
		Book: c.Book, Calendar: rulebook.PublicHolidays(c.Notice.Holidays), Holidays: c.Notice.Holidays,
		Broken: letters.Broken,
	}
}

// openStore opens the configuration's database; readOnly never writes to it.
func (c *Config) openStore(ctx context.Context, readOnly bool) (*store.DB, error) {
	return store.Open(ctx, c.Database, store.Options{
		ReadOnly: readOnly, Now: present(), BackupDir: c.Backup.Dir, Zone: c.Business.TimeZone,
	})
}

// withStore reads the configuration and lends its database to f; readOnly never
// writes to it.
func withStore(ctx context.Context, s *Session, readOnly bool, f func(c *Config, db *store.DB) error) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	db, err := c.openStore(ctx, readOnly)
	if err != nil {
		return err
	}
	defer db.Close()
	return f(c, db)
}

// machineID is the identity of this machine as systemd knows it; empty where it
// has none.
func machineID() string {
	for _, file := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if text, err := os.ReadFile(file); err == nil {
			if id := strings.TrimSpace(string(text)); id != "" {
				return id
			}
		}
	}
	return ""
}
