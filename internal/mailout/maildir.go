package mailout

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Maildir is a transport that puts every message into a maildir, where another
// program (or a person) takes it on. A message that is on the disk under new/ is
// there whole and survives a loss of power. One Message-ID is never there twice,
// so trying again after an interruption does no harm.
type Maildir struct {
	// Dir holds cur, new and tmp, which are made where they are missing.
	Dir string

	mu sync.Mutex
	// seen are the unique names in cur as of the directory's change time seenAt:
	// a mail program moves messages there.
	seen   map[string]bool
	seenAt time.Time
}

// NewMaildir returns a transport into dir. Nothing is made before the first
// message.
func NewMaildir(dir string) *Maildir { return &Maildir{Dir: dir} }

// Deliver puts a message into new/. The addresses stand in the message's own
// header; a maildir has no envelope. streaming (nil for none) is called when the
// directories are ready and before the first byte is written: where it fails,
// nothing was written. It is not called for a message that is there already.
//
// The answer is Accepted or, with an error that says what is wrong in one
// sentence, Deferred or (for bytes that are no message) Rejected; never
// Uncertain.
func (m *Maildir) Deliver(ctx context.Context, _, _ string, raw []byte, streaming func() error) (Answer, error) {
	name, err := uniqueName(raw)
	if err != nil {
		return Answer{Outcome: Rejected, About: AboutSender, Text: err.Error()}, err
	}
	m.mu.Lock() // one message at a time: the disk is the bottleneck
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return deferred(err)
	}
	if err := m.prepare(); err != nil {
		return deferred(m.sentence(err))
	}
	there, err := m.has(name)
	if err != nil {
		return deferred(m.sentence(err))
	}
	if there {
		// The try before this one may have died between rename and fsync.
		if err := syncDir(filepath.Join(m.Dir, "new")); err != nil {
			return deferred(m.sentence(err))
		}
		return Answer{Outcome: Accepted, Text: "already there: new/" + name}, nil
	}
	if streaming != nil {
		if err := streaming(); err != nil {
			return deferred(fmt.Errorf("before the first byte: %w", err))
		}
	}
	if err := m.store(name, raw); err != nil {
		return deferred(m.sentence(err))
	}
	return Answer{Outcome: Accepted, Text: "stored: new/" + name}, nil
}

func deferred(err error) (Answer, error) {
	return Answer{Outcome: Deferred, About: AboutTransport, Away: true, Text: err.Error()}, err
}

// prepare makes the directories, readable by their owner alone: letters are
// personal.
func (m *Maildir) prepare() error {
	missing := false
	for _, sub := range []string{"tmp", "new", "cur"} {
		info, err := os.Stat(filepath.Join(m.Dir, sub))
		if err == nil && info.IsDir() {
			continue
		}
		if err := os.MkdirAll(filepath.Join(m.Dir, sub), 0o700); err != nil {
			return err
		}
		missing = true
	}
	if !missing {
		return nil
	}
	// A message is on the disk only once the directories above it are.
	if err := syncDir(filepath.Dir(filepath.Clean(m.Dir))); err != nil {
		return err
	}
	return syncDir(m.Dir)
}

// has reports whether the message is in new/ or, as a mail program renames it
// with flags behind a colon, in cur/.
func (m *Maildir) has(name string) (bool, error) {
	_, err := os.Lstat(filepath.Join(m.Dir, "new", name))
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	cur := filepath.Join(m.Dir, "cur")
	info, err := os.Stat(cur)
	if err != nil {
		return false, err
	}
	if m.seen == nil || !info.ModTime().Equal(m.seenAt) {
		entries, err := os.ReadDir(cur)
		if err != nil {
			return false, err
		}
		m.seen, m.seenAt = make(map[string]bool, len(entries)), info.ModTime()
		for _, e := range entries {
			unique, _, _ := strings.Cut(e.Name(), ":")
			m.seen[unique] = true
		}
	}
	return m.seen[name], nil
}

// store writes the message whole under tmp/ and then moves it to new/, so that no
// reader ever sees half of it. When it returns, both are on the disk.
func (m *Maildir) store(name string, raw []byte) (err error) {
	tmp := filepath.Join(m.Dir, "tmp", name)
	// A leftover of an interrupted try has the same name: write over it.
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp) // best effort; the next try writes over it
		}
	}()
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(m.Dir, "new", name)); err != nil {
		return err
	}
	return syncDir(filepath.Join(m.Dir, "new"))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// sentence says what is wrong with the maildir in words for its owner.
func (m *Maildir) sentence(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("there is no space left for the maildir %s: %w", m.Dir, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("renewd may not write to the maildir %s: %w", m.Dir, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the maildir %s is on a read-only file system: %w", m.Dir, err)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return fmt.Errorf("in the place of the maildir %s there is something that is no directory: %w", m.Dir, err)
	}
	return fmt.Errorf("the maildir %s: %w", m.Dir, err)
}

// uniqueName is the message's file name: its Message-ID where that is a plain
// one, so that a person finds it; otherwise, or where it is long, with its hash.
func uniqueName(raw []byte) (string, error) {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return "", fmt.Errorf("these bytes are no message: %w", err)
	}
	id := strings.TrimSpace(message.Header.Get("Message-ID"))
	id = strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">")
	if id == "" {
		return "", errors.New("the message has no Message-ID")
	}
	var b strings.Builder
	plain := len(id) <= 120 && id[0] != '.'
	for _, r := range id {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-@+=", r):
			b.WriteRune(r)
		default:
			b.WriteByte('_')
			plain = false
		}
	}
	if plain {
		return b.String(), nil
	}
	sum := sha256.Sum256([]byte(id))
	start := strings.TrimLeft(b.String(), ".")
	return start[:min(len(start), 60)] + "#" + hex.EncodeToString(sum[:16]), nil
}
