package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"renewd/internal/renewal"
)

// The keys of meta that the guard against copies uses.
const (
	metaDatabase   = "database"    // random, from the first migration: copies share it
	metaOwner      = "owner"       // the instance that sends
	metaProgress   = "progress"    // a number that grows with each claiming transaction
	metaProgressAt = "progress_at" // when it last grew
)

// Instance says who wants to send from a database.
type Instance struct {
	// StateFile is the path of the file `instance` in the state directory.
	StateFile string
	// Machine is the id of this machine, as the system knows it.
	Machine string
	// Name is [instance] name of the configuration. Where it is set it wins
	// over the machine and the place of the state file.
	Name string
}

// Standing is how a database stands to an instance.
type Standing string

// The standings. Only Own and Unowned may send.
const (
	Own      Standing = "own"      // the database belongs to this instance
	Unowned  Standing = "unowned"  // it never sent: it belongs to the first that sends
	IsCopy   Standing = "copy"     // it belongs to another instance
	Restored Standing = "restored" // it is older than what this instance last wrote
)

// MaySend reports whether reminders may leave.
func (s Standing) MaySend() bool { return s == Own || s == Unowned }

// Sentence says what the standing means and what to do, empty for Own and
// Unowned.
func (s Standing) Sentence() string {
	switch s {
	case IsCopy:
		return "this database belongs to another instance, so nothing is sent from it; " +
			"if this is now the one that sends, and the other never will again, run `renewd adopt`"
	case Restored:
		return "this database is older than what was last sent from it (a restored backup?), so nothing is sent; " +
			"run `renewd adopt` to go on: reminders that may have left in between then wait for a decision each"
	}
	return ""
}

// identity is what the database says about itself.
type identity struct {
	database, owner string
	progress        int64
	at              time.Time // of the last progress
}

func (tx *Tx) identity() (id identity, err error) {
	if id.database, err = tx.Meta(metaDatabase); err != nil {
		return id, err
	}
	if id.owner, err = tx.Meta(metaOwner); err != nil {
		return id, err
	}
	id.progress, id.at, err = tx.Progress()
	return id, err
}

// CheckInstance compares the database with the state file. It changes neither.
func CheckInstance(ctx context.Context, db *DB, in Instance) (Standing, error) {
	file, err := in.read()
	if err != nil {
		return "", err
	}
	var id identity
	err = db.Read(ctx, func(tx *Tx) error {
		id, err = tx.identity()
		return err
	})
	if err != nil {
		return "", fmt.Errorf("whom the database belongs to: %w", err)
	}
	return in.standing(file, id), nil
}

func (in Instance) standing(file state, id identity) Standing {
	wroteMore := file.Database == id.database && file.Progress > id.progress
	switch {
	case id.owner == "" && in.trusts(file) && wroteMore:
		return Restored // a backup from before the first message
	case id.owner == "":
		return Unowned
	case id.owner != in.id(file):
		return IsCopy
	case in.trusts(file) && (wroteMore || file.Database != id.database):
		return Restored // older, or left behind when this instance went on with another
	}
	return Own
}

// trusts reports whether the state file speaks of this instance.
func (in Instance) trusts(file state) bool { return file.ID != "" && in.id(file) == file.ID }

// id is what the database of this instance has as its owner, empty where this
// instance is still without an id.
func (in Instance) id(file state) string {
	if in.Name != "" {
		return "name:" + in.Name
	}
	if file.Machine != in.Machine || file.Place != in.place() {
		return ""
	}
	return file.ID
}

// TakeOwnership makes an unowned database this instance's own, before its first
// claim. It does nothing to one that is owned already.
func TakeOwnership(ctx context.Context, db *DB, in Instance, now time.Time) error {
	return db.Write(ctx, func(tx *Tx) error {
		id, err := tx.identity()
		if err != nil || id.owner != "" {
			return err
		}
		return in.own(tx, id, now)
	})
}

// own writes the state file first: should the transaction fail after it, the
// database is as unowned as before.
func (in Instance) own(tx *Tx, id identity, now time.Time) error {
	file, err := in.read()
	if err != nil {
		return err
	}
	owner := in.id(file)
	if owner == "" {
		owner = rand.Text()
	}
	err = in.write(state{ID: owner, Database: id.database, Progress: id.progress, At: now, File: tx.db.file()})
	if err != nil {
		return err
	}
	return tx.SetMeta(metaOwner, owner)
}

// SaveProgress writes down beside the database how far this instance got. It
// comes after the commit of a transaction with claims and before their messages
// leave; progress is what Tx.CountProgress returned in that transaction.
func SaveProgress(in Instance, db *DB, progress int64, now time.Time) error {
	file, err := in.read()
	if err != nil {
		return err
	}
	if !in.trusts(file) {
		return fmt.Errorf("the state file %s was removed or replaced while it was in use", in.StateFile)
	}
	file.Progress, file.At, file.File = progress, now, db.file()
	return in.write(file)
}

