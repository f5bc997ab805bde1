package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renewd/internal/store"
)

// TestReloadOfAddresses: other addresses of the pages take a restart, and that is
// noted until they are the old ones again.
func TestReloadOfAddresses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	configure := func(admin string) *Config {
		t.Helper()
		if err := os.WriteFile(path, []byte(docBusiness+"[web]\nadmin = \""+admin+"\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, problems := LoadConfig(path)
		if c == nil {
			t.Fatal(problems)
		}
		return c
	}
	c := configure("127.0.0.1:8687")
	db, err := store.Open(t.Context(), c.Database, store.Options{Now: present()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := &Session{templateNames: func(string) []string { return nil }}
	for _, step := range []struct {
		admin string
		notes int
	}{{"127.0.0.1:8687", 0}, {"127.0.0.1:8688", 1}, {"127.0.0.1:8687", 0}} {
		configure(step.admin)
		o, err := c.reload(s, db, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if len(o.Notes) != step.notes || step.notes > 0 && !strings.Contains(o.Notes[0], "that takes a restart") {
			t.Errorf("%s: notes %q", step.admin, o.Notes)
		}
	}
}
