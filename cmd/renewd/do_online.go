package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"renewd/internal/mailout"
)

// onlineTime bounds what check --online does.
const onlineTime = 2 * time.Minute

// soonExpired is how long before its end a server's certificate is worth a
// warning.
const soonExpired = 14 * 24 * time.Hour

// checkOnline tries the transport without sending anything.
func checkOnline(ctx context.Context, s *Session, c *Config) []Problem {
	problems := &problemList{file: c.File}
	at := c.keyAt("mail", "transport")
	switch c.Mail.Transport {
	case "maildir":
		problems.warnf(at, "--online: messages go to the folder %s, so there is no mail server to log in at", c.Mail.Maildir)
		return problems.found
	case "sendmail":
		if _, err := exec.LookPath(c.Mail.Sendmail); err != nil {
			problems.errorf(at, "mail.sendmail: the program %s cannot be run: %v", c.Mail.Sendmail, err)
		}
		return problems.found
	}
	smtp, err := c.smtp()
	if err != nil {
		problems.errorf(at, "mail: %v", err)
		return problems.found
	}
	ctx, cancel := context.WithTimeout(ctx, onlineTime)
	defer cancel()
	report, err := smtp.Probe(ctx, c.Business.From.Address)
	if err != nil {
		problems.errorf(at, "mail: %v", err)
		return problems.found
	}
	if end := report.CertificateExpires; !end.IsZero() && time.Until(end) < soonExpired {
		problems.warnf(at, "mail: the certificate of %s ends on %s: after that nothing is sent", report.Host, end.Format("2006-01-02"))
	}
	if c.Mail.TLS == "none" && c.Mail.Host != "127.0.0.1" && c.Mail.Host != "localhost" && c.Mail.Host != "::1" {
		problems.warnf(at, "mail.tls: letters go to %s in clear, where others can read them", report.Host)
	}
	if err := s.Err.Line("%s", describeServer(report)); err != nil {
		problems.errorf(at, "%v", err)
	}
	return problems.found
}

// describeServer says what was found at the mail server.
func describeServer(r mailout.Report) string {
	parts := []string{fmt.Sprintf("The mail server %s, port %d, takes messages from us", r.Host, r.Port)}
	if r.TLS != "" {
		parts = append(parts, fmt.Sprintf("%s, certificate for %s until %s", r.TLS, r.Certificate, r.CertificateExpires.Format("2006-01-02")))
	} else {
		parts = append(parts, "without encryption")
	}
	if r.Auth != "" {
		parts = append(parts, "logged in by "+r.Auth)
	} else {
		parts = append(parts, "without a login")
	}
	if r.SizeLimit > 0 {
		parts = append(parts, fmt.Sprintf("messages up to %d MB", r.SizeLimit/1_000_000))
	}
	return strings.Join(parts, "; ") + "."
}
