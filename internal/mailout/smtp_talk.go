package mailout

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/wneessen/go-mail/smtp"
)

// smtpConn is a connection on which we are logged in. It belongs to one goroutine
// at a time; only drop may be called from others.
type smtpConn struct {
	client *smtp.Client
	raw    net.Conn // the TCP connection, below TLS
	limits *SMTPOptions
	server string // host:port, for sentences

	pipelining, eightBit, size, utf8 bool

	begun int    // the transactions so far
	dirty bool   // a transaction may be open: RSET goes before the next one
	buf   []byte // what is written next; kept to be used again
}

// maxKeptBuffer is how large a buffer an idle connection may keep.
const maxKeptBuffer = 1 << 20

// drop closes the connection at once. What the kernel has not sent yet is thrown
// away: half a letter must not follow.
func (c *smtpConn) drop() {
	if tcp, ok := c.raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // the close below counts
	}
	_ = c.raw.Close()
}

// quit takes leave of the server and closes the connection.
func (c *smtpConn) quit() {
	if c.client.UpdateDeadline(min(c.limits.Commands, quitTimeout)) == nil {
		_ = c.client.Quit() // the connection ends in any case
	}
	_ = c.raw.Close()
}

// verdict is what a transaction came to.
type verdict struct {
	answer Answer
	err    error
	// gone: before the contents it showed that the connection or the server is of
	// no use. Nothing of the message left; the answer says what was seen.
	gone bool
	// keep: the connection is good for another message.
	keep bool
}

// transact carries one message over the connection.
func (c *smtpConn) transact(ctx context.Context, l *letter, streaming func() error) verdict {
	stopped := context.AfterFunc(ctx, c.drop)
	c.begun++
	v, ready := c.envelope(l)
	if !stopped() {
		// ctx ended, and with it the connection.
		return interrupted(ctx)
	}
	if !ready {
		return v
	}
	if streaming != nil {
		if err := streaming(); err != nil {
			c.drop()
			answer, err := notAnnounced(err)
			return verdict{answer: answer, err: err}
		}
	}
	if c.hasSpoken() {
		// While we made ready the server gave up waiting. Written into a dead
		// connection, the message would be in doubt; so it is not.
		c.drop()
		return verdict{answer: Answer{Outcome: Deferred, About: AboutTransport, Text: "the server ended the connection before the contents"}}
	}
	// No hard drop at the end of the grace: if all is written, the server shall
	// have it.
	defer afterEnd(ctx, c.limits.Grace, func() { _ = c.raw.Close() })()
	return c.contents(l)
}

// notAnnounced is the answer where streaming failed.
func notAnnounced(err error) (Answer, error) {
	err = fmt.Errorf("before the first byte: %w", err)
	return Answer{Outcome: Deferred, About: AboutTransport, Text: oneLine(err.Error())}, err
}

// interrupted is the verdict where ctx ended before the contents.
func interrupted(ctx context.Context) verdict {
	err := fmt.Errorf("the delivery was broken off before the contents: %w", context.Cause(ctx))
	return verdict{answer: Answer{Outcome: Deferred, About: AboutTransport, Text: oneLine(err.Error())}, err: err}
}

// envelope gets the server to the point where it waits for the contents, or
// returns why it is not there.
func (c *smtpConn) envelope(l *letter) (v verdict, ready bool) {
	if l.utf8 && !c.utf8 {
		return verdict{keep: true, answer: Answer{Outcome: Rejected, About: AboutMailbox,
			Text: "the mail server takes no address outside ASCII (it does not offer SMTPUTF8)"}}, false
	}
	if err := c.client.UpdateDeadline(c.limits.Commands); err != nil {
		return c.broken(err), false
	}
	if c.pipelining {
		return c.together(l)
	}
	if c.dirty {
		r, err := c.say([]byte("RSET\r\n"))
		if err != nil || r.class() != 2 {
			return c.unusable(r, err), false
		}
		c.dirty = false
	}
	for at := atMail; at <= atData; at++ {
		c.buf = c.appendCommand(c.buf[:0], at, l)
		r, err := c.say(c.buf)
		if v, ok := c.judge(at, r, err); !ok {
			return v, false
		}
	}
	return verdict{}, true
}

