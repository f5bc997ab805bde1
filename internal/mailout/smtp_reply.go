package mailout

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reply is a server's reply to one command.
type reply struct {
	code     int
	enhanced string // "5.1.1", wherever the server gives one
	text     string // all of it on one line, codes included
}

func (r reply) class() int { return r.code / 100 }

// The bounds of a reply: no server needs more, and a broken one must not fill
// the memory.
const (
	maxReplyLines = 100
	maxReplyText  = 500
)

// errReply is what stands in the place of a reply that is none.
var errReply = errors.New("the server's reply is no SMTP")

// readReply reads one reply. Where the connection breaks within a reply of
// several lines, the code is there beside the error.
func readReply(r *bufio.Reader) (reply, error) {
	var got reply
	var text []byte
	for range maxReplyLines {
		line, err := readLine(r)
		if err != nil {
			got.text = oneLine(string(text))
			return got, err
		}
		code, more, rest, ok := splitReply(line)
		if !ok || got.code != 0 && code != got.code {
			return reply{}, fmt.Errorf("%w: %q", errReply, oneLine(string(line)))
		}
		enhanced := enhancedCode(rest)
		if got.code == 0 {
			got.code, got.enhanced = code, enhanced
			text = append(text, line...)
			if len(text) > 3 {
				text[3] = ' '
			}
		} else if len(text) < maxReplyText {
			// Servers repeat the enhanced code on every line.
			if enhanced != "" && enhanced == got.enhanced {
				rest = rest[len(enhanced):]
			}
			text = append(append(text, ' '), rest...)
		}
		if !more {
			got.text = oneLine(string(text))
			return got, nil
		}
	}
	return reply{}, fmt.Errorf("%w: it does not end", errReply)
}

// readLine reads a line without its end; of an overlong one the start is enough.
// The line holds until the next read.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return bytes.TrimRight(line, "\r\n"), err
	}
	start := bytes.Clone(line)
	for range maxReplyLines {
		if _, err = r.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return start, err
		}
	}
	return nil, fmt.Errorf("%w: a line does not end", errReply)
}

// splitReply takes "250-text" apart.
func splitReply(line []byte) (code int, more bool, rest []byte, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' {
		return 0, false, nil, false
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, false, nil, false
		}
		code = code*10 + int(c-'0')
	}
	if len(line) == 3 {
		return code, false, nil, true
	}
	return code, line[3] == '-', line[4:], line[3] == ' ' || line[3] == '-'
}

// enhancedCode returns the enhanced status code (RFC 3463) that text begins with,
// or "". It is looked for whether or not the server announced such codes: many
// give them without a word.
func enhancedCode(text []byte) string {
	word := text
	if end := bytes.IndexAny(text, " \t"); end >= 0 {
		word = text[:end]
	}
	if len(word) < 5 || len(word) > 9 || word[1] != '.' || word[0] != '2' && word[0] != '4' && word[0] != '5' {
		return ""
	}
	subject, detail, ok := bytes.Cut(word[2:], []byte("."))
	if !ok || !isNumber(subject) || !isNumber(detail) {
		return ""
	}
	return string(word)
}

func isNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) >= 1 && len(b) <= 3
}

// oneLine makes foreign text safe to keep and to show: one line, printable, and
// short.
func oneLine(s string) string {
	var b strings.Builder
	blank := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			blank = b.Len() > 0
			continue
		case r == utf8.RuneError || !unicode.IsPrint(r):
			r = '?'
		}
		if b.Len() >= maxReplyText {
			return b.String() + "…"
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// stage is the command that a reply answers, as far as it matters for what a
// refusal is about.
type stage int

const (
	atMail stage = iota
	atRcpt
	atData
	atDot
)

// refusal turns a 4xx or 5xx into an answer.
func refusal(at stage, r reply) Answer {
	a := Answer{Outcome: Deferred, About: about(at, r), Code: r.code, Enhanced: r.enhanced, Text: r.text}
	if r.class() == 5 {
		a.Outcome = Rejected
	}
	return a
}

// about decides what a refusal is about: by the enhanced code where that says
// it, else by the command that was refused.
func about(at stage, r reply) About {
	if of, ok := aboutEnhanced(r.enhanced); ok && (at != atMail || of != AboutMailbox) {
		return of
	}
	if r.class() == 4 {
		return aboutDelay(at, r)
	}
	switch at {
	case atMail:
		if r.code == 552 && r.enhanced == "" {
			return AboutMessage // MAIL tells the size
		}
		return AboutSender
	case atRcpt:
		return AboutMailbox
	}
	if r.enhanced != "" {
		return AboutTransport // the server's system, network or protocol
	}
	if r.code == 552 {
		return AboutMessage // too large
	}
	// Refused once the contents were known, without a reason: filters do that.
	return AboutSender
}

// aboutEnhanced reads the subject and the detail of an enhanced code; false
// where they leave open whom the refusal is about.
func aboutEnhanced(code string) (About, bool) {
	if code == "" {
		return "", false
	}
	switch detail := code[2:]; detail {
	case "1.7", "1.8", "4.5": // bad sender's address; large providers mean our quota by 5.4.5
		return AboutSender, true
	case "2.3", "3.4": // too large for the mailbox, for the server
		return AboutMessage, true
	}
	switch subject, _, _ := strings.Cut(code[2:], "."); subject {
	case "1", "2":
		return AboutMailbox, true
	case "6":
		return AboutMessage, true
	case "7":
		return AboutSender, true
	}
	return "", false
}

// aboutDelay is for a 4xx whose enhanced code does not settle it.
func aboutDelay(at stage, r reply) About {
	if at == atRcpt && r.code == 450 && r.enhanced == "" {
		return AboutMailbox // "mailbox unavailable"
	}
	return AboutTransport
}

// serverGone reports whether a reply before the contents is about the server and
// the connection rather than about the message: it is closing (421), or it takes
// nothing without a login or an encryption that this connection does not have.
func serverGone(r reply) bool {
	switch r.code {
	case 421, 530, 534, 535, 538:
		return true
	}
	return false
}
