package mailout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func message(id string) []byte {
	return []byte("From: a@shop.example\r\nTo: b@customer.example\r\nMessage-ID: <" + id + ">\r\nSubject: x\r\n\r\nHello\r\n")
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestMaildirStoresTheExactBytes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "outbox")
	m := NewMaildir(dir)
	raw := message("r1.abc@shop.example")
	calls := 0
	answer, err := m.Deliver(context.Background(), "a@shop.example", "b@customer.example", raw, func() error {
		calls++
		if left := append(names(t, filepath.Join(dir, "tmp")), names(t, filepath.Join(dir, "new"))...); len(left) != 0 {
			t.Errorf("written before streaming was told: %v", left)
		}
		return nil
	})
	if err != nil || answer.Outcome != Accepted || calls != 1 {
		t.Fatalf("answer %+v, error %v, streaming called %d times", answer, err, calls)
	}
	got, err := os.ReadFile(filepath.Join(dir, "new", "r1.abc@shop.example"))
	if err != nil || string(got) != string(raw) {
		t.Fatalf("stored %q, %v", got, err)
	}
	if left := names(t, filepath.Join(dir, "tmp")); len(left) != 0 {
		t.Errorf("left in tmp: %v", left)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700, filepath.Join(dir, "new", "r1.abc@shop.example"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v (%v)", path, info.Mode().Perm(), want, err)
		}
	}
}

func TestMaildirHoldsAMessageOnce(t *testing.T) {
	dir := t.TempDir()
	m := NewMaildir(dir)
	raw := message("once@shop.example")
	deliver := func(m *Maildir) {
		t.Helper()
		calls := 0
		answer, err := m.Deliver(context.Background(), "", "", raw, func() error { calls++; return nil })
		if err != nil || answer.Outcome != Accepted || calls != 0 {
			t.Fatalf("answer %+v, error %v, streaming called %d times", answer, err, calls)
		}
	}
	if _, err := m.Deliver(context.Background(), "", "", raw, nil); err != nil {
		t.Fatal(err)
	}
	deliver(m)
	// A mail program has read it: it is in cur with flags.
	if err := os.Rename(filepath.Join(dir, "new", "once@shop.example"), filepath.Join(dir, "cur", "once@shop.example:2,S")); err != nil {
		t.Fatal(err)
	}
	deliver(m)
	deliver(NewMaildir(dir)) // after a restart
	if got := len(names(t, filepath.Join(dir, "new"))) + len(names(t, filepath.Join(dir, "cur"))); got != 1 {
		t.Errorf("%d copies", got)
	}
}

func TestMaildirSurvivesALeftoverOfAnInterruptedTry(t *testing.T) {
	dir := t.TempDir()
	m := NewMaildir(dir)
	raw := message("again@shop.example")
	if err := m.prepare(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tmp", "again@shop.example"), []byte(strings.Repeat("half", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Deliver(context.Background(), "", "", raw, nil); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "new", "again@shop.example"))
	if err != nil || string(got) != string(raw) {
		t.Fatalf("stored %q, %v", got, err)
	}
}

func TestMaildirManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	m := NewMaildir(dir)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			id := fmt.Sprintf("m%d@shop.example", i%8)
			if answer, err := m.Deliver(context.Background(), "", "", message(id), nil); err != nil || answer.Outcome != Accepted {
				t.Errorf("%s: %+v, %v", id, answer, err)
			}
		})
	}
	wg.Wait()
	if got := names(t, filepath.Join(dir, "new")); len(got) != 8 {
		t.Errorf("%d messages of 8: %v", len(got), got)
	}
}

func TestMaildirFailuresAreDeferred(t *testing.T) {
	t.Run("streaming refuses", func(t *testing.T) {
		dir := t.TempDir()
		refused := errors.New("the database is away")
		answer, err := NewMaildir(dir).Deliver(context.Background(), "", "", message("x@shop.example"), func() error { return refused })
		if !errors.Is(err, refused) || answer.Outcome != Deferred {
			t.Fatalf("answer %+v, error %v", answer, err)
		}
		if left := append(names(t, filepath.Join(dir, "tmp")), names(t, filepath.Join(dir, "new"))...); len(left) != 0 {
			t.Errorf("written all the same: %v", left)
		}
	})
	t.Run("a file in the place of the directory", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "outbox")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		answer, err := NewMaildir(file).Deliver(context.Background(), "", "", message("x@shop.example"), nil)
		if err == nil || answer.Outcome != Deferred || !strings.Contains(err.Error(), "no directory") || !strings.Contains(answer.Text, file) {
			t.Fatalf("answer %+v, error %v", answer, err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		answer, err := NewMaildir(t.TempDir()).Deliver(ctx, "", "", message("x@shop.example"), nil)
		if !errors.Is(err, context.Canceled) || answer.Outcome != Deferred {
			t.Fatalf("answer %+v, error %v", answer, err)
		}
	})
	t.Run("the tmp directory is blocked", func(t *testing.T) {
		dir := t.TempDir()
		m := NewMaildir(dir)
		if err := m.prepare(); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(dir, "tmp", "x@shop.example"), 0o700); err != nil {
			t.Fatal(err)
		}
		answer, err := m.Deliver(context.Background(), "", "", message("x@shop.example"), nil)
		if err == nil || answer.Outcome != Deferred || answer.About != AboutTransport {
			t.Fatalf("answer %+v, error %v", answer, err)
		}
	})
}

func TestMaildirSentences(t *testing.T) {
	m := NewMaildir("/var/mail/outbox")
	for _, c := range []struct {
		cause error
		want  string
	}{
		{syscall.ENOSPC, "no space left"}, {syscall.EDQUOT, "no space left"}, {syscall.EACCES, "may not write"},
		{syscall.EROFS, "read-only"}, {syscall.ENOTDIR, "no directory"}, {syscall.EIO, "the maildir /var/mail/outbox: "},
	} {
		err := m.sentence(&fs.PathError{Op: "open", Path: "p", Err: c.cause})
		if !strings.Contains(err.Error(), c.want) || !errors.Is(err, c.cause) {
			t.Errorf("%v: %v", c.cause, err)
		}
	}
}

func TestUniqueName(t *testing.T) {
	seen := map[string]string{}
	for _, id := range []string{"r17.k3@shop.example", "../../etc/passwd@x", "a/b@x", "a_b@x", "a:2,S@x", "..", ".hidden@x",
		"é@x", strings.Repeat("long", 60) + "@x", strings.Repeat("long", 60) + "@y"} {
		name, err := uniqueName(message(id))
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if strings.ContainsAny(name, "/:\x00") || strings.HasPrefix(name, ".") || len(name) > 200 {
			t.Errorf("%s: unsafe name %s", id, name)
		}
		if other, twice := seen[name]; twice {
			t.Errorf("%s and %s are both %s", id, other, name)
		}
		seen[name] = id
	}
	for _, raw := range []string{"", "no header at all", "Subject: x\r\n\r\n", "Message-ID: <>\r\n\r\n"} {
		if name, err := uniqueName([]byte(raw)); err == nil {
			t.Errorf("%q: name %s", raw, name)
		}
		answer, err := NewMaildir(t.TempDir()).Deliver(context.Background(), "", "", []byte(raw), nil)
		if err == nil || answer.Outcome != Rejected {
			t.Errorf("%q: answer %+v, error %v", raw, answer, err)
		}
	}
}
