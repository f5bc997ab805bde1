package compose

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"renewd/internal/renewal"
)

// Envelope is what makes a letter a message to one person.
type Envelope struct {
	// From and ReplyTo are addresses with or without a name, as the
	// configuration has them; ReplyTo may be empty.
	From, ReplyTo string
	// To is a bare address, ToName whatever the customer is called.
	To, ToName string
	// MessageID has no angle brackets. The same one on a second try makes it the
	// same message.
	MessageID string
	// Date is the Date header, in the zone in which it is to be read.
	Date  time.Time
	Class renewal.Class
	// UnsubscribeToken stands, after the word unsubscribe, in the subject of the
	// mail by which a reader refuses commercial mail. It is opaque to others and
	// required for commercial mail, unused for all other.
	UnsubscribeToken string
}

// Message returns the bytes of a message, lines ending in CRLF, as they go to
// the transport and into the evidence: the same input gives the same bytes.
func Message(l Letter, e Envelope) ([]byte, error) {
	from, err := parseAddress(e.From)
	if err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	to, err := Mailbox(e.To)
	if err != nil {
		return nil, fmt.Errorf("recipient: %w", err)
	}
	if err := checkMessageID(e.MessageID); err != nil {
		return nil, err
	}
	boundary := sha256.Sum256([]byte(e.MessageID + "\x00" + l.Text + "\x00" + l.HTML))
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("renewd-"+hex.EncodeToString(boundary[:16])))
	m.FromMailAddress(from)
	m.ToMailAddress(&mail.Address{Name: displayName(e.ToName), Address: to})
	answers := from
	if e.ReplyTo != "" {
		if answers, err = parseAddress(e.ReplyTo); err != nil {
			return nil, fmt.Errorf("reply_to: %w", err)
		}
		m.ReplyToMailAddress(answers)
	}
	m.Subject(headerText(l.Subject))
	m.SetMessageIDWithValue(e.MessageID)
	m.SetDateWithValue(e.Date)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834, 5: no answering machine shall answer
	if l.Locale != "" {
		m.SetGenHeader(gomail.HeaderContentLang, l.Locale)
	}
	if e.Class == renewal.Commercial {
		if e.UnsubscribeToken == "" {
			return nil, errors.New("a commercial message needs a token by which to unsubscribe")
		}
		m.SetListUnsubscribe(unsubscribeMailto(answers.Address, e.UnsubscribeToken))
	}
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	var out bytes.Buffer
	if _, err := m.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("message %s: %w", e.MessageID, err)
	}
	return out.Bytes(), nil
}

// UnsubscribeMailto returns the link by which a reader refuses commercial mail
// from within a mail program: the same as the message's List-Unsubscribe header,
// for Links.Unsubscribe where there is no page for it. It is empty where the
// sender's address cannot be read.
func UnsubscribeMailto(from, replyTo, token string) string {
	if replyTo == "" {
		replyTo = from
	}
	a, err := parseAddress(replyTo)
	if err != nil {
		return ""
	}
	return unsubscribeMailto(a.Address, token)
}

func unsubscribeMailto(address, token string) string {
	return "mailto:" + percentEncode(address, "@+") + "?subject=" + percentEncode("unsubscribe "+token, "")
}

// Mailbox returns a bare address as it goes over the wire: its domain in ASCII
// (A-labels). What comes before the @ stays as it is; where that is not ASCII,
// only a server that knows SMTPUTF8 can take it.
func Mailbox(address string) (string, error) {
	a, err := parseAddress(address)
	if err != nil {
		return "", err
	}
	return a.Address, nil
}

// parseAddress reads "Name <address>" or a bare address.
func parseAddress(s string) (*mail.Address, error) {
	if strings.ContainsAny(s, "\r\n\x00") {
		return nil, fmt.Errorf("%q is not an e-mail address", s)
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, fmt.Errorf("%q is not an e-mail address", s)
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, domain := a.Address[:at], a.Address[at+1:]
	for _, r := range domain {
		if r >= utf8.RuneSelf {
			if domain, err = idna.Lookup.ToASCII(domain); err != nil {
				return nil, fmt.Errorf("%q is not the name of a domain: %w", a.Address[at+1:], err)
			}
			break
		}
	}
	return &mail.Address{Name: displayName(a.Name), Address: local + "@" + domain}, nil
}

// displayName makes a name safe for an address header.
func displayName(name string) string {
	name = shorten(oneLine(name), 120)
	if strings.Contains(name, "=?") {
		// A quoted name that looks like an encoded word is decoded by several
		// mail programs; taken apart it is what it looks like.
		name = strings.ReplaceAll(name, "=?", "= ?")
	}
	return name
}

// headerText encodes text for a header where the library would let it pass as it
// is and a reader would not see the same: what looks like an encoded word, and
// words that no line can hold (RFC 5322, 2.1.1).
func headerText(s string) string {
	s = oneLine(s)
	encode := strings.Contains(s, "=?")
	for _, word := range words(s) {
		encode = encode || len(word) > 60
	}
	if !encode {
		return s
	}
	var encoded []string
	for s != "" {
		n := min(len(s), 42) // 56 characters in base64, with its frame below 75
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		encoded = append(encoded, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(encoded, " ")
}

// shorten cuts s after n characters.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimRight(string([]rune(s)[:n-1]), " ") + "…"
}

// checkMessageID refuses what is no id of RFC 5322, 3.6.4, without brackets.
func checkMessageID(id string) error {
	left, right, found := strings.Cut(id, "@")
	if !found || left == "" || right == "" || len(id) > 250 {
		return fmt.Errorf("%q is no Message-ID", id)
	}
	for i := 0; i < len(id); i++ {
		if c := id[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '@' && i != len(left) {
			return fmt.Errorf("%q is no Message-ID", id)
		}
	}
	return nil
}
