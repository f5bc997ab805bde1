package testkit

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"renewd/internal/mailout"
)

// Fault is what goes wrong at the post.
type Fault int

// The faults. The Die ones kill the process with a panic of Killed.
const (
	NoFault            Fault = iota
	DieBeforeStreaming       // the message is claimed, and the transport has not begun
	DieAfterStreaming        // the first byte is announced, and nothing is in the maildir
	DieAfterRename           // the message is in the maildir, and nobody knows
	Away                     // there is no transport
	Refuse                   // the recipient is refused for good
	LoseReply                // the message is in the maildir, and the answer got lost
)

// Killed is what a Post panics with when it kills the process.
const Killed = "the process was killed"

// Post is a transport into a maildir with faults.
type Post struct {
	Maildir *mailout.Maildir
	// Next is called before each message and says what goes wrong with it; nil
	// means nothing.
	Next func(to string) Fault
	// Tries counts the messages that were handed over, whatever came of them.
	Tries int
	// Begun counts by Message-ID how often the first byte was announced.
	Begun map[string]int
}

// errAway is what the post says while it is away.
var errAway = errors.New("there is nobody at the post")

// Deliver puts the message into the maildir, unless Next wants otherwise.
func (p *Post) Deliver(ctx context.Context, from, to string, raw []byte, streaming func() error) (mailout.Answer, error) {
	p.Tries++
	if p.Begun == nil {
		p.Begun = map[string]int{}
	}
	announce := streaming
	streaming = func() error {
		p.Begun[messageID(raw)]++
		if announce == nil {
			return nil
		}
		return announce()
	}
	fault := NoFault
	if p.Next != nil {
		fault = p.Next(to)
	}
	switch fault {
	case DieBeforeStreaming:
		panic(Killed)
	case Away:
		return mailout.Answer{Outcome: mailout.Deferred, About: mailout.AboutTransport, Away: true, Text: errAway.Error()}, errAway
	case Refuse:
		if err := streaming(); err != nil {
			return mailout.Answer{Outcome: mailout.Deferred, About: mailout.AboutTransport, Text: err.Error()}, err
		}
		return mailout.Answer{Outcome: mailout.Rejected, About: mailout.AboutMailbox, Code: 550, Enhanced: "5.1.1", Text: "550 5.1.1 no such mailbox"}, nil
	case DieAfterStreaming:
		if err := streaming(); err != nil {
			return mailout.Answer{Outcome: mailout.Deferred, About: mailout.AboutTransport, Text: err.Error()}, err
		}
		panic(Killed)
	}
	answer, err := p.Maildir.Deliver(ctx, from, to, raw, streaming)
	if answer.Outcome == mailout.Accepted && fault == DieAfterRename {
		panic(Killed)
	}
	if answer.Outcome == mailout.Accepted && fault == LoseReply {
		return mailout.Answer{Outcome: mailout.Uncertain, About: mailout.AboutTransport, Text: "the connection broke"}, nil
	}
	return answer, err
}

// Letters returns what is in the maildir: the bytes of each message by its
// Message-ID, without angle brackets. An id that is there twice ends the test.
func (p *Post) Letters(tb testing.TB) map[string][]byte {
	tb.Helper()
	letters := map[string][]byte{}
	for _, sub := range []string{"new", "cur"} {
		dir := filepath.Join(p.Maildir.Dir, sub)
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			tb.Fatal(err)
		}
		for _, entry := range entries {
			raw, err := os.ReadFile(filepath.Join(dir, entry.Name()))
			if err != nil {
				tb.Fatal(err)
			}
			id := messageID(raw)
			if id == "" || letters[id] != nil {
				tb.Fatalf("%s: Message-ID %q is missing or there twice", entry.Name(), id)
			}
			letters[id] = raw
		}
	}
	return letters
}

func messageID(raw []byte) string {
	header, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for line := range bytes.SplitSeq(header, []byte("\r\n")) {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Message-ID")) {
			return string(bytes.Trim(value, " <>"))
		}
	}
	return ""
}
