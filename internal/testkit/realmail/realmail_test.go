package realmail

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestServers proves the servers themselves, with the client of the standard
// library.
func TestServers(t *testing.T) {
	s := Start(t)
	letter := "From: shop@shop.test\r\nTo: anna@client.test\r\nSubject: x\r\n\r\nHello,\r\n..two dots\r\nÅre\r\n" +
		strings.Repeat("x", 998) + "\r\n"

	t.Run("a letter arrives as it was sent", func(t *testing.T) {
		c := login(t, s)
		send(t, c, "Anna+tag@client.test", letter)
		letters := s.WaitLetters(t.Context(), "anna@client.test", 1)
		trace, contents := Contents(letters[0])
		if len(letters) != 1 || string(contents) != letter {
			t.Errorf("%d letters, the first:\n%q", len(letters), letters[0])
		}
		for _, want := range []string{"Return-Path: <shop@shop.test>\r\n", "SMTPSA", "mail.test"} {
			if !bytes.Contains(trace, []byte(want)) {
				t.Errorf("%q is not in front of the letter:\n%s", want, trace)
			}
		}
		if lines := inbox(t, s, "anna@client.test"); !strings.Contains(lines, "NO [AUTHENTICATIONFAILED]") {
			t.Errorf("IMAP lets in whoever it does not know: %s", lines)
		}
	})
	t.Run("the answers", func(t *testing.T) {
		for address, want := range map[string]string{
			"hard.1@client.test": "550 5.1.1", "soft@client.test": "450 4.2.1", "spam.x@client.test": "554 5.7.1", "grey@client.test": "451 4.7.1",
		} {
			c := login(t, s)
			if err := c.Mail("shop@shop.test"); err != nil {
				t.Fatal(err)
			}
			if err := c.Rcpt(address); !strings.HasPrefix(said(err), want) {
				t.Errorf("%s: %v, want %s", address, err, want)
			}
		}
	})
	t.Run("no login, no letter", func(t *testing.T) {
		c := starttls(t, s)
		if err := c.Auth(smtp.PlainAuth("", s.User, "wrong", s.Host)); !strings.HasPrefix(said(err), "535 5.7.8") {
			t.Errorf("a wrong password: %v", err)
		}
		c = starttls(t, s)
		if err := c.Mail("shop@shop.test"); err != nil {
			t.Fatal(err)
		}
		if err := c.Rcpt("anna@client.test"); !strings.HasPrefix(said(err), "554 5.7.1") {
			t.Errorf("without a login: %v", err)
		}
		c = dial(t, s.Host, s.Submission)
		if err := c.Mail("shop@shop.test"); !strings.HasPrefix(said(err), "530 5.7.0") {
			t.Errorf("without TLS: %v", err)
		}
	})
	t.Run("away and back", func(t *testing.T) {
		s.StopPostfix()
		if conn, err := net.Dial("tcp", address(s.Host, s.Submission)); err == nil {
			_ = conn.Close()
			t.Error("Postfix still answers")
		}
		s.StartPostfix()
		s.StopDovecot()
		c := dial(t, s.Host, s.Plain)
		send(t, c, s.User, letter) // waits at Postfix
		s.StartDovecot()
		letters := s.WaitLetters(t.Context(), s.User, 1)
		if _, contents := Contents(letters[0]); string(contents) != letter {
			t.Errorf("arrived: %q", letters[0])
		}
		if n, own := s.Total("client.test"), s.Total("shop.test"); n != 1 || own != 1 {
			t.Errorf("%d and %d letters in the mailboxes, want 1 and 1", n, own)
		}
		if lines := inbox(t, s, s.User); !strings.Contains(lines, "* 1 EXISTS") || !strings.Contains(lines, "..two dots") {
			t.Errorf("IMAP shows: %s", lines)
		}
	})
}

// TestNothingStays: the servers take with them what they had on the disk.
func TestNothingStays(t *testing.T) {
	var dir string
	t.Run("servers", func(t *testing.T) { dir = Start(t).dir })
	if _, err := os.Stat(dir); dir != "" && !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}

func TestContents(t *testing.T) {
	for _, c := range []struct{ letter, trace string }{
		{"Return-Path: <a@b>\r\nReceived: from x\r\n\tby y\r\n  for z\r\nFrom: a\r\n\r\nReceived: no\r\n", "Return-Path: <a@b>\r\nReceived: from x\r\n\tby y\r\n  for z\r\n"},
		{"From: a\r\nReceived: from x\r\n\r\n", ""},
		{"Received: from x\r\n", "Received: from x\r\n"},
		{"", ""},
	} {
		trace, contents := Contents([]byte(c.letter))
		if string(trace) != c.trace || string(trace)+string(contents) != c.letter {
			t.Errorf("%q: %q and %q", c.letter, trace, contents)
		}
	}
}

// said is a server's refusal as it was on the wire.
func said(err error) string {
	var refusal *textproto.Error
	if !errors.As(err, &refusal) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%d %s", refusal.Code, refusal.Msg)
}

func address(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

func dial(t *testing.T, host string, port int) *smtp.Client {
	t.Helper()
	c, err := smtp.Dial(address(host, port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // Postfix may have closed it already
	return c
}

func starttls(t *testing.T, s *Servers) *smtp.Client {
	t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	c := dial(t, s.Host, s.Submission)
	if err := c.StartTLS(&tls.Config{RootCAs: roots, ServerName: s.Host}); err != nil {
		t.Fatal(err)
	}
	return c
}

func login(t *testing.T, s *Servers) *smtp.Client {
	t.Helper()
	c := starttls(t, s)
	if err := c.Auth(smtp.PlainAuth("", s.User, s.Password, s.Host)); err != nil {
		t.Fatal(err)
	}
	return c
}

func send(t *testing.T, c *smtp.Client, to, letter string) {
	t.Helper()
	if err := c.Mail("shop@shop.test"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt(to); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(letter)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// inbox is what IMAP says to a user who looks at all the letters.
func inbox(t *testing.T, s *Servers, user string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address(s.Host, s.IMAP))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Dovecot takes an 8-bit password only as a literal.
	if _, err := fmt.Fprintf(conn, "a LOGIN %s {%d+}\r\n%s\r\nb SELECT INBOX\r\nc FETCH 1:* BODY[]\r\nd LOGOUT\r\n", user, len(s.Password), s.Password); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadString('\n')
		said.WriteString(line)
		if err != nil || strings.HasPrefix(line, "d ") {
			return said.String()
		}
	}
}
