package realmail

import (
	"embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"
)

// Servers are a running Postfix and the Dovecot behind it.
type Servers struct {
	// Host is the address that both listen on.
	Host string
	// Submission is Postfix's port for those who log in after STARTTLS.
	Submission int
	// Implicit is the same with TLS from the first byte.
	Implicit int
	// Plain is Postfix's port for everyone on this machine, without a login and
	// without TLS, which it does not offer.
	Plain int
	// IMAP is Dovecot's port, without TLS; the password is that of User.
	IMAP int
	// User and Password are a login that works. User is an address, too.
	User, Password string
	// CAFile holds the certificate (PEM) of the authority that vouches for the
	// servers. No system trusts it.
	CAFile string

	tb               testing.TB
	dir              string
	log              book
	postfix, dovecot *process
}

// mailID is the user and the group that own the mailboxes. They need no name.
const mailID = 5000

//go:embed etc/*
var etc embed.FS

// Start runs both servers until the end of the test, and shows what they logged
// if it fails. They accept connections when it returns. Without the programs,
// or without the rights of root, which Postfix needs, the test is skipped;
// where CI=true it fails.
func Start(tb testing.TB) *Servers {
	tb.Helper()
	if lack := lacking(); lack != "" {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("%s, and with CI=true the tests with real mail servers have to run", lack)
		}
		tb.Skipf("%s: this was not tried with real mail servers", lack)
	}
	s := &Servers{Host: "127.0.0.1", User: "renewd@shop.test", Password: "Sésame, öffne dich!", tb: tb}
	ports := freePorts(tb, 4)
	s.Submission, s.Implicit, s.Plain, s.IMAP = ports[0], ports[1], ports[2], ports[3]
	s.prepare()
	tb.Cleanup(func() {
		s.stop(s.postfix)
		s.stop(s.dovecot)
		if tb.Failed() {
			tb.Logf("what the mail servers logged:\n%s", s.log.text())
		}
	})
	s.StartDovecot()
	s.StartPostfix()
	return s
}

// lacking says what this machine lacks to run the servers, or nothing.
func lacking() string {
	if os.Geteuid() != 0 {
		return "only root can run Postfix"
	}
	for _, name := range []string{"postfix", "dovecot"} {
		if _, err := program(name); err != nil {
			return name + " is not installed"
		}
	}
	for _, part := range []string{"lmtp", "imap"} {
		found := false
		for _, dir := range []string{"/usr/lib/dovecot", "/usr/libexec/dovecot"} {
			if _, err := os.Stat(filepath.Join(dir, part)); err == nil {
				found = true
			}
		}
		if !found {
			return "dovecot is installed without its part " + part
		}
	}
	return ""
}

// prepare makes the directories, the certificates and the configurations. They
// are not in the test's own directory: the servers' users may not look into it.
func (s *Servers) prepare() {
	s.tb.Helper()
	s.check(func() error {
		var err error
		if s.dir, err = os.MkdirTemp("/tmp", "realmail-"); err != nil {
			return err
		}
		s.tb.Cleanup(func() { s.check(os.RemoveAll(s.dir)) })
		return os.Chmod(s.dir, 0o755)
	}())
	for _, sub := range []string{"etc", "dovecot", "mail", "spool", "spool/pid"} {
		s.check(os.Mkdir(filepath.Join(s.dir, sub), 0o755))
	}
	s.check(os.Chown(filepath.Join(s.dir, "mail"), mailID, mailID))
	s.check(s.prepareSpool())
	s.CAFile = filepath.Join(s.dir, "etc", "ca.pem")
	s.check(writeCertificates(filepath.Join(s.dir, "etc"), s.Host))
	s.check(os.WriteFile(filepath.Join(s.dir, "etc", "users"), []byte(s.User+":{PLAIN}"+s.Password+"\n"), 0o644))
	s.check(s.configure())
}

