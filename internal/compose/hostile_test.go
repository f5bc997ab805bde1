package compose

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"renewd/internal/renewal"
)

// hostile are values as a stranger may type them into a form.
var hostile = []string{
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</td></tr></table><h1>Hi</h1>", "<!-- comment -->", "<a href='http://evil.example'>x</a>",
	"[x](http://evil.example)", "![x](http://evil.example/pixel.png)", "<http://evil.example>", "[x]: http://evil.example", "[x][y]",
	"{{.Secret}}", "{{", "}}", `{{template "x"}}`, "**bold**", "__bold__", "*i* _i_", "`code`", "# h", "## h\n\n# h", "- item", "1. item", "> quote", "---", "***", "===", "| a | b |", "|---|---|",
	"a\r\nBcc: victim@evil.example", "a\nb\n\n# c", "a\x00b", "a\u2028b\u2029c", "\u202egnp.exe", "a\u2066b\u2069", "\ufeffbom", "\ue0000\ue001", "\ue000999\ue001", "\ue0000", "\\", `\*\_\#`, "&lt;b&gt; &amp; &#60;", "&nbsp;",
	"    indented", "\tindented", "```\ncode\n```", "~~~", "a  \nb", "a\\\nb", "\xff\xfe", "\u0085x", "=?utf-8?q?=41?=", "o'neil \"x\"", "javascript:alert(1)", "%0d%0aBcc:x", "$(rm -rf)", "{{/* x */}}", "<?php ?>", "<![CDATA[x]]>", "*", "_", "~", "<", ">", "|",
}

// hostileData has the value wherever a customer, a file or an event can put one;
// addresses of pages are put to the test apart.
func hostileData(n int, value string) Data {
	data := Sample(n)
	data.Customer.Name, data.Customer.Ref, data.Customer.Email = value, value, value
	data.Customer.Attributes = map[string]string{"seat": value}
	data.Event = &Event{Type: value, Note: value, Channel: value, On: date("2026-04-01"), Amount: &renewal.Money{Minor: 100, Currency: "EUR"}, Product: &Product{name: value}}
	data.Staff = &Staff{Kind: value, Tasks: []StaffTask{{Since: time.Date(2027, 3, 1, 9, 5, 0, 0, time.UTC), Text: value}}, Count: 1}
	for i := range data.Agreements {
		a := &data.Agreements[i]
		a.Customer, a.Ref, a.Kind, a.Product = data.Customer, value, value, &Product{ref: value, name: value}
		a.AutoRenew = true
	}
	return data
}

// everywhere is a letter that prints values in every place of Markdown.
const everywhere = `---
subject: "{{.Customer.Name}} {{(index .Agreements 0).Product}}"
preheader: {{.Event.Note}}
---
{{.Customer.Name}}

# {{.Customer.Name}}

**{{.Customer.Name}}** *{{.Customer.Name}}* ` + "`{{.Customer.Name}}`" + ` a{{.Customer.Name}}b

- {{.Customer.Name}}
- {{.Customer.Attributes.seat}}
{{range .Agreements}}
- {{.Product}} {{.Ref}}: [{{.Product}}]({{.RenewURL}}) [more](https://shop.example/?q={{.Ref}} "{{.Ref}}")
{{end}}

1. {{.Customer.Name}}

> {{.Customer.Name}}

| {{.Customer.Name}} | b |
|---|---|
| {{.Event.Note}} | {{list .Agreements}} |

    {{.Customer.Name}}

` + "```\n{{.Customer.Name}}\n```" + `

![{{.Customer.Name}}](https://shop.example/x.png) [{{.Customer.Name}}][ref] {{printf "%s" .Customer.Name}}
{{with .Event}}{{.Note}}{{else}}none{{end}} {{define "part"}}{{.Customer.Name}}{{end}}{{template "part" .}}

[ref]: https://shop.example/ref
`

// TestHostileValues proves that no element and no link ever comes from a value:
// every letter has the same elements, attributes and links as for a plain value,
// and the value is readable in it as it was typed.
func TestHostileValues(t *testing.T) {
	s := own(map[string]string{"everywhere.en.md": everywhere})
	for key, l := range s.letters {
		// Every value meets every letter once, in turn with one agreement and three.
		for turn, n := range []int{1, 3} {
			plain, err := s.Render(key.name, key.locale, key.sober, hostileData(n, "Plain"))
			if err != nil {
				t.Fatal(err)
			}
			want := skeleton(t, plain.HTML)
			for i, value := range hostile {
				if i%2 != turn {
					continue
				}
				letter, err := s.Render(key.name, key.locale, key.sober, hostileData(n, value))
				if err != nil {
					t.Errorf("%s: %q: %v", l.file, value, err)
					continue
				}
				checkHostile(t, l.file, value, letter, want, plain)
			}
		}
	}
}

