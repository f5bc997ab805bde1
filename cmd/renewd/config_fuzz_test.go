package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// FuzzConfig reads arbitrary bytes: whatever comes, there is a configuration or
// an error and never both, every problem says something about a place that
// exists, and a good configuration keeps its promises.
func FuzzConfig(f *testing.F) {
	f.Add(exampleConfig)
	files, err := filepath.Glob("testdata/config/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range txtar.Parse(data).Files {
			if strings.HasSuffix(part.Name, ".toml") {
				f.Add([]byte(string(part.Data) + enough))
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, problems := parseConfig("config.toml", data, "", nil)
		if (c == nil) != hasErrors(problems) {
			t.Fatalf("configuration %v with the problems %v", c, problems)
		}
		lines := 1 + strings.Count(string(data), "\n")
		for _, p := range problems {
			if p.Text == "" || p.Line < 0 || p.Line > lines || p.Line > 0 && p.Column < 1 {
				t.Errorf("of %d lines: %+v", lines, p)
			}
		}
		if c != nil {
			checkPromises(t, c)
		}
	})
}

// checkPromises holds what the other rooms rely on.
func checkPromises(t *testing.T, c *Config) {
	b, s := c.Business, c.Send
	if b.Name == "" || b.From.Address == "" || b.PostalAddress == "" || b.TimeZone == nil || b.Locale == "" {
		t.Errorf("business: %+v", b)
	}
	if s.Days == [7]bool{} || s.Open < 0 || s.Open >= s.Close || s.Close > 24*60 || !s.Cap.Set || s.Burst < 0 {
		t.Errorf("send: %+v", s)
	}
	names := map[string]bool{}
	for _, r := range c.Rules {
		families := 0
		for _, has := range []bool{len(r.BeforeEnd) > 0 || len(r.AfterEnd) > 0 || r.AfterUse != nil, r.GivesNotice(), r.On != ""} {
			if has {
				families++
			}
		}
		if r.Name == "" || names[r.Name] || r.Template == "" || r.Class == "" || families != 1 {
			t.Errorf("rule: %+v", r)
		}
		names[r.Name] = true
	}
}
