package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPasswordFile: a group may read the password; a file that everybody can read
// is refused, with the cure.
func TestPasswordFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "smtp-password")
	if err := os.WriteFile(path, []byte("secret\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := &Mail{PasswordFile: path}
	for mode, fine := range map[os.FileMode]bool{0o600: true, 0o640: true, 0o660: true, 0o644: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		password, err := m.password(t.Context())
		if fine && (err != nil || password != "secret") {
			t.Errorf("%o: %q, %v", mode, password, err)
		}
		if !fine && (err == nil || !strings.Contains(err.Error(), "run chmod o= on it")) {
			t.Errorf("%o: %q, %v", mode, password, err)
		}
	}
}
