package test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const packaging = "../packaging"

var unitFiles = []string{"renewd.service", "renewd@.service", "renewd.socket", "renewd-admin.socket"}

// TestUnitsParse reads every unit and holds what the others rely on: the exit code
// that must not restart, the doors by name, one user.
func TestUnitsParse(t *testing.T) {
	for _, name := range unitFiles[:2] {
		u := readUnit(t, filepath.Join(packaging, name))
		for key, want := range map[string]string{
			"Service.Type":                     "notify",
			"Service.Restart":                  "on-failure",
			"Service.RestartPreventExitStatus": "78",
			"Service.WatchdogSec":              "60s",
			"Service.TimeoutStopSec":           "90s",
			"Service.User":                     "renewd",
			"Service.StateDirectoryMode":       "0700",
			"Service.ProtectSystem":            "strict",
			"Install.WantedBy":                 "multi-user.target",
		} {
			if got := strings.Join(u[key], " "); got != want {
				t.Errorf("%s: %s is %q, want %q", name, key, got, want)
			}
		}
		for _, credential := range u["Service.LoadCredential"] {
			// A missing file at an absolute path keeps systemd 252 from starting the unit.
			if _, source, ok := strings.Cut(credential, ":"); !ok || filepath.IsAbs(source) {
				t.Errorf("%s: LoadCredential=%s must name a file of the credential store", name, credential)
			}
		}
	}
	for name, want := range map[string][2]string{
		"renewd.socket":       {"127.0.0.1:8686", "public"},
		"renewd-admin.socket": {"127.0.0.1:8687", "admin"},
	} {
		u := readUnit(t, filepath.Join(packaging, name))
		got := [2]string{strings.Join(u["Socket.ListenStream"], " "), strings.Join(u["Socket.FileDescriptorName"], " ")}
		if got != want {
			t.Errorf("%s listens on %q, want %q", name, got, want)
		}
		if service := strings.Join(u["Socket.Service"], " "); service != "renewd.service" {
			t.Errorf("%s starts %q, want renewd.service", name, service)
		}
		example := readText(t, "../config.example.toml")
		if !strings.Contains(example, want[1]+` = "`+want[0]+`"`) {
			t.Errorf("%s: config.example.toml does not have %s for %s", name, want[0], want[1])
		}
	}
}

// TestTemplateIsTheService allows the unit for several businesses to differ from
// the one for one business in nothing but the instance's name.
func TestTemplateIsTheService(t *testing.T) {
	one := readUnit(t, filepath.Join(packaging, "renewd.service"))
	several := readUnit(t, filepath.Join(packaging, "renewd@.service"))
	back := strings.NewReplacer("/etc/renewd/%i.toml", "/etc/renewd/config.toml", "renewd/%i", "renewd", "renewd.%i.", "renewd.", "renewd for %i:", "renewd:")
	for _, key := range slices.Sorted(maps.Keys(several)) {
		values := slices.Clone(several[key])
		for i := range values {
			values[i] = back.Replace(values[i])
		}
		if !slices.Equal(values, one[key]) {
			t.Errorf("%s differs: renewd.service has %q, renewd@.service %q", key, one[key], several[key])
		}
	}
	if len(one) != len(several) {
		t.Errorf("renewd.service sets %d keys, renewd@.service %d", len(one), len(several))
	}
}

// TestSystemdAnalyze asks systemd itself: nothing to complain of, and an exposure
// of at most 1.5 of 10.
func TestSystemdAnalyze(t *testing.T) {
	need(t, "systemd-analyze")
	prefix := filepath.Join(t.TempDir(), "usr")
	makeInstall(t, "install", "PREFIX="+prefix, "SYSCONFDIR="+filepath.Join(prefix, "etc"))
	dir := filepath.Join(prefix, "lib/systemd/system")
	args := []string{"verify", "--man=no"}
	for _, name := range unitFiles {
		args = append(args, filepath.Join(dir, name))
	}
	if said := run(t, "systemd-analyze", args...); said != "" {
		t.Errorf("systemd-analyze verify says:\n%s", said)
	}
	for _, name := range unitFiles[:2] {
		path := filepath.Join(dir, name)
		said, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=15", path).CombinedOutput()
		if err != nil || !bytes.Contains(said, []byte("exposure level")) {
			t.Errorf("%s is exposed more than 1.5: %v\n%s", name, err, said)
		}
	}
}