// prepareSpool makes what Postfix insists on: its own user owns the queues, and
// the group of those who may post can reach two of them.
func (s *Servers) prepareSpool() error {
	owner, err := user.Lookup("postfix")
	if err != nil {
		return err
	}
	posters, err := user.LookupGroup("postdrop")
	if err != nil {
		return err
	}
	uid, uidErr := strconv.Atoi(owner.Uid)
	gid, gidErr := strconv.Atoi(posters.Gid)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return err
	}
	modes := map[string]os.FileMode{"data": 0o700, "spool/public": 0o710, "spool/maildrop": 0o730}
	for _, queue := range []string{"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"} {
		modes["spool/"+queue] = 0o700
	}
	for sub, mode := range modes {
		path := filepath.Join(s.dir, sub)
		// The umask would take the right to write from the group.
		if err := errors.Join(os.Mkdir(path, mode), os.Chmod(path, mode), os.Chown(path, uid, gid)); err != nil {
			return err
		}
	}
	return nil
}

// configure fills the templates of the configurations.
func (s *Servers) configure() error {
	all, err := template.ParseFS(etc, "etc/*")
	if err != nil {
		return err
	}
	for _, t := range all.Templates() {
		f, err := os.Create(filepath.Join(s.dir, "etc", t.Name()))
		if err != nil {
			return err
		}
		err = t.Execute(f, map[string]any{"Dir": s.dir, "MailID": mailID, "Submission": s.Submission,
			"Implicit": s.Implicit, "Plain": s.Plain, "IMAP": s.IMAP})
		// Postfix waits with a file of this moment until nobody can be writing it.
		longAgo := time.Now().Add(-time.Hour)
		if err := errors.Join(err, f.Close(), os.Chtimes(f.Name(), longAgo, longAgo)); err != nil {
			return err
		}
	}
	return nil
}

// StartPostfix starts Postfix (again), on the same ports and with the letters
// that it had not yet put into mailboxes.
func (s *Servers) StartPostfix() {
	s.tb.Helper()
	conf := filepath.Join(s.dir, "etc")
	postconf, err := program("postconf")
	s.check(err)
	daemons, err := exec.Command(postconf, "-c", conf, "-h", "daemon_directory").Output()
	s.check(err)
	// "postfix start-fg" would run the same in a session that nobody here could end.
	s.postfix = s.start("postfix", filepath.Join(strings.TrimSpace(string(daemons)), "master"), "-c", conf, "-s")
	s.answers(s.postfix, s.Submission, s.Implicit, s.Plain)
}

// StopPostfix ends Postfix, with whoever talks to it, once it has no letter in
// its hands: each that it took is in a mailbox or waits on the disk for the next
// start. Killed in between, Postfix itself would deliver a letter twice.
func (s *Servers) StopPostfix() {
	s.tb.Helper()
	if !until(s.tb.Context(), s.idle) {
		s.tb.Error("Postfix does not get done with its letters")
	}
	s.stop(s.postfix)
	s.postfix = nil
}

// idle reports whether Postfix has no letter in its hands.
func (s *Servers) idle() bool {
	for _, queue := range []string{"incoming", "active"} { // in the order in which letters go through them
		letters, err := os.ReadDir(filepath.Join(s.dir, "spool", queue))
		s.check(err)
		if len(letters) > 0 {
			return false
		}
	}
	return true
}

// StartDovecot starts Dovecot (again), with the same mailboxes.
func (s *Servers) StartDovecot() {
	s.tb.Helper()
	dovecot, err := program("dovecot")
	s.check(err)
	s.dovecot = s.start("dovecot", dovecot, "-F", "-c", filepath.Join(s.dir, "etc", "dovecot.conf"))
	s.answers(s.dovecot, s.IMAP)
}

// StopDovecot ends Dovecot in the same way: nobody can log in, and letters stay
// with Postfix.
func (s *Servers) StopDovecot() {
	s.tb.Helper()
	s.stop(s.dovecot)
	s.dovecot = nil
}

// Log returns what both servers have logged up to now.
func (s *Servers) Log() string { return s.log.text() }

func (s *Servers) check(err error) {
	s.tb.Helper()
	if err != nil {
		s.tb.Fatal(err)
	}
}

// freePorts returns ports on which nobody listens. They are below those that
// the system hands out itself, so that no connection of another program takes
// one of them while its server is stopped.
func freePorts(tb testing.TB, n int) []int {
	tb.Helper()
	var ports []int
	for range 1000 {
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		// Held until all are found: so each is found once.
		defer l.Close()
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	tb.Fatalf("this machine has no %d free ports", n)
	return nil
}
