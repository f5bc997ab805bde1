package test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"renewd/internal/compose"
	"renewd/internal/mailout"
	"renewd/internal/renewal"
	"renewd/internal/testkit/realmail"
	"renewd/templates"
)

const shop = "bonjour@parc-aurore.test"

// login are the options with which everything works.
func login(s *realmail.Servers) mailout.SMTPOptions {
	return mailout.SMTPOptions{
		Host: s.Host, Port: s.Submission, TLS: mailout.TLSStartTLS, CAFile: s.CAFile,
		User: s.User, Password: func(context.Context) (string, error) { return s.Password, nil },
	}
}

// transport returns a transport, which ends with the test.
func transport(t *testing.T, o mailout.SMTPOptions) *mailout.SMTP {
	t.Helper()
	m, err := mailout.NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// small is a letter of a few lines.
func small(to, id string) []byte {
	return []byte("From: Parc Aurore <" + shop + ">\r\nTo: " + to + "\r\nMessage-ID: <" + id + "@parc-aurore.test>\r\n" +
		"Date: Mon, 1 Mar 2027 09:00:00 +0100\r\nSubject: Your pass\r\n\r\nIt ends soon.\r\n")
}

// deliver sends a letter that has to be accepted.
func deliver(t *testing.T, m *mailout.SMTP, to string, raw []byte) {
	t.Helper()
	begun := 0
	answer, err := m.Deliver(t.Context(), shop, to, raw, func() error { begun++; return nil })
	if err != nil || answer.Outcome != mailout.Accepted || answer.Code != 250 || begun != 1 {
		t.Errorf("%s: %+v, %v, begun %d times", to, answer, err, begun)
	}
}

// arrived compares the only letter in a mailbox with the bytes that were sent.
func arrived(t *testing.T, s *realmail.Servers, to string, sent []byte) {
	t.Helper()
	letters := s.WaitLetters(t.Context(), to, 1)
	trace, got := realmail.Contents(letters[0])
	if len(letters) != 1 {
		t.Errorf("%s has %d letters", to, len(letters))
	}
	if !bytes.Equal(got, sent) {
		at := 0
		for at < min(len(got), len(sent)) && got[at] == sent[at] {
			at++
		}
		from := max(0, at-40)
		t.Errorf("%s: %d bytes became %d; the first difference is at %d:\nsent %q\ngot  %q", to, len(sent), len(got), at,
			sent[from:min(len(sent), at+40)], got[from:min(len(got), at+40)])
	}
	if !bytes.Contains(trace, []byte("Return-Path: <"+shop+">\r\n")) {
		t.Errorf("%s: bounces would not come back to us:\n%s", to, trace)
	}
}

// TestRealMailArrivesAsItWasSent sends letters through a login and TLS into
// mailboxes and compares every byte.
func TestRealMailArrivesAsItWasSent(t *testing.T) {
	s := realmail.Start(t)
	m := transport(t, login(s))
	header := string(small("x@client.test", "hard-to-carry"))
	header, _, _ = strings.Cut(header, "\r\n\r\n")
	for name, body := range map[string]string{
		"dots":     ".\r\n..\r\n...\r\n. \r\n.\t\r\nx.\r\n.x\r\n\r\n.\r\n",
		"from":     "From here on\r\n>From there\r\nReceived: by nobody\r\n",
		"long":     strings.Repeat("0123456789", 99) + "12345678\r\n." + strings.Repeat("x", 997) + "\r\n",
		"eightbit": "Schöne Grüße, ça va ? 日本語 \U0001f600\r\n",
		"blank":    "\r\n\r\n \r\n\t\r\nspaces at the end   \r\n\r\n",
		"bytes":    "\x00\x01\x08\x0b\x0c\x1b\x7f\x80\xff\r\n",
		"big":      strings.Repeat("A line of some length that comes again and again.\r\n", 20_000),
		"empty":    "",
	} {
		t.Run(name, func(t *testing.T) {
			raw := []byte(header + "\r\n\r\n" + body)
			to := name + "@client.test"
			deliver(t, m, to, raw)
			arrived(t, s, to, raw)
		})
	}
	t.Run("an envelope of its own", func(t *testing.T) {
		raw := small("Somebody Else <else@client.test>", "envelope")
		deliver(t, m, "Envelope+tag@client.test", raw)
		arrived(t, s, "envelope@client.test", raw)
	})
}

// TestRealMailCarriesEveryLetter sends each built-in letter in each language.
func TestRealMailCarriesEveryLetter(t *testing.T) {
	s := realmail.Start(t)
	m := transport(t, login(s))
	set := compose.Load(templates.FS, nil, compose.Business{Name: "Parc Aurore", Email: shop,
		PostalAddress: "1 rue des Lilas, 69001 Lyon, France", Locale: "fr"})
	files, err := fs.Glob(templates.FS, "*.md")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d letters, %v", len(files), err)
	}
	sent := map[string][]byte{}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".md")
		at := strings.LastIndexByte(name, '.')
		name, locale := name[:at], name[at+1:]
		name, sober := strings.CutSuffix(name, ".sober")
		data := compose.Sample(3)
		data.Staff = compose.SampleStaff(renewal.TaskMissed, 2, false).Staff
		letter, err := set.Render(name, locale, sober, data)
		if err != nil {
			t.Fatal(err)
		}
		to := strings.TrimSuffix(file, ".md") + "@client.test"
		raw, err := compose.Message(letter, compose.Envelope{From: "Parc Aurore <" + shop + ">", To: to, ToName: "Zoë Müller",
			MessageID: file + "@parc-aurore.test", Date: time.Date(2027, 3, 1, 9, 0, 0, 0, time.FixedZone("", 3600)),
			Class: renewal.Commercial, UnsubscribeToken: "c1.Zm9v"})
		if err != nil {
			t.Fatal(err)
		}
		sent[to] = raw
	}
	var all sync.WaitGroup
	for to, raw := range sent {
		all.Go(func() { deliver(t, m, to, raw) })
	}
	all.Wait()
	for to, raw := range sent {
		arrived(t, s, to, raw)
	}
	if logins := strings.Count(s.Log(), "sasl_method="); logins != len(sent) {
		t.Errorf("%d of %d letters came from somebody who had logged in", logins, len(sent))
	}
}

