package test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"renewd/internal/mailout"
	"renewd/internal/renewal"
	"renewd/internal/testkit/realmail"
	"renewd/templates"
)

// readLetters reads messages as a mail program does, strictly, and prints what it
// understood of each as a line of JSON.
const readLetters = `
import email, email.policy, html.parser, json, os, re, sys

class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.lang, self.words, self.unseen, self.links = '', [], [], []
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == 'html':
            self.lang = attrs.get('lang')
        if tag == 'a':
            self.links.append(attrs.get('href'))
        if tag in ('style', 'title') or 'display:none' in attrs.get('style', ''):
            self.unseen.append(tag)
        elif tag in ('p', 'td', 'li', 'br', 'h2', 'div', 'blockquote'):
            self.words.append(' ')
    def handle_endtag(self, tag):
        if self.unseen and self.unseen[-1] == tag:
            self.unseen.pop()
    def handle_data(self, data):
        if not self.unseen:
            self.words.append(data)

def words(text):
    return ' '.join(text.split())

for name in sorted(os.listdir(sys.argv[1])):
    with open(os.path.join(sys.argv[1], name), 'rb') as f:
        m = email.message_from_binary_file(f, policy=email.policy.default)
    parts = list(m.walk())
    for part in parts:
        assert not part.defects, (name, part.defects)
        if not part.is_multipart():
            part.get_payload(decode=True).decode('utf-8')
            assert part.get_content_charset() == 'utf-8', (name, part['content-type'])
    page = Page()
    html = m.get_body(('html',)).get_content()
    page.feed(html)
    page.close()
    calendar = [p.get_payload(decode=True).decode('utf-8').replace('\r\n', '\n').replace('\n ', '') for p in parts if p.get_content_type() == 'text/calendar']
    print(json.dumps({'file': name, 'id': m['message-id'].strip('<>'), 'types': [p.get_content_type() for p in parts],
        'language': m['content-language'], 'page_language': page.lang, 'subject': m['subject'],
        'from': str(m['from'].addresses[0]), 'to': m['to'].addresses[0].display_name, 'address': m['to'].addresses[0].addr_spec,
        'unsubscribe': m['list-unsubscribe'] or '', 'one_click': m['list-unsubscribe-post'] or '', 'links': page.links,
        'text': words(re.sub('(?m)^> ?', '', m.get_body(('plain',)).get_content())), 'page': words(''.join(page.words)), 'calendar': calendar}))
`

// understood is what the other reader made of a letter; blanks of all kinds are
// single spaces in its texts.
type understood struct {
	File, ID, Language, Subject, From, To, Address, Unsubscribe, Text, Page string
	PageLanguage                                                            string `json:"page_language"`
	OneClick                                                                string `json:"one_click"`
	Types, Links, Calendar                                                  []string
}

// mojibake is UTF-8 that somebody took for Windows-1252, and what cannot be shown.
var mojibake = regexp.MustCompile("[\u00c2\u00c3\u00e2][\u0080-\u00bf\u20ac\u2018-\u201e\u2039\u203a\u0152\u0153\u0160\u0161\u0178\u017d\u017e]|\ufffd")

// TestRealMailLettersAreReadAndNoSpam: every built-in letter in every language, as it
// lies in a mailbox behind a real mail server, carries a signature that verifies, is
// no spam, and says the same to its reader in its text and on its page.
func TestRealMailLettersAreReadAndNoSpam(t *testing.T) {
	need(t, "spamassassin")
	needPython(t, "dkim", "python3-dkim")
	today, err := todayInParis()
	if err != nil {
		t.Fatal(err)
	}
	b := newBusiness(t, buildProgram(t), "rate = 0")
	b.bookOfLetters(today)
	signer := b.signed()
	b.run("0", "run")
	all := b.reminders()
	messages := map[string][]byte{}
	for _, o := range occasions(today) {
		for _, r := range readers {
			email := o.email(r)
			b.received(email, all[email])
			if all[email].state == "sent" {
				messages["rsa-"+email] = b.s.Letters(email)[0]
			}
		}
	}
	if t.Failed() {
		return // there is nothing to read
	}
	b.everyLetterLeft(today)
	if n := b.s.Total("client.test"); n != len(messages) || len(all) != n {
		t.Errorf("%d letters in the mailboxes and %d reminders, want %d", n, len(all), len(messages))
	}
	verdicts(t, map[string]*mailout.Signer{"rsa": signer}, messages, func(string) bool { return true })
	read := understand(t, messages)
	scores := spamScores(t, messages)
	worst := judged{score: -100}
	for _, o := range occasions(today) {
		for _, r := range readers {
			letter := read["rsa-"+o.email(r)]
			letter.check(t, o, r)
			got, found := scores[letter.ID]
			if !found || got.score >= 1 {
				t.Errorf("%s scores %v: %s", letter.File, got.score, got.rules)
			}
			if got.score > worst.score {
				worst = got
			}
		}
	}
	for _, r := range readers {
		usual, sober := read["rsa-auto-renewal-notice."+r.lang+"@client.test"], read["rsa-auto-renewal-notice.sober."+r.lang+"@client.test"]
		if strings.ReplaceAll(sober.Text, ".sober", "") == usual.Text { // but for the ref
			t.Errorf("%s: who complained got the usual letter: %s", r.lang, sober.Text)
		}
	}
	t.Logf("%d letters, the highest score is %v: %s", len(messages), worst.score, worst.rules)
}

