package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// SQLite's primary result codes that an administrator can do something about.
const (
	codeBusy     = 5
	codeLocked   = 6
	codeReadOnly = 8
	codeIO       = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeConflict = 19
	codeNotADB   = 26

	codeUnique = 2067 // extended code
)

// fault is an error that already says in a sentence what is the matter.
type fault struct {
	sentence    string
	cause, kind error
}

func (f *fault) Error() string { return f.sentence }
func (f *fault) Unwrap() []error {
	if f.kind == nil {
		return []error{f.cause}
	}
	return []error{f.cause, f.kind}
}

// ErrBusy is wrapped when another program held the lock for longer than we wait.
var ErrBusy = errors.New("the database is locked")

// inWords turns SQLite's errors about the file at path into sentences that say
// what to do. Other errors pass unchanged.
func inWords(err error, path string) error {
	var known *fault
	if err == nil || errors.As(err, &known) {
		return err
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	sentence, kind := "", error(nil)
	switch e.Code() & 0xff {
	case codeBusy, codeLocked:
		sentence = fmt.Sprintf("the database %s is locked: another program has been writing to it for too long "+
			"(is a sqlite3 session in the middle of a transaction?)", path)
		kind = ErrBusy
	case codeFull:
		sentence = fmt.Sprintf("the disk that holds the database %s is full: nothing was written; free some space", path)
	case codeReadOnly:
		sentence = cannotWrite(path)
	case codeCorrupt:
		sentence = fmt.Sprintf("the database %s is damaged: restore the latest backup in its place (and then run `renewd adopt`)", path)
	case codeNotADB:
		sentence = fmt.Sprintf("%s is not a database: check the setting database in the configuration", path)
	case codeCantOpen:
		sentence = cantOpen(path)
	case codeIO:
		sentence = fmt.Sprintf("the disk that holds the database %s reports an error", path)
	}
	if sentence == "" {
		return err
	}
	return &fault{sentence: fmt.Sprintf("%s: %v", sentence, err), cause: err, kind: kind}
}

func cannotWrite(path string) string {
	return fmt.Sprintf("the database %s cannot be written: check the owner and the rights of the file, of those with "+
		"-wal and -shm beside it, and of their directory", path)
}

// cantOpen finds the likely reason why a file cannot be opened.
func cantOpen(path string) string {
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Sprintf("the database %s cannot be opened: there is no directory %s", path, dir)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("there is no database %s yet: `renewd migrate` creates it", path)
	case err == nil && info.IsDir():
		return fmt.Sprintf("the database %s cannot be opened: it is a directory", path)
	}
	return fmt.Sprintf("the database %s cannot be opened: check who may read and write it and its directory", path)
}

// isUnique reports whether err is a second row for a unique key.
func isUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == codeUnique
}

// raised returns the sentence with which a trigger of the schema refused a
// statement, and false where err is something else.
func raised(err error) (string, bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code()&0xff != codeConflict || e.Code() == codeUnique {
		return "", false
	}
	text := e.Error()
	if i := strings.LastIndex(text, " ("); i > 0 {
		text = text[:i]
	}
	return strings.TrimPrefix(text, "constraint failed: "), true
}
