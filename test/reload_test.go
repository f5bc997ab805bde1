package test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// reloadBroken asks the daemon to follow configurations that cannot be followed:
// the old one goes on, and the log and /healthz say why.
func reloadBroken(t *testing.T, program string) {
	f := newStudio(t, program, "", nil)
	s := f.start().ready()
	s.well()
	password, config := filepath.Join(f.dir, "password"), filepath.Join(f.dir, "config.toml")
	for _, c := range []struct {
		name  string
		spoil func()
		says  string
	}{
		{"no TOML", func() { f.write("config.toml", f.config()+"\n[mail\n") }, "config.toml:"},
		{"an unknown key", func() { f.write("config.toml", strings.Replace(f.config(), "burst = 0", "brust = 0", 1)) }, "brust"},
		{"an impossible value", func() { f.write("config.toml", strings.Replace(f.config(), "00:00-24:00", "24:00-00:00", 1)) }, "24:00-00:00"},
		{"another database", func() { f.write("config.toml", strings.Replace(f.config(), "renewd.db", "other.db", 1)) }, "other.db"},
		{"letters that nobody wrote", func() {
			f.write("config.toml", strings.Replace(f.config(), `"pass-renewal"`, `"pass-farewell"`, 1))
		}, "pass-farewell"},
		{"no password", func() {
			if err := os.Remove(password); err != nil {
				t.Fatal(err)
			}
		}, "there is no password"},
		{"a file that cannot be read", func() {
			if err := os.Remove(config); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(config, 0o755); err != nil {
				t.Fatal(err)
			}
		}, "config.toml"},
	} {
		c.spoil()
		s.hangup()
		s.unwell(http.StatusOK, "configuration", c.says)
		s.says("the old one goes on")
		// As it was; nobody has asked for another reload.
		if err := os.RemoveAll(config); err != nil {
			t.Fatal(err)
		}
		f.configure()
		f.write("password", studioPassword+"\n")
		if t.Failed() {
			t.Fatalf("with %s", c.name)
		}
		s.hangup()
		s.well()
	}
	f.write("config.toml", f.config()+"\n[[rule]]\n")
	s.hangup()
	s.unwell(http.StatusOK, "configuration", "config.toml:")
	f.configure() // only for the import: the daemon still knows the broken one
	f.customers(people(0, 2, false)...)
	s.until("2 letters by the old configuration", func() bool { return f.sink.Count() >= 2 })
	s.unwell(http.StatusOK, "configuration", "config.toml:")
	s.stop()
	f.finished(2, 0)
}

// reloadInTheMiddle changes the name of the business while letters leave slowly.
func reloadInTheMiddle(t *testing.T, program string) {
	const all = 100
	f := newStudio(t, program, "", slowly(100*time.Millisecond))
	f.customers(people(0, all, false)...)
	s := f.start()
	s.until("the first letters", func() bool { return f.sink.Count() >= 8 })
	f.write("config.toml", strings.ReplaceAll(f.config(), "Parc Aurore", "Parc Boreal"))
	s.hangup()
	s.says("the configuration was read again")
	s.until("an end", func() bool { return f.sink.Count() >= all })
	s.stop()
	letters := f.sink.Accepted()
	for i, name := range map[int]string{0: "Parc Aurore", all - 1: "Parc Boreal"} {
		if !bytes.Contains(letters[i].Raw, []byte("\r\nFrom: \""+name+"\" <")) {
			t.Errorf("letter %d is not from %s:\n%.600s", i, name, letters[i].Raw)
		}
	}
	f.intact()
	f.finished(all, 0)
	f.onlyOnce()
}

