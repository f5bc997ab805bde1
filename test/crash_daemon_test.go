package test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// working is a running `renewd serve`.
type working struct {
	w *workshop
	c *exec.Cmd
	// said is what it logs.
	said logbook
	// ended is closed at its end; err may be read after that.
	ended chan struct{}
	err   error
}

// serve starts the daemon, which ends with the test at the latest.
func (w *workshop) serve() *working {
	w.t.Helper()
	s := &working{w: w, c: w.command(w.t.Context(), "serve"), ended: make(chan struct{})}
	if w.public != nil {
		s.handOver()
	}
	s.c.Stdout, s.c.Stderr = &s.said, &s.said
	if err := s.c.Start(); err != nil {
		w.t.Fatal(err)
	}
	for _, file := range s.c.ExtraFiles {
		_ = file.Close() // the daemon has its own
	}
	go func() {
		s.err = s.c.Wait()
		close(s.ended)
	}()
	w.latest = s
	w.t.Cleanup(func() {
		<-s.ended // the end of the test's context has killed it
		if w.t.Failed() && w.latest == s {
			w.t.Logf("the daemon (%v) said at the end:\n%s", s.err, s.said.tail())
		}
	})
	return s
}

// handOver gives the daemon the listener of the public pages as systemd does.
func (s *working) handOver() {
	s.w.t.Helper()
	file, err := s.w.public.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		s.w.t.Fatal(err)
	}
	s.c.ExtraFiles = []*os.File{file}
	shell, err := exec.LookPath("sh")
	if err != nil {
		s.w.t.Fatal(err)
	}
	// LISTEN_PID is known only to the process that becomes the daemon.
	s.c.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=public exec "$@"`, "sh", s.c.Path}, s.c.Args[1:]...)
	s.c.Path = shell
}

// signal sends a signal and waits for the end.
func (s *working) signal(which syscall.Signal) {
	s.w.t.Helper()
	if err := s.c.Process.Signal(which); err != nil {
		s.w.t.Errorf("the daemon ended by itself: %v", err)
	}
	s.end()
}

func (s *working) end() {
	s.w.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(mostPatience):
		s.w.t.Fatal("the daemon does not end")
	}
}

// kill ends the daemon as a crash does.
func (s *working) kill() {
	s.w.t.Helper()
	s.signal(syscall.SIGKILL)
	if exit, ok := errors.AsType[*exec.ExitError](s.err); !ok || exit.ExitCode() != -1 {
		s.w.t.Errorf("the daemon ended before it was killed: %v", s.err)
	}
}

// stop asks the daemon to end, as systemd does, and it does so with success. Its
// log names no customer.
func (s *working) stop() {
	s.w.t.Helper()
	s.signal(syscall.SIGTERM)
	if s.err != nil {
		s.w.t.Errorf("the daemon ended with %v", s.err)
	}
	if strings.Contains(s.said.text(), "@client.test") {
		s.w.t.Error("the log tells a customer's address")
	}
}

// says waits until the daemon has logged a text since it started.
func (s *working) says(text string) {
	s.w.t.Helper()
	select {
	case <-s.said.has(text):
	case <-s.ended:
		if !strings.Contains(s.said.text(), text) {
			s.w.t.Fatalf("the daemon ended (%v) before it said %q", s.err, text)
		}
	case <-time.After(mostPatience):
		s.w.t.Fatalf("the daemon does not say %q", text)
	}
}

// logbook keeps what a program says and tells who waits for a text.
type logbook struct {
	mu    sync.Mutex
	said  bytes.Buffer
	waits map[string]chan struct{}
}

// Write takes a few lines.
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said.Write(p)
	for text, done := range l.waits {
		if bytes.Contains(l.said.Bytes(), []byte(text)) {
			close(done)
			delete(l.waits, text)
		}
	}
	return len(p), nil
}

// has returns what is closed once the text was said.
func (l *logbook) has(text string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	done := l.waits[text]
	if done == nil {
		done = make(chan struct{})
		if bytes.Contains(l.said.Bytes(), []byte(text)) {
			close(done)
			return done
		}
		if l.waits == nil {
			l.waits = map[string]chan struct{}{}
		}
		l.waits[text] = done
	}
	return done
}

func (l *logbook) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String()
}

// tail is the end of what was said.
func (l *logbook) tail() string {
	text := l.text()
	return text[max(0, len(text)-3000):]
}
