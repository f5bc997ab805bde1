package test

import (
	"os"
	"os/exec"
	"path/filepath"
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
