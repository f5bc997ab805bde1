package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "renewd/"

// room is one line of the table in README.md.
type room struct {
	kind      string
	mayImport []string
}

// TestArrows holds the code against the map in README.md: every room has its
// line and every line its room, nobody imports what the map does not allow, and
// only the top reads the clock.
func TestArrows(t *testing.T) {
	rooms := readMap(t)
	seen := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); strings.HasPrefix(name, ".") && path != ".." || name == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		dir := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), "../"))
		if dir == "internal" || strings.HasPrefix(dir, "test") {
			return nil // this test, and the tests of the whole
		}
		r, known := rooms[dir]
		if !known {
			t.Errorf("%s: the room %s has no line in internal/README.md", path, dir)
			return nil
		}
		seen[dir] = true
		checkFile(t, path, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range rooms {
		if !seen[name] {
			t.Errorf("internal/README.md has a line for %s, but there is no code in it", name)
		}
	}
}

func checkFile(t *testing.T, path string, r room) {
	isTest := strings.HasSuffix(path, "_test.go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		inside, isOurs := strings.CutPrefix(target, module)
		if isOurs && !isTest && !slices.Contains(r.mayImport, inside) {
			t.Errorf("%s imports %s: internal/README.md does not allow that arrow", path, inside)
		}
		if r.kind == "pure" && !isTest && (target == "os" || target == "net" || target == "database/sql" || target == "net/http") {
			t.Errorf("%s imports %s: a pure room does no I/O", path, target)
		}
	}
	if isTest || r.kind == "top" || r.kind == "test" {
		return
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, sel.Sel.Name) {
				t.Errorf("%s calls time.%s: only the top reads the clock", path, sel.Sel.Name)
			}
		}
		return true
	})
}

var cell = regexp.MustCompile("`([^`]+)`")

func readMap(t *testing.T) map[string]room {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rooms := map[string]room{}
	for line := range strings.Lines(string(text)) {
		columns := strings.Split(line, "|")
		if len(columns) < 6 || !strings.HasPrefix(strings.TrimSpace(columns[1]), "`") {
			continue
		}
		name := strings.Trim(strings.TrimSpace(columns[1]), "`")
		r := room{kind: strings.TrimSpace(columns[2])}
		for _, m := range cell.FindAllStringSubmatch(columns[3], -1) {
			r.mayImport = append(r.mayImport, m[1])
		}
		if !slices.Contains([]string{"pure", "edge", "top", "test", "data"}, r.kind) {
			t.Errorf("internal/README.md: %s is of no known kind: %q", name, r.kind)
		}
		rooms[name] = r
	}
	if len(rooms) == 0 {
		t.Fatal("internal/README.md has no table of rooms")
	}
	return rooms
}
