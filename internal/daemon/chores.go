package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// BackupPlan says where scheduled copies of the database go and how many are
// kept; an empty Dir means that none are made.
type BackupPlan struct {
	Dir  string
	Keep int
}

// backupSuffix ends the names of scheduled copies; before it stand the name of
// the database and the instant.
const backupSuffix = ".backup.db"

// Backup makes a copy of the database and removes the oldest ones beyond Keep.
// It returns the path of the copy.
func (p BackupPlan) Backup(ctx context.Context, db *store.DB, now time.Time) (string, error) {
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return "", fmt.Errorf("the folder of backups: %w", err)
	}
	base := strings.TrimSuffix(filepath.Base(db.Path()), ".db") + "-"
	path := filepath.Join(p.Dir, base+now.UTC().Format("20060102T150405Z")+backupSuffix)
	if err := db.Backup(ctx, path); err != nil {
		return "", err
	}
	made, err := filepath.Glob(filepath.Join(p.Dir, "*"+backupSuffix))
	if err != nil {
		return path, err
	}
	made = slices.DeleteFunc(made, func(name string) bool { return !strings.HasPrefix(filepath.Base(name), base) })
	slices.Sort(made) // by age, as the instant is in the name
	for len(made) > p.Keep {
		if err := os.Remove(made[0]); err != nil {
			return path, fmt.Errorf("removing an old backup: %w", err)
		}
		made = made[1:]
	}
	return path, nil
}

// Keeping says for how long things are kept; a zero period keeps them for ever.
type Keeping struct {
	// Notices and Commercial are about the bytes of sent messages, Events about
	// uses and clicks.
	Notices, Commercial, Events renewal.Period
}

// Purge removes what has had its time, in small transactions.
func (k Keeping) Purge(ctx context.Context, db *store.DB, now time.Time) (store.Purged, error) {
	today := renewal.LocalDate(now, time.UTC)
	until := func(p renewal.Period) time.Time {
		if p.IsZero() {
			return time.Time{}
		}
		return renewal.StartOf(today.Sub(p), time.UTC)
	}
	keep := store.Keep{Notices: until(k.Notices), Commercial: until(k.Commercial), Events: until(k.Events)}
	var done store.Purged
	for more := true; more; {
		err := db.Write(ctx, func(tx *store.Tx) (err error) {
			done, more, err = tx.Purge(keep, done)
			return err
		})
		if err != nil {
			return done, err
		}
	}
	return done, nil
}
