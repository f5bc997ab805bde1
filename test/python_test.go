package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// debianPython is the Python that Debian's packages are for; another one may stand
// before it in the PATH.
const debianPython = "/usr/bin/python3"

// needPython skips the test where a module of Python is missing; where everything
// has to run, its absence is a failure. deb is the package that it comes with.
func needPython(t *testing.T, module, deb string) {
	t.Helper()
	said, err := exec.Command(debianPython, "-c", "import "+module).CombinedOutput()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and CI=true asks for every test: %v %s", deb, err, said)
	}
	t.Skipf("%s is not installed, so nobody else read what we wrote", deb)
}

// python runs a script over files, which get these names and contents, and returns
// its lines.
func python(t *testing.T, script string, files map[string][]byte) []string {
	t.Helper()
	dir := t.TempDir()
	for name, contents := range files {
		if err := os.WriteFile(filepath.Join(dir, name), contents, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said := run(t, debianPython, "-c", script, dir)
	return strings.Split(strings.TrimSpace(said), "\n")
}
