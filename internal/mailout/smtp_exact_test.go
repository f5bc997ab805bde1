package mailout_test

import (
	"bytes"
	"strings"
	"testing"

	"renewd/internal/mailout"
	"renewd/internal/testkit"
)

// What arrives is what was given, to the byte, whatever its dots.
func TestExactBytes(t *testing.T) {
	pipelines(t, func(t *testing.T, extensions []string) {
		sink := testkit.NewSink(t, testkit.SinkOptions{Extensions: extensions})
		s := newSMTP(t, plain(sink))
		for _, raw := range []string{
			"x\r\n", "\r\n", ".\r\n", "..\r\n", ".x\r\n.\r\n..\r\n\r\n.\r\n", "a\r\n.\r\nMAIL FROM:<x@y>\r\n",
			strings.Repeat(".\r\n", 5000), strings.Repeat("x", 100_000) + "\r\n.y\r\n", "caf\xc3\xa9\x00\xff\r\n",
			strings.Repeat("line\r\n", 1<<19), // more than an idle connection keeps
		} {
			answer, err := s.Deliver(t.Context(), sender, recipient, []byte(raw), nil)
			if answer.Outcome != mailout.Accepted || err != nil {
				t.Fatalf("%.40q: %+v, %v", raw, answer, err)
			}
			all := sink.Accepted()
			got := all[len(all)-1]
			if string(got.Raw) != raw {
				t.Errorf("%.40q arrived as %.40q", raw, got.Raw)
			}
			if strings.Contains(got.Params, "BODY=8BITMIME") != strings.Contains(raw, "\xff") {
				t.Errorf("%.40q: MAIL with %q", raw, got.Params)
			}
		}
		if n := sink.Stats().Connections; n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// A message with a line end that only some servers take for one could be read as
// two: it is not sent at all.
func TestLineEndsAreCRLF(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{})
	s := newSMTP(t, plain(sink))
	for _, raw := range []string{"", "a\nb\r\n", "a\rb\r\n", "a\r\n\n.\r\nx\r\n", "a\r\n.\r", "\n", "\r", "a\r\r\n"} {
		answer, err := s.Deliver(t.Context(), sender, recipient, []byte(raw), func() error { t.Error("streaming called"); return nil })
		if answer.Outcome != mailout.Rejected || answer.About != mailout.AboutMessage || err != nil {
			t.Errorf("%q: %+v, %v", raw, answer, err)
		}
	}
	if n := sink.Stats().Connections; n != 0 {
		t.Errorf("%d connections", n)
	}
	if answer, err := s.Deliver(t.Context(), sender, recipient, []byte("no end"), nil); answer.Outcome != mailout.Accepted || err != nil {
		t.Fatalf("%+v, %v", answer, err)
	}
	if got := sink.Accepted()[0].Raw; string(got) != "no end\r\n" {
		t.Errorf("%q", got)
	}
}

// FuzzExactBytes sends lines of any bytes. A message arrives exactly, or it is
// refused before anything is sent because of its line ends.
func FuzzExactBytes(f *testing.F) {
	for _, seed := range []string{"x", ".", "..", "a\n.\nb", "\n\n.\n", "a\r", "\x00\xff"} {
		f.Add([]byte(seed))
	}
	sink, err := testkit.StartSink(testkit.SinkOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(sink.Stop)
	s, err := mailout.NewSMTP(plain(sink))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, lines []byte) {
		raw := append(bytes.ReplaceAll(lines, []byte("\n"), []byte("\r\n")), "\r\n"...)
		answer, err := s.Deliver(t.Context(), sender, recipient, raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(lines, []byte("\r")) {
			if answer.Outcome != mailout.Rejected || answer.About != mailout.AboutMessage || sink.Count() != 0 {
				t.Fatalf("%q: %+v", raw, answer)
			}
			return
		}
		if answer.Outcome != mailout.Accepted || sink.Count() != 1 {
			t.Fatalf("%q: %+v, %d letters", raw, answer, sink.Count())
		}
		if got := sink.Accepted()[0].Raw; !bytes.Equal(got, raw) {
			t.Fatalf("%q arrived as %q", raw, got)
		}
		sink.Forget()
	})
}

func TestAddresses(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{Extensions: []string{"PIPELINING", "8BITMIME", "SMTPUTF8"}})
	s := newSMTP(t, plain(sink))
	for to, want := range map[string]string{
		"ada@customer.example":   "ada@customer.example",
		"o'neil+x@customer.test": "o'neil+x@customer.test",
		"two words@customer.ex":  `"two words"@customer.ex`,
		`"two words"@customer.e`: `"two words"@customer.e`,
		`q"uote@customer.exampl`: `"q\"uote"@customer.exampl`,
		"zoë@customer.example":   "zoë@customer.example",
	} {
		answer, err := s.Deliver(t.Context(), sender, to, letter(to), nil)
		if answer.Outcome != mailout.Accepted || err != nil {
			t.Errorf("%s: %+v, %v", to, answer, err)
			continue
		}
		all := sink.Accepted()
		if got := all[len(all)-1]; got.To != want || strings.Contains(got.Params, "SMTPUTF8") != strings.Contains(to, "ë") {
			t.Errorf("%s: the server has %+v", to, got)
		}
	}
	before := sink.Count()
	for _, to := range []string{"", "ada", "@customer.example", "ada@", "ada@x> SIZE=1", "ada@x\r\nDATA", "ada\r\n@x", "a@b c"} {
		answer, err := s.Deliver(t.Context(), sender, to, letter("x"), nil)
		if answer.Outcome != mailout.Rejected || answer.About != mailout.AboutMailbox || answer.NoSuchMailbox() || err != nil {
			t.Errorf("%q: %+v, %v", to, answer, err)
		}
	}
	if answer, err := s.Deliver(t.Context(), "nobody", recipient, letter("x"), nil); answer.Outcome != mailout.Rejected || answer.About != mailout.AboutSender || err != nil {
		t.Errorf("%+v, %v", answer, err)
	}
	if sink.Count() != before {
		t.Error("something was sent")
	}
	old := testkit.NewSink(t, testkit.SinkOptions{Extensions: []string{}})
	answer, err := newSMTP(t, plain(old)).Deliver(t.Context(), sender, "zoë@customer.example", letter("x"), nil)
	if answer.Outcome != mailout.Rejected || answer.About != mailout.AboutMailbox || answer.NoSuchMailbox() || err != nil {
		t.Errorf("without SMTPUTF8: %+v, %v", answer, err)
	}
}
