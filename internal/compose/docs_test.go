package compose

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"renewd/internal/renewal"
)

// TestDocs holds docs/letters.md against the code: its letters render, the first
// one as shown; every name in its tables exists; the faults it shows are those
// that renewd writes.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/letters.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(page)
	var letters, shown []string
	for _, block := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(doc, -1) {
		switch block[1] {
		case "markdown":
			letters = append(letters, block[2])
		case "text":
			shown = append(shown, block[2])
		}
	}
	if len(letters) != 3 || len(shown) != 2 {
		t.Fatalf("%d letters and %d results", len(letters), len(shown))
	}
	for i, text := range letters {
		s := alone(t, map[string]string{"example.en.md": text})
		for _, f := range s.Check() {
			t.Errorf("letter %d: %v", i+1, f)
		}
		letter, err := s.Render("example", "en", false, Sample(3))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 && textBody(letter)+"\n" != shown[0] {
			t.Errorf("the page shows\n%s\nit is\n%s", shown[0], textBody(letter))
		}
	}
	checkDocNames(t, doc)
	for _, want := range []string{"there is no .Custmer in data", "the front matter knows subject, preheader and calendar, not \"priority\"", "the layout does not show the postal address: {{range .AddressLines}}{{.}}<br>{{end}} is missing"} {
		if !strings.Contains(shown[1], want) {
			t.Errorf("the page does not show the fault %q", want)
		}
	}
	for _, name := range builtIn(t).Names() {
		if !strings.Contains(doc, "| `"+name+"` |") {
			t.Errorf("the page does not name %s", name)
		}
	}
}

// checkDocNames asks for every field and calls every function in the tables.
func checkDocNames(t *testing.T, doc string) {
	t.Helper()
	around := map[string]string{
		"everywhere": "%s", "of a customer": "{{with .Customer}}%s{{end}}", "of an agreement": "{{range .Agreements}}%s{{end}}",
		"of an event": "{{with .Event}}%s{{end}}", "function": "{{range .Agreements}}%s{{end}}",
		"of the letter to staff": "{{with .Staff}}%s{{end}}", "of one of its tasks": "{{range .Staff.Tasks}}%s{{end}}",
	}
	data := Sample(2)
	data.Event = &Event{}
	data.Staff = SampleStaff(renewal.TaskMissed, 2, false).Staff
	table, rows := "", 0
	for line := range strings.Lines(doc) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			table = ""
			continue
		}
		first := strings.TrimSpace(cells[1])
		if _, known := around[first]; known {
			table = first
			continue
		}
		if table == "" || !strings.HasPrefix(first, "`") {
			continue
		}
		rows++
		action := "{{if " + strings.Trim(first, "`") + "}}{{end}}"
		wrapped := fmt.Sprintf(around[table], action)
		switch first {
		case "`list .Agreements`":
			wrapped = action
		case "`exact .At`":
			wrapped = fmt.Sprintf(around["of an event"], action)
		case "`time .Since`":
			wrapped = fmt.Sprintf(around["of one of its tasks"], action)
		}
		name := "test"
		if strings.Contains(wrapped, ".Staff") {
			name = StaffAlert
		}
		s := alone(t, map[string]string{name + ".en.md": "---\nsubject: x\n---\n" + wrapped + "\n"})
		if _, err := s.Render(name, "en", false, data); err != nil {
			t.Errorf("%s: %v", first, err)
		}
	}
	if rows < 30 {
		t.Errorf("only %d rows found", rows)
	}
}