// Replaced reports whether another file stands in the place of the database that
// this instance last wrote to, such as one that a standby was restored into. It
// may lack the very last moments even if it is as far as the state file says.
func (in Instance) Replaced(db *DB) (bool, error) {
	file, err := in.read()
	if err != nil {
		return false, err
	}
	return file.File != "" && in.trusts(file) && file.File != db.file(), nil
}

// file identifies the file of the database; empty where the system cannot tell.
func (db *DB) file() string {
	info, err := os.Stat(db.path)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

// Adopt makes the database this instance's own, whatever it was. Where the
// state file says that this very database was further once (a restored backup),
// every unsent reminder that may have been sent since becomes uncertain, with a
// task each; Adopt returns how many those are. So that all of them have rows, a
// pass plans the database before.
func Adopt(ctx context.Context, db *DB, in Instance, now time.Time) (uncertain int, err error) {
	file, err := in.read()
	if err != nil {
		return 0, err
	}
	err = db.Write(ctx, func(tx *Tx) error {
		id, err := tx.identity()
		if err != nil || in.standing(file, id) == Own {
			return err
		}
		if file.Database == id.database && file.Progress > id.progress {
			// What was claimed when the backup was made left after it.
			claimed, err := tx.Rescue(nil, true, now)
			if err != nil {
				return err
			}
			if uncertain, err = tx.doubtGap(id.at, file.At, now); err != nil {
				return err
			}
			uncertain += claimed.Uncertain
			// It never goes back, else the next start would ask again.
			id.progress = file.Progress
			if err := tx.setProgress(file.Progress, file.At); err != nil {
				return err
			}
		}
		_, err = tx.exec(closeCured+`kind = ?1`, string(renewal.TaskCopy), renewal.FormatStamp(now))
		if err != nil {
			return err
		}
		if err := tx.WakeAll(); err != nil { // what waited because of the copy
			return err
		}
		return in.own(tx, id, now)
	})
	if err != nil {
		return 0, fmt.Errorf("adopting the database: %w", err)
	}
	return uncertain, nil
}

// doubtGap makes every unsent reminder uncertain that may have left between
// what this database last knew and what the state file says. One that a use
// brought forward has been due on another day, if another use came since.
func (tx *Tx) doubtGap(from, to, now time.Time) (int, error) {
	var gap []concernedReminder
	err := tx.query(`SELECT id, customer_id, coalesce(agreement_id, 0), rule, step FROM reminders
		WHERE state IN ('planned', 'waiting', 'due') AND not_after >= ?1 AND (due_at <= ?2 OR step = '`+renewal.StepAfterUse+`') ORDER BY id`,
		func(rows *sql.Rows) error {
			var r concernedReminder
			err := rows.Scan(&r.id, &r.customer, &r.agreement, &r.rule, &r.step)
			gap = append(gap, r)
			return err
		}, renewal.FormatStamp(from), renewal.FormatStamp(to))
	for _, r := range gap {
		if err == nil {
			_, err = tx.exec(`UPDATE reminders SET state = 'uncertain', reason = 'in_doubt', until = NULL, decided_at = ?2 WHERE id = ?1`,
				r.id, renewal.FormatStamp(now))
		}
		if err == nil {
			text := fmt.Sprintf("the %s (%s) may have left before the backup was restored: `renewd retry %d` sends it, "+
				"else close this task", r.rule, r.step, r.id)
			err = tx.askAbout(r, renewal.TaskUncertain, "restored:"+renewal.FormatStamp(to), text, now)
		}
	}
	return len(gap), err
}

// CountProgress counts one step of progress: once in each transaction with
// claims. It returns what SaveProgress is to write down after its commit.
func (tx *Tx) CountProgress(now time.Time) (progress int64, err error) {
	n, _, err := tx.Progress()
	if err != nil {
		return 0, err
	}
	return n + 1, tx.setProgress(n+1, now)
}

func (tx *Tx) setProgress(n int64, at time.Time) error {
	return errors.Join(
		tx.SetMeta(metaProgress, strconv.FormatInt(n, 10)),
		tx.SetMeta(metaProgressAt, renewal.FormatStamp(at)),
	)
}

// Progress returns how many transactions with claims this database has seen and when the last one
// was (zero: never).
func (tx *Tx) Progress() (n int64, at time.Time, err error) {
	count, err := tx.Meta(metaProgress)
	if err != nil || count == "" {
		return 0, time.Time{}, err
	}
	if n, err = strconv.ParseInt(count, 10, 64); err != nil {
		return 0, time.Time{}, fmt.Errorf("the progress kept in the database: %w", err)
	}
	text, err := tx.Meta(metaProgressAt)
	if err == nil {
		at, err = parseStamp(text)
	}
	return n, at, err
}
