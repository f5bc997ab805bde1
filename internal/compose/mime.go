package compose

import (
	"mime"
	"strings"
)

// foldAt is how long a line of a header may get before it is folded, where a blank
// allows it, in bytes with its line break (RFC 2047, 2).
const foldAt = 76

// appendHeader appends one header field, folded at blanks. What is not ASCII in
// value becomes encoded words.
func appendHeader(b []byte, name, value string) []byte {
	return appendFolded(b, name, mime.QEncoding.Encode("UTF-8", value))
}

// appendFolded appends a header field, folded at blanks, whose value is encoded
// already.
func appendFolded(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	room := foldAt - len("\r\n") - len(name) - len(": ")
	for first := true; ; first = false {
		word, rest, more := strings.Cut(value, " ")
		if !first {
			b = append(b, ' ')
			room--
		}
		if room-len(word) <= 1 {
			b = append(b[:len(b)-1], "\r\n "...)
			room = foldAt - len("\r\n ")
		}
		b = append(b, word...)
		room -= len(word)
		if !more {
			return append(b, "\r\n"...)
		}
		value = rest
	}
}

// appendWaysOut appends what List-Unsubscribe offers: addresses of which each has
// a line of its own, and none is broken. They are ASCII without blanks.
func appendWaysOut(b []byte, addresses ...string) []byte {
	const name = "List-Unsubscribe:"
	b = append(b, name...)
	for i, address := range addresses {
		switch line := len(address) + len(" <>,"); {
		case i > 0, len(addresses) > 1 && len(name)+line > 78 && line <= 78:
			b = append(b, "\r\n <"...)
		default:
			b = append(b, " <"...)
		}
		b = append(b, address...)
		b = append(b, '>')
		if i < len(addresses)-1 {
			b = append(b, ',')
		}
	}
	return append(b, "\r\n"...)
}

// appendBoundary appends the end of a header whose message, or part, has parts.
func appendBoundary(b []byte, contentType, boundary string) []byte {
	b = append(b, "Content-Type: "...)
	b = append(b, contentType...)
	b = append(b, ";\r\n boundary="...)
	b = append(b, boundary...)
	return append(b, "\r\n\r\n"...)
}

// appendLastBoundary appends the line after the last part.
func appendLastBoundary(b []byte, boundary string) []byte {
	b = append(b, "--"...)
	b = append(b, boundary...)
	return append(b, "--\r\n"...)
}

// appendPart appends one part of a multipart message.
func appendPart(b []byte, boundary, contentType, text string) []byte {
	b = append(b, "--"...)
	b = append(b, boundary...)
	b = append(b, "\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: "...)
	b = append(b, contentType...)
	b = append(b, "; charset=UTF-8\r\n\r\n"...)
	b = appendQuotedPrintable(b, text)
	return append(b, "\r\n"...)
}

// appendQuotedPrintable appends text as quoted-printable (RFC 2045, 6.7), with
// lines of at most 76 bytes that end in CRLF. It writes what mime/quotedprintable
// writes, several times as fast: it is most of the work of a message.
func appendQuotedPrintable(b []byte, s string) []byte {
	const longest = 75 // and a byte for the = at the end of a line that goes on
	start := len(b)    // of the line
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\n' || c == '\r':
			b = encodeLastBlank(b, start)
			b = append(b, "\r\n"...)
			start = len(b)
			i++
			if c == '\r' && i < len(s) && s[i] == '\n' {
				i++
			}
		case isPlainQP(c):
			end := i + 1
			for end < len(s) && isPlainQP(s[end]) {
				end++
			}
			for i < end {
				if len(b)-start == longest {
					b = append(b, "=\r\n"...)
					start = len(b)
				}
				n := min(end-i, longest-(len(b)-start))
				b = append(b, s[i:i+n]...)
				i += n
			}
		default:
			if len(b)-start > longest-3 {
				b = append(b, "=\r\n"...)
				start = len(b)
			}
			b = appendHex(b, c)
			i++
		}
	}
	return encodeLastBlank(b, start)
}

// isPlainQP reports whether a byte stands for itself within a line.
func isPlainQP(c byte) bool {
	return c >= ' ' && c <= '~' && c != '=' || c == '\t'
}

// encodeLastBlank encodes a blank at the end of the line that begins at start:
// mail servers may take it away.
func encodeLastBlank(b []byte, start int) []byte {
	last := len(b) - 1
	if last < start || b[last] != ' ' && b[last] != '\t' {
		return b
	}
	c := b[last]
	b = b[:last]
	if last-start > 72 {
		b = append(b, "=\r\n"...)
	}
	return appendHex(b, c)
}

func appendHex(b []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, '=', digits[c>>4], digits[c&15])
}
