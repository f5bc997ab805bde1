package compose

import (
	"bytes"
	"html/template"
	"strings"
)

// layoutFile is the HTML around every letter.
const layoutFile = "layout.html"

// layout is layout.html, parsed.
type layout struct {
	source  string
	page    *template.Template
	builtIn bool
	// size is about how long the page is without the letter, in bytes.
	size  int
	fault *Fault
}

// page is what layout.html sees as its dot.
type page struct {
	Lang, Dir, Subject, Preheader string
	Body                          template.HTML
	Business                      Business
	// AddressLines are the lines of the postal address.
	AddressLines []string
	Links        Links
	Words        footerWords
}

// parseLayout reads layout.html and proves that it shows what every letter must
// show: the letter, and the sender's name and address.
func parseLayout(contents []byte, builtIn bool, readErr error) layout {
	out := layout{source: string(contents), builtIn: builtIn}
	fault := func(text string) layout {
		out.fault = &Fault{File: layoutFile, BuiltIn: builtIn, Text: text}
		return out
	}
	if readErr != nil {
		return fault("the file cannot be read: " + readErr.Error())
	}
	tmpl, err := template.New(layoutFile).Option("missingkey=error").Parse(out.source)
	if err != nil {
		f := newFault(layoutFile, builtIn, out.source, err)
		out.fault = &f
		return out
	}
	const body, name, address, unsubscribe = "proof-of-body", "proof-of-name", "proof-of-address", "https://proof.example/of-unsubscribe"
	var b strings.Builder
	err = tmpl.Execute(&b, page{Lang: "en", Dir: "ltr", Subject: "subject", Preheader: "preheader", Body: body,
		Business: Business{Name: name, PostalAddress: address}, AddressLines: []string{address},
		Links: Links{Unsubscribe: unsubscribe}, Words: footerFor("en")})
	if err != nil {
		f := newFault(layoutFile, builtIn, out.source, err)
		out.fault = &f
		return out
	}
	for _, must := range []struct{ proof, text string }{
		{body, "the layout does not show the letter: {{.Body}} is missing"},
		{name, "the layout does not show who writes: {{.Business.Name}} is missing"},
		{address, "the layout does not show the postal address: {{range .AddressLines}}{{.}}<br>{{end}} is missing"},
		{unsubscribe, "the layout does not show how to unsubscribe: {{.Links.Unsubscribe}} is missing"},
	} {
		if !strings.Contains(b.String(), must.proof) {
			return fault(must.text)
		}
	}
	out.page, out.size = tmpl, b.Len()+512
	return out
}

// textFooter ends the plain text part: who writes, from where, and how to have
// no more of it. It begins with the line that mail programs know as the
// beginning of a signature.
func (s *Set) textFooter(locale string, links Links) string {
	var b strings.Builder
	b.WriteString("\n-- \n")
	for _, line := range append([]string{oneLine(s.business.Name)}, addressLines(s.business.PostalAddress)...) {
		if line != "" {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	if target, ok := safeURL(links.Unsubscribe); ok {
		words := footerFor(locale)
		for _, line := range (textWriter{colon: words.colon}).button(words.Unsubscribe, target, textWidth) {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func addressLines(address string) []string {
	var lines []string
	for line := range strings.Lines(address) {
		if line = oneLine(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func (s *Set) page(locale string, l Letter, body string, links Links) (string, error) {
	if _, ok := safeURL(links.Unsubscribe); !ok {
		links.Unsubscribe = ""
	}
	var b bytes.Buffer
	b.Grow(len(body) + s.layout.size)
	err := s.layout.page.Execute(&b, page{
		Lang: locale, Dir: direction(locale), Subject: l.Subject, Preheader: l.Preheader,
		Body:     template.HTML(body), //nolint:gosec // written by htmlWriter, which escapes
		Business: s.business, AddressLines: addressLines(s.business.PostalAddress),
		Links: links, Words: footerFor(locale),
	})
	if err != nil {
		return "", newFault(layoutFile, s.layout.builtIn, s.layout.source, err)
	}
	return b.String(), nil
}
