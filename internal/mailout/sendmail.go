package mailout

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Sendmail is a transport through the sendmail program of this machine, which
// every mail server brings along. Each message is a process of its own.
type Sendmail struct {
	// Path is the program; empty is /usr/sbin/sendmail.
	Path string
}

// The exit statuses of sysexits.h that matter here.
const (
	exDataErr    = 65
	exNoUser     = 67
	exNoHost     = 68
	exOSErr      = 71
	exOSFile     = 72
	exCantCreate = 73
	exIOErr      = 74
	exTempFail   = 75
)

// Deliver gives a message to sendmail, for one recipient, with line ends as
// Unix programs have them. streaming (nil for none) is called before the program
// starts: where it fails, nothing was sent. When ctx ends before that, nothing is
// sent; a program that has started has a minute to end.
//
// Accepted is exit status 0. A program that was killed, or whose status nobody
// knows, leaves the message Uncertain. The error is not nil where the program
// cannot be started (Answer.Away), where ctx ended before, or where streaming
// failed.
func (s *Sendmail) Deliver(ctx context.Context, from, to string, raw []byte, streaming func() error) (Answer, error) {
	if _, refused, ok := newLetter(from, to, raw); !ok {
		return refused, nil
	}
	if ctx.Err() != nil {
		v := interrupted(ctx)
		return v.answer, v.err
	}
	path := s.Path
	if path == "" {
		path = "/usr/sbin/sendmail"
	}
	if _, err := exec.LookPath(path); err != nil {
		return away(fmt.Errorf("the program sendmail cannot be started: check sendmail in [mail]: %w", err))
	}
	if streaming != nil {
		if err := streaming(); err != nil {
			return notAnnounced(err)
		}
	}
	// -i: a line with a lone dot does not end the message. -f: bounces go to the
	// sender. --: an address is never taken for an option.
	cmd := exec.Command(path, "-i", "-f", from, "--", to)
	cmd.Stdin = bytes.NewReader(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")))
	said := &firstBytes{max: 4 * maxReplyText}
	cmd.Stderr = said
	cmd.WaitDelay = quitTimeout                           // what it leaves behind may hold stderr open
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us, who let it finish
	if err := cmd.Start(); err != nil {
		return away(fmt.Errorf("the program sendmail cannot be started: %w", err))
	}
	kill := func() { _ = cmd.Process.Kill() }
	defer afterEnd(ctx, defaultGrace, kill)()
	defer time.AfterFunc(defaultDot, kill).Stop()
	return sendmailAnswer(cmd.Wait(), cmd.ProcessState.ExitCode(), said.line()), nil
}

func away(err error) (Answer, error) {
	return Answer{Outcome: Deferred, About: AboutTransport, Away: true, Text: oneLine(err.Error())}, err
}

// sendmailAnswer reads the end of the program. status is -1 where a signal ended
// it; said is the first line that it wrote.
func sendmailAnswer(err error, status int, said string) Answer {
	if status == 0 {
		// An error beside it is one of the pipes: the program was content.
		return Answer{Outcome: Accepted, Text: orElse(said, "sendmail: accepted")}
	}
	if status < 0 {
		return Answer{Outcome: Uncertain, About: AboutTransport, Text: orElse(said, "sendmail ended without a status: "+oneLine(fmt.Sprint(err)))}
	}
	a := Answer{Outcome: Rejected, Enhanced: enhancedCode([]byte(said)), Text: orElse(said, fmt.Sprintf("sendmail: exit status %d", status))}
	switch status {
	case exNoUser, exNoHost:
		a.About = AboutMailbox
	case exDataErr:
		a.About = AboutMessage
	case exTempFail, exOSErr, exOSFile, exCantCreate, exIOErr:
		// This machine is in trouble, or the program says itself: try again.
		a.Outcome, a.About = Deferred, AboutTransport
	default:
		// Usage (64), unavailable (69), no permission (77), configuration (78),
		// and what no table names: nothing that the recipient can do about.
		a.About = AboutSender
	}
	return a
}

func orElse(text, other string) string {
	if text != "" {
		return text
	}
	return other
}

// firstBytes keeps the start of what is written to it.
type firstBytes struct {
	max  int
	kept []byte
}

func (f *firstBytes) Write(b []byte) (int, error) {
	f.kept = append(f.kept, b[:min(len(b), f.max-len(f.kept))]...)
	return len(b), nil
}

// line returns the first line that says something.
func (f *firstBytes) line() string {
	for line := range strings.Lines(string(f.kept)) {
		if line = oneLine(line); line != "" {
			return line
		}
	}
	return ""
}
