package testkit

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Letter is a message that a Sink accepted.
type Letter struct {
	From, To  string // To has commas where there were several recipients
	MessageID string // without angle brackets
	Raw       []byte // the exact contents, without dot-stuffing; nil with LowMemory
	Hash      [sha256.Size]byte
	Conn      int    // the connection it came on
	User      string // who was logged in
	TLS       bool
	Params    string // what followed the address in MAIL FROM
}

// SinkStats count what happened at a Sink.
type SinkStats struct {
	Connections int
	Parallel    int // the most connections that were open at a time
	Logins      int // successful ones
	AuthInClear int // AUTH commands without TLS
	MailInClear int // MAIL commands without TLS
}

// Sink is an SMTP server on a loopback port that keeps what it accepts and
// otherwise does what its script says.
type Sink struct {
	// Addr is host:port, Host the address alone.
	Addr, Host string
	Port       int

	options  SinkOptions
	listener net.Listener
	tls      *tls.Config
	ca       []byte
	ehlo     [2]string // the reply to EHLO: in clear, inside TLS
	stop     chan struct{}
	running  sync.WaitGroup
	seen     map[Stage]*atomic.Int64

	mu      sync.Mutex
	changed *sync.Cond // a letter came, or the sink stopped
	letters []Letter
	stats   SinkStats
	open    map[net.Conn]bool
	stopped bool
}

// NewSink starts a sink that stops with the test.
func NewSink(tb testing.TB, options SinkOptions) *Sink {
	tb.Helper()
	s, err := StartSink(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Stop)
	return s
}

// StartSink starts a sink that runs until Stop, for use outside of tests.
func StartSink(options SinkOptions) (*Sink, error) {
	if options.Extensions == nil {
		options.Extensions = []string{"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 35882577"}
	}
	if len(options.Users) > 0 && options.Mechanisms == nil {
		options.Mechanisms = []string{"PLAIN", "LOGIN"}
	}
	s := &Sink{options: options, stop: make(chan struct{}), open: map[net.Conn]bool{}, seen: map[Stage]*atomic.Int64{}}
	for _, stage := range []Stage{StageGreeting, StageEHLO, StageSTARTTLS, StageAuth, StageMail, StageRcpt, StageData,
		StageContents, StageDot, StageRset, StageNoop, StageQuit} {
		s.seen[stage] = new(atomic.Int64)
	}
	s.changed = sync.NewCond(&s.mu)
	if options.TLS != "" {
		config, ca, err := sinkCertificate(options.CertName, options.CertExpired)
		if err != nil {
			return nil, fmt.Errorf("the certificate of the sink: %w", err)
		}
		s.tls, s.ca = config, ca
	}
	s.ehlo = [2]string{s.ehloReply(false), s.ehloReply(true)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the sink: %w", err)
	}
	s.listener, s.Addr = listener, listener.Addr().String()
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return nil, fmt.Errorf("the sink: %w", err)
	}
	s.Host = host
	if s.Port, err = strconv.Atoi(port); err != nil {
		return nil, fmt.Errorf("the sink: %w", err)
	}
	s.running.Go(s.accept)
	return s, nil
}

func (s *Sink) ehloReply(inside bool) string {
	lines := append([]string{"sink.example"}, s.options.Extensions...)
	if s.options.TLS == SinkSTARTTLS && !inside {
		lines = append(lines, "STARTTLS")
	} else if len(s.options.Mechanisms) > 0 {
		lines = append(lines, "AUTH "+strings.Join(s.options.Mechanisms, " "))
	}
	var b strings.Builder
	for i, line := range lines {
		mark := "250-"
		if i == len(lines)-1 {
			mark = "250 "
		}
		b.WriteString(mark + line)
		if i < len(lines)-1 {
			b.WriteString("\r\n")
		}
	}
	return b.String()
}

func (s *Sink) accept() {
	for number := 1; ; number++ {
		conn, err := s.listener.Accept()
		if err != nil {
			return // stopped
		}
		s.mu.Lock()
		if s.stopped {
			s.mu.Unlock()
			_ = conn.Close()
			return
		}
		s.open[conn] = true
		s.stats.Connections++
		s.stats.Parallel = max(s.stats.Parallel, len(s.open))
		s.mu.Unlock()
		s.running.Go(func() {
			newSinkConn(s, conn, number).serve()
			_ = conn.Close()
			s.mu.Lock()
			delete(s.open, conn)
			s.mu.Unlock()
		})
	}
}

// Stop closes all connections and waits until nothing of the sink runs any more.
// What it accepted stays readable.
func (s *Sink) Stop() {
	s.mu.Lock()
	if !s.stopped {
		s.stopped = true
		close(s.stop)
		_ = s.listener.Close()
		for conn := range s.open {
			_ = conn.Close()
		}
		s.changed.Broadcast()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// CAFile writes the certificate of the sink's own authority into a temporary
// PEM file and returns its path.
func (s *Sink) CAFile(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "ca.pem")
	if err := os.WriteFile(path, s.ca, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Accepted returns the letters in the order in which they were accepted.
func (s *Sink) Accepted() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.letters)
}

// Count returns how many letters were accepted.
func (s *Sink) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.letters)
}

// ByMessageID returns how often each Message-ID was accepted.
func (s *Sink) ByMessageID() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	times := make(map[string]int, len(s.letters))
	for i := range s.letters {
		times[s.letters[i].MessageID]++
	}
	return times
}

// WaitFor returns once n letters were accepted; it is false if the sink was
// stopped before.
func (s *Sink) WaitFor(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.letters) < n && !s.stopped {
		s.changed.Wait()
	}
	return len(s.letters) >= n
}

// Forget empties the list of accepted letters.
func (s *Sink) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = nil
}

// Stats returns the counts as they stand.
func (s *Sink) Stats() SinkStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Seen returns how often a stage was reached.
func (s *Sink) Seen(stage Stage) int { return int(s.seen[stage].Load()) }

// count changes the stats under their lock.
func (s *Sink) count(change func(*SinkStats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.stats)
}

func (s *Sink) keep(letter Letter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, letter)
	s.changed.Broadcast()
}
