package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// site is a machine's state directory with its database.
type site struct {
	t  *testing.T
	db *DB
	in Instance
}

func newSite(t *testing.T) *site {
	t.Helper()
	db := newOutbox(t)
	return &site{t: t, db: db, in: Instance{StateFile: filepath.Join(filepath.Dir(db.Path()), "instance"), Machine: "machine-1"}}
}

func (s *site) standing(want Standing) {
	s.t.Helper()
	got, err := CheckInstance(context.Background(), s.db, s.in)
	if err != nil || got != want {
		s.t.Errorf("the database is %q, want %q: %v", got, want, err)
	}
	if got.MaySend() == (got.Sentence() != "") {
		s.t.Errorf("%s: may send is %v, but the sentence is %q", got, got.MaySend(), got.Sentence())
	}
}

// send claims a message as the daemon does.
func (s *site) send(m Message, at time.Time) {
	s.t.Helper()
	if err := TakeOwnership(context.Background(), s.db, s.in, at); err != nil {
		s.t.Fatal(err)
	}
	var progress int64
	write(s.t, s.db, func(tx *Tx) error {
		_, err := tx.Claim(m, at)
		if err == nil {
			progress, err = tx.CountProgress(at)
		}
		return err
	})
	if err := SaveProgress(s.in, s.db, progress, at); err != nil {
		s.t.Fatal(err)
	}
}

// copyTo opens a copy of the database as it stands now.
func (s *site) copyTo(path string) *DB {
	s.t.Helper()
	if err := s.db.Backup(context.Background(), path); err != nil {
		s.t.Fatal(err)
	}
	return openDB(s.t, path)
}

func (s *site) adopt(want int) {
	s.t.Helper()
	n, err := Adopt(context.Background(), s.db, s.in, now)
	if err != nil || n != want {
		s.t.Errorf("adopted with %d uncertain, want %d: %v", n, want, err)
	}
}

func TestInstanceOwnsWhatItSendsFrom(t *testing.T) {
	s := newSite(t)
	s.standing(Unowned)
	s.send(letterToAnn, now)
	s.standing(Own)
	s.send(noticeToDan, now)
	s.standing(Own)
	s.adopt(0)
	read(t, s.db, func(tx *Tx) error {
		n, at, err := tx.Progress()
		if n != 2 || !at.Equal(now) {
			t.Errorf("progress %d at %s", n, at)
		}
		return err
	})
	text, err := os.ReadFile(s.in.StateFile)
	if err != nil || !strings.Contains(string(text), `"machine":"machine-1"`) || !strings.Contains(string(text), `"progress":2,`) ||
		!strings.Contains(string(text), `"at":"2027-03-01T08:00:00Z"`) {
		t.Errorf("the state file is %s %v", text, err)
	}
}

