package compose

import (
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
	// framed is true where what the layout writes around a letter's values may
	// be made once for many letters.
	framed bool
	fault  *Fault
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
	out.framed = hasFrame(tmpl) // executing changes what is parsed
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
	out.page = tmpl
	return out
}

// signature begins the end of every plain text part: who writes, and from where.
// Its first line is the one that mail programs know as the beginning of a
// signature.
func signature(b Business) string {
	var out strings.Builder
	out.WriteString("\n-- \n")
	for _, line := range append([]string{oneLine(b.Name)}, addressLines(b.PostalAddress)...) {
		if line != "" {
			out.WriteString(line)
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// textFooter ends the plain text part: who writes, from where, and how to have
// no more of it.
func (s *Set) textFooter(locale, unsubscribe string) string {
	if unsubscribe == "" {
		return s.signature
	}
	words := footerFor(locale)
	lines := (textWriter{colon: words.colon}).button(words.Unsubscribe, unsubscribe, textWidth)
	return s.signature + strings.Join(lines, "\n") + "\n"
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

// page appends the layout around a letter's body, which is HTML: from its frame
// where there is one, which is the same in a tenth of the time.
func (s *Set) page(b []byte, l Letter, body []byte, links Links) ([]byte, error) {
	values := slotValues{slotSubject: l.Subject, slotPreheader: l.Preheader, slotUnsubscribe: links.Unsubscribe, slotManage: links.Manage, slotCancel: links.Cancel}
	if k := s.frame(l.Locale, &values, body); k != nil {
		return k.appendPage(b, &values, body), nil
	}
	values[slotBody] = string(body)
	page, err := s.execute(l.Locale, values)
	return append(b, page...), err
}

// frame returns the frame for a letter, nil where the layout must be executed.
func (s *Set) frame(locale string, values *slotValues, body []byte) *frame {
	if !s.layout.framed {
		return nil
	}
	key := frameKey{locale: locale}
	for i, v := range values {
		key.filled[i] = v != ""
	}
	key.filled[slotBody] = len(body) > 0
	for _, link := range []slot{slotUnsubscribe, slotManage, slotCancel} {
		if key.filled[link] && !plainURL(values[link]) {
			return nil
		}
	}
	k, ok := s.frames.get(key)
	if !ok {
		k = newFrame(func(probes slotValues) (string, error) { return s.execute(locale, probes) }, key)
		s.frames.put(key, k)
	}
	if k.pieces == nil {
		return nil
	}
	return k
}

// execute executes the layout itself.
func (s *Set) execute(locale string, v slotValues) (string, error) {
	var b strings.Builder
	err := s.layout.page.Execute(&b, page{
		Lang: locale, Dir: direction(locale), Subject: v[slotSubject], Preheader: v[slotPreheader],
		Body:     template.HTML(v[slotBody]), //nolint:gosec // written by appendHTML, which escapes
		Business: s.business, AddressLines: addressLines(s.business.PostalAddress),
		Links: Links{Unsubscribe: v[slotUnsubscribe], Manage: v[slotManage], Cancel: v[slotCancel]}, Words: footerFor(locale),
	})
	if err != nil {
		return "", newFault(layoutFile, s.layout.builtIn, s.layout.source, err)
	}
	return b.String(), nil
}
