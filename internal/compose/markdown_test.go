package compose

import (
	"strings"
	"testing"
)

// TestTextPart: what Markdown becomes for those who read plain text.
func TestTextPart(t *testing.T) {
	long := strings.Repeat("word ", 30)
	for _, c := range []struct{ title, markdown, want string }{
		{"headings", "# One\n\n## Two\n\n### Three\n\ntext", "One\n===\n\nTwo\n---\n\nThree\n\ntext"},
		{"emphasis", "a **bold** and *slanted* `code`", "a bold and slanted code"},
		{"lines", "one\ntwo\\\nthree", "one two\nthree"},
		{"wrapping", long, strings.TrimSpace(strings.Repeat("word ", 15)) + "\n" + strings.TrimSpace(strings.Repeat("word ", 15))},
		{"no-break spaces hold", strings.Repeat("x", 70) + " 1\u00a0234\u202f€", strings.Repeat("x", 70) + "\n1\u00a0234\u202f€"},
		{"a list", "- one\n- two\n  - inner\n- three", "- one\n- two\n  - inner\n- three"},
		{"a long item", "- " + long, "- " + strings.TrimSpace(strings.Repeat("word ", 15)) + "\n  " + strings.TrimSpace(strings.Repeat("word ", 15))},
		{"a loose list", "- one\n\n- two", "- one\n\n- two"},
		{"numbers", "3. one\n4. two", "3. one\n4. two"},
		{"a quotation", "> one\n>\n> two", "> one\n>\n> two"},
		{"a button", "[Renew now](https://shop.example/renew)", "Renew now: https://shop.example/renew"},
		{"a long button", "[Renew now](https://shop.example/" + strings.Repeat("x", 60) + ")", "Renew now:\nhttps://shop.example/" + strings.Repeat("x", 60)},
		{"a link", "see [our page](https://shop.example/) please", "see our page <https://shop.example/> please"},
		{"a link to itself", "[https://shop.example/](https://shop.example/) x", "https://shop.example/ x"},
		{"an address", "write to [us](mailto:a@shop.example) or <b@shop.example>", "write to us <a@shop.example> or b@shop.example"},
		{"an autolink", "<https://shop.example/>", "https://shop.example/"},
		{"an image", "![our logo](https://shop.example/logo.png) hi", "our logo hi"},
		{"a rule", "a\n\n---\n\nb", "a\n\n" + strings.Repeat("-", 40) + "\n\nb"},
		{"code", "```\na  b\n c\n```", "    a  b\n     c"},
		{"escapes", `\*a\* &amp; &lt;b&gt; \\ &copy; &unknown;`, `*a* & <b> \ © &unknown;`},
		{"a comment", "a\n\n<!-- for the office -->\n\nb <!-- x --> c", "a\n\nb c"},
		{"a table", "| What | Price |\n|---|--:|\n| Pass | 99 |\n| Locker key | 5 |", "What        Price\n-----------------\nPass        99\nLocker key  5"},
		{"a wide table", "| What | Text |\n|---|---|\n| Pass | " + long + "|", "What: Pass\nText: " + strings.TrimSpace(strings.Repeat("word ", 14)) + "\n" + strings.TrimSpace(strings.Repeat("word ", 15)) + "\nword"},
		{"nothing", "{{with .Customer.Attributes}}x{{end}}", ""},
	} {
		t.Run(c.title, func(t *testing.T) {
			if text, _ := renderBody(t, c.markdown, Sample(1)); text != c.want {
				t.Errorf("got\n%s\nwant\n%s", text, c.want)
			}
		})
	}
}

// TestHTMLPart: what Markdown becomes for mail programs.
func TestHTMLPart(t *testing.T) {
	for _, c := range []struct{ title, markdown, want string }{
		{"a paragraph", "a & b", `<p>a &amp; b</p>`},
		{"an empty value", "{{.Customer.Attributes.none}}\n\nb", `<p>b</p>`},
		{"inlines", "**a** *b* `c` d\\\ne", "<p><strong>a</strong> <em>b</em> <code>c</code> d<br>\ne</p>"},
		{"a button", "[Renew](https://shop.example/?a=1&b=2)", `<p><a class="button" href="https://shop.example/?a=1&amp;b=2">Renew</a></p>`},
		{"a link", "x [Renew](https://shop.example/)", `<p>x <a class="link" href="https://shop.example/">Renew</a></p>`},
		{"no picture is loaded", "![logo](https://shop.example/x.png)", `<p>logo</p>`},
		{"numbers", "3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>"},
		{"headings", "# a\n\n##### b", "<h1>a</h1>\n<h3>b</h3>"},
		{"a table", "| a | b |\n|---|--:|\n| c | d |", "<table role=\"table\" cellpadding=\"0\" cellspacing=\"0\"><tr><th>a</th><th align=\"right\">b</th></tr>\n<tr><td>c</td><td align=\"right\">d</td></tr>\n</table>"},
		{"an autolink", "see <https://shop.example/> x", `<p>see <a class="link" href="https://shop.example/">https://shop.example/</a> x</p>`},
	} {
		t.Run(c.title, func(t *testing.T) {
			data := Sample(1)
			data.Customer.Attributes["none"] = ""
			_, body := renderBody(t, c.markdown, data)
			for _, style := range htmlStyles {
				if i := strings.Index(style, "style="); i >= 0 {
					body = strings.ReplaceAll(body, " "+style[i:], "")
				}
			}
			for _, class := range []string{"text", "strong", "cell"} {
				body = strings.ReplaceAll(body, ` class="`+class+`"`, "")
			}
			if body != c.want {
				t.Errorf("got\n%s\nwant\n%s", body, c.want)
			}
		})
	}
}