// editLetters edits a letter under a running daemon: a good one is live at the
// next pass, a broken one holds its reminders, and nothing half made leaves.
func editLetters(t *testing.T, program string) {
	const letter = "templates/pass-renewal.en.md"
	good := func(version string) string {
		return "---\nsubject: Your pass\n---\n" + version + ": it ends soon, {{.Customer.Name}}.\n"
	}
	f := newStudio(t, program, "", nil)
	f.write(letter, good("First version"))
	f.customers(people(0, 1, false)...)
	s := f.start()
	s.until("the first letter", func() bool { return f.sink.Count() >= 1 })
	f.write(letter, good("The second version"))
	f.customers(people(1, 1, false)...)
	s.until("the letter of the next pass", func() bool { return f.sink.Count() >= 2 })

	held := 0
	for i, broken := range []string{
		"---\nsubject: Your pass\n---\nHello {{.Customer.Name\n",
		"---\nsubject: Your pass\n---\nHello {{.Customer.Nickname}}\n",
		"---\nsubject: Your pass\n---\nYour locker: {{.Customer.Attributes.locker}}\n",
		"---\nsubject: Your pass\n---\nHello \xff\xfe{{.Customer.Name}}\n",
		"---\nsubject: \n---\n\n",
	} {
		f.write(letter, broken)
		f.customers(people(10+i, 1, false)...)
		s.hangup()
		held++
		s.until("a reminder that waits for the letter", func() bool {
			return len(f.rows(`SELECT 1 FROM reminders WHERE state = 'waiting' AND reason = 'template_error'`)) == held
		})
		s.unwell(http.StatusServiceUnavailable, "template_error")
	}
	if n := f.sink.Count(); n != 2 {
		t.Errorf("%d letters left while the letter was broken", n-2)
	}
	if tasks := f.run(0, "tasks"); !strings.Contains(tasks, "template_error") || !strings.Contains(tasks, "pass-renewal.en.md") {
		t.Errorf("staff are not told which letter:\n%s", tasks)
	}
	f.write(letter, good("The third version"))
	s.hangup()
	s.until("all letters", func() bool { return f.sink.Count() >= 2+held })
	s.well()
	s.stop()
	f.finished(2+held, 0)
	for i, l := range f.sink.Accepted() {
		version := "The third version"
		if i < 2 {
			version = []string{"First version", "The second version"}[i]
		}
		if !bytes.Contains(l.Raw, []byte(version)) {
			t.Errorf("letter %d is not of %s:\n%.600s", i, version, l.Raw)
		}
	}
}

// startsBroken starts the daemon with what it cannot work with.
func startsBroken(t *testing.T, program string) {
	f := newStudio(t, program, "", nil)
	f.customers(people(0, 2, false)...)
	for _, c := range []struct{ config, says string }{
		{f.config() + "\n[mail\n", "config.toml:"},
		{strings.Replace(f.config(), "burst = 0", "brust = 0", 1), "brust"},
		{strings.Replace(f.config(), `"pass-renewal"`, `"pass-farewell"`, 1), "pass-farewell"},
		{strings.Replace(f.config(), `"password"`, `"no-password"`, 1), "there is no password"},
		{strings.Replace(f.config(), `"ca.pem"`, `"no-ca.pem"`, 1), "no-ca.pem"},
	} {
		f.write("config.toml", c.config)
		f.refuses(c.says)
	}
	// Whoever has the port may go again: this is no reason never to start.
	f.write("config.toml", strings.Replace(f.config(), `public = ""`, `public = "`+f.sink.Addr+`"`, 1))
	letters := f.sink.Count()
	s := f.start()
	s.end()
	if text := s.log.String(); s.err == nil || !strings.Contains(text, "web.public") || !strings.Contains(text, "is another program there already?") {
		t.Errorf("with a port that is taken it ended with %v:\n%s", s.err, text)
	}
	if f.sink.Count() != letters {
		t.Error("letters left all the same")
	}
}

// TestReload looks at configurations and letters that change or are broken.
func TestReload(t *testing.T) {
	t.Parallel()
	program := studioProgram(t)
	for name, test := range map[string]func(*testing.T, string){
		"broken configurations": reloadBroken, "in the middle of a slow run": reloadInTheMiddle,
		"letters": editLetters, "at the start": startsBroken,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, program) })
	}
}
