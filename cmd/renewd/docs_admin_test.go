package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

// adminPages are the documents for administrators whose examples are tried here.
// Those of Litestream are tried where Litestream is, in the directory test.
var adminPages = []string{"backup", "mail", "trouble", "upgrade"}

// TestAdminPagesConfigurations reads every piece of configuration in them.
func TestAdminPagesConfigurations(t *testing.T) {
	read := 0
	for _, page := range adminPages {
		for _, block := range fenced(t, "../../docs/"+page+".md", "toml") {
			mustParse(t, docBusiness+block, t.TempDir())
			read++
		}
	}
	if read < 6 {
		t.Errorf("there are only %d configurations in the pages for administrators", read)
	}
}

// TestAdminPagesLinks follows every link between the documents.
func TestAdminPagesLinks(t *testing.T) {
	for _, page := range append([]string{"rules", "sqlite"}, adminPages...) {
		text := docText(t, page+".md")
		for _, m := range regexp.MustCompile(`\]\(([a-z]*\.md)?(#[a-z0-9-]+)?\)`).FindAllStringSubmatch(text, -1) {
			target := m[1]
			if target == "" {
				target = page + ".md"
			}
			if there := docText(t, target); m[2] != "" && !slices.Contains(headings(there), m[2][1:]) {
				t.Errorf("docs/%s.md links to %s%s, and there is no such heading", page, target, m[2])
			}
		}
	}
}

