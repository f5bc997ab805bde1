package testkit

import (
	"bufio"
	"bytes"
	"net"
	"net/textproto"
)

// BareLoop sends the same letter while next says so, over one connection, with one
// reply a command: what the wire allows to one that keeps no record and knows
// neither faults nor deadlines. Benchmarks print it beside what they measure.
func BareLoop(addr, sender, recipient string, raw []byte, next func() bool) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	r := textproto.NewReader(bufio.NewReader(conn))
	say := func(command []byte, want int) error {
		if _, err := conn.Write(command); err != nil {
			return err
		}
		_, _, err := r.ReadResponse(want)
		return err
	}
	if _, _, err := r.ReadResponse(220); err != nil {
		return err
	}
	if err := say([]byte("EHLO bare\r\n"), 250); err != nil {
		return err
	}
	mail, rcpt, contents := []byte("MAIL FROM:<"+sender+">\r\n"), []byte("RCPT TO:<"+recipient+">\r\n"), append(bytes.Clone(raw), ".\r\n"...)
	for next() {
		for _, step := range []struct {
			command []byte
			want    int
		}{{mail, 250}, {rcpt, 250}, {[]byte("DATA\r\n"), 354}, {contents, 250}} {
			if err := say(step.command, step.want); err != nil {
				return err
			}
		}
	}
	return nil
}
