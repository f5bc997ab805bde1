package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// state is what the state file holds: who this instance is and how far it got.
type state struct {
	ID       string `json:"id"`
	Machine  string `json:"machine"`
	Place    string `json:"place"`    // of the state file, so that a copied folder is noticed
	Database string `json:"database"` // which database Progress is about
	Progress int64  `json:"progress"`
	// File is which file the database was (device and inode), so that one that
	// took its place is noticed.
	File string    `json:"file,omitempty"`
	At   time.Time `json:"at"` // of the last progress
}

func (in Instance) place() string {
	path, err := filepath.Abs(in.StateFile)
	if err != nil {
		return in.StateFile
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// read returns what the state file says, the zero state where there is none.
func (in Instance) read() (state, error) {
	var s state
	text, err := os.ReadFile(in.StateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("reading the state file: %w", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("the state file %s is damaged; remove it and run `renewd adopt`: %w", in.StateFile, err)
	}
	return s, nil
}

// write puts this machine and place into s and replaces the state file
// so that after a crash it is the old or the new one, whole.
func (in Instance) write(s state) (err error) {
	s.Machine, s.Place, s.At = in.Machine, in.place(), s.At.UTC().Truncate(time.Second)
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("writing the state file: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(in.StateFile), ".instance-*")
	if err != nil {
		return fmt.Errorf("writing the state file: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), in.StateFile)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the state file: %w", err), os.Remove(f.Name()))
	}
	if err := syncFile(filepath.Dir(in.StateFile)); err != nil {
		return fmt.Errorf("writing the state file: %w", err)
	}
	return nil
}
