package testkit

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"net"
	"time"
)

// sinkConn is one connection at a sink; it belongs to one goroutine.
type sinkConn struct {
	sink *Sink
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	Dialogue

	greeted    bool // EHLO or HELO was said
	mailOpen   bool
	params     string
	recipients []string
	contents   []byte // the buffer for all messages of this connection
	lastFrom   string // one string for many letters from one sender
}

func newSinkConn(s *Sink, conn net.Conn, number int) *sinkConn {
	return &sinkConn{sink: s, conn: conn, Dialogue: Dialogue{Conn: number},
		r: bufio.NewReaderSize(conn, 16<<10), w: bufio.NewWriterSize(conn, 4<<10)}
}

// serve speaks until either side ends the dialogue.
func (c *sinkConn) serve() {
	if c.sink.options.TLS == SinkImplicit && !c.secure() {
		return
	}
	if said, goesOn := c.answer(StageGreeting, "220 sink.example ESMTP"); !goesOn || said != '2' {
		c.flush()
		return
	}
	for {
		line, ok := c.line()
		if !ok || !c.command(line) {
			c.flush()
			return
		}
	}
}

// line reads a command, and before it sends the replies that the client must
// have: all of them, once no further command is there already.
func (c *sinkConn) line() ([]byte, bool) {
	if ahead, _ := c.r.Peek(c.r.Buffered()); bytes.IndexByte(ahead, '\n') < 0 {
		if !c.flush() {
			return nil, false
		}
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, false
	}
	return bytes.TrimRight(line, "\r\n"), true
}

// flush sends the waiting replies, after one round trip's time.
func (c *sinkConn) flush() bool {
	if c.w.Buffered() == 0 {
		return true
	}
	return c.pause(c.sink.options.RTT) && c.w.Flush() == nil
}

// pause waits and reports whether the sink still runs.
func (c *sinkConn) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.sink.stop:
		return false
	}
}

// ask asks the script and waits as long as it wants.
func (c *sinkConn) ask(stage Stage) (Reply, bool) {
	c.sink.seen[stage].Add(1)
	if c.sink.options.Script == nil {
		return Reply{}, true
	}
	reply := c.sink.options.Script(stage, c.Dialogue)
	if reply.Keep && stage == StageDot {
		c.keep()
	}
	if reply.Hang != nil || reply.Delay > 0 {
		if !c.flush() || !c.pause(reply.Delay) {
			return reply, false
		}
	}
	if reply.Hang != nil {
		select {
		case <-reply.Hang:
		case <-c.sink.stop:
			return reply, false
		}
	}
	return reply, true
}

// answer replies as the script wants or with the usual line. It returns the
// first digit of what was said (0 for nothing) and whether the dialogue goes on.
func (c *sinkConn) answer(stage Stage, usual string) (said byte, goesOn bool) {
	reply, ok := c.ask(stage)
	if !ok || reply.Drop == DropBefore {
		return 0, false
	}
	line := usual
	if reply.Line != "" {
		line = reply.Line
	}
	if stage == StageDot && line[0] == '2' && !reply.Keep {
		c.keep()
	}
	c.say(line)
	return line[0], reply.Drop == NoDrop
}

func (c *sinkConn) say(line string) {
	_, _ = c.w.WriteString(line) // an error shows at the flush
	_, _ = c.w.WriteString("\r\n")
}

// command answers one command and reports whether the dialogue goes on.
func (c *sinkConn) command(line []byte) bool {
	verb, rest, _ := bytes.Cut(line, []byte(" "))
	switch string(bytes.ToUpper(verb)) {
	case "EHLO":
		return c.hello(c.sink.ehlo[btoi(c.TLS)])
	case "HELO":
		return c.hello("250 sink.example")
	case "STARTTLS":
		return c.starttls()
	case "AUTH":
		return c.auth(string(rest))
	case "MAIL":
		return c.mail(rest)
	case "RCPT":
		return c.rcpt(rest)
	case "DATA":
		return c.data()
	case "RSET":
		_, goesOn := c.answer(StageRset, "250 2.0.0 forgotten")
		c.reset()
		return goesOn
	case "NOOP":
		_, goesOn := c.answer(StageNoop, "250 2.0.0 here")
		return goesOn
	case "QUIT":
		c.answer(StageQuit, "221 2.0.0 bye")
		return false
	}
	c.say("500 5.5.2 what?")
	return true
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c *sinkConn) hello(usual string) bool {
	said, goesOn := c.answer(StageEHLO, usual)
	c.greeted = said == '2'
	c.reset()
	return goesOn
}

func (c *sinkConn) starttls() bool {
	usual := "220 2.0.0 go ahead"
	if c.sink.options.TLS != SinkSTARTTLS || c.TLS {
		usual = "502 5.5.1 not here"
	}
	said, goesOn := c.answer(StageSTARTTLS, usual)
	if !goesOn || said != '2' {
		return goesOn
	}
	return c.flush() && c.secure()
}

// secure goes over to TLS.
func (c *sinkConn) secure() bool {
	if c.sink.tls == nil {
		return false // a script that promised what the sink does not have
	}
	conn := tls.Server(c.conn, c.sink.tls)
	if conn.Handshake() != nil {
		return false
	}
	c.conn, c.TLS, c.greeted = conn, true, false
	c.r.Reset(conn) // what came before the handshake is no part of the dialogue
	c.w.Reset(conn)
	c.reset()
	return true
}

func (c *sinkConn) reset() {
	c.mailOpen, c.From, c.To, c.params, c.recipients = false, "", "", "", c.recipients[:0]
}

// path cuts the address out of "FROM:<a@b> SIZE=1".
func path(rest []byte) (address, params []byte, ok bool) {
	_, after, ok := bytes.Cut(rest, []byte("<"))
	if !ok {
		return nil, nil, false
	}
	address, params, ok = bytes.Cut(after, []byte(">"))
	return address, bytes.TrimSpace(params), ok
}

func (c *sinkConn) mail(rest []byte) bool {
	if !c.TLS {
		c.sink.count(func(s *SinkStats) { s.MailInClear++ })
	}
	address, params, ok := path(rest)
	c.Message++
	usual := "250 2.1.0 ok"
	switch {
	case !ok:
		usual = "501 5.5.4 MAIL FROM:<address>"
	case !c.greeted || c.mailOpen:
		usual = "503 5.5.1 not now"
	case len(c.sink.options.Users) > 0 && c.User == "":
		usual = "530 5.7.0 log in first"
	}
	if c.lastFrom != string(address) {
		c.lastFrom = string(address)
	}
	c.From, c.params = c.lastFrom, string(params)
	said, goesOn := c.answer(StageMail, usual)
	c.mailOpen = said == '2'
	return goesOn
}

func (c *sinkConn) rcpt(rest []byte) bool {
	address, _, ok := path(rest)
	usual := "250 2.1.5 ok"
	switch {
	case !c.mailOpen:
		usual = "503 5.5.1 MAIL first"
	case !ok:
		usual = "501 5.5.4 RCPT TO:<address>"
	}
	c.To = string(address)
	said, goesOn := c.answer(StageRcpt, usual)
	if said == '2' {
		c.recipients = append(c.recipients, c.To)
	}
	return goesOn
}
