package test

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"renewd/internal/testkit/realmail"
)

// business is a small business with the real program, a real mail server and
// the real clock.
type business struct {
	t       *testing.T
	s       *realmail.Servers
	program string
	dir     string
}

// buildProgram builds renewd and returns its path.
func buildProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "renewd")
	if out, err := exec.Command("go", "build", "-o", path, "renewd/cmd/renewd").CombinedOutput(); err != nil {
		t.Fatalf("building renewd: %v\n%s", err, out)
	}
	return path
}

// newBusiness writes a configuration that sends over SMTP at every hour, with
// these lines more in [mail].
func newBusiness(t *testing.T, program, mail string) *business {
	t.Helper()
	b := &business{t: t, s: realmail.Start(t), program: program, dir: t.TempDir()}
	b.write("password", b.s.Password+"\n")
	b.write("config.toml", fmt.Sprintf(`database = "renewd.db"

[business]
name = "Parc Aurore"
from = "Parc Aurore <%s>"
postal_address = "1 rue des Lilas, 69001 Lyon, France"
time_zone = "Europe/Paris"
locale = "fr"
staff = ["direction@parc-aurore.test"]

[mail]
transport = "smtp"
host = "%s"
port = %d
tls = "starttls"
ca_file = "%s"
user = "%s"
password_file = "password"
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
before_end = ["P30D"]
template = "pass-renewal"
`, shop, b.s.Host, b.s.Submission, b.s.CAFile, b.s.User, mail))
	return b
}

func (b *business) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// customers imports one pass, which ends in 20 days, for each of these addresses.
// The refs are those of the addresses' local parts.
func (b *business) customers(emails ...string) {
	b.t.Helper()
	locales := []string{"fr", "en", "pt", "es", "de"}
	ends := time.Now().AddDate(0, 0, 20).Format(time.DateOnly)
	rows := "ref,customer,kind,product,ends_on,price,currency,customer_name,customer_email,customer_locale\n"
	for i, email := range emails {
		ref, _, _ := strings.Cut(email, "@")
		rows += fmt.Sprintf("P-%s,%s,pass,Carte annuelle,%s,49.50,EUR,Zoë Müller-%d,%s,%s\n", ref, ref, ends, i, email, locales[i%len(locales)])
	}
	b.write("passes.csv", rows)
	b.run("0", "import", filepath.Join(b.dir, "passes.csv"))
}

// command is renewd with its configuration and without the surroundings of the
// tests.
func (b *business) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, b.program, append(args, "--config", filepath.Join(b.dir, "config.toml"))...)
	c.Dir = b.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir}
	return c
}

// run runs renewd, which has to end with one of these codes ("0 3"), and returns
// all that it said.
func (b *business) run(codes string, args ...string) string {
	b.t.Helper()
	out, err := b.command(b.t.Context(), args...).CombinedOutput()
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		b.t.Fatal(err)
	}
	if !slices.Contains(strings.Fields(codes), strconv.Itoa(got)) {
		b.t.Errorf("renewd %s ended with %d, want %s:\n%s", strings.Join(args, " "), got, codes, out)
	}
	if bytes.Contains(out, []byte(b.s.Password)) {
		b.t.Errorf("renewd %s tells the password:\n%s", strings.Join(args, " "), out)
	}
	return string(out)
}

// reminder is what the database says about the one reminder of an address.
type reminder struct {
	state, reason, reply string
	contents             []byte // the bytes that were kept, nil where there is no message
}

// reminders reads them all, by address.
func (b *business) reminders() map[string]reminder {
	b.t.Helper()
	all := map[string]reminder{}
	b.query(`SELECT c.email, r.state, r.reason, coalesce(m.server_reply, ''), (SELECT contents FROM message_contents WHERE id = m.contents_id)
		FROM reminders r JOIN agreements a ON a.id = r.agreement_id JOIN customers c ON c.id = a.customer_id
		LEFT JOIN messages m ON m.id = r.message_id`, func(rows *sql.Rows) error {
		var email string
		var r reminder
		var packed []byte
		if err := rows.Scan(&email, &r.state, &r.reason, &r.reply, &packed); err != nil {
			return err
		}
		if _, twice := all[email]; twice {
			b.t.Errorf("%s has two reminders", email)
		}
		if packed != nil {
			unpacked, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				return err
			}
			if r.contents, err = io.ReadAll(unpacked); err != nil {
				return err
			}
		}
		all[email] = r
		return nil
	})
	return all
}

// suppressed are the addresses that must not be written to, in order.
func (b *business) suppressed() []string {
	b.t.Helper()
	var out []string
	b.query(`SELECT address FROM suppressed`, func(rows *sql.Rows) error {
		var email string
		out = append(out, "")
		err := rows.Scan(&email)
		out[len(out)-1] = email
		return err
	})
	slices.Sort(out)
	return out
}

// exec changes a fact as somebody with the sqlite3 shell does.
func (b *business) exec(statement string, args ...any) {
	b.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(b.dir, "renewd.db"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *business) query(query string, each func(*sql.Rows) error) {
	b.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(b.dir, "renewd.db"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(query)
	if err != nil {
		b.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.t.Fatal(err)
	}
}

// received compares what is in the mailbox of an address with what the database
// kept of it.
func (b *business) received(email string, r reminder) {
	b.t.Helper()
	if r.state != "sent" || !strings.HasPrefix(r.reply, "250 ") || len(r.contents) == 0 {
		b.t.Errorf("%s: %s %s, the server said %q, %d bytes kept", email, r.state, r.reason, r.reply, len(r.contents))
		return // there is nothing to wait for
	}
	arrived(b.t, b.s, email, r.contents)
}

// addresses returns n of them, such as anna1@client.test to anna9@client.test.
func addresses(name string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%s%d@client.test", name, i+1))
	}
	return out
}
