package mailout

import (
	"bufio"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestReadReply(t *testing.T) {
	long := strings.Repeat("x", 20_000)
	for text, want := range map[string]reply{
		"250 ok\r\n":     {250, "", "250 ok"},
		"250\r\n":        {250, "", "250"},
		"250 2.1.0 ok\n": {250, "2.1.0", "250 2.1.0 ok"},
		"550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n": {550, "5.1.1", "550 5.1.1 no such user"},
		"550-no\r\n550 5.1.1 user\r\n":                         {550, "", "550 no 5.1.1 user"},
		"550 5.1.10\r\n":                                       {550, "5.1.10", "550 5.1.10"},
		"550 5.1.1234 x\r\n":                                   {550, "", "550 5.1.1234 x"},
		"550 5.a.1 x\r\n":                                      {550, "", "550 5.a.1 x"},
		"550 \x1b[31mred\x00\x07\t\xff\r\n":                    {550, "", "550 [31mred ?"},
		"550 " + long + "\r\n":                                 {550, "", "550 " + long[:496] + "…"},
	} {
		got, err := readReply(bufio.NewReader(strings.NewReader(text)))
		if got != want || err != nil {
			t.Errorf("%.60q: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "hello\r\n", "25\r\n", "150 x\r\n", "650 x\r\n", "250x\r\n", "250-a\r\n251 b\r\n", strings.Repeat("250-a\r\n", 1000), strings.Repeat("x", 1<<20)} {
		if got, err := readReply(bufio.NewReader(strings.NewReader(text))); err == nil || got.code != 0 {
			t.Errorf("%.40q: %+v, %v", text, got, err)
		}
	}
	// A reply that breaks off has said its code.
	for _, text := range []string{"550-a\r\n", "250-a\r\n250-b\r\n"} {
		if got, err := readReply(bufio.NewReader(strings.NewReader(text))); err == nil || got.code == 0 {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	f.Add("250 ok\r\n")
	f.Add("550-5.1.1 a\r\n550 5.1.1 b\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readReply(bufio.NewReader(strings.NewReader(text)))
		if err == nil && (got.code < 200 || got.code > 599) {
			t.Errorf("code %d", got.code)
		}
		if len(got.text) > maxReplyText+8 || !utf8.ValidString(got.text) || strings.ContainsFunc(got.text, unicode.IsControl) {
			t.Errorf("text %q", got.text)
		}
		if got.enhanced != "" && (strings.Count(got.enhanced, ".") != 2 || strings.ContainsAny(got.enhanced, " \t")) {
			t.Errorf("enhanced %q", got.enhanced)
		}
	})
}

func TestChooseMechanism(t *testing.T) {
	all := []string{"NTLM", "CRAM-MD5", "LOGIN", "PLAIN", "XOAUTH2", "SCRAM-SHA-1", "SCRAM-SHA-256"}
	for auth, want := range map[string]string{"auto": "SCRAM-SHA-256", "scram": "SCRAM-SHA-256", "scram-sha-1": "SCRAM-SHA-1", "plain": "PLAIN", "login": "LOGIN", "xoauth2": "XOAUTH2", "cram-md5": ""} {
		if got := chooseMechanism(auth, all); got != want {
			t.Errorf("%s: %q", auth, got)
		}
	}
	if got := chooseMechanism("auto", []string{"CRAM-MD5", "NTLM", "XOAUTH2"}); got != "" {
		t.Errorf("%q", got)
	}
}
