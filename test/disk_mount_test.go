package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// loopDisk is an ext4 file system in a file, mounted for one test.
type loopDisk struct {
	t *testing.T
	// image is the file, dir where it is mounted; data a folder in it.
	image, dir, data string
}

// newLoopDisk makes and mounts a file system of so many megabytes, none of them
// kept back for root. It goes with the test.
func newLoopDisk(t *testing.T, megabytes int64) *loopDisk {
	t.Helper()
	for _, tool := range []string{"mkfs.ext4", "mount", "umount", "xfs_io"} {
		need(t, tool)
	}
	needRoot(t)
	top := t.TempDir()
	d := &loopDisk{t: t, image: filepath.Join(top, "disk.img"), dir: filepath.Join(top, "disk")}
	d.data = filepath.Join(d.dir, "data")
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, megabytes<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "mkfs.ext4", "-q", "-F", "-m", "0", d.image)
	if said, err := d.mount(); err != nil {
		t.Skipf("this kernel mounts no loop devices (%v: %s), so what a failing disk does was NOT looked at", err, said)
	}
	t.Cleanup(func() {
		if said, err := exec.Command("umount", d.dir).CombinedOutput(); err != nil && d.mounted() {
			t.Errorf("unmounting: %v: %s", err, said)
			_ = exec.Command("umount", "--lazy", d.dir).Run()
		}
	})
	if err := os.Mkdir(d.data, 0o755); err != nil {
		t.Fatal(err)
	}
	return d
}

// needRoot skips the test for everybody but root; where everything has to run,
// being somebody else is a failure.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("only root may do what this needs, and CI=true asks for every test")
	}
	t.Skip("only root may do what this needs, so it was not looked at")
}

// mount mounts the file; the loop device goes away by itself with the mount.
func (d *loopDisk) mount() (said string, err error) {
	out, err := exec.Command("mount", "-o", "loop", d.image, d.dir).CombinedOutput()
	return string(out), err
}

func (d *loopDisk) mounted() bool {
	text, err := os.ReadFile("/proc/self/mounts")
	return err == nil && strings.Contains(string(text), " "+d.dir+" ")
}

// cutPower has the file system forget, from this moment on, all that is not on
// the disk yet, and refuse everything else.
func (d *loopDisk) cutPower() {
	d.t.Helper()
	run(d.t, "xfs_io", "-x", "-c", "shutdown", d.dir)
}

// restorePower mounts what is on the disk.
func (d *loopDisk) restorePower() {
	d.t.Helper()
	run(d.t, "umount", d.dir)
	if said, err := d.mount(); err != nil {
		d.t.Fatalf("mounting after the power came back: %v: %s", err, said)
	}
}

// fill takes all the space that is left, to the last block.
func (d *loopDisk) fill() {
	d.t.Helper()
	f, err := os.OpenFile(filepath.Join(d.dir, "filler"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size >= 512; {
		if _, err := f.Write(make([]byte, size)); err != nil || f.Sync() != nil {
			size /= 2
		}
	}
}

// leave gives a little of the space back.
func (d *loopDisk) leave(bytes int64) {
	d.t.Helper()
	filler := filepath.Join(d.dir, "filler")
	info, err := os.Stat(filler)
	if err == nil {
		err = os.Truncate(filler, info.Size()-bytes)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// free gives the space back.
func (d *loopDisk) free() {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.dir, "filler")); err != nil {
		d.t.Fatal(err)
	}
}

// sizes are the files in the folder of the database and their sizes.
func (d *loopDisk) sizes() string {
	d.t.Helper()
	entries, err := os.ReadDir(d.data)
	if err != nil {
		d.t.Fatal(err)
	}
	var b strings.Builder
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			d.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %d\n", entry.Name(), info.Size())
	}
	return b.String()
}
