package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExampleIsOneFile(t *testing.T) {
	top, err := os.ReadFile("../../config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(top, exampleConfig) {
		t.Error("cmd/renewd/config.example.toml differs from config.example.toml: run `make generate`")
	}
}

// TestExampleIsClean loads the example as init writes it: nothing to complain
// about but the missing pages.
func TestExampleIsClean(t *testing.T) {
	c, problems := parseConfig("config.toml", exampleConfig, "", nil)
	if c == nil || problemLines(problems) != "" || len(c.Rules) != 3 {
		t.Errorf("%d problems: %s", len(problems), problemLines(problems))
	}
}

var commentedKey = regexp.MustCompile(`(?m)^#(\[|[a-z_]+ = )`)

// uncommented is the example with every key active.
func uncommented() []byte { return commentedKey.ReplaceAll(exampleConfig, []byte("$1")) }

// withoutDefault are the keys whose value in the example is none that holds
// anyway: there is no default to hold them against.
var withoutDefault = []string{"ca_file", "user", "password_file", "token_command", "base_url", "keep = \"P10Y\"",
	"domain", "selector", "key_file", "name = \"till\""}

// TestExampleHasEveryKey uncomments all of the example: it must load, and no
// key that the code asks for may be missing in it.
func TestExampleHasEveryKey(t *testing.T) {
	// password_file and token_command exclude each other.
	text := bytes.Replace(uncommented(), []byte("token_command ="), []byte("#token_command ="), 1)
	c, problems := parseConfig("config.toml", text, "", nil)
	if c == nil {
		t.Fatal(problemLines(problems))
	}
	record := keyRecord{}
	parseConfig("config.toml", text, "", &record)
	table := ""
	written := map[string]bool{}
	for line := range strings.Lines(string(uncommented())) {
		if header := regexp.MustCompile(`^\[+([a-z_]+)\]`).FindStringSubmatch(line); header != nil {
			table = header[1]
			written["."+table] = true
		}
		if key := regexp.MustCompile(`^([a-z_]+) *= (.*)`).FindStringSubmatch(line); key != nil {
			written[table+"."+key[1]] = true
			for _, inner := range regexp.MustCompile(`([a-z_]+) = `).FindAllStringSubmatch(key[2], -1) {
				written[key[1]+"."+inner[1]] = true
			}
		}
	}
	inComment := map[string]bool{"rule.season": true, "rule.drop": true, "rule.sunset": true}
	for key := range record {
		if !written[key] && !inComment[key] {
			t.Errorf("%s does not stand in the example", key)
		}
	}
	for key := range inComment {
		if !record[key] {
			t.Errorf("%s is no key any more", key)
		}
	}
}

// TestExampleShowsTheDefaults takes the business and the rules out of the
// uncommented example: what is left must change nothing.
func TestExampleShowsTheDefaults(t *testing.T) {
	var kept strings.Builder
	skip := false
	for line := range strings.Lines(string(uncommented())) {
		switch {
		case strings.HasPrefix(line, "[business]"), strings.HasPrefix(line, "[[rule]]"):
			skip = true
		case strings.HasPrefix(line, "["):
			skip = false
		}
		hasNone := false
		for _, key := range withoutDefault {
			hasNone = hasNone || strings.HasPrefix(line, key)
		}
		if !skip && !hasNone {
			kept.WriteString(line)
		}
	}
	if !strings.Contains(kept.String(), "burst = 100") {
		t.Fatalf("the test has thrown everything away:\n%s", kept.String())
	}
	if diff := cmp.Diff(mustParse(t, enough, ""), mustParse(t, kept.String()+enough, ""), compareZones); diff != "" {
		t.Errorf("-default +example\n%s", diff)
	}
}