// TestControlLines: a line with nothing but an action that prints nothing leaves
// no blank line, so that lists and paragraphs stay together.
func TestControlLines(t *testing.T) {
	for _, c := range []struct{ title, markdown, want string }{
		{"a loop makes one list", "{{range .Agreements}}\n- {{.Customer.Name}}\n{{end}}\n", "- Alex Martin\n- Camille Martin\n- Noa Martin"},
		{"also indented", "  {{range .Agreements}}  \n- {{.Customer.Name}}\n  {{end}}\nx", "- Alex Martin\n- Camille Martin\n- Noa Martin x"},
		{"a condition within", "- a\n{{if true}}\n- b\n{{else}}\n- c\n{{end}}\n- d", "- a\n- b\n- d"},
		{"else if", "{{if false}}\na\n{{else if true}}\nb\n{{else}}\nc\n{{end}}\nd", "b d"},
		{"several on one line", "{{if true}}{{if true}}\na\n{{end}}{{end}}\nb", "a b"},
		{"a variable", "{{$x := 1}}\na\n{{$x = 2}}\nb {{$x}}", "a b 2"},
		{"written blank lines stay", "a\n\n{{if true}}\nb\n{{end}}\n\nc", "a\n\nb\n\nc"},
		{"within a line nothing changes", "a {{if true}}b{{end}}\nc {{range .Agreements}}{{.Ref}}{{end}}\nd", "a b c A1A2A3 d"},
		{"a printed value keeps its line", "a\n{{.Customer.Name}}\nb", "a Alex Martin b"},
		{"trimming still works", "a\n{{- if true}}\nb\n{{- end}}\nc", "a b c"},
		{"in a defined part", "{{define \"p\"}}\n{{if true}}\nx\n{{end}}\n{{end}}a\n\n{{template \"p\"}}\n\nb", "a\n\nx\n\nb"},
		{"break and continue", "{{range $i, $a := .Agreements}}\n{{if eq $i 1}}\n{{break}}\n{{end}}\n- {{$a.Ref}}\n{{end}}\n", "- A1"},
	} {
		t.Run(c.title, func(t *testing.T) {
			if text, _ := renderBody(t, c.markdown, Sample(3)); text != c.want {
				t.Errorf("got\n%s\nwant\n%s", text, c.want)
			}
		})
	}
}

func TestFrontMatter(t *testing.T) {
	for _, c := range []struct{ title, file, subject, preheader string }{
		{"plain", "---\nsubject: A: b\npreheader: c\n---\nx\n", "A: b", "c"},
		{"quotes", "---\nsubject: \"A\"\npreheader: 'b'\n---\nx\n", "A", "b"},
		{"quotes that belong to the text", "---\nsubject: \"A\" and \"b\"\n---\nx\n", `"A" and "b"`, ""},
		{"continued", "---\nsubject:\n  {{if true}}\n    A\n  {{end}}\n\tb\n# remark\n\npreheader: c\n---\nx\n", "A b", "c"},
		{"Windows", "\ufeff---\r\nsubject: A\r\npreheader: b\r\n---\r\nx\r\n", "A", "b"},
		{"a value is no template", "---\nsubject: {{.Customer.Name}}\n---\nx\n", "{{.Evil}}", ""},
		{"no-break spaces stay", "---\nsubject: A\u202f?  b\u00a0c\n---\nx\n", "A\u202f? b\u00a0c", ""},
		{"no text below", "---\nsubject: A\n---", "A", ""},
		{"a long one", "---\nsubject: " + strings.Repeat("é", 400) + "\n---\nx\n", strings.Repeat("é", 249) + "…", ""},
	} {
		t.Run(c.title, func(t *testing.T) {
			data := Sample(1)
			data.Customer.Name = "{{.Evil}}"
			letter, err := alone(t, map[string]string{"test.en.md": c.file}).Render("test", "en", false, data)
			if err != nil || letter.Subject != c.subject || letter.Preheader != c.preheader {
				t.Errorf("%q, %q, %v", letter.Subject, letter.Preheader, err)
			}
		})
	}
}
