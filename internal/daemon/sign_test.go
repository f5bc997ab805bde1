package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// seal is a signature that anybody can look through.
func seal(raw []byte) ([]byte, error) {
	return append(fmt.Appendf(nil, "X-Seal: %08x\r\n", crc32.ChecksumIEEE(raw)), raw...), nil
}

// sealed reports whether a message is below its seal as it was signed.
func sealed(raw []byte) bool {
	_, message, _ := bytes.Cut(raw, []byte("\r\n"))
	again, _ := seal(message)
	return bytes.Equal(again, raw)
}

// TestSignedIsKept: a message is signed once, and what is kept as evidence and
// what leaves is the signed one.
func TestSignedIsKept(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.subscription("C2", "bob@x.example", "A2", "2027-03-31")
	o := s.Options()
	o.Sign = seal
	e, err := daemon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Pass(e)
	letters := s.Post.Letters(t)
	if len(letters) != 2 {
		t.Fatalf("%d letters", len(letters))
	}
	sent := map[string]bool{}
	for _, raw := range letters {
		if !sealed(raw) {
			t.Errorf("not signed as it left:\n%.200s", raw)
		}
		sent[string(raw)] = true
	}
	err = s.DB.Read(t.Context(), func(tx *store.Tx) error {
		for id := range int64(2) {
			kept, err := tx.Contents(id + 1)
			if err != nil {
				return err
			}
			if !sent[string(kept)] {
				t.Errorf("message %d: the bytes kept are not those sent", id+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSigningFails: a key that fails is no fault of the letter: nothing leaves
// unsigned, the pass fails, and the next one sends.
func TestSigningFails(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	o := s.Options()
	broken := errors.New("the key fails")
	o.Sign = func([]byte) ([]byte, error) { return nil, broken }
	e, err := daemon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Pass(context.Background()); !errors.Is(err, broken) {
		t.Errorf("the pass ends with %v", err)
	}
	s.wantLetters(0)
	s.want("tasks", s.tasks(), "")
	o.Sign = seal
	if e, err = e.With(o); err != nil {
		t.Fatal(err)
	}
	s.Pass(e)
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due")
	s.wantLetters(1)
}

// TestStaffMailIsSigned: mails to staff are signed like all others.
func TestStaffMailIsSigned(t *testing.T) {
	simulate(t, func(t *testing.T, h *house) {
		h.Settings.Burst = 5
		h.tune = func(o *daemon.ServeOptions) { o.Engine.Sign = seal }
		h.start()
		h.terms(20, 30, renewal.KindPass, 10)
		h.pass(2 * time.Minute)
		_, staff := h.mail.seen()
		if len(staff) != 1 || !strings.HasPrefix(staff[0].raw, "X-Seal: ") || !sealed([]byte(staff[0].raw)) {
			t.Errorf("%d mails to staff: %.300v", len(staff), staff)
		}
	})
}