var queried = regexp.MustCompile(`/\?q=[\w.~%-]*`)

func checkHostile(t *testing.T, file, value string, letter Letter, want []string, plain Letter) {
	t.Helper()
	// The query of one link carries the value, encoded.
	got := skeleton(t, letter.HTML)
	for i, line := range got {
		got[i] = queried.ReplaceAllString(line, "/?q=Plain")
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q changes the elements of the page:\n%s", file, value, firstDifference(got, want))
	}
	shown := cleanValue(value)
	if !strings.Contains(squeeze(visibleText(t, letter.HTML)), squeeze(shown)) {
		t.Errorf("%s: %q is not readable in the page", file, value)
	}
	if !strings.Contains(squeeze(letter.Text), squeeze(shown)) {
		t.Errorf("%s: %q is not readable in the text", file, value)
	}
	for name, line := range map[string]string{"subject": letter.Subject, "preheader": letter.Preheader} {
		if strings.ContainsFunc(line, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
		}) {
			t.Errorf("%s: %q: %s %q", file, value, name, line)
		}
	}
	for name, part := range map[string]string{"text": letter.Text, "HTML": letter.HTML, "subject": letter.Subject} {
		if !utf8.ValidString(part) || strings.ContainsAny(part, "\x00\r\u2028\u2029\u202e\u2066\ue000\ue001") {
			t.Errorf("%s: %q: forbidden characters in the %s", file, value, name)
		}
	}
	if strings.Count(letter.Text, "\n\n") > strings.Count(plain.Text, "\n\n") {
		t.Errorf("%s: %q makes paragraphs of its own", file, value)
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

func firstDifference(got, want []string) string {
	for i := range got {
		if i >= len(want) || got[i] != want[i] {
			return got[i] + "\n" + strings.Join(want[i:min(i+1, len(want))], "")
		}
	}
	return "elements are missing"
}

// TestHostileLinks proves that only http, https and mailto are ever links, and
// that a value inside a link cannot change where it leads.
func TestHostileLinks(t *testing.T) {
	for _, target := range []string{"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,<b>x</b>", "vbscript:x", "file:///etc/passwd",
		"//evil.example", "/relative", "http:evil", "https://", "https://user:pass@evil.example/", "https://x y/", "https://x\"onclick=\"y", "https://x/<b>", "ftp://x/", "mailto:", "mailto:x", " ", "https://x\\@evil.example"} {
		data := Sample(1)
		data.Agreements[0].RenewURL = target
		data.Links = Links{Unsubscribe: target}
		letter, err := alone(t, map[string]string{"test.en.md": "---\nsubject: x\n---\n[one]({{(index .Agreements 0).RenewURL}})\n\nand [two]({{(index .Agreements 0).RenewURL}}) more\n"}).Render("test", "en", false, data)
		if err != nil {
			t.Fatal(err)
		}
		if found := links(t, letter.HTML); len(found) != 0 {
			t.Errorf("%q became a link: %q", target, found)
		}
		if got := textBody(letter); got != "one\n\nand two more" {
			t.Errorf("%q: text %q", target, got)
		}
	}
	for _, c := range []struct{ markdown, value, want string }{
		{"[x]({{.Customer.Name}})", "https://shop.example/a?b=c&d=%20#e", "https://shop.example/a?b=c&d=%20#e"},
		{"[x]({{.Customer.Name}})", "mailto:a@shop.example?subject=hi", "mailto:a@shop.example?subject=hi"},
		{"[x]({{.Customer.Name}})", " HTTPS://Shop.example/ ", "https://Shop.example/"},
		{"[x]({{.Customer.Name}}?from=mail)", "https://shop.example/", "https://shop.example/?from=mail"},
		{"[x](https://shop.example/?q={{.Customer.Name}})", "a&b=c#d /é", "https://shop.example/?q=a%26b%3Dc%23d%20%2F%C3%A9"},
		{"[x](mailto:{{.Customer.Name}})", "a+b@shop.example", "mailto:a+b@shop.example"},
		{"[x](mailto:{{.Customer.Name}})", "a@x.example?bcc=victim@evil.example", "mailto:a@x.example%3Fbcc%3Dvictim@evil.example"},
		{"[x](https://shop.example{{.Customer.Name}})", "@evil.example/", ""},
		{"[x](<{{.Customer.Name}}>)", "https://shop.example/", "https://shop.example/"},
		{"[x](https://shop.example/a&amp;b)", "", "https://shop.example/a&b"},
	} {
		data := Sample(1)
		data.Customer.Name = c.value
		_, body := renderBody(t, c.markdown, data)
		found := links(t, body)
		if c.want == "" && len(found) == 0 {
			continue
		}
		if len(found) != 1 || found[0] != c.want {
			t.Errorf("%s with %q: links %q, want %q", c.markdown, c.value, found, c.want)
		}
	}
}
