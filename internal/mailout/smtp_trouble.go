package mailout

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"syscall"
	"time"
)

// trouble is why there is no connection to be had: a sentence for the
// administrator that says what is wrong and what to do, and the cause.
type trouble struct {
	sentence string
	reply    reply // the server's, where it was one that refused
	cause    error
}

func (t *trouble) Error() string { return t.sentence }

func (t *trouble) Unwrap() error { return t.cause }

// trouble makes one of a sentence and its cause: a reply of the server, which is
// quoted, or an error.
func (s *SMTP) trouble(cause error, format string, args ...any) *trouble {
	t := &trouble{cause: cause, reply: replyIn(cause)}
	why := t.reply.text
	if why == "" {
		why = oneLine(cause.Error())
	}
	t.sentence = fmt.Sprintf(format, args...)
	if !errors.Is(cause, errNoSTARTTLS) && !errors.Is(cause, errNoAUTH) {
		t.sentence += ": " + why
	}
	return t
}

// replyIn returns the server's reply that go-mail wrapped in an error.
func replyIn(err error) reply {
	t, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return reply{}
	}
	return reply{code: t.Code, enhanced: enhancedCode([]byte(t.Msg)), text: oneLine(fmt.Sprintf("%d %s", t.Code, t.Msg))}
}

// unreachable is for a connection that did not come about.
func (s *SMTP) unreachable(err error) *trouble {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return s.trouble(err, "there is no machine of the name %s: check host in [mail]", s.o.Host)
		}
		return s.trouble(err, "the name service does not answer when asked for %s: check this machine's network", s.o.Host)
	}
	timeout, isTimeout := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return s.trouble(err, "no mail server listens at %s: check host and port, and whether it runs", s.address)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return s.trouble(err, "there is no way to %s: check this machine's network", s.address)
	case errors.Is(err, context.DeadlineExceeded), isTimeout && timeout.Timeout():
		return s.trouble(err, "%s does not answer within %v: check host and port, and whether a firewall keeps renewd from it", s.address, s.o.Dial)
	}
	return s.trouble(err, "no connection to the mail server %s", s.address)
}

// notGreeted is for a connection on which no greeting came.
func (s *SMTP) notGreeted(err error) *trouble {
	switch r := replyIn(err); {
	case r.class() == 4:
		return s.trouble(err, "the mail server %s takes no messages now", s.address)
	case r.code != 0:
		return s.trouble(err, "the mail server %s refuses to talk to this machine: use the server that your mail provider names for mail programs", s.address)
	}
	return s.trouble(err, "the mail server %s does not greet: %s", s.address, s.portHint())
}

// portHint names the usual reason for silence.
func (s *SMTP) portHint() string {
	if s.o.TLS == TLSImplicit {
		return "check host and port"
	}
	return `check host and port; a port that speaks TLS from the first byte (465) needs tls = "implicit"`
}

// tlsTrouble is for an encryption that did not come about.
func (s *SMTP) tlsTrouble(err error) *trouble {
	if r := replyIn(err); r.code != 0 {
		return s.trouble(err, "the mail server %s refuses the encryption that it offers", s.address)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return s.trouble(err, "the certificate of the mail server %s is valid only from %s to %s: it must be renewed there, or this machine's clock is wrong",
			s.address, invalid.Cert.NotBefore.Format(time.DateOnly), invalid.Cert.NotAfter.Format(time.DateOnly))
	}
	if wrong, ok := errors.AsType[x509.HostnameError](err); ok {
		return s.trouble(err, "the certificate of the mail server %s is for another name (%s): set host to the name in the certificate", s.address, certificateNames(wrong.Certificate))
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return s.trouble(err, "the certificate of the mail server %s comes from an authority that this machine does not know: "+
			"if the server is your own, set ca_file to its authority's certificate", s.address)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return s.trouble(err, "the mail server %s does not speak TLS from the first byte: set tls = \"starttls\", or use port 465", s.address)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return s.trouble(err, "the mail server %s does not answer to TLS within %v: a port that begins in clear (587) needs tls = \"starttls\"", s.address, s.o.Dial)
	}
	return s.trouble(err, "the encryption with the mail server %s does not come about", s.address)
}

func certificateNames(cert *x509.Certificate) string {
	names := cert.DNSNames
	for _, ip := range cert.IPAddresses {
		names = append(names[:len(names):len(names)], ip.String())
	}
	if len(names) == 0 {
		return oneLine(cert.Subject.String())
	}
	return oneLine(strings.Join(names[:min(len(names), 5)], ", "))
}

// refusedLogin is for a login that failed. A server might repeat what it was
// given, so the password is taken out of its words.
func (s *SMTP) refusedLogin(err error, mechanism, password string) *trouble {
	r := replyIn(err)
	var t *trouble
	switch {
	case r.code == 530 || r.code == 538:
		t = s.trouble(err, "the mail server %s takes no login without encryption: set tls to \"starttls\" or \"implicit\"", s.address)
	case r.class() == 4:
		t = s.trouble(err, "the mail server %s cannot check the login now", s.address)
	case r.class() == 5 && mechanism == "XOAUTH2":
		t = s.trouble(err, "the mail server %s refuses the access token of %q: check user and what token_command prints", s.address, s.o.User)
	case r.class() == 5:
		hint := ""
		if s.o.Auth == authAuto && strings.HasPrefix(mechanism, "SCRAM") {
			hint = `; auth = "plain" helps where the server has no SCRAM data for this user`
		}
		t = s.trouble(err, "the mail server %s refuses the login of %q: check user and password_file (an account with a second factor needs an app password)%s", s.address, s.o.User, hint)
	default:
		t = s.trouble(err, "the login at the mail server %s broke off", s.address)
	}
	if hidden := hide(t.cause.Error(), s.o.User, password); hidden != t.cause.Error() {
		t.cause = errors.New(hidden)
	}
	t.sentence, t.reply.text = hide(t.sentence, s.o.User, password), hide(t.reply.text, s.o.User, password)
	return t
}

// hide takes a password out of a text, also in the forms in which it is sent.
func hide(text, user, password string) string {
	if len(password) < 4 {
		return text // it would only spoil the text
	}
	encode := base64.StdEncoding.EncodeToString
	for _, form := range []string{
		encode([]byte("\x00" + user + "\x00" + password)),
		encode([]byte("user=" + user + "\x01auth=Bearer " + password + "\x01\x01")),
		encode([]byte(password)), password,
	} {
		text = strings.ReplaceAll(text, form, "(password)")
	}
	return text
}
