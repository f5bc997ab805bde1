package daemon

import (
	"context"
	"fmt"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// doChores runs the backup and the purge, one after the other, and at the start
// those whose time went by while nothing ran.
func (s *Server) doChores(ctx context.Context) {
	s.catchUp(ctx, s.o().Backup, metaLastBackup, s.backup)
	s.catchUp(ctx, s.o().Purge, metaLastPurge, s.purge)
	for {
		select {
		case <-ctx.Done():
			return
		case do := <-s.chores:
			do(ctx)
		}
	}
}

// The keys of meta that say when a chore last ended well.
const (
	metaLastBackup = "last_backup"
	metaLastPurge  = "last_purge"
)

// catchUp runs a chore whose time came since it last ran. One that never ran
// waits for its first time.
func (s *Server) catchUp(ctx context.Context, schedule *Schedule, key string, do func(context.Context)) {
	if schedule == nil {
		return
	}
	db, now := s.o().Engine.DB, s.o().Engine.Clock()
	text := ""
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		text, err = tx.Meta(key)
		return err
	})
	if err == nil && text == "" {
		err = db.Write(ctx, func(tx *store.Tx) error { return tx.SetMeta(key, renewal.FormatStamp(now)) })
	} else if last, parseErr := renewal.ParseStamp(text); err == nil && parseErr == nil {
		if next := schedule.Next(last); !next.IsZero() && !next.After(now) {
			do(ctx)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.at.Log.Error("finding out what was missed", "error", err)
	}
}

func (s *Server) backup(ctx context.Context) {
	db, now := s.o().Engine.DB, s.o().Engine.Clock()
	path, err := s.o().Backups.Backup(ctx, db, now)
	s.choreDone(ctx, "backup", metaLastBackup, now, err, "file", path)
}

func (s *Server) purge(ctx context.Context) {
	db, now := s.o().Engine.DB, s.o().Engine.Clock()
	done, err := s.o().Keeping.Purge(ctx, db, now)
	s.choreDone(ctx, "purge", metaLastPurge, now, err, "contents", done.Contents, "events", done.Events)
}

func (s *Server) choreDone(ctx context.Context, name, key string, now time.Time, err error, details ...any) {
	if err == nil {
		err = s.o().Engine.DB.Write(ctx, func(tx *store.Tx) error { return tx.SetMeta(key, renewal.FormatStamp(now)) })
	}
	s.mu.Lock()
	s.choreFailed = ""
	if err != nil && ctx.Err() == nil {
		s.choreFailed = fmt.Sprintf("the %s failed: %v", name, err)
	}
	s.mu.Unlock()
	if err != nil {
		s.at.Log.Error("the "+name+" failed", "error", err)
		return
	}
	s.at.Log.Info(name, details...)
}
