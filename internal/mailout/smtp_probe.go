package mailout

import (
	"context"
	"crypto/tls"
	"strconv"
	"time"
)

// Report is what a trial login found out about a mail server.
type Report struct {
	Host string
	Port int
	// TLS is the version ("TLS 1.3") and Cipher the suite; both are empty where
	// there is no encryption, as are the two of the certificate.
	TLS, Cipher string
	// Certificate are the names that the server's certificate is for.
	Certificate        string
	CertificateExpires time.Time // UTC
	Auth               string    // the SASL mechanism used, "" for no login
	// Extensions are those offered that matter to us or to an administrator.
	Extensions []string
	SizeLimit  int64 // bytes; 0 where the server names none
}

// Probe connects on a connection of its own, logs in, and asks whether from may
// send, without sending anything. The report holds what was found up to an
// error, which is one sentence that says what is wrong and what to do.
func (s *SMTP) Probe(ctx context.Context, from string) (Report, error) {
	report := Report{Host: s.o.Host, Port: s.o.Port}
	l, refused, ok := newLetter(from, from, []byte("\r\n"))
	if !ok {
		return report, &trouble{sentence: refused.Text}
	}
	c, mechanism, err := s.connect(ctx)
	if err != nil {
		return report, err
	}
	stopped := context.AfterFunc(ctx, c.drop)
	defer stopped()
	defer c.quit()
	report.Auth = mechanism
	c.describe(&report)
	if err := c.client.UpdateDeadline(s.o.Commands); err != nil {
		return report, s.trouble(err, "the connection to the mail server %s broke", s.address)
	}
	c.size = false // the probe has no size
	r, err := c.say(c.appendCommand(nil, atMail, l))
	if r.code == 0 {
		return report, s.trouble(err, "the connection to the mail server %s broke when it was asked about %s", s.address, oneLine(from))
	}
	switch {
	case r.code == 530 && s.o.Password == nil:
		return report, s.refusedSender(r, "demands a login or an encryption: set user and password_file, and tls other than \"none\"")
	case r.class() == 4:
		return report, s.refusedSender(r, "takes no message from "+oneLine(from)+" now")
	case r.class() != 2:
		return report, s.refusedSender(r, "does not let "+oneLine(from)+" send: check from in [business], which must belong to the account")
	}
	if r, err := c.say([]byte("RSET\r\n")); err != nil || r.class() != 2 {
		if err == nil {
			return report, s.refusedSender(r, "does not take back a sender")
		}
		return report, s.trouble(err, "the connection to the mail server %s broke after the sender was accepted", s.address)
	}
	return report, nil
}

func (s *SMTP) refusedSender(r reply, what string) *trouble {
	return &trouble{sentence: "the mail server " + s.address + " " + what + ": " + r.text, reply: r}
}

// describe fills in what is known of a connection.
func (c *smtpConn) describe(report *Report) {
	if state, err := c.client.GetTLSConnectionState(); err == nil {
		report.TLS, report.Cipher = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
		if len(state.PeerCertificates) > 0 {
			report.Certificate = certificateNames(state.PeerCertificates[0])
			report.CertificateExpires = state.PeerCertificates[0].NotAfter.UTC()
		}
	}
	for _, name := range []string{"PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE", "DSN", "CHUNKING", "STARTTLS", "AUTH"} {
		offered, parameter := c.client.Extension(name)
		if !offered {
			continue
		}
		if name == "SIZE" {
			if limit, err := strconv.ParseInt(parameter, 10, 64); err == nil {
				report.SizeLimit = limit
			}
		}
		report.Extensions = append(report.Extensions, name)
	}
}
