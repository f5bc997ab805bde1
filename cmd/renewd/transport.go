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

// smtpPassword and dkimKey are the names of the credentials that systemd hands
// over.
const (
	smtpPassword = "smtp-password"
	dkimKey      = "dkim-key"
)

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
	text, err := readSecret(m.PasswordFile, smtpPassword, "password of the mail server")
	if errors.Is(err, errNoSecret) {
		return "", fmt.Errorf("user is set, and there is no password: write password_file, or hand over the credential %s by systemd", smtpPassword)
	}
	return strings.TrimRight(string(text), "\r\n"), err
}

// errNoSecret: no file is named for a secret, and systemd hands none over.
var errNoSecret = errors.New("no file is named, and there are no credentials")

// readSecret reads a secret from a file, else (path is empty) from the credential
// of that name. what is the secret in the sentences of errors, which never quote
// it.
func readSecret(path, credential, what string) ([]byte, error) {
	named := path != ""
	if !named {
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return nil, errNoSecret
		}
		path = filepath.Join(dir, credential)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no %s at %s: %w", what, path, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("the %s: %w", what, err)
	case named && info.Mode().Perm()&0o007 != 0:
		return nil, fmt.Errorf("everybody can read the %s in %s: run chmod o= on it", what, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the %s: %w", what, err)
	}
	if strings.TrimRight(string(text), "\r\n") == "" {
		return nil, fmt.Errorf("the file %s is empty: it has to hold the %s", path, what)
	}
	return text, nil
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
