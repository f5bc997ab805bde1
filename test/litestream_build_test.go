package test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// litestreamVersion is the Litestream that docs/backup.md speaks of.
const litestreamVersion = "v0.5.18"

// needLitestream returns the path of Litestream, which is built once and kept: in
// $RENEWD_TEST_CACHE, else in the user's cache. It is built outside of this
// module, whose go.mod it does not concern. Without a way to its source the test
// is left out, unless RENEWD_TEST_LITESTREAM=1 asks for it.
func needLitestream(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds Litestream, which takes minutes the first time: left out with -short")
	}
	path, err := buildLitestream(t.Context())
	if err != nil {
		if os.Getenv("RENEWD_TEST_LITESTREAM") == "1" {
			t.Fatal(err)
		}
		t.Skipf("Litestream cannot be had here, so the warm standby was not tried: %v", err)
	}
	return path
}

func buildLitestream(ctx context.Context) (string, error) {
	cache := os.Getenv("RENEWD_TEST_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(user, "renewd-test")
	}
	path := filepath.Join(cache, "litestream-"+litestreamVersion)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	scratch, err := os.MkdirTemp(cache, "litestream-*.build")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	const command = "github.com/benbjohnson/litestream/cmd/litestream"
	for _, args := range [][]string{
		{"mod", "init", "scratch"}, {"get", command + "@" + litestreamVersion}, {"build", "-o", "litestream", command},
	} {
		ctx, cancel := context.WithTimeout(ctx, 8*time.Minute)
		defer cancel()
		c := exec.CommandContext(ctx, "go", args...)
		c.Dir = scratch
		c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
		if out, err := c.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go %s: %w\n%s", args[0], err, out)
		}
	}
	// Two tests at once build it twice, and either is right.
	return path, os.Rename(filepath.Join(scratch, "litestream"), path)
}
