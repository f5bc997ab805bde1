package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the expected files anew")

// enough is what a configuration must have; it is put behind a case that does
// not speak of [business] itself, so that the lines of the case stay what they are.
const enough = `
[business]
name = "Parc Aurore"
from = "a@example.org"
postal_address = "here"
time_zone = "Europe/Paris"
staff = ["b@example.org"]
`

// TestProblems reads every NAME.toml of testdata/config and compares the
// problems, one a line, with NAME.want. The warning about the missing base_url
// is left out: nearly every case has it.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/config/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no cases", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		wanted := map[string]string{}
		for _, f := range archive.Files {
			wanted[f.Name] = string(f.Data)
		}
		written := &txtar.Archive{Comment: archive.Comment}
		for _, f := range archive.Files {
			name, isCase := strings.CutSuffix(f.Name, ".toml")
			if !isCase {
				continue
			}
			text := string(f.Data)
			if !strings.Contains(text, "[business]") {
				text += enough
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) {
				config, problems := parseConfig(f.Name, []byte(text), "", nil)
				if (config == nil) != hasErrors(problems) {
					t.Errorf("configuration %v with the problems %v", config, problems)
				}
				got := problemLines(problems)
				written.Files = append(written.Files, f, txtar.File{Name: name + ".want", Data: []byte(got)})
				want, known := wanted[name+".want"]
				if diff := cmp.Diff(want, got); !*update && (!known || diff != "") {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(written), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func problemLines(problems []Problem) string {
	var b strings.Builder
	for _, p := range problems {
		if !strings.Contains(p.Text, "web.base_url: it is missing") {
			b.WriteString(p.String() + "\n")
		}
	}
	return b.String()
}
