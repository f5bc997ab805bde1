package daemon

import (
	"context"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// The names of the chores. In meta, "last_" and the name is when one last ended
// well, and "awaited_" and the name since when one that never ran is waited for.
const (
	backupChore = "backup"
	purgeChore  = "purge"
)

// choreReport is how one chore is doing.
type choreReport struct {
	last    time.Time // when it last ended well; zero for never
	failing time.Time // since when it fails; zero where it does not
	failure string
}

// doChores runs the backup and the purge, one after the other, and at the start
// those whose time went by while nothing ran.
func (s *Server) doChores(ctx context.Context) {
	s.catchUp(ctx, s.o().backups(), backupChore, s.backup)
	s.catchUp(ctx, s.o().Purge, purgeChore, s.purge)
	for {
		select {
		case <-ctx.Done():
			return
		case do := <-s.chores:
			do(ctx)
		}
	}
}

// catchUp runs a chore whose time came since it last ran. One that never ran
// waits for its first time.
func (s *Server) catchUp(ctx context.Context, schedule *Schedule, name string, do func(context.Context)) {
	last, awaited, err := s.choreTimes(ctx, name)
	s.noteChore(name, func(r *choreReport) { r.last = last })
	now := s.o().Engine.Clock()
	switch {
	case ctx.Err() != nil || schedule == nil:
	case err != nil:
		s.at.Log.Error("finding out what was missed", "error", err)
	case last.IsZero() && awaited.IsZero():
		err = s.o().Engine.DB.Write(ctx, func(tx *store.Tx) error { return tx.SetMeta("awaited_"+name, renewal.FormatStamp(now)) })
		if err != nil && ctx.Err() == nil {
			s.at.Log.Error("noting since when a "+name+" is waited for", "error", err)
		}
	default:
		if last.IsZero() {
			last = awaited
		}
		if next := schedule.Next(last); !next.IsZero() && !next.After(now) {
			do(ctx)
		}
	}
}

// choreTimes reads when a chore last ended well and since when it is waited for;
// zero for never.
func (s *Server) choreTimes(ctx context.Context, name string) (last, awaited time.Time, err error) {
	err = s.o().Engine.DB.Read(ctx, func(tx *store.Tx) error {
		for key, at := range map[string]*time.Time{"last_" + name: &last, "awaited_" + name: &awaited} {
			text, err := tx.Meta(key)
			if err == nil && text != "" {
				*at, err = renewal.ParseStamp(text)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return last, awaited, err
}

func (s *Server) backup(ctx context.Context) {
	db, now := s.o().Engine.DB, s.o().Engine.Clock()
	path, err := s.o().Backups.Backup(ctx, db, now)
	s.choreDone(ctx, backupChore, now, err, "file", path)
}

func (s *Server) purge(ctx context.Context) {
	db, now := s.o().Engine.DB, s.o().Engine.Clock()
	jumped := false
	err := db.Read(ctx, func(tx *store.Tx) error {
		at, err := tx.ClockJumped()
		jumped = !at.IsZero()
		return err
	})
	if err == nil && jumped {
		s.at.Log.Warn("nothing is removed while the clock is not trusted: see renewd tasks")
		return
	}
	var done store.Purged
	if err == nil {
		done, err = s.o().Keeping.Purge(ctx, db, now)
	}
	s.choreDone(ctx, purgeChore, now, err, "contents", done.Contents, "events", done.Events)
}

// choreDone notes how a chore went. One that the end of the process interrupted
// is made up for at the next start.
func (s *Server) choreDone(ctx context.Context, name string, now time.Time, err error, details ...any) {
	if err == nil {
		err = s.o().Engine.DB.Write(ctx, func(tx *store.Tx) error { return tx.SetMeta("last_"+name, renewal.FormatStamp(now)) })
	}
	switch {
	case err == nil:
		s.noteChore(name, func(r *choreReport) { *r = choreReport{last: now} })
		s.at.Log.Info(name, details...)
	case ctx.Err() != nil:
		s.at.Log.Info("the "+name+" was interrupted", "error", err)
	default:
		s.noteChore(name, func(r *choreReport) {
			r.failure = err.Error()
			if r.failing.IsZero() {
				r.failing = now
			}
		})
		s.at.Log.Error("the "+name+" failed", "error", err)
	}
}

// noteChore changes what is known of a chore.
func (s *Server) noteChore(name string, change func(*choreReport)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.done[name]
	change(&r)
	s.done[name] = r
}
