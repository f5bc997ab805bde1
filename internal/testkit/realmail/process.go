package realmail

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a server may take to start or to put a letter into a
// mailbox. Nothing waits so long unless something is wrong.
const patience = 30 * time.Second

// process is a server with the processes that it started.
type process struct {
	name string
	cmd  *exec.Cmd
	// done is closed when the server and all that wrote to its log have ended.
	done chan struct{}
	err  error
	// guard outlives the test by a moment.
	guard *exec.Cmd
}

// program finds a server's program, also where only root has its directory in
// the search path.
func program(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	return path, nil
}

// start runs a server in a session, and so a process group, of its own.
func (s *Servers) start(name, path string, args ...string) *process {
	s.tb.Helper()
	p := &process{name: name, cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &s.log, &s.log
	p.cmd.Dir = s.dir
	p.cmd.WaitDelay = patience // for a process that left the group and still logs
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	s.check(p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	// A test that crashes cleans nothing up, but its end of this pipe closes: then
	// the guard ends the server.
	p.guard = exec.Command("/bin/sh", "-c", `read _; kill -KILL "-$1"`, "guard", strconv.Itoa(p.cmd.Process.Pid))
	p.guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	_, err := p.guard.StdinPipe()
	s.check(err)
	s.check(p.guard.Start())
	return p
}

// stop ends a server and all its processes in the middle of what they do. One
// that was not started is none.
func (s *Servers) stop(p *process) {
	s.tb.Helper()
	if p == nil {
		return
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		s.tb.Errorf("ending the processes of %s: %v", p.name, err)
	}
	<-p.done
	_ = p.guard.Process.Kill() // it has nothing left to guard
	_ = p.guard.Wait()         // says that it was killed
}

// answers waits until a server accepts connections on all these ports.
func (s *Servers) answers(p *process, ports ...int) {
	s.tb.Helper()
	for _, port := range ports {
		var err error
		ok := until(s.tb.Context(), func() bool {
			select {
			case <-p.done:
				s.tb.Fatalf("%s ended at its start (%v)", p.name, p.err)
			default:
			}
			var conn net.Conn
			if conn, err = net.Dial("tcp", net.JoinHostPort(s.Host, strconv.Itoa(port))); err == nil {
				_ = conn.Close() // nothing was written
			}
			return err == nil
		})
		if !ok {
			s.tb.Fatalf("%s does not answer: %v", p.name, err)
		}
	}
}

// until waits for a condition, which it asks about again and again. It reports
// whether the condition came true before ctx ended.
func until(ctx context.Context, condition func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !condition() {
		select {
		case <-again.C:
		case <-ctx.Done():
			return condition()
		}
	}
	return true
}

// book is a log that several write to.
type book struct {
	mu sync.Mutex
	b  strings.Builder
}

// Write adds to the log.
func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *book) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