// together sends the commands in one write and then reads their replies (RFC
// 2920): one round trip instead of three.
func (c *smtpConn) together(l *letter) (v verdict, ready bool) {
	group := c.buf[:0]
	if c.dirty {
		group = append(group, "RSET\r\n"...)
	}
	for at := atMail; at <= atData; at++ {
		group = c.appendCommand(group, at, l)
	}
	c.buf = group
	if err := c.write(group); err != nil {
		return c.broken(err), false
	}
	if c.dirty {
		r, err := readReply(c.client.Text.R)
		if err != nil || r.class() != 2 {
			return c.unusable(r, err), false
		}
		c.dirty = false
	}
	var replies [atData + 1]reply
	refused := false
	for at := atMail; at <= atData; at++ {
		r, err := readReply(c.client.Text.R)
		next, ok := c.judge(at, r, err)
		if refused && (next.gone || err != nil) {
			v.keep = false // the first word stands, and the connection is closed
			return v, false
		}
		if next.gone || err != nil {
			return next, false
		}
		if !ok && !refused {
			v, refused = next, true
		}
		replies[at] = r
	}
	if refused && replies[atData].class() == 3 {
		v.keep = c.endEmpty(replies[atRcpt])
	}
	return v, !refused
}

// endEmpty ends a transaction that has no recipient but was let into DATA all
// the same, with a lone dot as RFC 2920 says, and reports whether the connection
// is still good. Where the server believes in a recipient, or takes the nothing
// for a message, it is not.
func (c *smtpConn) endEmpty(rcpt reply) bool {
	if rcpt.class() != 2 {
		if r, err := c.say([]byte(".\r\n")); err == nil && r.class() >= 4 && !serverGone(r) {
			return true
		}
	}
	c.drop()
	return false
}

// judge looks at the reply to a command of the envelope. ok means: go on.
func (c *smtpConn) judge(at stage, r reply, err error) (v verdict, ok bool) {
	if r.code == 0 {
		return c.broken(err), false
	}
	want := 2
	if at == atData {
		want = 3
	}
	switch {
	case serverGone(r):
		return c.unusable(r, err), false
	case r.class() >= 4:
		c.dirty = at != atMail
		if err != nil {
			c.drop() // the reply broke off, but what it says is clear
		}
		return verdict{answer: refusal(at, r), keep: err == nil}, false
	case err != nil:
		return c.broken(err), false
	case r.class() != want:
		return c.broken(fmt.Errorf("%w: %q at this point", errReply, r.text)), false
	}
	return verdict{}, true
}

// broken gives up a connection that broke before the contents.
func (c *smtpConn) broken(err error) verdict {
	c.drop()
	err = fmt.Errorf("the connection to the mail server %s broke: %w", c.server, err)
	return verdict{gone: true, err: err,
		answer: Answer{Outcome: Deferred, About: AboutTransport, Away: true, Text: oneLine(err.Error())}}
}

// unusable gives up a connection on which the server said that it is of no use.
func (c *smtpConn) unusable(r reply, err error) verdict {
	if r.code == 0 {
		return c.broken(err)
	}
	c.drop()
	return verdict{gone: true, err: fmt.Errorf("the mail server %s takes no messages now: %s", c.server, r.text),
		answer: Answer{Outcome: Deferred, About: AboutTransport, Away: true, Code: r.code, Enhanced: r.enhanced, Text: r.text}}
}

// say sends one command and reads its reply.
func (c *smtpConn) say(command []byte) (reply, error) {
	if err := c.write(command); err != nil {
		return reply{}, err
	}
	return readReply(c.client.Text.R)
}

// write hands bytes to the kernel. go-mail's own way of writing contents is left
// alone: it ends a half-written message with a dot when anything is written
// after it, and changes line ends.
func (c *smtpConn) write(b []byte) error {
	if _, err := c.client.Text.W.Write(b); err != nil {
		return err
	}
	return c.client.Text.W.Flush()
}

// appendCommand appends MAIL, RCPT or DATA.
func (c *smtpConn) appendCommand(b []byte, at stage, l *letter) []byte {
	switch at {
	case atMail:
		b = append(append(append(b, "MAIL FROM:<"...), l.from...), '>')
		if c.size {
			b = strconv.AppendInt(append(b, " SIZE="...), int64(len(l.raw)), 10)
		}
		if c.eightBit && l.eightBit {
			b = append(b, " BODY=8BITMIME"...)
		}
		if l.utf8 {
			b = append(b, " SMTPUTF8"...)
		}
	case atRcpt:
		b = append(append(append(b, "RCPT TO:<"...), l.to...), '>')
	default:
		b = append(b, "DATA"...)
	}
	return append(b, "\r\n"...)
}
