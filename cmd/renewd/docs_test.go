package main

import (
	"bytes"
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
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
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

// docShell gives a directory with a built renewd on the PATH, and a function
// that runs a script there.
func docShell(t *testing.T) (dir string, run func(script string) string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program: left out with -short")
	}
	bin, dir := t.TempDir(), t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "renewd"), ".").CombinedOutput(); err != nil {
		t.Fatalf("building renewd: %v\n%s", err, out)
	}
	return dir, func(script string) string {
		t.Helper()
		cmd := exec.Command("sh", "-e", "-c", script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "STATE_DIRECTORY=", "RENEWD_CONFIG=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, script, out)
		}
		return string(out)
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
	dir, run := docShell(t)
	blocks := fenced(t, "../../README.md", "sh")
	if len(blocks) != 2 || !strings.HasPrefix(blocks[1], "renewd init") {
		t.Fatalf("the README's ten lines are not where they were: %q", blocks)
	}
	csv := fenced(t, "../../README.md", "csv")
	if len(csv) != 1 {
		t.Fatal("the README's spreadsheet is not where it was")
	}
	if err := os.WriteFile(filepath.Join(dir, "agreements.csv"), []byte(csv[0]), 0o644); err != nil {
		t.Fatal(err)
	}
	out := run(blocks[1])
	for _, want := range []string{"config.toml is written", "agreements.csv", "Ana Silva", "Recorded: complaint", "Nothing waits for a person"} {
		if !strings.Contains(out, want) {
			t.Errorf("the ten lines do not print %q:\n%s", want, out)
		}
	}
}

// TestSQLRecipes runs every statement of docs/sqlite.md in the sqlite3 shell on
// the demo's database.
func TestSQLRecipes(t *testing.T) {
	needSQLite3(t)
	dir, run := docShell(t)
	run("renewd demo --once")
	for _, block := range fenced(t, "../../docs/sqlite.md", "sql") {
		cmd := exec.Command("sqlite3", "-bail", filepath.Join(dir, demoDir, "renewd.db"))
		cmd.Stdin = strings.NewReader(block)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Errorf("%v\n%s\n%s", err, block, out.String())
		}
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