func TestInstanceCopies(t *testing.T) {
	s := newSite(t)
	s.send(letterToAnn, now)
	text, err := os.ReadFile(s.in.StateFile)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	fork := &site{t: t, db: s.copyTo(filepath.Join(elsewhere, "renewd.db")),
		in: Instance{StateFile: filepath.Join(elsewhere, "instance"), Machine: "machine-1"}}
	fork.standing(IsCopy) // the database alone

	if err := os.WriteFile(fork.in.StateFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	fork.standing(IsCopy) // the whole folder, on the same machine
	cloned := *s
	cloned.in.Machine = "machine-2"
	cloned.standing(IsCopy) // the whole machine

	fork.adopt(0)
	fork.standing(Own)
	s.standing(Own) // its own file knows nothing of the fork
	fork.send(noticeToDan, now)
	fork.standing(Own)
}

func TestInstanceNameWins(t *testing.T) {
	s := newSite(t)
	s.in.Name = "shop"
	s.send(letterToAnn, now)
	moved := *s
	moved.in.Machine = "machine-2"
	moved.in.StateFile = filepath.Join(t.TempDir(), "instance")
	moved.standing(Own)
	moved.in.Name = "other"
	moved.standing(IsCopy)
	moved.in.Name = ""
	moved.standing(IsCopy)
}

func TestInstanceRestoredBackup(t *testing.T) {
	for _, when := range []string{"before the first message", "after the first message"} {
		t.Run(when, func(t *testing.T) {
			s := newSite(t)
			backup := filepath.Join(t.TempDir(), "backup.db")
			later := now.Add(48 * time.Hour)
			if when == "after the first message" {
				s.send(letterToAnn, now)
			}
			restored := &site{t: t, in: s.in, db: s.copyTo(backup)}
			if when == "before the first message" {
				s.send(letterToAnn, now)
			}
			s.send(noticeToDan, later)
			// Dan's notice left after the backup; something else is not due yet.
			run(t, restored.db, `INSERT INTO reminders(id, customer_id, agreement_id, rule, step, class, ends_on, due_at, not_after, state, planned_at, decided_at)
				VALUES (4, 4, 3, 'r', 's', 'notice', '2027-06-30', '2027-03-03T08:00:01Z', '2027-05-31T21:59:59Z', 'planned', '2027-01-01T08:00:00Z', '2027-01-01T08:00:00Z'),
				 (5, 4, 3, 'r', 'old', 'notice', '2027-06-30', '2026-03-03T08:00:01Z', '2026-05-31T21:59:59Z', 'planned', '2026-01-01T08:00:00Z', '2026-01-01T08:00:00Z')`)
			restored.standing(Restored)
			// The message that the backup had as claimed left after it.
			want, tasks, states := 3, "1", "1|uncertain;2|uncertain;3|uncertain;4|planned;5|planned"
			if when == "before the first message" {
				want, tasks, states = 4, "4", "1|uncertain;2|uncertain;3|uncertain;4|planned;5|uncertain"
			}
			restored.adopt(want)
			restored.standing(Own)
			wantRows(t, restored.db, `SELECT id, state FROM reminders ORDER BY id`, states)
			wantRows(t, restored.db, `SELECT count(*) FROM tasks WHERE kind = 'uncertain' AND text LIKE '%backup was restored%'`, tasks)
			restored.adopt(0)
		})
	}
}

// TestInstanceReplacedFile: a standby that was restored into the place of the
// database may lack the very last commits, those that say that messages were
// streaming, although all claims are in it: what it has as claimed is in doubt.
func TestInstanceReplacedFile(t *testing.T) {
	s := newSite(t)
	s.send(letterToAnn, now) // claimed; its streaming never came to the standby
	s.standing(Own)
	if replaced, err := s.in.Replaced(s.db); replaced || err != nil {
		t.Fatalf("in its place: %v, %v", replaced, err)
	}
	path := filepath.Join(t.TempDir(), "renewd.db")
	if err := s.db.Backup(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	restored := &site{t: t, in: s.in, db: openDB(t, path)}
	restored.standing(Own)
	replaced, err := s.in.Replaced(restored.db)
	if !replaced || err != nil {
		t.Fatalf("restored: %v, %v", replaced, err)
	}
	write(t, restored.db, func(tx *Tx) error {
		done, err := tx.Rescue(nil, replaced, now)
		if done != (Rescued{Uncertain: 2}) {
			t.Errorf("rescued %+v", done)
		}
		return err
	})
}

// TestInstanceNewDatabase: a database made anew in the same place is no
// restored backup.
func TestInstanceNewDatabase(t *testing.T) {
	s := newSite(t)
	s.send(letterToAnn, now)
	anew := &site{t: t, in: s.in, db: newOutbox(t)}
	anew.standing(Unowned)
	anew.send(letterToAnn, now)
	anew.standing(Own)
	s.standing(Restored) // the old one was left behind
}

func TestInstanceDamagedStateFile(t *testing.T) {
	s := newSite(t)
	s.send(letterToAnn, now)
	if err := os.WriteFile(s.in.StateFile, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := CheckInstance(context.Background(), s.db, s.in)
	if err == nil || !strings.Contains(err.Error(), "is damaged; remove it and run `renewd adopt`") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(s.in.StateFile); err != nil {
		t.Fatal(err)
	}
	s.standing(IsCopy)
	if err := SaveProgress(s.in, s.db, 9, now); err == nil {
		t.Error("progress was saved into nothing")
	}
	s.adopt(0)
	s.standing(Own)
}
