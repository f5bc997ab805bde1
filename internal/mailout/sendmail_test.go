package mailout_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renewd/internal/mailout"
)

// program writes a shell script that stands for sendmail.
func program(t *testing.T, script string) *mailout.Sendmail {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sendmail")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &mailout.Sendmail{Path: path}
}

func TestSendmailGetsArgumentsAndBytes(t *testing.T) {
	dir := t.TempDir()
	s := program(t, fmt.Sprintf(`printf '%%s\n' "$@" > %s/args; cat > %s/stdin; echo queued as 1 >&2`, dir, dir))
	raw := []byte("Subject: x\r\n\r\nfirst\r\n.\r\nlast\r\n")
	calls := 0
	answer, err := s.Deliver(t.Context(), sender, "-oQ/tmp@customer.example", raw, func() error {
		calls++
		if _, err := os.Stat(filepath.Join(dir, "args")); !errors.Is(err, os.ErrNotExist) {
			t.Error("the program ran before streaming")
		}
		return nil
	})
	if answer != (mailout.Answer{Outcome: mailout.Accepted, Text: "queued as 1"}) || err != nil || calls != 1 {
		t.Errorf("%+v, %v, streaming called %d times", answer, err, calls)
	}
	for name, want := range map[string]string{"args": "-i\n-f\n" + sender + "\n--\n-oQ/tmp@customer.example\n", "stdin": "Subject: x\n\nfirst\n.\nlast\n"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestSendmailExitStatus(t *testing.T) {
	for _, c := range []struct {
		script  string
		outcome mailout.Outcome
		about   mailout.About
		text    string
	}{
		{"cat >/dev/null", mailout.Accepted, "", "sendmail: accepted"},
		{"exit 0", mailout.Accepted, "", "sendmail: accepted"}, // without reading
		{"exit 64", mailout.Rejected, mailout.AboutSender, "exit status 64"},
		{"exit 65", mailout.Rejected, mailout.AboutMessage, "exit status 65"},
		{"echo; echo '5.1.1 no  such user' >&2; echo more >&2; exit 67", mailout.Rejected, mailout.AboutMailbox, "5.1.1 no such user"},
		{"exit 68", mailout.Rejected, mailout.AboutMailbox, "exit status 68"},
		{"exit 69", mailout.Rejected, mailout.AboutSender, "exit status 69"},
		{"exit 71", mailout.Deferred, mailout.AboutTransport, "exit status 71"},
		{"exit 74", mailout.Deferred, mailout.AboutTransport, "exit status 74"},
		{"echo later >&2; exit 75", mailout.Deferred, mailout.AboutTransport, "later"},
		{"exit 77", mailout.Rejected, mailout.AboutSender, "exit status 77"},
		{"exit 78", mailout.Rejected, mailout.AboutSender, "exit status 78"},
		{"exit 1", mailout.Rejected, mailout.AboutSender, "exit status 1"},
		{"kill -9 $$", mailout.Uncertain, mailout.AboutTransport, "without a status"},
	} {
		answer, err := program(t, c.script).Deliver(t.Context(), sender, recipient, letter("one"), nil)
		if answer.Outcome != c.outcome || answer.About != c.about || answer.Away || !strings.Contains(answer.Text, c.text) || err != nil {
			t.Errorf("%s: %+v, %v", c.script, answer, err)
		}
		if want := strings.Contains(c.script, "5.1.1"); answer.NoSuchMailbox() != want {
			t.Errorf("%s: no such mailbox: %v", c.script, !want)
		}
	}
}

func TestSendmailDoesNotStart(t *testing.T) {
	missing := &mailout.Sendmail{Path: filepath.Join(t.TempDir(), "none")}
	called := func() error { t.Error("streaming called"); return nil }
	if answer, err := missing.Deliver(t.Context(), sender, recipient, letter("one"), called); answer.Outcome != mailout.Deferred || !answer.Away || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%+v, %v", answer, err)
	}
	mark := filepath.Join(t.TempDir(), "ran")
	s := program(t, "touch "+mark)
	locked := errors.New("the database is locked")
	if answer, err := s.Deliver(t.Context(), sender, recipient, letter("one"), func() error { return locked }); answer.Outcome != mailout.Deferred || answer.Away || !errors.Is(err, locked) {
		t.Errorf("%+v, %v", answer, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if answer, err := s.Deliver(ctx, sender, recipient, letter("one"), called); answer.Outcome != mailout.Deferred || answer.Away || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", answer, err)
	}
	if answer, err := s.Deliver(t.Context(), sender, "ada\n@x", letter("one"), called); answer.Outcome != mailout.Rejected || err != nil {
		t.Errorf("%+v, %v", answer, err)
	}
	if _, err := os.Stat(mark); !errors.Is(err, os.ErrNotExist) {
		t.Error("the program ran")
	}
	// The end of the context after streaming leaves the program its time.
	ctx, cancel = context.WithCancel(t.Context())
	if answer, err := s.Deliver(ctx, sender, recipient, letter("one"), func() error { cancel(); return nil }); answer.Outcome != mailout.Accepted || err != nil {
		t.Errorf("%+v, %v", answer, err)
	}
}
