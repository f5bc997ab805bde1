package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAuditPage runs the examples of docs/audit.md where one notice was sent and one
// missed, and holds what the page says of the formats against what is printed.
func TestAuditPage(t *testing.T) {
	a := newAdminSite(t, "")
	text := docText(t, "audit.md")
	rules := fencedIn(text, "toml")
	if len(rules) != 1 {
		t.Fatalf("docs/audit.md has %d configurations, want 1", len(rules))
	}
	a.run("cat >>/etc/renewd/config.toml <<'end'\n" + rules[0] + "end\n")
	day := func(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }
	a.write("agreements.csv", fmt.Sprintf(`ref,customer,kind,ends_on,term,auto_renew,customer_name,customer_email
A17,C17,subscription,%s,P1Y,yes,Ana,ana@client.example
A18,C18,subscription,%s,P1Y,yes,Ben,ben@client.example
`, day(30), day(10)))
	a.run(`renewd import agreements.csv
sqlite3 /var/lib/renewd/renewd.db "UPDATE terms SET known_at = '` + day(-60) + `T00:00:00Z' WHERE agreement_id = (SELECT id FROM agreements WHERE ref = 'A18')"
renewd run || test $? = 3`)

	said := a.page("audit", nil)
	wantAll(t, said, "A17 ", " met ", "A18 ", " missed", "its window closed before it left", "summary.html: OK", "summary.txt: OK", ".eml: OK")
	if _, csv, _ := strings.Cut(a.run("cat audit.csv"), "\r\n"); !strings.Contains(csv, "A18,C18,") {
		t.Errorf("the spreadsheet:\n%s", csv)
	}

	lines := fencedIn(a.run("echo '```json'; renewd audit --agreement A17 --json; echo '```'"), "json")
	samples := fencedIn(text, "json")
	if len(lines) != 1 || len(samples) != 1 || keysOf(t, lines[0]) != keysOf(t, samples[0]) {
		t.Errorf("the audit prints\n%q\nthe page shows\n%q", lines, samples)
	}
	if columns := fencedIn(text, "text"); len(columns) != 1 || strings.TrimSpace(columns[0]) != strings.Join(auditHeader, ",") {
		t.Errorf("the page shows the columns %q, want %q", columns, auditHeader)
	}
	for _, verdict := range []string{windowMet, windowOpen, windowMissed, windowVoid, windowEarlier} {
		if !strings.Contains(text, "| `"+verdict+"` |") {
			t.Errorf("the page does not explain %s", verdict)
		}
	}
	for _, block := range fencedIn(text, "sql") {
		cmd := exec.Command("sqlite3", "-bail", a.dir+"/var/renewd.db")
		cmd.Stdin = strings.NewReader(block)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "A18") {
			t.Errorf("%v\n%s\n%s", err, block, out)
		}
	}
}

// keysOf are the names in a JSON object.
func keysOf(t *testing.T, line string) string {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(line), &o); err != nil {
		t.Fatalf("%v\n%s", err, line)
	}
	return strings.Join(slices.Sorted(maps.Keys(o)), " ")
}
