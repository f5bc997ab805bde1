package testkit_test

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/smtp"
	"os"
	"strings"
	"testing"
	"time"

	"renewd/internal/testkit"
)

// A client that knows nothing of this sink finds an ordinary mail server.
func TestSinkIsAMailServer(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: map[string]string{"ada": "secret"}})
	pem, err := os.ReadFile(sink.CAFile(t))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	c, err := smtp.Dial(sink.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.StartTLS(&tls.Config{RootCAs: roots, ServerName: sink.Host}); err != nil {
		t.Fatal(err)
	}
	if err := c.Mail("a@x.example"); err == nil || !strings.Contains(err.Error(), "530") {
		t.Errorf("MAIL without login: %v", err)
	}
	if err := c.Auth(smtp.PlainAuth("", "ada", "secret", sink.Host)); err != nil {
		t.Fatal(err)
	}
	raw := "Message-ID: <1@x>\r\n\r\n.dot\r\n..\r\n"
	for range 2 {
		if err := c.Mail("a@x.example"); err != nil {
			t.Fatal(err)
		}
		for _, to := range []string{"b@y.example", "c@y.example"} {
			if err := c.Rcpt(to); err != nil {
				t.Fatal(err)
			}
		}
		w, err := c.Data()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Quit(); err != nil {
		t.Fatal(err)
	}
	if !sink.WaitFor(2) || sink.Count() != 2 || sink.ByMessageID()["1@x"] != 2 {
		t.Errorf("%d letters: %v", sink.Count(), sink.ByMessageID())
	}
	got := sink.Accepted()[0]
	if got.From != "a@x.example" || got.To != "b@y.example,c@y.example" || string(got.Raw) != raw || got.Hash != sha256.Sum256([]byte(raw)) ||
		!got.TLS || got.User != "ada" || got.Conn != 1 || got.Params != "BODY=8BITMIME" {
		t.Errorf("%+v", got)
	}
	if stats := sink.Stats(); stats != (testkit.SinkStats{Connections: 1, Parallel: 1, Logins: 1}) {
		t.Errorf("%+v", stats)
	}
}

// talk writes all at once and returns the replies.
func talk(t *testing.T, sink *testkit.Sink, text string) []string {
	t.Helper()
	conn, err := net.Dial("tcp", sink.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, text); err != nil {
		t.Fatal(err)
	}
	var replies []string
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		replies = append(replies, lines.Text())
	}
	return replies
}

// Only CRLF, dot, CRLF ends a message: a sender that lets a lone LF through must
// be found out.
func TestSinkEndsMessagesAtCRLFOnly(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{LowMemory: true, Extensions: []string{}})
	contents := "Message-ID: <1>\r\n\r\na\n.\r\nb\r\n.\n\r\n"
	replies := talk(t, sink, "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@y>\r\nDATA\r\n"+contents+".\r\nQUIT\r\n")
	if want := "220 250 250 250 354 250 221"; codes(replies) != want {
		t.Errorf("%q, want %s", replies, want)
	}
	unstuffed := strings.Replace(contents, "\r\n.\n", "\r\n\n", 1)
	if got := sink.Accepted()[0]; got.Raw != nil || got.Hash != sha256.Sum256([]byte(unstuffed)) || got.MessageID != "1" {
		t.Errorf("%+v", got)
	}
}

func codes(replies []string) string {
	var all []string
	for _, reply := range replies {
		if len(reply) > 3 && reply[3] == ' ' {
			all = append(all, reply[:3])
		}
	}
	return strings.Join(all, " ")
}

func TestSinkKeepsTheOrderOfCommands(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{TLS: testkit.SinkSTARTTLS})
	got := codes(talk(t, sink, "MAIL FROM:<a@x>\r\nEHLO x\r\nRCPT TO:<b@y>\r\nDATA\r\nMAIL FROM:a\r\nMAIL FROM:<a@x>\r\nMAIL FROM:<a@x>\r\nNOOP\r\nRSET\r\nRCPT TO:<b@y>\r\nAUTH PLAIN eA==\r\nHELP\r\nQUIT\r\n"))
	if want := "220 503 250 503 503 501 250 503 250 250 503 504 500 221"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if stats := sink.Stats(); stats.AuthInClear != 1 || stats.MailInClear != 4 || sink.Count() != 0 {
		t.Errorf("%+v", stats)
	}
}

// Replies to commands that came together share one round trip, and a script
// decides about each.
func TestSinkScript(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{RTT: time.Millisecond, Script: func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
		switch {
		case s == testkit.StageRcpt && d.To == "no@y":
			return testkit.Reply{Line: "550-5.1.1 no\r\n550 5.1.1 such"}
		case s == testkit.StageDot && d.Message == 1:
			return testkit.Reply{Keep: true, Line: "451 lost"}
		case s == testkit.StageDot:
			return testkit.Reply{Drop: testkit.DropAfter, Delay: time.Millisecond}
		}
		return testkit.Reply{}
	}})
	one := "MAIL FROM:<a@x>\r\nRCPT TO:<no@y>\r\nRCPT TO:<b@y>\r\nDATA\r\nx\r\n.\r\n"
	if got, want := codes(talk(t, sink, "EHLO x\r\n"+one+one+"NOOP\r\n")), "220 250 250 550 250 354 451 250 550 250 354 250"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if sink.Count() != 2 || sink.Seen(testkit.StageNoop) != 0 || sink.Seen(testkit.StageDot) != 2 {
		t.Errorf("%d letters", sink.Count())
	}
	sink.Forget()
	if sink.Count() != 0 {
		t.Error("Forget remembers")
	}
}

// Stop ends whatever hangs.
func TestSinkStops(t *testing.T) {
	reached := make(chan struct{})
	sink := testkit.NewSink(t, testkit.SinkOptions{Script: func(s testkit.Stage, _ testkit.Dialogue) testkit.Reply {
		if s == testkit.StageGreeting {
			close(reached)
		}
		return testkit.Reply{Hang: make(chan struct{})}
	}})
	waited := make(chan bool)
	go func() { waited <- sink.WaitFor(1) }()
	conn, err := net.Dial("tcp", sink.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	<-reached
	sink.Stop()
	if <-waited {
		t.Error("a letter came")
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d, %v", n, err)
	}
}
