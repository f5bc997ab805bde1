package daemon_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/web"
)

// TestPagesDocument: docs/pages.md names every column that a page shows and no
// other, and its recipes for keys and for counting reasons do what they say.
func TestPagesDocument(t *testing.T) {
	raw, err := os.ReadFile("../../docs/pages.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	_, table, _ := strings.Cut(doc, "| what | columns |")
	table, _, _ = strings.Cut(table, "\n\n")
	var named []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(table, -1) {
		named = append(named, daemon.FoldColumn(m[1]))
	}
	slices.Sort(named)
	want := daemon.ContactColumns()
	if !slices.Equal(named, want) {
		t.Errorf("documented\n%v\nshown\n%v", named, want)
	}

	recipes := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(doc, -1)
	if len(recipes) != 3 {
		t.Fatalf("%d recipes", len(recipes))
	}
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	for _, r := range []web.Reason{{Choice: "price", Text: "far: too much"}, {Choice: "price"}, {Choice: "moved"}} {
		c.act("A1", web.Wish{Act: web.ActReason, Reason: r})
	}
	c.want("reasons", c.Text(recipes[0][1]), "price|2\nmoved|1")
	first := c.token("m", "A1")
	c.Exec(recipes[1][1])
	c.now = c.now.Add(time.Minute)
	second := c.token("m", "A1")
	if first == second || c.opens(first) != "m" || c.opens(second) != "m" {
		t.Errorf("a new key: %q %q", c.opens(first), c.opens(second))
	}
	c.Exec(recipes[2][1])
	c.now = c.now.Add(time.Minute)
	if c.opens(first) != "" || c.opens(second) != "m" {
		t.Errorf("without the old key: %q %q", c.opens(first), c.opens(second))
	}
}
