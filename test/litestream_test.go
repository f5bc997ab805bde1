package test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLitestream loses a machine in the middle of sending and goes on from what
// Litestream had of its database: every row that was replicated is there, nothing
// leaves before a person says so, and what may have left does not leave again by
// itself.
func TestLitestream(t *testing.T) {
	litestream := needLitestream(t)
	need(t, "sqlite3")
	s := newReplicated(t, buildProgram(t), litestream)

	// Litestream follows while renewd imports and sends.
	s.startLitestream()
	s.customers("first", 1, 5)
	s.renewd("0", "run")
	if n := len(s.letters(s.dir)); n != 5 {
		t.Fatalf("%d letters before anything happened, want 5", n)
	}
	s.customers("second", 6, 200)
	s.documented("litestream sync")
	replicated := contents(t, s.database())

	// Both die. What Litestream had not fetched by then, here all of the second
	// run, is known to nobody but the customers and the file `instance`.
	s.killLitestream()
	s.killRun()
	left := s.letters(s.dir)
	if len(left) < 6 || len(left) == 200 {
		t.Fatalf("%d letters had left when the run was killed, want some of 200, and more than the first 5", len(left))
	}

	s.loseDatabase()
	if said := s.documented("litestream restore"); !strings.HasSuffix(said, "\nok\n") && said != "ok\n" {
		t.Errorf("the restored database: %s", said)
	}
	if got := contents(t, s.database()); got != replicated {
		t.Errorf("the restored database has other rows:\n%s\nwant\n%s", got, replicated)
	}
	t.Run("on another machine", s.elsewhere)
	s.inPlace(left)

	// Litestream follows the restored database as it followed the lost one.
	s.startLitestream()
	s.documented("litestream sync")
	replicated = contents(t, s.database())
	s.killLitestream()
	s.loseDatabase()
	s.documented("litestream restore")
	if got := contents(t, s.database()); got != replicated {
		t.Errorf("restored for the second time, the database has other rows:\n%s\nwant\n%s", got, replicated)
	}
}

// elsewhere opens the restored database where it did not come from.
func (s *replicated) elsewhere(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"config.toml", "renewd.db"} {
		writeText(t, filepath.Join(dir, name), readText(t, filepath.Join(s.dir, name)))
	}
	there := *s
	there.t, there.dir = t, dir
	if out := there.renewd("3", "run"); !strings.Contains(out, "wait copy") {
		t.Errorf("a copy is not told from the original:\n%s", out)
	}
	if out := there.renewd("0", "tasks"); !strings.Contains(out, "belongs to another instance") {
		t.Errorf("staff are not told of the copy:\n%s", out)
	}
	if n := len(there.letters(dir)); n != 0 {
		t.Errorf("a copy sent %d letters", n)
	}
	there.renewd("0", "adopt")
	there.renewd("0", "adopt")
}

// inPlace goes on with the restored database where the lost one was. left are the
// letters that had left by then.
func (s *replicated) inPlace(left map[string]int) {
	s.t.Helper()
	if out := s.renewd("0", "check"); !strings.Contains(out, "older than what was last sent from it") {
		s.t.Errorf("check does not see a restored backup:\n%s", out)
	}
	s.renewd("3", "run")
	if got := s.letters(s.dir); len(got) != len(left) {
		s.t.Errorf("%d letters left a restored backup before it was adopted", len(got)-len(left))
	}
	s.renewd("3", "adopt")
	states := query(s.t, s.database(), `SELECT state || ' ' || count(*) FROM reminders GROUP BY state ORDER BY state`)
	if want := []string{"sent 5", "uncertain 195"}; !slices.Equal(states, want) {
		s.t.Errorf("after adopt there are %q, want %q", states, want)
	}
	s.renewd("0", "run")
	if got := s.letters(s.dir); len(got) != len(left) {
		s.t.Errorf("%d letters in doubt left by themselves", len(got)-len(left))
	}

	// A person finds one that did not leave, and sends it.
	for n := 200; n > 5; n-- {
		email := fmt.Sprintf("c%d@client.test", n)
		if left[email] > 0 {
			continue
		}
		id := query(s.t, s.database(), fmt.Sprintf(`SELECT reminder FROM decisions WHERE customer_ref = 'C%d' AND state = 'uncertain'`, n))
		if len(id) != 1 {
			s.t.Fatalf("reminders of %s in doubt: %q", email, id)
		}
		s.renewd("0", "retry", id[0])
		s.renewd("0", "run")
		left[email]++
		break
	}
	for email, n := range s.letters(s.dir) {
		if n != 1 || left[email] != 1 {
			s.t.Errorf("%s has %d letters, want %d", email, n, left[email])
		}
	}
}

// TestLitestreamSamples has Litestream read the samples of docs/backup.md.
func TestLitestreamSamples(t *testing.T) {
	litestream := needLitestream(t)
	samples := litestreamSamples(t)
	for i, sample := range samples {
		path := filepath.Join(t.TempDir(), "litestream.yml")
		writeText(t, path, sample)
		if said := run(t, litestream, "databases", "-config", path); !strings.Contains(said, "/var/lib/renewd/renewd.db") {
			t.Errorf("sample %d of docs/backup.md names no database:\n%s", i+1, said)
		}
	}
}

// litestreamSamples are the YAML examples of docs/backup.md: for 0.5 and for 0.3.
func litestreamSamples(t *testing.T) []string {
	t.Helper()
	var samples []string
	for _, m := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(readText(t, "../docs/backup.md"), -1) {
		samples = append(samples, m[1])
	}
	if len(samples) != 2 {
		t.Fatalf("docs/backup.md has %d samples for Litestream, want 2", len(samples))
	}
	return samples
}
