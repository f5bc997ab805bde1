package test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"renewd/internal/testkit"
)

// What must never show in a log, in the metrics or in the list of processes: the
// password of the mail server, and the addresses and names of customers.
const (
	studioPassword = "open-sesame-4711"
	studioDomain   = "client.test"
	studioPeople   = "Zoë Müller"
)

// studio is a small business with the real program, the real clock, and a mail
// server in this process: what that accepted is the truth, wherever the disk of
// the database goes.
type studio struct {
	t       *testing.T
	program string
	// dir holds the configuration, the password and the letters; data the database.
	dir, data string
	sink      *testkit.Sink
	// mail are lines more in [mail], end is more at the end of the configuration.
	mail, end string
	// before goes in front of the program, such as strace; limits is for the shell
	// that starts the daemon, such as "ulimit -n 64".
	before []string
	limits string
	// root is where the daemon has its root directory; as is who it runs as.
	root string
	as   *syscall.Credential
}

// studioProgram builds renewd as it is released: static, for it has to run without
// anything else.
func studioProgram(t *testing.T) string {
	t.Helper()
	if underRace {
		t.Skip("the program is a process of its own and was tried without the race detector of this one")
	}
	path := filepath.Join(t.TempDir(), "renewd")
	build := exec.Command("go", "build", "-trimpath", "-o", path, "renewd/cmd/renewd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building renewd: %v\n%s", err, out)
	}
	return path
}

// newStudio opens a business whose database is in the folder data; empty means
// beside the configuration.
func newStudio(t *testing.T, program, data string, script func(testkit.Stage, testkit.Dialogue) testkit.Reply) *studio {
	t.Helper()
	f := &studio{t: t, program: program, dir: t.TempDir(), data: data}
	f.sink = testkit.NewSink(t, testkit.SinkOptions{TLS: testkit.SinkSTARTTLS, Users: map[string]string{"parc": studioPassword}, Script: script})
	if f.data == "" {
		f.data = filepath.Join(f.dir, "data")
		if err := os.Mkdir(f.data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f.write("password", studioPassword+"\n")
	if err := os.Rename(f.sink.CAFile(t), filepath.Join(f.dir, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	f.configure()
	return f
}

// slowly is the script of a mail server that needs so long for every letter.
func slowly(each time.Duration) func(testkit.Stage, testkit.Dialogue) testkit.Reply {
	return func(stage testkit.Stage, _ testkit.Dialogue) testkit.Reply {
		if stage == testkit.StageDot {
			return testkit.Reply{Delay: each}
		}
		return testkit.Reply{}
	}
}

// configure writes the configuration, which sends at every hour.
func (f *studio) configure() {
	f.t.Helper()
	f.write("config.toml", f.config())
}

func (f *studio) config() string {
	return fmt.Sprintf(`database = "%s"

[business]
name = "Parc Aurore"
from = "Parc Aurore <%s>"
postal_address = "1 rue des Lilas, 69001 Lyon, France"
time_zone = "Europe/Paris"
locale = "en"

[mail]
transport = "smtp"
host = "%s"
port = %d
tls = "starttls"
ca_file = "ca.pem"
user = "parc"
password_file = "password"
rate = 0
%s

[send]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
hours = "00:00-24:00"
burst = 0

[web]
public = ""
admin = ""

[[rule]]
name = "annual-pass"
kind = "pass"
auto_renew = false
before_end = ["P30D"]
template = "pass-renewal"

[[rule]]
name = "auto-renewal-notice"
kind = "pass"
auto_renew = true
notice = { anchor = "renews_on", earliest = "P45D", latest = "P10D" }
template = "auto-renewal-notice"
%s`, f.db(), "bonjour@parc-aurore.test", f.sink.Host, f.sink.Port, f.mail, f.end)
}

// db is the path of the database.
func (f *studio) db() string { return filepath.Join(f.data, "renewd.db") }

func (f *studio) write(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// people returns addresses of n customers, numbered from first: their reminder is
// a notice where notice says so, else commercial mail.
func people(first, n int, notice bool) []string {
	kind := "c"
	if notice {
		kind = "n"
	}
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%s%d@%s", kind, first+i, studioDomain))
	}
	return out
}

func isNotice(email string) bool { return strings.HasPrefix(email, "n") }

// passes is a file with a pass for each address, which ends in 20 days.
func passes(emails ...string) string {
	ends := time.Now().AddDate(0, 0, 20).Format(time.DateOnly)
	var rows strings.Builder
	rows.WriteString("ref,customer,kind,product,ends_on,term,auto_renew,price,currency,customer_name,customer_email\n")
	for i, email := range emails {
		ref, _, _ := strings.Cut(email, "@")
		renews := "no"
		if isNotice(email) {
			renews = "yes"
		}
		fmt.Fprintf(&rows, "P-%s,%s,pass,Season ticket,%s,P1Y,%s,49.50,EUR,%s-%d,%s\n", ref, ref, ends, renews, studioPeople, i, email)
	}
	return rows.String()
}

// customers imports a pass for each address.
func (f *studio) customers(emails ...string) {
	f.t.Helper()
	f.write("passes.csv", passes(emails...))
	f.run(0, "import", filepath.Join(f.dir, "passes.csv"))
}

// command is renewd with its configuration and without the surroundings of the
// tests; it ends with the test, and what it started with it.
func (f *studio) command(args ...string) *exec.Cmd {
	all := append(append(append([]string{}, f.before...), f.program), args...)
	c := exec.CommandContext(f.t.Context(), all[0], append(all[1:], "--config", filepath.Join(f.dir, "config.toml"))...)
	c.Dir = f.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.dir}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: f.as, Chroot: f.root}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	return c
}

// try runs renewd and returns what it said and its exit code, -1 for a signal.
func (f *studio) try(args ...string) (said string, code int) {
	f.t.Helper()
	out, err := f.command(args...).CombinedOutput()
	exit := new(exec.ExitError)
	if err != nil && !errors.As(err, &exit) {
		f.t.Fatal(err)
	}
	if err != nil {
		code = exit.ExitCode()
	}
	if strings.Contains(string(out), studioPassword) {
		f.t.Errorf("renewd %s tells the password:\n%s", strings.Join(args, " "), out)
	}
	return string(out), code
}

// run runs renewd, which has to end with this code.
func (f *studio) run(want int, args ...string) string {
	f.t.Helper()
	said, code := f.try(args...)
	if code != want {
		f.t.Errorf("renewd %s ended with %d, want %d:\n%s", strings.Join(args, " "), code, want, said)
	}
	return said
}
