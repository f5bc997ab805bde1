package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fenced returns the code blocks of one language in a document.
func fenced(t *testing.T, file, language string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return fencedIn(string(text), language)
}

// fencedIn returns the code blocks of one language in a text.
func fencedIn(text, language string) []string {
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

const docBusiness = `
[business]
name = "Parc Aurore"
from = "Parc Aurore <bonjour@parc-aurore.example>"
postal_address = "1 rue des Lilas, 69001 Lyon, France"
time_zone = "Europe/Paris"
staff = ["direction@parc-aurore.example"]
`

// TestRulesCookbook loads every rule of docs/rules.md, each alone and all
// together, and renders the letters that they name.
func TestRulesCookbook(t *testing.T) {
	blocks := fenced(t, "../../docs/rules.md", "toml")
	if len(blocks) < 5 {
		t.Fatalf("docs/rules.md has only %d examples", len(blocks))
	}
	for _, rules := range append(blocks, strings.Join(blocks, "\n")) {
		c := mustParse(t, docBusiness+rules, t.TempDir())
		c.File, c.Templates = "config.toml", t.TempDir()
		for _, p := range slices.Concat(c.missingLetters(templateNames("")), checkLetters(t.Context(), c), checkEventLetters(t.Context(), c)) {
			t.Errorf("%s\n%s", p, rules)
		}
	}
}

// cookbookDay is the morning from which the forecasts of the cookbook look ahead:
// a Monday before sending hours.
const cookbookDay = "2027-01-04T07:00:00Z"

// TestCookbookForecasts imports the spreadsheets of each recipe of docs/rules.md
// and holds what the forecast says of its rules against what the recipe says.
func TestCookbookForecasts(t *testing.T) {
	text, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, cookbook, _ := strings.Cut(string(text), "\n## Cookbook\n")
	cookbook, _, _ = strings.Cut(cookbook, "\n## ")
	recipes := strings.Split(cookbook, "\n### ")[1:]
	if len(recipes) < 8 {
		t.Fatalf("the cookbook has only %d recipes", len(recipes))
	}
	s := newDocShell(t)
	for _, recipe := range recipes {
		title, _, _ := strings.Cut(recipe, "\n")
		t.Run(title, func(t *testing.T) {
			dir := t.TempDir()
			s := s.in(t, dir)
			s.write("config.toml", docBusiness+strings.Join(fencedIn(recipe, "toml"), "\n"))
			for i, rows := range fencedIn(recipe, "csv") {
				name := fmt.Sprintf("%d.csv", i)
				s.write(name, rows)
				s.run("renewd import " + name)
			}
			want := fencedIn(recipe, "text")
			if len(want) != 1 {
				t.Fatalf("%d forecasts, want 1", len(want))
			}
			out := s.run("renewd forecast --now " + cookbookDay + " --days 360 --json")
			if got := sendsIn(t, out); got != want[0] {
				t.Errorf("the forecast is\n%swant\n%s", got, want[0])
			}
		})
	}
}

// sendsIn are the sends of a forecast, one reminder a line.
func sendsIn(t *testing.T, forecast string) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(forecast) {
		var d decisionLine
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			continue // a message
		}
		if d.Decision != "send" {
			continue
		}
		for _, r := range d.Reminders {
			lines = append(lines, fmt.Sprintf("%s %s %s\n", d.At[:len("2027-01-04")], r.Agreement, r.Step))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// docShell runs examples in a directory of its own, with renewd on the PATH.
type docShell struct {
	t        *testing.T
	dir, bin string
}

// newDocShell makes the test's own program, which is renewd under that name (see
// TestMain), the renewd of its PATH.
func newDocShell(t *testing.T) *docShell {
	t.Helper()
	if testing.Short() {
		t.Skip("plays whole documents: left out with -short")
	}
	s := &docShell{t: t, dir: t.TempDir(), bin: t.TempDir()}
	program, err := os.Executable()
	if err == nil {
		err = os.Symlink(program, filepath.Join(s.bin, "renewd"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// in is the same shell for a part of a test, in another directory.
func (s *docShell) in(t *testing.T, dir string) *docShell {
	return &docShell{t: t, dir: dir, bin: s.bin}
}

// run runs a script, which has to succeed, and returns what it said.
func (s *docShell) run(script string) string {
	s.t.Helper()
	cmd := exec.Command("sh", "-e", "-c", script)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "PATH="+s.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "STATE_DIRECTORY=", "RENEWD_CONFIG=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return string(out)
}

// write writes a file of the shell's directory, with the folders that it needs.
func (s *docShell) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// TestReadmeSample holds what the README shows of the demo against what the demo
// prints: it leaves lines out, but changes none.
func TestReadmeSample(t *testing.T) {
	blocks := fenced(t, "../../README.md", "text")
	if len(blocks) != 1 {
		t.Fatalf("the README's sample is not where it was: %d blocks", len(blocks))
	}
	_, rest := playedDemo(t, aTuesday)
	shown := 0
	for line := range strings.Lines(blocks[0]) {
		if line == "…\n" {
			continue
		}
		_, after, found := strings.Cut(rest, "\n"+line)
		if !found {
			t.Errorf("the demo does not print, or not here: %s", line)
			continue
		}
		rest = "\n" + after
		shown++
	}
	if shown < 20 {
		t.Errorf("the README shows only %d lines", shown)
	}
}

// TestReadmeTenLines runs the ten lines of the README on its own spreadsheet.
func TestReadmeTenLines(t *testing.T) {
	s := newDocShell(t)
	blocks := fenced(t, "../../README.md", "sh")
	if len(blocks) != 2 || !strings.HasPrefix(blocks[1], "renewd init") {
		t.Fatalf("the README's ten lines are not where they were: %q", blocks)
	}
	csv := fenced(t, "../../README.md", "csv")
	if len(csv) != 1 {
		t.Fatal("the README's spreadsheet is not where it was")
	}
	s.write("agreements.csv", csv[0])
	out := s.run(blocks[1])
	for _, want := range []string{"config.toml is written", "agreements.csv", "Ana Silva", "Recorded: complaint", "Nothing waits for a person"} {
		if !strings.Contains(out, want) {
			t.Errorf("the ten lines do not print %q:\n%s", want, out)
		}
	}
}

// TestSQLRecipes runs every statement of docs/sqlite.md in the sqlite3 shell on
// the demo's database, and every query of the other documents. It takes the
// evidence of a message out as the document says.
func TestSQLRecipes(t *testing.T) {
	needSQLite3(t)
	s := newDocShell(t)
	s.run("renewd demo --once")
	database := filepath.Join(s.dir, demoDir, "renewd.db")
	for _, file := range []string{"sqlite", "backup", "mail", "trouble", "upgrade"} {
		for _, block := range fenced(t, "../../docs/"+file+".md", "sql") {
			cmd := exec.Command("sqlite3", "-bail", database)
			cmd.Dir = s.dir
			cmd.Stdin = strings.NewReader(block)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s\n%s", file, err, block, out)
			}
		}
	}
	blocks := fenced(t, "../../docs/sqlite.md", "sh")
	if len(blocks) != 1 {
		t.Fatalf("docs/sqlite.md has %d shell examples, want 1", len(blocks))
	}
	out := s.run(strings.ReplaceAll(blocks[0], "/var/lib/renewd/renewd.db", database))
	sums := regexp.MustCompile(`[0-9a-f]{64}`).FindAllString(out, -1)
	if len(sums) != 2 || sums[0] != sums[1] {
		t.Errorf("the hash of the message taken out is not the one kept:\n%s", out)
	}
	message, err := os.ReadFile(filepath.Join(s.dir, "message.eml"))
	if err != nil || !bytes.Contains(message, []byte("\r\nMessage-ID: <")) {
		t.Errorf("the message taken out: %v\n%s", err, message)
	}
}

// needSQLite3 skips a test that needs the shell where there is none; CI has it.
func needSQLite3(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("sqlite3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI needs the sqlite3 shell")
		}
		t.Skip("the sqlite3 shell is not installed: its recipes are not tried")
	}
}
