package renewal

import (
	"strings"
	"testing"
)

func TestCheckEmail(t *testing.T) {
	for _, good := range []string{"a@b.example", "o'hara+tag@mail.b-c.example", "j@bücher.example", "日本@x.example"} {
		if err := CheckEmail(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "a", "@b.example", "a@", "a@b", "a@b..example", "a@-b.example", "a@b.1", "a b@c.example", "Ann <a@b.example>",
		"a@b.example, c@d.example", " a@b.example", "a@b.example\r\nBcc: x@y.example", strings.Repeat("a", 250) + "@b.example", "a@[127.0.0.1]"} {
		if CheckEmail(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
}
