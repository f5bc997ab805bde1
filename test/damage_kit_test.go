package test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// bytes are those of the database file; none for a directory.
func (f *studio) bytes() []byte {
	f.t.Helper()
	raw, err := os.ReadFile(f.db())
	if err != nil && !errors.Is(err, syscall.EISDIR) {
		f.t.Fatal(err)
	}
	return raw
}

// onlyOnce says that no customer has two letters.
func (f *studio) onlyOnce() {
	f.t.Helper()
	letters := map[string]int{}
	for _, l := range f.sink.Accepted() {
		if letters[l.To]++; letters[l.To] == 2 {
			f.t.Errorf("%s was written to twice", l.To)
		}
	}
}

// endsOr waits until the daemon has ended or something has happened.
func (s *studioDaemon) endsOr(what string, happened func() bool) {
	s.f.t.Helper()
	eventually(s.f.t, "the end, or "+what, func() bool { return !s.runs() || happened() })
}

func (s *studioDaemon) runs() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// refused says that the daemon has ended with exit code 78 and one sentence that
// names the file and what to do, and that nothing was sent since the start.
func (s *studioDaemon) refused(path, word string) {
	s.f.t.Helper()
	exit := new(exec.ExitError)
	if !errors.As(s.err, &exit) || exit.ExitCode() != 78 {
		s.f.t.Errorf("it ended with %v, want exit code 78", s.err)
	}
	// Damage that only the whole file shows is found after the start; what is said
	// besides the refusal is then that the daemon began and ends.
	var said []string
	for line := range strings.Lines(s.log.String()) {
		if !strings.HasPrefix(line, "time=") {
			said = append(said, line)
		}
	}
	text := strings.TrimSpace(strings.Join(said, ""))
	if !strings.Contains(text, path) || !strings.Contains(text, word) || strings.Contains(text, "\n") {
		s.f.t.Errorf("the refusal has to be one sentence with %s and %q:\n%s", path, word, text)
	}
	advice := false
	for _, verb := range []string{"restore", "check", "install", "it is a directory"} {
		advice = advice || strings.Contains(text, verb)
	}
	if !advice {
		s.f.t.Errorf("the refusal does not say what to do:\n%s", text)
	}
}

// The damages.

func (f *studio) change(change func(file *os.File) error) {
	f.t.Helper()
	file, err := os.OpenFile(f.db(), os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(change(file), file.Close())
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func patch(at int64, with ...byte) func(*studio) {
	return func(f *studio) {
		f.change(func(file *os.File) error {
			_, err := file.WriteAt(with, at)
			return err
		})
	}
}

// page is the place and size of the first page of a table or an index.
func (f *studio) page(name string) (at int64, size int) {
	f.t.Helper()
	header := f.bytes()[:100]
	size = int(binary.BigEndian.Uint16(header[16:]))
	root, err := strconv.ParseInt(f.rows(`SELECT rootpage FROM sqlite_master WHERE name = '` + name + `'`)[0], 10, 64)
	if err != nil {
		f.t.Fatal(err)
	}
	return (root - 1) * int64(size), size
}

func zeroPage(name string) func(*studio) {
	return func(f *studio) {
		at, size := f.page(name)
		patch(at, make([]byte, size)...)(f)
	}
}

// scratchPage turns over the bytes in which a page says where its rows are.
func scratchPage(name string) func(*studio) {
	return func(f *studio) {
		at, _ := f.page(name)
		patch(at+3, bytes.Repeat([]byte{0xff}, 12)...)(f)
	}
}

func (f *studio) cutFile(suffix string, size func(int64) int64) {
	f.t.Helper()
	info, err := os.Stat(f.db() + suffix)
	if err == nil {
		err = os.Truncate(f.db()+suffix, size(info.Size()))
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func cut(size func(int64) int64) func(*studio) {
	return func(f *studio) { f.cutFile("", size) }
}

func (f *studio) put(suffix, text string) {
	f.t.Helper()
	if err := os.WriteFile(f.db()+suffix, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func overwrite(text string) func(*studio) { return func(f *studio) { f.put("", text) } }

func remove(suffix string) func(*studio) {
	return func(f *studio) {
		if err := os.Remove(f.db() + suffix); err != nil {
			f.t.Fatal(err)
		}
	}
}

func replaceWithFolder(f *studio) {
	remove("")(f)
	if err := os.Mkdir(f.db(), 0o755); err != nil {
		f.t.Fatal(err)
	}
}

func anotherProgram(f *studio) {
	remove("")(f)
	if _, err := rowsOf(f.t.Context(), f.db(), `CREATE TABLE recipes(name TEXT); INSERT INTO recipes VALUES ('soup'); SELECT 1`); err != nil {
		f.t.Fatal(err)
	}
}

// notOurs gives the file to root and has the daemon run as nobody, who owns the
// folder.
func notOurs(mode os.FileMode) func(*studio) {
	return func(f *studio) {
		const nobody = 65534
		needRoot(f.t)
		for _, path := range []string{f.dir, f.data, filepath.Join(f.dir, "config.toml"),
			filepath.Join(f.dir, "password"), filepath.Join(f.dir, "ca.pem")} {
			if err := os.Chown(path, nobody, nobody); err != nil {
				f.t.Fatal(err)
			}
		}
		for _, path := range []string{filepath.Dir(f.dir), filepath.Dir(f.program), filepath.Dir(filepath.Dir(f.program))} {
			if err := os.Chmod(path, 0o755); err != nil {
				f.t.Fatal(err)
			}
		}
		if err := os.Chmod(f.db(), mode); err != nil {
			f.t.Fatal(err)
		}
		f.as = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
}