// TestInstall compares what the units name with what `make install` puts down, and
// what `make uninstall` leaves.
func TestInstall(t *testing.T) {
	for _, prefix := range []string{"/usr", "/usr/local"} {
		t.Run(strings.ReplaceAll(prefix[1:], "/", "-"), func(t *testing.T) {
			root := t.TempDir()
			makeInstall(t, "install", "DESTDIR="+root, "PREFIX="+prefix)
			for _, name := range unitFiles {
				text := readText(t, filepath.Join(root, prefix, "lib/systemd/system", name))
				for _, path := range pathsOf(text) {
					if _, err := os.Stat(filepath.Join(root, path)); err != nil {
						t.Errorf("%s names %s, which is not installed: %v", name, path, err)
					}
				}
				if !strings.Contains(text, prefix+"/") {
					t.Errorf("%s names nothing below %s", name, prefix)
				}
			}
			for _, path := range []string{
				"lib/sysusers.d/renewd.conf", "lib/tmpfiles.d/renewd.conf", "share/doc/renewd/config.example.toml",
				"share/doc/renewd/systemd.md", "share/bash-completion/completions/renewd",
			} {
				if info, err := os.Stat(filepath.Join(root, prefix, path)); err != nil || info.Size() == 0 {
					t.Errorf("%s/%s is not installed: %v", prefix, path, err)
				}
			}
			own := filepath.Join(root, "etc/renewd/config.toml")
			if err := os.WriteFile(own, []byte("# mine\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			makeInstall(t, "uninstall", "DESTDIR="+root, "PREFIX="+prefix)
			if left := files(t, root); !slices.Equal(left, []string{"etc/renewd/config.toml"}) {
				t.Errorf("after make uninstall there is %q, want only the configuration", left)
			}
		})
	}
}

// installedPath is an absolute path in a unit that the package is to bring: what
// is of renewd, but not what the administrator or the service makes.
var installedPath = regexp.MustCompile(`/(?:usr)[^\s"]*renewd[^\s"]*`)

func pathsOf(unit string) []string {
	var found []string
	for line := range strings.Lines(unit) {
		if !strings.HasPrefix(line, "#") {
			found = append(found, installedPath.FindAllString(line, -1)...)
		}
	}
	return found
}

// TestSystemUser holds the user and the directories of sysusers.d and tmpfiles.d
// against those of the units.
func TestSystemUser(t *testing.T) {
	service := readUnit(t, filepath.Join(packaging, "renewd.service"))
	user := strings.Join(service["Service.User"], " ")
	if lines := entries(t, "renewd.sysusers"); len(lines) != 1 || !strings.HasPrefix(lines[0], "u "+user+" - ") {
		t.Errorf("renewd.sysusers has %q, want one line that makes %s", lines, user)
	}
	state := "/var/lib/" + strings.Join(service["Service.StateDirectory"], " ")
	made := map[string][]string{}
	for _, line := range entries(t, "renewd.tmpfiles") {
		fields := strings.Fields(line)
		if len(fields) != 6 || fields[0] != "d" || fields[5] != "-" {
			t.Errorf("renewd.tmpfiles: %q is no directory that stays for ever", line)
			continue
		}
		made[fields[1]] = fields[2:5]
	}
	for path, want := range map[string][]string{
		state: {"0700", user, user}, "/etc/renewd": {"0755", "root", "root"}, "/etc/credstore": {"0700", "root", "root"},
	} {
		if !slices.Equal(made[path], want) {
			t.Errorf("renewd.tmpfiles makes %s as %q, want %q", path, made[path], want)
		}
	}
	if _, err := exec.LookPath("systemd-sysusers"); err == nil {
		run(t, "systemd-sysusers", "--dry-run", "--root="+t.TempDir(), mustAbs(t, filepath.Join(packaging, "renewd.sysusers")))
	}
}

// TestDeb builds the package twice: it has what make install puts down, and is the
// same package both times. Its scripts remove nothing.
func TestDeb(t *testing.T) {
	need(t, "dpkg-deb")
	var built [2][]byte
	var path string
	for i := range built {
		out := t.TempDir()
		cmd := exec.Command("./deb.sh", out)
		cmd.Dir = packaging
		cmd.Env = append(cleanEnv(), "VERSION=v1.2.3", "SOURCE_DATE_EPOCH=1800000000", "BINARY="+fakeBinary(t))
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("deb.sh: %v\n%s", err, said)
		}
		found, err := filepath.Glob(filepath.Join(out, "renewd_1.2.3_*.deb"))
		if err != nil || len(found) != 1 {
			t.Fatalf("deb.sh made %q, want one renewd_1.2.3_ARCH.deb", found)
		}
		path = found[0]
		if built[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(built[0], built[1]) {
		t.Error("the same input made two different packages")
	}
	root := t.TempDir()
	makeInstall(t, "install", "DESTDIR="+root, "PREFIX=/usr", "ZSHDIR=/usr/share/zsh/vendor-completions")
	want := files(t, root)
	unpacked := t.TempDir()
	run(t, "dpkg-deb", "--extract", path, unpacked)
	got := files(t, unpacked)
	for i := range got {
		got[i] = strings.Replace(got[i], "doc/renewd/copyright", "doc/renewd/LICENSE", 1)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the package has\n%q\nmake install puts down\n%q", got, want)
	}
	removes := regexp.MustCompile(`\b(rm|userdel|deluser|rmdir)\b`)
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		file := mustAbs(t, filepath.Join(packaging, "deb", script))
		run(t, "sh", "-n", file)
		for line := range strings.Lines(readText(t, file)) {
			if !strings.HasPrefix(strings.TrimSpace(line), "#") && removes.MatchString(line) {
				t.Errorf("%s removes something: %s", script, line)
			}
		}
	}
}

// TestScripts lets the shell read the scripts of the real test.
func TestScripts(t *testing.T) {
	need(t, "bash")
	for _, script := range []string{"systemd.sh", "systemd_machine.sh", "systemd_checks.sh", "systemd_package_checks.sh", "slow_mail.sh"} {
		if said := run(t, "bash", "-n", script); said != "" {
			t.Errorf("%s: %s", script, said)
		}
	}
}
