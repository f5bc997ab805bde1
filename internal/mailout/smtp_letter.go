package mailout

import (
	"bytes"
	"strings"
)

// letter is a message made ready for the wire.
type letter struct {
	from, to string // as they stand between < and >
	raw      []byte
	utf8     bool // an address is not ASCII
	eightBit bool // the contents are not
}

// newLetter checks what the dialogue depends on. Where something cannot be sent
// to any server, the answer says so and ok is false.
func newLetter(from, to string, raw []byte) (l *letter, refused Answer, ok bool) {
	l = &letter{raw: raw}
	if l.from, ok = mailPath(from); !ok {
		return nil, Answer{Outcome: Rejected, About: AboutSender, Text: "the sender's address cannot be used in a mail dialogue: " + oneLine(from)}, false
	}
	if l.to, ok = mailPath(to); !ok {
		return nil, Answer{Outcome: Rejected, About: AboutMailbox, Text: "the address cannot be used in a mail dialogue: " + oneLine(to)}, false
	}
	if !onlyCRLF(raw) {
		// Servers differ in what a lone CR or LF ends; a line that only some of
		// them see could end the message and begin another.
		return nil, Answer{Outcome: Rejected, About: AboutMessage, Text: "the message is empty or has a line end that is not CRLF"}, false
	}
	l.utf8 = !isASCII(l.from) || !isASCII(l.to)
	l.eightBit = !isASCII(raw)
	return l, Answer{}, true
}

// mailPath writes an address as RFC 5321 wants it, with a local part in quotes
// where it needs them; false for what cannot be written so.
func mailPath(address string) (string, bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 || len(address) > 1000 {
		return "", false
	}
	local, domain := address[:at], address[at+1:]
	for _, c := range []byte(address) {
		if c < ' ' || c == 0x7f {
			return "", false
		}
	}
	if strings.ContainsAny(domain, ` <>"\,;()`) {
		return "", false
	}
	if !strings.ContainsAny(local, ` <>"\,:;()[]@`) && local[0] != '.' && local[at-1] != '.' && !strings.Contains(local, "..") {
		return address, true
	}
	if len(local) > 1 && local[0] == '"' && local[at-1] == '"' && !strings.ContainsAny(local[1:at-1], `"\`) {
		return address, true
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"@` + domain, true
}

func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// onlyCRLF reports whether there is a message at all and every CR and LF in it
// is part of a CRLF.
func onlyCRLF(raw []byte) bool {
	ends := 0
	for rest := raw; ; ends++ {
		at := bytes.IndexByte(rest, '\n')
		if at < 0 {
			break
		}
		if at == 0 || rest[at-1] != '\r' {
			return false
		}
		rest = rest[at+1:]
	}
	return len(raw) > 0 && bytes.Count(raw, []byte{'\r'}) == ends
}

// appendContents appends the message with its dots stuffed, and the final dot. A
// message without a line end at its end gets one: the protocol has no way to
// send it without.
func (l *letter) appendContents(b []byte) []byte {
	rest := l.raw
	for len(rest) > 0 {
		if rest[0] == '.' {
			b = append(b, '.')
		}
		next := bytes.Index(rest, []byte("\n."))
		if next < 0 {
			b = append(b, rest...)
			break
		}
		b = append(b, rest[:next+1]...)
		rest = rest[next+1:]
	}
	if !bytes.HasSuffix(l.raw, []byte("\r\n")) {
		b = append(b, "\r\n"...)
	}
	return append(b, ".\r\n"...)
}
