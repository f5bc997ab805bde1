package testkit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
)

func (c *sinkConn) data() bool {
	usual := "354 go ahead"
	if len(c.recipients) == 0 {
		usual = "503 5.5.1 no valid recipients"
	}
	said, goesOn := c.answer(StageData, usual)
	if !goesOn || said != '3' {
		return goesOn
	}
	if !c.flush() {
		return false
	}
	if reply, ok := c.ask(StageContents); !ok || reply.Drop != NoDrop {
		return false
	}
	if err := c.readContents(); err != nil {
		return false
	}
	usual = "250 2.0.0 accepted"
	if len(c.recipients) == 0 {
		usual = "554 5.5.1 no valid recipients"
	}
	c.Raw = c.contents
	_, goesOn = c.answer(StageDot, usual)
	c.Raw = nil
	c.reset()
	return goesOn
}

// readContents reads up to the final dot. Only CRLF ends a line here, as the
// RFC has it; a lone CR or LF is a byte like any other.
func (c *sinkConn) readContents() error {
	c.contents = c.contents[:0]
	atStart := true
	for {
		piece, err := c.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if atStart && len(piece) > 0 && piece[0] == '.' {
			if string(piece) == ".\r\n" {
				return nil
			}
			piece = piece[1:]
		}
		c.contents = append(c.contents, piece...)
		atStart = bytes.HasSuffix(c.contents, []byte("\r\n"))
	}
}

// keep records the message as accepted.
func (c *sinkConn) keep() {
	to := ""
	switch len(c.recipients) {
	case 0:
	case 1:
		to = c.recipients[0]
	default:
		to = strings.Join(c.recipients, ",")
	}
	letter := Letter{From: c.From, To: to, MessageID: messageID(c.contents), Hash: sha256.Sum256(c.contents),
		Conn: c.Conn, User: c.User, TLS: c.TLS, Params: c.params}
	if !c.sink.options.LowMemory {
		letter.Raw = bytes.Clone(c.contents)
	}
	c.sink.keep(letter)
}