// signed gives the business a key and returns its signer.
func (b *business) signed() *mailout.Signer {
	b.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	b.write("dkim.pem", string(text))
	b.write("config.toml", readText(b.t, b.dir+"/config.toml")+"\n[dkim]\ndomain = \"parc-aurore.test\"\nselector = \"s1\"\nkey_file = \"dkim.pem\"\n")
	signer, err := mailout.NewSigner("parc-aurore.test", "s1", text)
	if err != nil {
		b.t.Fatal(err)
	}
	return signer
}

// everyLetterLeft holds what the database says of the templates that were sent
// against those that are built in: none is without its occasion.
func (b *business) everyLetterLeft(today renewal.Date) {
	b.t.Helper()
	sent := map[string]string{} // template by address
	b.query(`SELECT to_address, template FROM messages`, func(rows *sql.Rows) error {
		var email, template string
		err := rows.Scan(&email, &template)
		sent[email] = template
		return err
	})
	var have []string
	for _, o := range occasions(today) {
		have = append(have, o.letter)
		for _, r := range readers {
			if got := sent[o.email(r)]; got != o.product() {
				b.t.Errorf("%s got %s", o.email(r), got)
			}
		}
	}
	builtIn, err := fs.Glob(templates.FS, "*.en.md")
	if err != nil || len(builtIn) == 0 {
		b.t.Fatal(err)
	}
	for _, file := range builtIn {
		if letter := strings.TrimSuffix(file, ".en.md"); letter != "staff-alert" && !slices.Contains(have, letter) {
			b.t.Errorf("there is no occasion on which %s leaves", letter)
		}
	}
}

// understand has the other reader read messages, by name.
func understand(t *testing.T, messages map[string][]byte) map[string]understood {
	t.Helper()
	read := map[string]understood{}
	for _, line := range python(t, readLetters, messages) {
		var one understood
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		read[one.File] = one
	}
	if len(read) != len(messages) {
		t.Fatalf("%d of %d messages were read", len(read), len(messages))
	}
	return read
}

// check holds a letter against what its reader has to find in it.
func (u understood) check(t *testing.T, o occasion, r reader) {
	t.Helper()
	types := []string{"multipart/alternative", "text/plain", "text/html"}
	if o.calendar != nil {
		types = append(append([]string{"multipart/mixed"}, types...), "text/calendar")
	}
	if !slices.Equal(u.Types, types) {
		t.Errorf("%s has the parts %v, want %v", u.File, u.Types, types)
	}
	if u.Language != r.lang || u.PageLanguage != r.lang || u.To != r.name || u.Address != o.email(r) || u.From != "Parc Aurore <"+shop+">" {
		t.Errorf("%s: in %s, its page in %s, from %s to %s <%s>", u.File, u.Language, u.PageLanguage, u.From, u.To, u.Address)
	}
	for part, text := range map[string]string{"text": u.Text, "page": u.Page} {
		for _, word := range o.wanted(r) {
			if !strings.Contains(text, word) {
				t.Errorf("%s: its %s does not say %q:\n%s", u.File, part, word, text)
			}
		}
		for _, date := range o.othersDays(r) {
			if strings.Contains(text, date) {
				t.Errorf("%s: its %s says %q, in another language:\n%s", u.File, part, date, text)
			}
		}
	}
	for _, text := range append([]string{u.Subject, u.Text, u.Page}, u.Calendar...) {
		if bad := mojibake.FindString(text); bad != "" || strings.TrimSpace(text) == "" {
			t.Errorf("%s: empty, or with %q in it: %s", u.File, bad, text)
		}
	}
	u.checkWays(t, o)
}

// checkWays looks at what a letter offers beside its words: links, the way out, and
// the days for the calendar.
func (u understood) checkWays(t *testing.T, o occasion) {
	t.Helper()
	page, _, _ := strings.Cut(strings.TrimPrefix(u.Unsubscribe, "<"), ">")
	if o.oneClick != (u.OneClick == "List-Unsubscribe=One-Click") || o.oneClick != slices.Contains(u.Links, page) {
		t.Errorf("%s: unsubscribe %q %q, links %v", u.File, u.Unsubscribe, u.OneClick, u.Links)
	}
	for _, link := range u.Links {
		if !strings.HasPrefix(link, "https://renew.parc-aurore.test/") {
			t.Errorf("%s links to %s", u.File, link)
		}
	}
	if o.calendar == nil {
		return
	}
	for _, day := range o.calendar {
		if want := "DTSTART;VALUE=DATE:" + strings.ReplaceAll(day.String(), "-", "") + "\n"; strings.Count(u.Calendar[0], want) != 1 {
			t.Errorf("%s: its calendar lacks %s: %s", u.File, day, u.Calendar[0])
		}
	}
	if strings.Count(u.Calendar[0], "BEGIN:VEVENT") != len(o.calendar) || !strings.Contains(u.Calendar[0], "Großer Açaí") {
		t.Errorf("%s: its calendar: %s", u.File, u.Calendar[0])
	}
}

// TestMojibakeIsSeen: the sign by which broken letters are known does not take whole
// ones for broken.
func TestMojibakeIsSeen(t *testing.T) {
	for text, broken := range map[string]bool{
		"Zoë, « Été » à 5 €, Não, NÃO, â, São, ação, über, Íñigo": false,
		"ZoÃ«": true, "Â« Ã‰tÃ© Â»": true, "5 â‚¬": true, "itâ€™s": true, "Z\ufffd": true, "GroÃŸ": true,
	} {
		if got := mojibake.MatchString(text); got != broken {
			t.Errorf("%q: %v, want %v", text, got, broken)
		}
	}
	if _, contents := realmail.Contents([]byte("Received: x\r\nSubject: y\r\n")); string(contents) != "Subject: y\r\n" {
		t.Errorf("%q", contents)
	}
}
