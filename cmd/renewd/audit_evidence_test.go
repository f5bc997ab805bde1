package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"renewd/internal/store"
)

// disputed is a business with a dispute about A1: a notice that was sent under
// legal duties, a receipt whose bytes had their time, a letter that was refused,
// and what people said meanwhile, in words that want to be markup.
func disputed(t *testing.T) *auditDesk {
	t.Helper()
	a := newAuditDesk(t, noticeRule)
	a.agreement(march, [3]string{"2027-06-30", "payment", "2027-04-02T08:00:00Z"})
	raw := "From: hello@rocha-alta.example\r\nTo: ana@client.example\r\nSubject: Your subscription renews\r\nMessage-ID: <../e vil/1@rocha-alta.example>\r\n\r\nHello\r\n"
	a.exec(`UPDATE agreements SET price_minor = 1250, currency = 'EUR';
		INSERT INTO customers(id, ref, name, email) VALUES (2, 'C2', 'Bea <b>', 'ana@client.example');
		INSERT INTO agreements(id, ref, customer_id, kind, ends_on) VALUES (2, 'A2', 2, 'pass', '2027-09-30');
		INSERT INTO message_contents(id, contents) VALUES (1, ?1);
		INSERT INTO messages(id, rfc822_id, customer_id, household, to_address, class, rule, template, subject, state, claimed_at, streaming_at, sent_at, server_reply, sha256, contents_id) VALUES
		  (1, '../e vil/1@rocha-alta.example', 1, 'ana@client.example', 'ana@client.example', 'notice', 'auto-renewal-notice', 't', 'Your subscription renews', 'sent',
		    '2027-03-15T08:00:00Z', '2027-03-15T08:00:01Z', '2027-03-15T08:00:02Z', '250 2.0.0 queued as 17', ?2, 1),
		  (2, '2@rocha-alta.example', 1, 'ana@client.example', 'ana@client.example', 'transactional', 'receipt', 't', 'Renewed', 'sent',
		    '2027-04-02T08:00:00Z', '2027-04-02T08:00:01Z', '2027-04-02T08:00:02Z', '250 ok', 'aa11', NULL),
		  (3, '3@rocha-alta.example', 1, 'ana@client.example', 'ana@client.example', 'commercial', 'offer', 't', '', 'failed',
		    '2027-04-03T08:00:00Z', NULL, NULL, '550 5.1.1 no such mailbox', '', NULL);
		INSERT INTO reminders(customer_id, agreement_id, rule, step, class, ends_on, due_at, not_after, state, reason, planned_at, decided_at, message_id, duties) VALUES
		  (1, 1, 'auto-renewal-notice', 'notice:us-ca-renewal', 'notice', '2027-03-31', '2027-03-11T23:00:00Z', '2027-03-27T22:59:59Z', 'sent', 'due', '2027-03-01T08:00:00Z', '2027-03-15T08:00:02Z', 1,
		    '[{"id":"us-ca-renewal","opens":"2027-03-02","closes":"2027-03-17"}]'),
		  (2, 2, 'auto-renewal-notice', 'notice', 'notice', '2027-03-31', '2027-03-11T23:00:00Z', '2027-03-27T22:59:59Z', 'sent', 'due', '2027-03-01T08:00:00Z', '2027-03-15T08:00:02Z', 1, '[]'),
		  (1, 1, 'receipt', 'on:renewal', 'transactional', NULL, '2027-04-02T08:00:00Z', '2027-04-09T08:00:00Z', 'sent', 'due', '2027-04-02T08:00:00Z', '2027-04-02T08:00:02Z', 2, '[]'),
		  (1, 1, 'offer', 'before_end:P30D', 'commercial', '2027-03-31', '2027-03-01T08:00:00Z', '2027-03-31T22:59:59Z', 'failed', 'rejected', '2027-03-01T08:00:00Z', '2027-04-03T08:00:02Z', 3, '[]'),
		  (1, 1, 'pitch', 'before_end:P30D', 'commercial', '2027-06-30', '2027-05-31T08:00:00Z', '2027-06-30T22:59:59Z', 'skipped', 'unsubscribed', '2027-04-02T08:00:00Z', '2027-05-31T08:00:00Z', NULL, '[]');
		INSERT INTO events(type, at, customer_id, agreement_id, amount_minor, currency, note, source, source_id, stored_at, settled) VALUES
		  ('payment', '2027-04-02T07:00:00Z', 1, 1, 1250, 'EUR', '', 'till', '77', '2027-04-02T08:00:00Z', 1),
		  ('cancel', '2027-06-14T21:30:00Z', 1, 1, NULL, '', 'by the page', 'page', 'k1', '2027-06-14T21:30:01Z', 1);
		INSERT INTO events(type, at, customer_id, note, source, stored_at) VALUES
		  ('complaint', '2027-06-10T10:00:00Z', 2, '<script>alert("x")</script>' || char(10) || 'never told', 'counter', '2027-06-10T10:00:00Z'),
		  ('use', '2027-06-11T10:00:00Z', 2, 'of somebody else', 'gate', '2027-06-11T10:00:00Z')`, zipped(t, raw), hashOf([]byte(raw)))
	return a
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// files are the files of the evidence about A1, by name, read at auditNow.
func (a *auditDesk) files() (names []string, contents map[string]string) {
	a.t.Helper()
	e := &evidence{business: a.c.Business.Name, zone: a.c.Business.TimeZone, at: mustStamp(a.t, auditNow)}
	if err := a.db.Read(a.t.Context(), func(tx *store.Tx) error { return e.read(tx, a.c, "A1") }); err != nil {
		a.t.Fatal(err)
	}
	files, err := e.files()
	if err != nil {
		a.t.Fatal(err)
	}
	contents = map[string]string{}
	for _, f := range files {
		names = append(names, f.name)
		contents[f.name] = string(f.contents)
	}
	return names, contents
}

// TestEvidence reads the whole summary of a dispute as text, and the page for what
// is in it and what must not be.
func TestEvidence(t *testing.T) {
	names, contents := disputed(t).files()
	const letter = "2027-03-15T080002Z_.._e_vil_1@rocha-alta.example.eml"
	if want := []string{letter, "summary.html", "summary.txt", "SHA256SUMS"}; !slices.Equal(names, want) {
		t.Errorf("the files are %q, want %q", names, want)
	}
	if !strings.HasSuffix(contents[letter], "\r\n\r\nHello\r\n") {
		t.Errorf("the message is %q", contents[letter])
	}
	golden := filepath.Join("testdata", "evidence.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(contents["summary.txt"]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if contents["summary.txt"] != string(want) {
		t.Errorf("the summary is not %s; it is\n%s", golden, contents["summary.txt"])
	}
	page := contents["summary.html"]
	for _, text := range []string{"us-ca-renewal (2027-03-02 to 2027-03-17) met", "250 2.0.0 queued as 17", "12.50 EUR", "left in time", "&lt;script&gt;",
		"2027-06-14 23:30:01 &#43;02:00", "past the time for which evidence is kept", "550 5.1.1 no such mailbox", "unsubscribed: the customer had refused commercial mail"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
	for _, text := range []string{"<script", "http://", "https://", "of somebody else"} {
		if strings.Contains(page, text) {
			t.Errorf("the page holds %q", text)
		}
	}
	links := regexp.MustCompile(`href="\./([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(links) != 1 || links[0][1] != letter {
		t.Errorf("the page links to %q", links)
	}
}

// TestEvidenceIsTheSameTwice: at one instant the evidence is one sequence of bytes.
func TestEvidenceIsTheSameTwice(t *testing.T) {
	a := disputed(t)
	_, first := a.files()
	_, second := a.files()
	for name := range first {
		if first[name] != second[name] {
			t.Errorf("%s differs", name)
		}
	}
}

// TestEvidenceTellsAlteredBytes: a message that was changed in the database is there,
// and named as changed.
func TestEvidenceTellsAlteredBytes(t *testing.T) {
	a := disputed(t)
	a.exec(`UPDATE message_contents SET contents = ?`, zipped(t, "Subject: other\r\n\r\n"))
	_, contents := a.files()
	for _, name := range []string{"summary.txt", "summary.html"} {
		if !strings.Contains(contents[name], "its hash is NOT the one noted when it left") {
			t.Errorf("%s does not say so:\n%s", name, contents[name])
		}
	}
}

// TestEvidenceNames: whatever a Message-ID is, the file names differ and stay in their
// folder.
func TestEvidenceNames(t *testing.T) {
	taken := map[string]bool{}
	plain := regexp.MustCompile(`^2027-03-15T080002Z_[A-Za-z0-9._@-]+\.eml$`)
	for _, id := range []string{"a/b@x", "a\\b@x", "A_b@x", "..", "a\n@x", strings.Repeat("é", 300), strings.Repeat("é", 301)} {
		name := letterName(store.MessageRecord{RFC822ID: id, SentAt: mustStamp(t, "2027-03-15T08:00:02Z")}, taken)
		if !plain.MatchString(name) || len(name) > 160 {
			t.Errorf("%q gives %q", id, name)
		}
	}
	if len(taken) != 7 {
		t.Errorf("seven messages have %d names", len(taken))
	}
}

// TestEvidenceFolder: only a new or empty folder is written to, and nobody else may
// read in it.
func TestEvidenceFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	files := []dossierFile{{"a.txt", []byte("x")}}
	if err := emptyFolder(dir); err != nil {
		t.Fatal(err)
	}
	if err := writeFolder(dir, files); err != nil {
		t.Fatal(err)
	}
	if err := emptyFolder(dir); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a folder with a file: %v", err)
	}
	if err := writeFolder(dir, files); err == nil {
		t.Error("a file was written over")
	}
	if err := emptyFolder(filepath.Join(dir, "a.txt")); exitCode(err) != exitUsage {
		t.Errorf("a file in place of the folder: %v", err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "a.txt"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", path, info.Mode(), err, want)
		}
	}
}