// refusal is what Postfix says to a recipient and what we take it for.
type refusal struct {
	begins        string         // the recipient's address
	want          mailout.Answer // without its Text
	says          string
	noSuchMailbox bool
}

var answers = []refusal{
	{"hard", mailout.Answer{Outcome: mailout.Rejected, About: mailout.AboutMailbox, Code: 550, Enhanced: "5.1.1"}, "User unknown", true},
	{"soft", mailout.Answer{Outcome: mailout.Deferred, About: mailout.AboutMailbox, Code: 450, Enhanced: "4.2.1"}, "Mailbox busy", false},
	{"spam", mailout.Answer{Outcome: mailout.Rejected, About: mailout.AboutSender, Code: 554, Enhanced: "5.7.1"}, "Blocked as spam", false},
	{"grey", mailout.Answer{Outcome: mailout.Deferred, About: mailout.AboutSender, Code: 451, Enhanced: "4.7.1"}, "Greylisted", false},
}

// TestRealMailAnswers: refusals mean what they say, and the letters around them
// go through.
func TestRealMailAnswers(t *testing.T) {
	s := realmail.Start(t)
	for _, connections := range []int{1, 4} {
		o := login(s)
		o.Connections = connections
		m := transport(t, o)
		var all sync.WaitGroup
		var good []string
		for i := range 10 {
			for _, a := range answers {
				all.Go(func() { a.check(t, m, fmt.Sprintf("%s.%d@client.test", a.begins, i)) })
			}
			to := fmt.Sprintf("good.%d.%d@client.test", connections, i)
			good = append(good, to)
			all.Go(func() { deliver(t, m, to, small(to, to)) })
		}
		all.Wait()
		for _, to := range good {
			arrived(t, s, to, small(to, to))
		}
	}
	if n := s.Total("client.test"); n != 20 {
		t.Errorf("%d letters in the mailboxes, want 20", n)
	}
}

// TestRealMailHangsUp: Postfix ends a connection after twenty mistakes in a row.
// Nobody notices.
func TestRealMailHangsUp(t *testing.T) {
	s := realmail.Start(t)
	o := login(s)
	o.Connections = 1
	m := transport(t, o)
	for i := range 50 {
		answers[0].check(t, m, fmt.Sprintf("hard.%d@client.test", i))
	}
	deliver(t, m, "last@client.test", small("last@client.test", "last"))
	arrived(t, s, "last@client.test", small("last@client.test", "last"))
	if !strings.Contains(s.Log(), "too many errors after") {
		t.Error("Postfix never hung up: this proves less than it should")
	}
}

// check sends a letter that has to be refused so.
func (a refusal) check(t *testing.T, m *mailout.SMTP, to string) {
	t.Helper()
	answer, err := m.Deliver(t.Context(), shop, to, small(to, to), func() error {
		t.Errorf("%s: the contents were begun", to)
		return nil
	})
	said := answer.Text
	answer.Text = ""
	if err != nil || answer != a.want || !strings.Contains(said, a.says) || answer.NoSuchMailbox() != a.noSuchMailbox {
		t.Errorf("%s: %+v %q, %v", to, answer, said, err)
	}
}

// TestRealMailLogins tries each way to log in, on both ports that ask for it.
func TestRealMailLogins(t *testing.T) {
	s := realmail.Start(t)
	for _, auth := range []string{"", "plain", "login", "scram-sha-256"} {
		for _, mode := range []mailout.TLSMode{mailout.TLSStartTLS, mailout.TLSImplicit} {
			o := login(s)
			o.Auth, o.TLS = auth, mode
			if mode == mailout.TLSImplicit {
				o.Port = s.Implicit
			}
			to := "auto"
			if auth != "" {
				to = auth
			}
			to += "." + string(mode) + "@client.test"
			deliver(t, transport(t, o), to, small(to, to))
			arrived(t, s, to, small(to, to))
		}
	}
	var used []string
	for line := range strings.Lines(s.Log()) {
		if _, method, ok := strings.Cut(line, "sasl_method="); ok {
			method, _, _ = strings.Cut(method, ",")
			used = append(used, strings.ToUpper(method))
		}
	}
	slices.Sort(used)
	if got := strings.Join(slices.Compact(used), " "); got != "LOGIN PLAIN SCRAM-SHA-256" {
		t.Errorf("logged in by %s", got)
	}
}
