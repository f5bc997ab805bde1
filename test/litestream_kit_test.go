package test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// replicated is a small business whose database Litestream follows.
type replicated struct {
	t         *testing.T
	dir       string // with config.toml, the database and the maildir outbox
	program   string
	tools     string            // the directory of the program litestream
	places    *strings.Replacer // puts the paths of the documents here
	following *exec.Cmd
}

func newReplicated(t *testing.T, program, litestream string) *replicated {
	t.Helper()
	s := &replicated{t: t, dir: t.TempDir(), program: program, tools: t.TempDir()}
	if err := os.Symlink(litestream, filepath.Join(s.tools, "litestream")); err != nil {
		t.Fatal(err)
	}
	// A socket's path must be short, so it is one relative to the directory.
	s.places = strings.NewReplacer("/var/lib/renewd", s.dir, "/srv/standby/renewd", filepath.Join(t.TempDir(), "replica"),
		"/run/litestream/litestream.sock", "litestream.sock", "/etc/litestream.yml", "litestream.yml")
	writeText(t, filepath.Join(s.dir, "config.toml"), `[business]
name = "Rocha Alta"
from = "hello@rocha-alta.example"
postal_address = "Rua do Farol 12, Lisboa"
time_zone = "Etc/GMT"

[send]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
hours = "00:00-24:00"
burst = 0

[[rule]]
name = "annual-pass"
kind = "pass"
before_end = ["P30D"]
template = "pass-renewal"
`)
	writeText(t, filepath.Join(s.dir, "litestream.yml"), s.places.Replace(litestreamSamples(t)[0]))
	s.renewd("0", "migrate")
	return s
}

// renewd runs a command, which has to end with this code.
func (s *replicated) renewd(code string, args ...string) string {
	s.t.Helper()
	out, err := s.command(s.program, append(args, "--config", "config.toml")...).CombinedOutput()
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		s.t.Fatal(err)
	}
	if strconv.Itoa(got) != code {
		s.t.Fatalf("renewd %s ended with %d, want %s:\n%s", strings.Join(args, " "), got, code, out)
	}
	return string(out)
}

// documented runs the example of docs/backup.md that begins with these words, and
// returns what it said.
func (s *replicated) documented(begins string) string {
	s.t.Helper()
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(readText(s.t, "../docs/backup.md"), -1) {
		if !strings.HasPrefix(m[1], begins) {
			continue
		}
		c := s.command("sh", "-e", "-c", s.places.Replace(m[1]))
		c.Env = append(c.Env, "PATH="+s.tools+string(os.PathListSeparator)+os.Getenv("PATH"))
		out, err := c.CombinedOutput()
		if err != nil {
			s.t.Fatalf("%s: %v\n%s", begins, err, out)
		}
		return string(out)
	}
	s.t.Fatalf("docs/backup.md has no example that begins with %q", begins)
	return ""
}

func (s *replicated) database() string { return filepath.Join(s.dir, "renewd.db") }

// loseDatabase removes what a broken disk takes along, but not the file instance.
func (s *replicated) loseDatabase() {
	s.t.Helper()
	files, err := filepath.Glob(s.database() + "*")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *replicated) command(program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(s.t.Context(), program, args...)
	c.Dir = s.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
	return c
}

// startLitestream returns when Litestream takes orders.
func (s *replicated) startLitestream() {
	s.t.Helper()
	s.following = s.command(filepath.Join(s.tools, "litestream"), "replicate", "-config", "litestream.yml")
	out, err := s.following.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.following.Stderr = s.following.Stdout
	if err := s.following.Start(); err != nil {
		s.t.Fatal(err)
	}
	var said bytes.Buffer
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(&said, lines.Text())
		if strings.Contains(lines.Text(), "replicating to") {
			go io.Copy(io.Discard, out) // so that it never waits for a reader
			return
		}
	}
	s.t.Fatalf("Litestream did not begin:\n%s", &said)
}

func (s *replicated) killLitestream() {
	s.t.Helper()
	if err := s.following.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.following.Wait(); err == nil {
		s.t.Fatal("Litestream ended by itself")
	}
}

// killRun kills a `renewd run` once it has begun to send.
func (s *replicated) killRun() {
	s.t.Helper()
	before := len(s.letters(s.dir))
	c := s.command(s.program, "run", "--config", "config.toml")
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for len(s.letters(s.dir)) == before {
		select {
		case err := <-ended:
			s.t.Fatalf("the run ended before anything was sent: %v", err)
		case <-look.C:
		}
	}
	if err := c.Process.Kill(); err != nil {
		s.t.Fatalf("the run was through before it could be killed: %v", err)
	}
	<-ended
}

// customers imports passes that end in 20 days for the customers C from … C to.
func (s *replicated) customers(name string, from, to int) {
	s.t.Helper()
	ends := time.Now().UTC().AddDate(0, 0, 20).Format(time.DateOnly)
	rows := "ref,customer,kind,ends_on,customer_name,customer_email\n"
	for n := from; n <= to; n++ {
		rows += fmt.Sprintf("A%d,C%d,pass,%s,Name %d,c%d@client.test\n", n, n, ends, n, n)
	}
	writeText(s.t, filepath.Join(s.dir, name+".csv"), rows)
	s.renewd("0", "import", name+".csv")
}

var letterTo = regexp.MustCompile(`(?m)^To: .*?([a-z0-9]+@client\.test)`)

// letters counts the letters in the outbox of a directory by address.
func (s *replicated) letters(dir string) map[string]int {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "outbox", "new", "*"))
	if err != nil {
		s.t.Fatal(err)
	}
	count := map[string]int{}
	for _, file := range files {
		to := letterTo.FindStringSubmatch(readText(s.t, file))
		if to == nil {
			s.t.Fatalf("%s is to nobody", file)
		}
		count[to[1]]++
	}
	return count
}

// contents is every table of a database with the number and the hash of its rows.
func contents(t *testing.T, path string) string {
	t.Helper()
	var b strings.Builder
	for _, table := range query(t, path, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\_litestream\_%' ESCAPE '\' ORDER BY name`) {
		columns := query(t, path, fmt.Sprintf(`SELECT group_concat('quote("' || name || '")', '||') FROM pragma_table_info('%s')`, table))
		rows := query(t, path, fmt.Sprintf(`SELECT %s FROM %q`, columns[0], table))
		slices.Sort(rows)
		fmt.Fprintf(&b, "%s %d %x\n", table, len(rows), sha256.Sum256([]byte(strings.Join(rows, "\n"))))
	}
	return b.String()
}

// query returns the only column of what a query finds.
func query(t *testing.T, path, statement string) []string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(statement)
	if err != nil {
		t.Fatalf("%v\n%s", err, statement)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			t.Fatal(err)
		}
		found = append(found, value)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
