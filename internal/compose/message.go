package compose

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

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
	// UnsubscribeURL is the https address that a mail program posts to when the
	// reader refuses commercial mail with one click (RFC 8058): the page that the
	// letter's footer leads to. Empty where there is none, unused for all but
	// commercial mail.
	UnsubscribeURL string
}

// longestURL is how long an UnsubscribeURL may be, in bytes: no line of a message
// is longer than 998 (RFC 5322, 2.1.1) and an address is never broken.
const longestURL = 900

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
	answers := from
	if e.ReplyTo != "" {
		if answers, err = parseAddress(e.ReplyTo); err != nil {
			return nil, fmt.Errorf("reply_to: %w", err)
		}
	}
	b := make([]byte, 0, 2048+(len(l.Text)+len(l.HTML))*6/5)
	boundary := boundaryOf(b, l, e)
	b = appendFolded(b, "Auto-Submitted", "auto-generated") // RFC 3834, 5: no answering machine shall answer
	if l.Locale != "" {
		b = appendHeader(b, "Content-Language", l.Locale)
	}
	b = appendFolded(b, "Date", e.Date.Format(time.RFC1123Z))
	b = appendFolded(b, "MIME-Version", "1.0")
	b = appendFolded(b, "Message-ID", "<"+e.MessageID+">")
	b = appendHeader(b, "Subject", headerText(l.Subject))
	if e.Class == renewal.Commercial {
		if b, err = appendUnsubscribe(b, answers.Address, e); err != nil {
			return nil, err
		}
	}
	b = appendFolded(b, "From", from.String())
	b = appendFolded(b, "To", (&mail.Address{Name: displayName(e.ToName), Address: to}).String())
	if e.ReplyTo != "" {
		b = appendFolded(b, "Reply-To", answers.String())
	}
	return appendBody(b, boundary, l, from.Address, e.Date), nil
}

// appendBody appends the parts of a message, with the header fields that name them.
// A calendar stands beside the text and the page, as an attachment: within
// multipart/alternative some programs show the days in the place of the letter, and
// the letter is what its reader has to see.
func appendBody(b []byte, boundary string, l Letter, sender string, at time.Time) []byte {
	days := ""
	if l.Calendar != nil {
		days = l.Calendar.text(sender, at)
	}
	outer := "renewd-mixed-" + strings.TrimPrefix(boundary, boundaryBegin)
	if days != "" {
		b = appendBoundary(b, "multipart/mixed", outer)
		b = append(b, "--"...)
		b = append(b, outer...)
		b = append(b, "\r\n"...)
	}
	b = appendBoundary(b, "multipart/alternative", boundary)
	b = appendPart(b, boundary, "text/plain", l.Text)
	b = appendPart(b, boundary, "text/html", l.HTML)
	b = appendLastBoundary(b, boundary)
	if days == "" {
		return b
	}
	b = l.Calendar.appendPart(b, outer, days)
	return appendLastBoundary(b, outer)
}

// boundaryBegin begins the line between the text and the page.
const boundaryBegin = "renewd-"

// boundaryOf returns the line that separates the parts: the same for the same
// message, and not to be guessed by whoever chose a value in it. It uses the spare
// room of scratch.
func boundaryOf(scratch []byte, l Letter, e Envelope) string {
	scratch = append(scratch[:0], e.MessageID...)
	scratch = append(append(scratch, 0), l.Text...)
	scratch = append(append(scratch, 0), l.HTML...)
	sum := sha256.Sum256(scratch)
	return boundaryBegin + hex.EncodeToString(sum[:16])
}

// appendUnsubscribe appends the headers by which mail programs offer to refuse
// commercial mail: a mail to answers and, where there is a page for it, one click
// (RFC 8058). List-Unsubscribe-Post always comes second.
func appendUnsubscribe(b []byte, answers string, e Envelope) ([]byte, error) {
	if e.UnsubscribeToken == "" {
		return nil, errors.New("a commercial message needs a token by which to unsubscribe")
	}
	mailto := unsubscribeMailto(answers, e.UnsubscribeToken)
	if e.UnsubscribeURL == "" {
		return appendWaysOut(b, mailto), nil
	}
	page, ok := safeURL(e.UnsubscribeURL)
	if !ok || !strings.HasPrefix(page, "https://") || !isPlainASCII(page) || len(page) > longestURL {
		return nil, fmt.Errorf("%q is no https address of a page to unsubscribe", e.UnsubscribeURL)
	}
	b = appendWaysOut(b, page, mailto)
	return append(b, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...), nil
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
