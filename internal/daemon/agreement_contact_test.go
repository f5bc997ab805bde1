package daemon_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"renewd/internal/daemon"
	"renewd/internal/web"
)

// typed are the fields of a customer as the page shows them, with what somebody
// types over them: pairs of name and value.
func (c *counter) typed(ref string, over ...string) []web.Typed {
	c.t.Helper()
	var typed []web.Typed
	for _, f := range c.look(ref).Contact {
		t := web.Typed{Name: f.Name, Was: f.Value, Value: f.Value}
		for i := 0; i+1 < len(over); i += 2 {
			if over[i] == f.Name {
				t.Value = over[i+1]
			}
		}
		typed = append(typed, t)
	}
	return typed
}

func (c *counter) correct(typed []web.Typed) web.Outcome {
	c.t.Helper()
	return c.act("A1", web.Wish{Act: web.ActContact, Contact: typed})
}

func (c *counter) customer() string {
	c.t.Helper()
	return c.Text(`SELECT name, email, attributes FROM customers WHERE ref = 'C1'`)
}

func newContactCounter(t *testing.T) *counter {
	t.Helper()
	c := newCounter(t)
	c.pass("C1", "ann@x.example", "A1", "2027-03-31")
	c.Exec(`UPDATE customers SET attributes = '{"Code Postal":"69001","Téléphone":"04 00","adresse":"1 rue A","level":"gold","rue":"1 rue A","points":3}'`)
	return c
}

// TestContactFields: a page shows the name, the columns of an address, and no
// other column; the e-mail address itself never.
func TestContactFields(t *testing.T) {
	c := newContactCounter(t)
	var got []string
	for _, f := range c.look("A1").Contact {
		got = append(got, f.Name+"="+f.Kind+f.Label+":"+f.Value)
	}
	c.want("fields", strings.Join(got, "\n"), strings.Join([]string{"name=name:C1", "email=email:", "a.adresse=street:1 rue A", "a.rue=otherrue:1 rue A",
		"a.Code Postal=postal_code:69001", "a.Téléphone=phone:04 00"}, "\n"))
}

// TestCorrections are written, told to staff, and shown; what somebody left as
// it was undoes nothing that changed meanwhile.
func TestCorrections(t *testing.T) {
	c := newContactCounter(t)
	stale := c.typed("A1", "a.rue", "3 rue C")
	out := c.correct(c.typed("A1", web.FieldName, "Ann Bell", web.FieldEmail, "ann.bell@y.example", "a.rue", "2 rue \"B\"", "a.Téléphone", ""))
	var changes []string
	for _, change := range out.Changes {
		changes = append(changes, change.Field.Name+": "+change.From+" > "+change.To)
	}
	c.want("changes", strings.Join(changes, "\n"), "name: C1 > Ann Bell\nemail: a…@x.example > ann.bell@y.example\na.rue: 1 rue A > 2 rue \"B\"\na.Téléphone: 04 00 > ")
	c.want("customer", c.customer(), `Ann Bell|ann.bell@y.example|{"Code Postal":"69001","Téléphone":"","adresse":"1 rue A","level":"gold","points":3,"rue":"2 rue \"B\""}`)
	c.want("told", c.wishes(), `C1 (C1) corrected their own data: name from "C1" to "Ann Bell", email from "ann@x.example" to "ann.bell@y.example", `+
		`rue from "1 rue A" to "2 rue \"B\"", Téléphone from "04 00" to ""; put it right elsewhere, too`)
	if out.Agreement.MaskedEmail != "a…@y.example" || out.Agreement.Name != "Ann Bell" {
		t.Errorf("the page still shows %+v", out.Agreement)
	}

	c.correct(stale)
	if got := c.customer(); !strings.Contains(got, "Ann Bell|ann.bell@y.example") || !strings.Contains(got, `"rue":"3 rue C"`) {
		t.Errorf("a page that was open for long undid more than it said: %s", got)
	}
	before := c.wishes()
	for _, nothing := range [][]web.Typed{nil, c.typed("A1"), c.typed("A1", web.FieldEmail, "ann.bell@y.example"), stale} {
		if out := c.correct(nothing); len(out.Changes)+len(out.Faults) != 0 {
			t.Errorf("%+v", out)
		}
	}
	c.want("nothing new to tell", c.wishes(), before)
	c.wantLetters(0)
}

