package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrRunning is wrapped when another process sends from the same database.
var ErrRunning = errors.New("another renewd is at work on this database")

// SendLock keeps a second process from sending from the same database. The
// kernel lets it go when the process ends, however it ends.
type SendLock struct{ file *os.File }

// Lock takes the lock of the database at path, or returns an error that wraps
// ErrRunning. The lock is a file of its own beside the database: closing any
// descriptor of the database itself would drop SQLite's locks. It is beside the
// file that symbolic links lead to, so that two names of one database have one
// lock.
func Lock(path string) (*SendLock, error) {
	real, err := realName(path)
	if err != nil {
		return nil, fmt.Errorf("locking the database for sending: %w", err)
	}
	file, err := os.OpenFile(real+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the database for sending: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		closeErr := file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("%w (%s): stop it first, or let it do the work", ErrRunning, path), closeErr)
		}
		return nil, errors.Join(fmt.Errorf("locking the database for sending: %w", err), closeErr)
	}
	return &SendLock{file}, nil
}

// realName follows symbolic links. Of a file that is not there yet it follows
// those of its folder.
func realName(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(dir, filepath.Base(path)), err
}

// Unlock lets others send.
func (l *SendLock) Unlock() error { return l.file.Close() }
