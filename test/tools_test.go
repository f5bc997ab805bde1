package test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// need skips the test where a tool is missing; where everything has to run, its
// absence is a failure.
func need(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and CI=true asks for every test", tool)
	}
	t.Skipf("%s is not installed, so this was not looked at", tool)
}

// run runs a command that must succeed and returns all that it said.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = cleanEnv()
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
	}
	return string(said)
}

// cleanEnv is the environment without what an outer make would tell an inner one,
// and without the variables that the Makefile reads.
func cleanEnv() []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		switch name {
		case "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PREFIX", "DESTDIR", "SYSCONFDIR", "UNITDIR", "ZSHDIR", "BINARY", "VERSION":
		default:
			env = append(env, entry)
		}
	}
	return append(env, "LC_ALL=C")
}

// makeInstall runs a target of the Makefile with a stand-in for the program.
func makeInstall(t *testing.T, target string, settings ...string) {
	t.Helper()
	need(t, "make")
	run(t, "make", append([]string{"--no-print-directory", "-C", "..", target, "BINARY=" + fakeBinary(t)}, settings...)...)
}

// fakeBinary is a program that answers like renewd to `completion`: what is looked
// at here is where things go, not what they do.
func fakeBinary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "renewd")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho \"# $*\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// files lists what lies below root, but for directories, in order.
func files(t *testing.T, root string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

// entries are the lines of a file in packaging that are no comments.
func entries(t *testing.T, name string) []string {
	t.Helper()
	var found []string
	for line := range strings.Lines(readText(t, filepath.Join(packaging, name))) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			found = append(found, line)
		}
	}
	return found
}

// unit is what a unit file sets: "Section.Key" and its values in order.
type unit map[string][]string

func readUnit(t *testing.T, path string) unit {
	t.Helper()
	u, section := unit{}, ""
	number := 0
	for line := range strings.Lines(readText(t, path)) {
		number++
		line = strings.TrimSuffix(line, "\n")
		key, value, isSetting := strings.Cut(line, "=")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[' && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		case isSetting && section != "" && key == strings.TrimSpace(key):
			u[section+"."+key] = append(u[section+"."+key], value)
		default:
			t.Errorf("%s:%d: %s: neither a section nor a setting nor a comment", path, number, strconv.Quote(line))
		}
	}
	return u
}
