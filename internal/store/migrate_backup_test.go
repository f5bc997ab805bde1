package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renewd/migrations"
)

// TestMigrateAgainAtOnce: an upgrade that was killed after its backup does not
// stand in the way of the next one, even within the same second.
func TestMigrateAgainAtOnce(t *testing.T) {
	steps, err := loadSteps(migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "renewd.db")
	opts := Options{Now: time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC), BackupDir: t.TempDir()}
	if _, _, _, err := migrate(context.Background(), path, opts, steps[:1]); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"renewd.db.v1-20270301T080000Z.bak", "renewd.db.v1-20270301T080000Z-2.bak", "renewd.db.v1-20270301T080000Z-3.bak"} {
		_, to, backup, err := migrate(context.Background(), path, opts, steps)
		if err != nil || to != len(steps) || backup != filepath.Join(opts.BackupDir, want) {
			t.Errorf("version %d, backup %s, %v; want %s", to, backup, err, want)
		}
		if err := os.WriteFile(path, old, 0o640); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCheckTouchesNothing: a damaged database is refused before an upgrade, and
// not a byte of it changes.
func TestCheckTouchesNothing(t *testing.T) {
	steps, err := loadSteps(migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "renewd.db")
	opts := Options{Now: time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)}
	if _, _, _, err := migrate(context.Background(), path, opts, steps[:1]); err != nil {
		t.Fatal(err)
	}
	damaged, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clear(damaged[len(damaged)-4096:])
	if err := os.WriteFile(path, damaged, 0o640); err != nil {
		t.Fatal(err)
	}
	_, to, _, err := migrate(context.Background(), path, opts, steps)
	wantSentence(t, err, "is damaged")
	after, readErr := os.ReadFile(path)
	entries, dirErr := os.ReadDir(filepath.Dir(path))
	if readErr != nil || dirErr != nil || string(after) != string(damaged) || len(entries) != 1 || to != 1 {
		t.Errorf("version %d, %d files beside each other, changed: %v (%v %v)", to, len(entries), string(after) != string(damaged), readErr, dirErr)
	}
}

func wantSentence(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not say %q", err, word)
		}
	}
}
