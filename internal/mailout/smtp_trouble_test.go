package mailout

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestUnreachable(t *testing.T) {
	s, err := NewSMTP(SMTPOptions{Host: "mail.shop.example"})
	if err != nil {
		t.Fatal(err)
	}
	for want, cause := range map[string]error{
		"no machine of the name mail.shop.example": &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}},
		"the name service does not answer":         &net.OpError{Op: "dial", Err: &net.DNSError{Err: "timeout", IsTimeout: true}},
		"no mail server listens at mail.shop":      &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"no way to mail.shop.example:587":          &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)},
		"within 30s: check host and port":          &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ETIMEDOUT)},
		"firewall":                                 context.DeadlineExceeded,
		"no connection to the mail server":         errors.New("a fault of another kind"),
	} {
		got := s.unreachable(cause)
		if !strings.Contains(got.Error(), want) || !errors.Is(got, cause) {
			t.Errorf("%v: %q, want %q", cause, got, want)
		}
	}
}

// A password is taken out in every form in which it is sent.
func TestHide(t *testing.T) {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, form := range []string{"secret", encode("secret"), encode("\x00ada\x00secret"), encode("user=ada\x01auth=Bearer secret\x01\x01")} {
		if got := hide("no: "+form+"!", "ada", "secret"); got != "no: (password)!" {
			t.Errorf("%q became %q", form, got)
		}
	}
}
