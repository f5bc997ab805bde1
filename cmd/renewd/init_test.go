package main

import (
	"strings"
	"testing"
)

// TestExampleUnderEtc: where a service may not write, the data have paths of
// their own, and the file stays a good one.
func TestExampleUnderEtc(t *testing.T) {
	text := string(exampleFor("/etc/renewd"))
	for _, want := range []string{"\ndatabase  = \"/var/lib/renewd/renewd.db\" ", "\nmaildir = \"/var/lib/renewd/outbox\"", "\ndir = \"/var/lib/renewd/backups\" "} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q stands there %d times", want, strings.Count(text, want))
		}
	}
	c, problems := parseConfig("/etc/renewd/config.toml", []byte(text), "", nil)
	if c == nil || hasErrors(problems) {
		t.Fatalf("%v", problems)
	}
	if c.Database != "/var/lib/renewd/renewd.db" || c.Mail.Maildir != "/var/lib/renewd/outbox" || c.Backup.Dir != "/var/lib/renewd/backups" {
		t.Errorf("%s, %s, %s", c.Database, c.Mail.Maildir, c.Backup.Dir)
	}
	if string(exampleFor("somewhere")) != string(exampleConfig) {
		t.Error("elsewhere the example is another one")
	}
}
