package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/mailout"
)

// smtpPassword is the name of the credential that systemd hands over.
const smtpPassword = "smtp-password"

// tokenTime bounds the program that prints an access token.
const tokenTime = 30 * time.Second

// transport is how messages leave, how many at once, and what closes it (nil
// where there is nothing to close).
type transport struct {
	daemon.Transport
	connections int
	close       func() error
}

// transport makes the transport of the configuration, without connecting.
func (c *Config) transport() (transport, error) {
	switch c.Mail.Transport {
	case "smtp":
		smtp, err := c.smtp()
		if err != nil {
			return transport{}, &exitError{exitUsage, fmt.Errorf("%s: [mail]: %w", c.File, err)}
		}
		return transport{smtp, c.Mail.Connections, smtp.Close}, nil
	case "sendmail":
		return transport{&mailout.Sendmail{Path: c.Mail.Sendmail}, min(c.Mail.Connections, 4), nil}, nil
	}
	return transport{mailout.NewMaildir(c.Mail.Maildir), 0, nil}, nil
}

func (c *Config) smtp() (*mailout.SMTP, error) {
	m := &c.Mail
	o := mailout.SMTPOptions{Host: m.Host, Port: m.Port, TLS: mailout.TLSMode(m.TLS), CAFile: m.CAFile, Auth: m.Auth, User: m.User,
		Connections: m.Connections, Grace: transportGrace}
	if m.User != "" && m.Auth != "none" {
		if len(m.TokenCommand) > 0 {
			o.Password = m.token
			if o.Auth == "auto" {
				o.Auth = "xoauth2"
			}
		} else {
			o.Password = m.password
		}
		if _, err := o.Password(context.Background()); err != nil && len(m.TokenCommand) == 0 {
			return nil, err
		}
	}
	return mailout.NewSMTP(o)
}

// password reads the password of the mail server: from password_file, else the
// credential that systemd hands over.
func (m *Mail) password(context.Context) (string, error) {
	path := m.PasswordFile
	if path == "" {
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return "", errors.New("user is set, and there is no password: write password_file, or hand over the credential " +
				smtpPassword + " by systemd")
		}
		path = filepath.Join(dir, smtpPassword)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no password of the mail server at %s", path)
	case err != nil:
		return "", fmt.Errorf("the password of the mail server: %w", err)
	case m.PasswordFile != "" && info.Mode().Perm()&0o007 != 0:
		return "", fmt.Errorf("everybody can read the password in %s: run chmod o= on it", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("the password of the mail server: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return "", fmt.Errorf("the file %s is empty: it has to hold the password of the mail server", path)
	}
	return password, nil
}

// token runs the program that prints an access token.
func (m *Mail) token(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, m.TokenCommand[0], m.TokenCommand[1:]...)
	cmd.WaitDelay = time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		return "", fmt.Errorf("token_command %s failed: %w %s", m.TokenCommand[0], err, line)
	}
	token := strings.TrimSpace(string(out))
	if token == "" || strings.ContainsAny(token, "\r\n ") {
		return "", fmt.Errorf("token_command %s has to print an access token and nothing else", m.TokenCommand[0])
	}
	return token, nil
}
