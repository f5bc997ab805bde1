package rulebook

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of docs/notices.md anew")

// noticesTable is the table of all duties, as docs/notices.md shows it.
func noticesTable(b *Book) string {
	var text strings.Builder
	text.WriteString("| id | what | the notice leaves | if | status | evidence |\n|---|---|---|---|---|---|\n")
	for _, d := range b.All() {
		status := strings.ReplaceAll(string(d.Status), "_", " ")
		if !d.Active() {
			status += ", off"
		}
		if d.InForceFrom != 0 && d.Active() {
			status += " since " + d.InForceFrom.String()
		}
		timing := d.Timing()
		if d.Dedicated {
			timing += "; a message of its own"
		}
		conditions := d.Conditions()
		if d.AppliesTo != "" {
			conditions = strings.TrimPrefix(conditions+"; "+d.AppliesTo, "; ")
		}
		fmt.Fprintf(&text, "| `%s` | %s (%s) | %s | %s | %s | %s, %s |\n",
			d.ID, d.Title, d.Cite, timing, conditions, status, d.Evidence, d.VerifiedOn)
	}
	return text.String()
}

// TestNoticesTable keeps docs/notices.md current: its table is what the books say.
func TestNoticesTable(t *testing.T) {
	const path, end = "../../docs/notices.md", "<!-- end of table -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), "-update -->\n")
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	want := before + "-update -->\n" + noticesTable(loaded(t)) + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s is not what the books say; run this test with -update", path)
	}
	if !strings.Contains(before, "engineering help, not legal advice") {
		t.Errorf("%s does not say plainly that it is no legal advice", path)
	}
}

func TestTimingAndConditions(t *testing.T) {
	b := loaded(t)
	for _, c := range []struct{ id, timing, conditions string }{
		{"us-ca-renewal", "45 to 15 days before renews_on", "first term >=P1Y, next term >P1M"},
		{"us-ny-change", "30 days to 5 business days before new_price_from", ""},
		{"us-vt", "60 to 30 days before the earliest of renews_on, ends_on, cancel_by", "first term >=P1Y, next term >P1M"},
		{"us-co", "40 to 25 days before renews_on", "crosses 12 months"},
		{"us-va-trial", "30 days before trial_ends_on to that day", "trial >P30D"},
		{"us-ma-monthly", "at the latest 1 day before charge_on; sent in the 7 days before that", "cycle <=P31D"},
		{"us-ca-annual", "at the latest on anniversary; sent in the 30 days before that", "yearly"},
		{"us-nm", "60 to 30 days before cancel_by", "kind contract"},
		{"fr-chatel", "3 months to 1 month before cancel_by", ""},
		{"in-rbi", "at the latest 24 hours before charge_on; sent in the 7 days before that", ""},
		{"au", "no window known", ""},
	} {
		d := b.Duty(c.id)
		if got := d.Timing(); got != c.timing {
			t.Errorf("%s: %q, want %q", c.id, got, c.timing)
		}
		if got := d.Conditions(); got != c.conditions {
			t.Errorf("%s: %q, want %q", c.id, got, c.conditions)
		}
	}
}
