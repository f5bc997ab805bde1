package test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// studioDaemon is a running `renewd serve` of a studio.
type studioDaemon struct {
	f     *studio
	c     *exec.Cmd
	log   logText
	admin string        // where its admin listener is
	ended chan struct{} // closed at its end; then err may be read
	err   error
}

// logText collects what a program says while others read it.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start starts the daemon, which ends with the test at the latest. Its admin
// listener is handed over as systemd does it, so that no port is taken by somebody
// else in between.
func (f *studio) start() *studioDaemon {
	f.t.Helper()
	s := &studioDaemon{f: f, ended: make(chan struct{})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	defer listener.Close()
	s.admin = listener.Addr().String()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		f.t.Fatal(err)
	}
	defer socket.Close()
	c := f.command("serve")
	if f.root == "" { // else there is no shell
		c.Args = append([]string{"sh", "-c", f.limits + "\n" + `LISTEN_PID=$$ exec "$0" "$@"`}, c.Args...)
		c.Path = "/bin/sh"
		c.Env = append(c.Env, "LISTEN_FDS=1", "LISTEN_FDNAMES=admin")
		c.ExtraFiles = []*os.File{socket}
	}
	c.Stdout, c.Stderr = &s.log, &s.log
	s.c = c
	if err := c.Start(); err != nil {
		f.t.Fatal(err)
	}
	go func() {
		s.err = c.Wait()
		close(s.ended)
	}()
	f.t.Cleanup(func() {
		<-s.ended // the end of the test's context has killed it
		s.told(s.log.String(), "the log")
		if f.t.Failed() {
			f.t.Logf("what the daemon said last (%v):\n%s", s.err, tail(s.log.String(), 15))
		}
	})
	return s
}

// ready waits until the daemon is ready.
func (s *studioDaemon) ready() *studioDaemon {
	s.f.t.Helper()
	s.says("msg=ready")
	return s
}

// says waits until the log has a text.
func (s *studioDaemon) says(text string) {
	s.f.t.Helper()
	s.until("the log says "+text, func() bool { return strings.Contains(s.log.String(), text) })
}

// until waits for something while the daemon runs.
func (s *studioDaemon) until(what string, happened func() bool) {
	s.f.t.Helper()
	eventually(s.f.t, what, func() bool {
		select {
		case <-s.ended:
			if !happened() {
				s.f.t.Fatalf("%s: the daemon ended (%v)", what, s.err)
			}
			return true
		default:
			return happened()
		}
	})
}

// get asks the admin listener.
func (s *studioDaemon) get(path string) (status int, body string) {
	s.f.t.Helper()
	client := http.Client{Timeout: mostWait}
	answer, err := client.Get("http://" + s.admin + path)
	if err != nil {
		s.f.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.f.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// unwell waits until /healthz shows a problem of this kind whose text has all of
// these words.
func (s *studioDaemon) unwell(status int, kind string, words ...string) {
	s.f.t.Helper()
	last := ""
	defer func() {
		if s.f.t.Failed() {
			s.f.t.Logf("/healthz: %s", last)
		}
	}()
	s.until(fmt.Sprintf("/healthz says %d, %s %q", status, kind, words), func() bool {
		got, body := s.get("/healthz?json")
		last = body
		ok := got == status && strings.Contains(body, fmt.Sprintf(`"kind":%q`, kind))
		for _, word := range words {
			ok = ok && strings.Contains(body, word)
		}
		return ok
	})
}

// well waits until /healthz has nothing to say.
func (s *studioDaemon) well() {
	s.f.t.Helper()
	s.until("/healthz is ok", func() bool {
		got, body := s.get("/healthz?json")
		return got == http.StatusOK && strings.Contains(body, `"problems":[]`)
	})
}

// hangup asks for a reload.
func (s *studioDaemon) hangup() {
	s.f.t.Helper()
	if err := s.c.Process.Signal(syscall.SIGHUP); err != nil {
		s.f.t.Fatalf("the daemon ended by itself: %v", err)
	}
}

// leaks looks for what must not be told, where others may look.
func (s *studioDaemon) leaks() {
	s.f.t.Helper()
	if s.f.root == "" {
		_, metrics := s.get("/metrics")
		s.told(metrics, "/metrics")
		_, health := s.get("/healthz?json")
		s.told(health, "/healthz")
	}
	for _, file := range []string{"cmdline", "environ", "comm"} {
		text, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(s.c.Process.Pid), file))
		if err != nil {
			s.f.t.Errorf("the list of processes: %v", err)
		}
		s.told(string(text), "the list of processes")
	}
}

func (s *studioDaemon) told(text, where string) {
	s.f.t.Helper()
	for _, secret := range []string{studioPassword, "@" + studioDomain, studioPeople} {
		if strings.Contains(text, secret) {
			s.f.t.Errorf("%s tells %q:\n%s", where, secret, text)
		}
	}
}

// stop asks the daemon to end, as systemd does, and it does so with success.
func (s *studioDaemon) stop() {
	s.f.t.Helper()
	s.leaks()
	s.signal(syscall.SIGTERM)
	if s.err != nil {
		s.f.t.Errorf("the daemon ended with %v", s.err)
	}
}

// kill ends the daemon as a crash does.
func (s *studioDaemon) kill() {
	s.f.t.Helper()
	s.signal(syscall.SIGKILL)
	if exit := new(exec.ExitError); !errors.As(s.err, &exit) || exit.ExitCode() != -1 {
		s.f.t.Errorf("the daemon ended before it was killed: %v", s.err)
	}
}

func (s *studioDaemon) signal(signal os.Signal) {
	s.f.t.Helper()
	if err := s.c.Process.Signal(signal); err != nil {
		s.f.t.Errorf("the daemon ended by itself: %v", err)
	}
	s.end()
}

// end waits until the daemon has ended.
func (s *studioDaemon) end() {
	s.f.t.Helper()
	eventually(s.f.t, "the end of the daemon", func() bool {
		select {
		case <-s.ended:
			return true
		default:
			return false
		}
	})
}

// refuses says that the daemon does not start: exit code 78, and a sentence with
// all of these words; nothing is sent.
func (f *studio) refuses(words ...string) {
	f.t.Helper()
	letters := f.sink.Count()
	s := f.start()
	s.end()
	exit := new(exec.ExitError)
	if !errors.As(s.err, &exit) || exit.ExitCode() != 78 {
		f.t.Errorf("the daemon ended with %v, want exit code 78", s.err)
	}
	for _, word := range words {
		if !strings.Contains(s.log.String(), word) {
			f.t.Errorf("the refusal does not say %q:\n%s", word, s.log.String())
		}
	}
	if n := f.sink.Count(); n != letters {
		f.t.Errorf("%d letters left all the same", n-letters)
	}
}

// noTrouble is a day without trouble, so that the others show what trouble does.
func noTrouble(t *testing.T, program string) {
	f := newStudio(t, program, "", nil)
	f.customers(append(people(0, 20, false), people(0, 5, true)...)...)
	s := f.start()
	s.until("25 letters", func() bool { return f.sink.Count() >= 25 })
	s.well()
	s.stop()
	f.intact()
	f.finished(25, 0)
}

// tail is the last lines of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
