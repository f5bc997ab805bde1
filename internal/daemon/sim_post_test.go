package daemon_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"renewd/internal/mailout"
)

// reply is what the mail server of a simulation does with one message.
type reply int

const (
	take     reply = iota // 250
	busy                  // 450, the recipient, not now
	unknown               // 550 5.1.1, the recipient, never
	notYou                // 550 5.7.1, whoever it is for
	away                  // nobody answers
	lost                  // taken, and the connection breaks before the reply
	breakOff              // the connection breaks within the contents
	stall                 // nothing happens for ten minutes, and then it is taken
	slow                  // taken, and the reply takes nine minutes
	late                  // taken, and the reply takes 100 seconds
)

// stalled, slowly and lately are how long stall, slow and late take.
const (
	stalled = 10 * time.Minute
	slowly  = 9 * time.Minute
	lately  = 100 * time.Second
)

// try is one message handed to the server.
type try struct {
	at     time.Time
	to, id string
	class  string // what the header says: "commercial" has a List-Unsubscribe
	reply  reply
	raw    string
}

// server is a mail server in memory that notes every try, and whose replies a
// test chooses.
type server struct {
	mu sync.Mutex
	// answer chooses the reply; nil means that everything is taken.
	answer func(t try) reply
	tries  []try
	// taken counts by Message-ID how often a message was taken.
	taken map[string]int
	// flying counts by Message-ID the messages that are with it now; doubted are
	// those of which a sender cannot know what became of them.
	flying  map[string]int
	doubted map[string]bool
	// lean: the messages themselves are not kept.
	lean bool
	// under is how many messages are with it now, most how many there ever were.
	under, most int
}

// line is the server as one process reaches it. Closing cut is the death of that
// process: nothing that it still tries gets through.
type line struct {
	*server
	cut chan struct{}
}

var errCut = errors.New("the process is dead")

// Deliver implements daemon.Transport. As with SMTP, ctx counts up to the first
// byte of the contents and not from there on.
func (l *line) Deliver(ctx context.Context, _, to string, raw []byte, streaming func() error) (mailout.Answer, error) {
	t := try{at: time.Now().UTC(), to: to, raw: string(raw), id: strings.Clone(headerOf(string(raw), "Message-ID"))}
	if headerOf(t.raw, "List-Unsubscribe") != "" {
		t.class = "commercial"
	}
	t.reply = l.note(&t)
	defer l.left(t.id)
	deferred := mailout.Answer{Outcome: mailout.Deferred, About: mailout.AboutTransport}
	wait := func(d time.Duration, ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-l.cut:
			return errCut
		}
	}
	switch t.reply {
	case away:
		return mailout.Answer{Outcome: mailout.Deferred, About: mailout.AboutTransport, Away: true, Text: "nobody answers"}, nil
	case busy:
		return mailout.Answer{Outcome: mailout.Deferred, About: mailout.AboutMailbox, Code: 450, Enhanced: "4.2.1", Text: "450 4.2.1 not now"}, nil
	case unknown:
		return mailout.Answer{Outcome: mailout.Rejected, About: mailout.AboutMailbox, Code: 550, Enhanced: "5.1.1", Text: "550 5.1.1 <" + to + "> unknown"}, nil
	case stall:
		if err := wait(stalled, ctx); err != nil {
			return deferred, err
		}
	}
	// A message takes a moment.
	if err := wait(20*time.Millisecond, ctx); err != nil {
		return deferred, err
	}
	if streaming != nil {
		if err := streaming(); err != nil {
			return deferred, err
		}
	}
	switch t.reply {
	case notYou:
		return mailout.Answer{Outcome: mailout.Rejected, About: mailout.AboutSender, Code: 550, Enhanced: "5.7.1", Text: "550 5.7.1 not from you"}, nil
	case breakOff:
		deferred.Text = "the connection broke within the contents"
		return deferred, errors.New(deferred.Text)
	}
	if !l.takes(t.id) {
		return deferred, errCut
	}
	if pause := map[reply]time.Duration{slow: slowly, late: lately}[t.reply]; pause > 0 {
		if err := wait(pause, context.Background()); err != nil {
			return mailout.Answer{Outcome: mailout.Uncertain, About: mailout.AboutTransport, Text: err.Error()}, nil
		}
	}
	if t.reply == lost {
		return mailout.Answer{Outcome: mailout.Uncertain, About: mailout.AboutTransport, Text: "the connection broke"}, nil
	}
	return mailout.Answer{Outcome: mailout.Accepted, Code: 250, Text: "250 2.0.0 taken"}, nil
}

// note keeps a try and chooses the reply to it.
func (s *server) note(t *try) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answer != nil {
		t.reply = s.answer(*t)
	}
	if t.reply == lost {
		s.doubted[t.id] = true
	}
	if s.lean {
		t.raw = ""
	}
	s.tries = append(s.tries, *t)
	s.flying[t.id]++
	s.under++
	s.most = max(s.most, s.under)
	return t.reply
}

func (s *server) left(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.under--
	if s.flying[id]--; s.flying[id] == 0 {
		delete(s.flying, id)
	}
}

// die is the death of the process at this end of the line.
func (l *line) die() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.flying {
		l.doubted[id] = true
	}
	close(l.cut)
}

func newServer() *server {
	return &server{taken: map[string]int{}, flying: map[string]int{}, doubted: map[string]bool{}}
}

// takes takes a message over, unless the process that sends it is dead.
func (l *line) takes(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.cut:
		return false
	default:
		l.taken[id]++
		return true
	}
}

// replies has the server answer differently from now on.
func (s *server) replies(answer func(t try) reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// always answers every try with the same.
func always(r reply) func(try) reply { return func(try) reply { return r } }

// seen returns the tries for customers so far, and those for staff.
func (s *server) seen() (customers, staff []try) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tries {
		if t.to == staffAddress {
			staff = append(staff, t)
		} else {
			customers = append(customers, t)
		}
	}
	return customers, staff
}

// timesTaken returns how often a message was taken.
func (s *server) timesTaken(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken[id]
}

// headerOf returns the value of a header, without angle brackets.
func headerOf(raw, name string) string {
	head, _, _ := strings.Cut(raw, "\r\n\r\n")
	for _, l := range strings.Split(head, "\r\n") {
		if key, value, ok := strings.Cut(l, ":"); ok && strings.EqualFold(key, name) {
			return strings.Trim(value, " <>")
		}
	}
	return ""
}
