package compose

import (
	"bytes"
	"net/mail"
	"slices"
	"strings"
	"testing"

	"renewd/internal/renewal"
)

// TestOneClick: commercial mail with a page to unsubscribe carries both headers of
// RFC 8058, once, in the same order every time, in lines that every server takes.
func TestOneClick(t *testing.T) {
	const mailto = "<mailto:accueil@parc-aurore.example?subject=unsubscribe%20c1.Zm9v_->"
	for _, c := range []struct{ page, first string }{
		{"https://r.example/u/abc", "List-Unsubscribe: <https://r.example/u/abc>,"},
		{"https://renew.example/u/" + strings.Repeat("a", 33), "List-Unsubscribe: <https://renew.example/u/" + strings.Repeat("a", 33) + ">,"},
		{"https://renew.example/u/" + strings.Repeat("a", 34), "List-Unsubscribe:\r\n <https://renew.example/u/" + strings.Repeat("a", 34) + ">,"},
		{"https://renew.example/u/" + strings.Repeat("a", 50), "List-Unsubscribe:\r\n <https://renew.example/u/" + strings.Repeat("a", 50) + ">,"},
		{"https://renew.example/u/" + strings.Repeat("a", 51), "List-Unsubscribe: <https://renew.example/u/" + strings.Repeat("a", 51) + ">,"},
		{"https://renew.example/u/" + strings.Repeat("a", 870), "List-Unsubscribe: <https://renew.example/u/" + strings.Repeat("a", 870) + ">,"},
		{"HTTPS://renew.example/ü?a=b", "List-Unsubscribe: <https://renew.example/%C3%BC?a=b>,"},
	} {
		l, e := letter(t, "fr"), envelope()
		e.UnsubscribeURL = c.page
		raw, err := Message(l, e)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		want := "\r\n" + c.first + "\r\n " + mailto + "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nFrom: "
		if strings.Count(string(head), want) != 1 || strings.Count(string(head), "\r\nList-") != 2 {
			t.Errorf("%s:\n%s", c.page, head)
		}
		for line := range strings.Lines(string(head)) {
			if len(strings.TrimRight(line, "\r\n")) > 998 {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		way, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.ReplaceAll(c.first, "\r\n", ""), "List-Unsubscribe:")), ">,")
		if got := m.Header["List-Unsubscribe"]; len(got) != 1 || got[0] != way+">, "+mailto {
			t.Errorf("%s is read as %q", c.page, got)
		}
		if got := m.Header["List-Unsubscribe-Post"]; len(got) != 1 || got[0] != "List-Unsubscribe=One-Click" {
			t.Errorf("List-Unsubscribe-Post %q", got)
		}
		for range 5 {
			if again, err := Message(l, e); err != nil || !bytes.Equal(raw, again) {
				t.Fatalf("the same message has other bytes: %v", err)
			}
		}
		for _, class := range []renewal.Class{renewal.Notice, renewal.Transactional} {
			e.Class = class
			raw, err := Message(l, e)
			if err != nil || bytes.Contains(raw, []byte("List-Unsubscribe")) {
				t.Errorf("%s offers to unsubscribe: %v", class, err)
			}
		}
	}
	for _, bad := range []string{"http://renew.example/u/x", "mailto:a@b.example", "javascript:x", "https://", "x", "https://renew.example/\r\nBcc: x@evil.example", "https://renew.example/>,<https://evil.example",
		"https://renew.example/?é", "https://renew.example/" + strings.Repeat("a", 900)} {
		e := envelope()
		e.UnsubscribeURL = bad
		if _, err := Message(letter(t, "fr"), e); err == nil {
			t.Errorf("%q is a page to unsubscribe", bad)
		}
	}
}

// TestFooterLeadsToThePage: the letter's footer shows the page that the caller gives.
func TestFooterLeadsToThePage(t *testing.T) {
	data := Sample(1)
	data.Links.Unsubscribe = "https://renew.example/u/c1.Zm9v_-"
	l, err := builtIn(t).Render("pass-renewal", "fr", false, data)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(l.Text, data.Links.Unsubscribe) || !slices.Contains(links(t, l.HTML), data.Links.Unsubscribe) {
		t.Errorf("the page to unsubscribe is missing:\n%s", l.Text)
	}
}
