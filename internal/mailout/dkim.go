package mailout

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// signedFields are the header fields that a signature covers, as they are
// written. Those that are sealed are named once more than the message has them,
// so that nobody can add another one above ours: mail programs show the first.
// Both List-Unsubscribe fields have to be covered (RFC 8058, 4).
var signedFields = []struct {
	name   string
	sealed bool
}{
	{"From", true}, {"To", true}, {"Subject", true}, {"Date", true}, {"Message-ID", true}, {"MIME-Version", true},
	{"Content-Type", true}, {"Reply-To", true}, {"List-Unsubscribe", true}, {"List-Unsubscribe-Post", true},
	{"Auto-Submitted", false}, {"Content-Language", false},
}

// Signer signs messages with DKIM (RFC 6376, RFC 8463). It is safe for concurrent
// use, and the same message gets the same signature: there is no time in it, so
// that what is made again has the bytes that it had.
type Signer struct {
	domain, selector string
	key              crypto.Signer // an *rsa.PrivateKey or an ed25519.PrivateKey
}

// Sign returns a message, lines ending in CRLF, with a DKIM-Signature above it.
// It fails for what is no message: without a From field, or without the empty
// line that ends its header.
func (s *Signer) Sign(raw []byte) ([]byte, error) {
	header, body, found := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !found {
		return nil, errors.New("a message to be signed has no empty line after its header")
	}
	fields := splitFields(string(header) + "\r\n")
	covered := coveredFields(fields)
	if len(covered) == 0 {
		return nil, errors.New("a message to be signed has no From field")
	}
	bodyHash := sha256.Sum256(relaxBody(body))
	signature := s.signatureField(covered, bodyHash[:])

	var signed strings.Builder
	left := make(map[string][]string, len(fields)) // from the last one up
	for _, f := range fields {
		left[fieldName(f)] = append(left[fieldName(f)], f)
	}
	for _, name := range covered {
		name = strings.ToLower(name)
		if n := len(left[name]); n > 0 {
			signed.WriteString(relaxField(left[name][n-1]) + "\r\n")
			left[name] = left[name][:n-1]
		}
	}
	signed.WriteString(relaxField(signature))
	value, err := s.sum([]byte(signed.String()))
	if err != nil {
		return nil, fmt.Errorf("signing a message for %s: %w", s.domain, err)
	}
	out := make([]byte, 0, len(raw)+len(signature)+len(value)*2)
	out = append(out, signature...)
	out = appendFoldedBase64(out, value)
	return append(append(out, "\r\n"...), raw...), nil
}

// sum signs the canonical form of a header.
func (s *Signer) sum(header []byte) ([]byte, error) {
	digest := sha256.Sum256(header)
	if key, ok := s.key.(*rsa.PrivateKey); ok {
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	}
	return s.key.Sign(nil, digest[:], crypto.Hash(0)) // Ed25519 signs the digest as its message (RFC 8463, 3)
}

// algorithm is what the key is called in a signature and in the record.
func (s *Signer) algorithm() string {
	if _, ok := s.key.(ed25519.PrivateKey); ok {
		return "ed25519"
	}
	return "rsa"
}

// signatureField returns the field as it is signed: whole, folded, without the
// signature itself, which comes last.
func (s *Signer) signatureField(covered []string, bodyHash []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "DKIM-Signature: v=1; a=%s-sha256; c=relaxed/relaxed;\r\n\td=%s; s=%s;\r\n\th=", s.algorithm(), s.domain, s.selector)
	length := len("\th=")
	for i, name := range covered {
		if i > 0 {
			b.WriteByte(':')
			length++
			if length+len(name)+len(":") > 76 {
				b.WriteString("\r\n\t ")
				length = len("\t ")
			}
		}
		b.WriteString(name)
		length += len(name)
	}
	fmt.Fprintf(&b, ";\r\n\tbh=%s;\r\n\tb=", base64.StdEncoding.EncodeToString(bodyHash))
	return b.String()
}

// coveredFields returns the names for the tag h=, nothing where there is no From.
func coveredFields(fields []string) []string {
	times := make(map[string]int, len(fields))
	for _, f := range fields {
		times[fieldName(f)]++
	}
	if times["from"] == 0 {
		return nil
	}
	var covered []string
	for _, f := range signedFields {
		n := times[strings.ToLower(f.name)]
		if f.sealed {
			n++
		}
		for range n {
			covered = append(covered, f.name)
		}
	}
	return covered
}

// splitFields takes a header apart; each field keeps its line breaks.
func splitFields(header string) []string {
	var fields []string
	for line := range strings.SplitAfterSeq(header, "\r\n") {
		switch {
		case line == "":
		case (line[0] == ' ' || line[0] == '\t') && len(fields) > 0:
			fields[len(fields)-1] += line
		default:
			fields = append(fields, line)
		}
	}
	return fields
}

// fieldName is a field's name in lower case.
func fieldName(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return strings.ToLower(strings.TrimRight(name, " \t"))
}

// relaxField is the relaxed canonical form of a field without its end (RFC 6376,
// 3.4.2).
func relaxField(field string) string {
	_, value, _ := strings.Cut(field, ":")
	value = strings.ReplaceAll(value, "\r\n", "")
	words := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == '\t' })
	return fieldName(field) + ":" + strings.Join(words, " ")
}

// relaxBody is the relaxed canonical form of a body (RFC 6376, 3.4.4).
func relaxBody(body []byte) []byte {
	out := make([]byte, 0, len(body)+2)
	end := 0 // of the last line that is not empty, with its line break
	for line := range bytes.SplitSeq(body, []byte("\r\n")) {
		line = bytes.TrimRight(line, " \t")
		blank := false
		for _, c := range line {
			isBlank := c == ' ' || c == '\t'
			switch {
			case !isBlank:
				out = append(out, c)
			case !blank:
				out = append(out, ' ')
			}
			blank = isBlank
		}
		out = append(out, "\r\n"...)
		if len(line) > 0 {
			end = len(out)
		}
	}
	return out[:end]
}

// appendFoldedBase64 appends the value of b=, whose first line has begun.
func appendFoldedBase64(b, value []byte) []byte {
	const line = 72
	text := base64.StdEncoding.EncodeToString(value)
	for ; len(text) > line; text = text[line:] {
		b = append(append(b, text[:line]...), "\r\n\t"...)
	}
	return append(b, text...)
}