// headings are the names by which headings are linked to.
func headings(text string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

func docText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTroubleNamesTasks: whatever a task may be about stands in docs/trouble.md.
func TestTroubleNamesTasks(t *testing.T) {
	text := docText(t, "trouble.md")
	for _, kind := range []renewal.TaskKind{renewal.TaskMissed, renewal.TaskRenewed, renewal.TaskFailed, renewal.TaskUncertain,
		renewal.TaskNoAddress, renewal.TaskBounced, renewal.TaskTemplateError, renewal.TaskBadData, renewal.TaskBurst,
		renewal.TaskCopy, renewal.TaskSenderRefused, renewal.TaskServerAway, renewal.TaskWish} {
		if !strings.Contains(text, "`"+string(kind)+"`") {
			t.Errorf("docs/trouble.md says nothing about tasks %s", kind)
		}
	}
}

// TestBackupPage loses and restores the database of a small business as
// docs/backup.md says.
func TestBackupPage(t *testing.T) {
	a := newAdminSite(t, "")
	a.passes("first.csv", 1, 3)
	a.run("renewd import first.csv; renewd run")
	a.passes("var/agreements.csv", 1, 8)
	a.run("renewd import var/agreements.csv; mkdir -p var/backups; renewd backup var/backups/renewd-20270301T013000Z.backup.db; renewd run")
	said := a.page("backup", map[string]func(){
		"renewd check": func() { a.run("renewd run"); a.remove("var/instance") },
		`cd /var/lib/renewd
renewd run`: func() {
			a.remove("var/instance")
			a.passes("more.csv", 9, 12)
			a.run("renewd import more.csv")
		},
	})
	wantAll(t, said, "before-the-fair.db is a complete copy", "older than what was last sent from it", "wait copy",
		"5 reminders may have left since the backup was made", "1 reminder goes again", "Task 2 is done",
		"belongs to another instance", "This database is now the one that sends", "4 reminders may have left")
	a.run("renewd run")
	if n := a.letters(); n != 9 {
		t.Errorf("%d letters, want 8 and the one that was sent again", n)
	}
}

// TestUpgradePage upgrades a database that is one step behind, and goes back to a
// copy.
func TestUpgradePage(t *testing.T) {
	a := newAdminSite(t, "")
	a.run("mkdir -p var/backups")
	steps, err := filepath.Glob("../../migrations/*.sql")
	if err != nil || len(steps) < 2 {
		t.Fatal(steps, err)
	}
	old := len(steps) - 1
	said := a.page("upgrade", map[string]func(){
		"sudo -u renewd renewd backup": func() { a.run("renewd migrate") },
		"sudo systemctl stop renewd\nsudo -u renewd renewd migrate": func() {
			a.remove("var/renewd.db")
			script := ""
			for _, step := range steps[:old] {
				text, err := os.ReadFile(step)
				if err != nil {
					t.Fatal(err)
				}
				script += string(text)
			}
			a.write("old.sql", script+fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", 0x72656e77, old))
			a.run("sqlite3 -bail var/renewd.db <old.sql")
		},
		"cd /var/lib/renewd": func() {
			a.passes("var/agreements.csv", 1, 4)
			a.run("renewd import var/agreements.csv; renewd backup var/backups/renewd.db.v3-20270301T080000Z.bak; renewd run")
		},
	})
	wantAll(t, said, fmt.Sprintf("went from version %d to %d", old, old+1), "wait copy", "4 reminders may have left")
	copies, err := filepath.Glob(filepath.Join(a.dir, "var/backups", fmt.Sprintf("renewd.db.v%d-*Z.bak", old)))
	copies = slices.DeleteFunc(copies, func(name string) bool { return strings.Contains(name, "20270301T080000Z") })
	if err != nil || len(copies) != 1 {
		t.Errorf("copies made before the upgrade: %q %v", copies, err)
	}

	// What an older program says of a newer database, with other numbers and another place.
	a.run(fmt.Sprintf("sqlite3 var/renewd.db 'PRAGMA user_version = %d'", old+2))
	sentence := strings.TrimSpace(fencedIn(docText(t, "upgrade.md"), "text")[0])
	sentence = strings.NewReplacer("/var/lib/renewd", a.dir+"/var", "version 5", fmt.Sprintf("version %d", old+2), "knows 4", fmt.Sprintf("knows %d", old+1)).Replace(sentence)
	wantAll(t, a.run("renewd tasks || true"), sentence)
}

// TestMailPage tries the mail server of docs/mail.md.
func TestMailPage(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{})
	a := newAdminSite(t, fmt.Sprintf("transport = \"smtp\"\nhost = %q\nport = %d\ntls = \"none\"", sink.Host, sink.Port))
	a.passes("passes.csv", 1, 17)
	a.run("renewd import passes.csv")
	said := a.page("mail", nil)
	wantAll(t, said, "takes messages from us; without encryption", "Sent to direction@parc-aurore.example: 250",
		"Recorded: bounce", "Recorded: unsubscribe")
	letters := sink.Accepted()
	if len(letters) != 2 || !strings.Contains(string(letters[0].Raw), "Subject: [Test] ") {
		t.Errorf("%d letters arrived, want two marked as tests", len(letters))
	}
}

// TestTroublePage runs every command of docs/trouble.md where something is wrong.
func TestTroublePage(t *testing.T) {
	a := newAdminSite(t, "")
	a.passes("passes.csv", 1, 17)
	a.run("renewd import passes.csv; renewd run || true")
	said := a.page("trouble", map[string]func(){
		"renewd retry 3": func() {
			a.run(`sqlite3 var/renewd.db "UPDATE reminders SET state = 'uncertain', reason = 'in_doubt' WHERE id = 3;
				INSERT INTO staff_tasks(id, kind, topic, since, text) VALUES (5, 'uncertain', 'example', '2027-03-01T08:00:00Z', 'example')"`)
		},
		"renewd check || true": func() { a.write("etc/templates/pass-renewal.en.md", "---\nsubject: x\n---\n{{.Customer.Nmae}}\n") },
		"renewd preview":       func() { a.remove("etc/templates/pass-renewal.en.md") },
	})
	wantAll(t, said, "17 reminders were released", "1 reminder goes again", "Task 5 is done", "burst", "pass-renewal.en.md:4:")
}

// adminSite is a small business as its administrator has it, at another place:
// var is /var/lib/renewd, etc is /etc/renewd.
type adminSite struct {
	*docShell
	places *strings.Replacer
}

// newAdminSite has more than 10 surprising reminders held. mail is put under
// [mail]; empty means the folder outbox.
func newAdminSite(t *testing.T, mail string) *adminSite {
	t.Helper()
	needSQLite3(t)
	a := &adminSite{docShell: newDocShell(t)}
	a.places = strings.NewReplacer("/var/lib/renewd", a.dir+"/var", "/etc/renewd", a.dir+"/etc")
	if mail == "" {
		mail = "maildir = \"/var/lib/renewd/outbox\"\nrate = 0"
	}
	a.write("etc/config.toml", a.places.Replace(`database = "/var/lib/renewd/renewd.db"
`+docBusiness+`
[mail]
`+mail+`

[send]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
hours = "00:00-24:00"
burst = 10

[backup]
dir = "/var/lib/renewd/backups"

[[rule]]
name = "annual-pass"
kind = "pass"
auto_renew = false
before_end = ["P30D"]
template = "pass-renewal"
`))
	a.write("var/.keep", "")
	// What belongs to the machine is not tried: these take any arguments, and
	// those that run a command for somebody else run it.
	for name, script := range map[string]string{
		"systemctl": "", "journalctl": "", "timedatectl": "", "curl": "", "apt": "", "fuser": "", "chown": "",
		"sudo":        `[ "$1" = -u ] && shift 2; exec "$@"`,
		"systemd-run": `while :; do case "$1" in -p) shift 2;; -*) shift;; *) exec "$@";; esac; done`,
	} {
		path := filepath.Join(a.bin, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// page runs the shell examples of a document in their order, and returns all
// that they said. Before the one that begins with a key of before, its function
// runs.
func (a *adminSite) page(name string, before map[string]func()) string {
	a.t.Helper()
	said := ""
	met := map[string]bool{}
	for _, block := range fenced(a.t, "../../docs/"+name+".md", "sh") {
		if strings.HasPrefix(block, "litestream ") {
			continue
		}
		for begins, do := range before {
			if strings.HasPrefix(block, begins) && !met[begins] {
				met[begins] = true
				do()
			}
		}
		said += a.run(block)
	}
	for begins := range before {
		if !met[begins] {
			a.t.Errorf("docs/%s.md has no example that begins with %q", name, begins)
		}
	}
	return said
}

// run runs an example with the places of this site and its configuration.
func (a *adminSite) run(script string) string {
	a.t.Helper()
	return a.docShell.run("export RENEWD_CONFIG=" + a.dir + "/etc/config.toml\n" + a.places.Replace(script))
}

// passes writes a spreadsheet of passes that end in 20 days.
func (a *adminSite) passes(name string, from, to int) {
	a.t.Helper()
	ends := time.Now().UTC().AddDate(0, 0, 20).Format(time.DateOnly)
	rows := "ref,customer,kind,ends_on,customer_name,customer_email\n"
	for n := from; n <= to; n++ {
		rows += fmt.Sprintf("A%d,C%d,pass,%s,Name %d,c%d@client.example\n", n, n, ends, n, n)
	}
	a.write(name, rows)
}

func (a *adminSite) remove(name string) {
	a.t.Helper()
	if err := os.Remove(filepath.Join(a.dir, name)); err != nil {
		a.t.Fatal(err)
	}
}

// letters counts the letters in the outbox.
func (a *adminSite) letters() int {
	a.t.Helper()
	files, err := filepath.Glob(filepath.Join(a.dir, "var/outbox/new/*"))
	if err != nil {
		a.t.Fatal(err)
	}
	return len(files)
}

// wantAll looks for all of these in what was said.
func wantAll(t *testing.T, said string, want ...string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(said, text) {
			t.Errorf("%q is not said:\n%s", text, said)
		}
	}
}