// TestWrongCorrections change nothing at all, and say which fields are wrong.
func TestWrongCorrections(t *testing.T) {
	c := newContactCounter(t)
	before := c.customer()
	long := strings.Repeat("ä", 201)
	out := c.correct(c.typed("A1", web.FieldName, "", web.FieldEmail, "ann@x", "a.rue", long, "a.Code Postal", "1\n2", "a.Téléphone", "05"))
	want := map[string]web.FieldFault{web.FieldName: web.FaultMissing, web.FieldEmail: web.FaultEmail, "a.rue": web.FaultLong, "a.Code Postal": web.FaultSigns}
	for name, fault := range want {
		if out.Faults[name] != fault {
			t.Errorf("%s: %q, want %q", name, out.Faults[name], fault)
		}
	}
	if len(out.Faults) != len(want) || len(out.Changes) != 0 {
		t.Errorf("%+v", out)
	}
	for _, email := range []string{"a@b.example\r\nBcc: c@d.example", "Ann <a@b.example>", "a@b.example, c@d.example", "a@[10.0.0.1]", "\u202ea@b.example"} {
		if out := c.correct(c.typed("A1", web.FieldEmail, email)); len(out.Faults) != 1 {
			t.Errorf("%q passes", email)
		}
	}
	// Columns that are not the page's to show are not there to write either.
	if out := c.correct([]web.Typed{{Name: "a.level", Value: "platinum"}, {Name: "a.points", Value: "9"}, {Name: "ref", Value: "X"}, {Name: "a.new", Value: "y"}}); len(out.Changes) != 0 {
		t.Errorf("%+v", out)
	}
	c.want("customer", c.customer(), before)
	c.want("told", c.wishes(), "")
}

// TestCorrectionsOfAMember changes one customer of a household alone.
func TestCorrectionsOfAMember(t *testing.T) {
	c := newContactCounter(t)
	c.pass("C2", "ann@x.example", "A2", "2027-03-31")
	c.correct(c.typed("A1", web.FieldEmail, "new@x.example"))
	c.want("addresses", c.Text(`SELECT ref, email FROM customers ORDER BY ref`), "C1|new@x.example\nC2|ann@x.example")
	c.Pass(c.Engine())
	c.wantLetters(2)
}

// TestLettersLeadToPages: with a base_url every agreement of a letter has pages of
// its own that open, and a later try of the same letter has the same.
func TestLettersLeadToPages(t *testing.T) {
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	c.pass("C1", "ann@x.example", "A2", "2027-03-31")
	body := "---\nsubject: s\npreheader: p\n---\n{{range .Agreements}}\n{{.Ref}} [m]({{.Manage}}){{with .Cancel}} [c]({{.}}){{end}} [r]({{.Reason}}) [new]({{.RenewURL}})\n{{end}}\n[first]({{.Links.Manage}})\n"
	for _, name := range []string{"pass-renewal.en.md", "auto-renewal-notice.en.md"} {
		c.Letters[name] = &fstest.MapFile{Data: []byte(body)}
	}
	c.Settings.Locale = "en"
	o := c.Options()
	o.BaseURL = "https://renew.example"
	e, err := daemon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.Pass(e)
	letters := c.Post.Letters(t)
	if len(letters) != 2 {
		t.Fatalf("%d letters", len(letters))
	}
	opened := map[string]int{}
	for _, letter := range letters {
		for _, link := range linksIn(t, letter) {
			path, _ := strings.CutPrefix(link, "https://renew.example")
			token, cancel := strings.CutSuffix(path[3:], "?cancel")
			purpose := path[1:2]
			if got := c.opens(token); got != purpose {
				t.Errorf("%s opens %q", link, got)
			}
			if cancel {
				purpose += "?cancel"
			}
			opened[purpose]++
		}
	}
	if opened["m"] < 4 || opened["s"] < 2 || opened["m?cancel"] == 0 {
		t.Errorf("links: %v", opened)
	}
}

var pageLink = regexp.MustCompile(`https://renew\.example/[ms]/[^\s<>"]+`)

// linksIn are the addresses of pages in the text of a letter.
func linksIn(t *testing.T, raw []byte) []string {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := multipart.NewReader(message.Body, params["boundary"]).NextPart()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(part)
	if err != nil {
		t.Fatal(err)
	}
	return pageLink.FindAllString(string(text), -1)
}
