package main

import (
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"renewd/internal/renewal"
)

// compareZones lets cmp compare zones by their names, and pass over the places of
// keys.
var compareZones = cmp.Options{
	cmp.Comparer(func(a, b *time.Location) bool {
		return a == b || a != nil && b != nil && a.String() == b.String()
	}),
	cmpopts.IgnoreUnexported(Config{}),
}

// mustParse reads a configuration that has no errors.
func mustParse(t *testing.T, text, stateDir string) *Config {
	t.Helper()
	c, problems := parseConfig("/etc/renewd/config.toml", []byte(text), stateDir, nil)
	if c == nil {
		t.Fatalf("problems: %v", problems)
	}
	return c
}

// defaults is what a configuration says that says nothing.
func defaults() *Config {
	return &Config{
		File:      "/etc/renewd/config.toml",
		Database:  "/etc/renewd/renewd.db",
		Templates: "/etc/renewd/templates",
		Business: Business{
			Name:          "Parc Aurore",
			From:          mail.Address{Address: "a@example.org"},
			PostalAddress: "here",
			TimeZone:      mustZone("Europe/Paris"),
			Locale:        "en",
			Staff:         []mail.Address{{Address: "b@example.org"}},
		},
		Mail: Mail{Transport: "maildir", Maildir: "/etc/renewd/outbox", Host: "127.0.0.1", Port: 587, TLS: "starttls",
			Auth: "auto", Sendmail: "/usr/sbin/sendmail", Connections: 4, Rate: 600},
		Send: Send{Days: [7]bool{false, true, true, true, true, true, true}, Open: 540, Close: 1080,
			Holidays: map[renewal.Date]bool{}, Cap: renewal.Days(3), Burst: 100},
		Complaints: Complaints{Hold: renewal.Days(30), AfterResolution: renewal.Days(7)},
		Cron: Cron{Pass: "* * * * *", Digest: "0 7 * * mon-fri", Backup: "30 2 * * *", Learn: "0 3 * * *",
			Inbox: "*/5 * * * *", Purge: "30 3 * * *"},
		Web:      Web{Public: "127.0.0.1:8686", Admin: "127.0.0.1:8687"},
		Evidence: Evidence{Notices: renewal.MustPeriod("P3Y"), Commercial: renewal.Days(90)},
		Backup:   Backup{Dir: "/etc/renewd/backups", Keep: 14},
	}
}

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

func TestDefaults(t *testing.T) {
	if diff := cmp.Diff(defaults(), mustParse(t, enough, ""), compareZones); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestValues(t *testing.T) {
	got := mustParse(t, `
database = "/srv/renewd.db"
templates = "letters"
business = { name = "Gym", from = "Gym <a@example.org>", reply_to = "r@example.org", postal_address = "here\nthere", `+
		`time_zone = "Pacific/Tongatapu", locale = "pt-br", staff = "Ana <b@example.org>" }
[mail]
tls = "implicit"
maildir = "box"
user = "u"
password_file = "secret"
[send]
days = ["sun", "sat"]
hours = "00:00-24:00"
holidays = [2026-12-25, "2027-01-01"]
cap = "P1W"
burst = 0x10
[complaints]
hold = "P1M"
after_resolution = "P0D"
[web]
public = ""
base_url = "https://renew.example.org/"
[events]
keep = "P10Y"
[instance]
name = "till"
`, "/var/lib/renewd")
	want := defaults()
	want.Database, want.Templates = "/srv/renewd.db", "/etc/renewd/letters"
	want.Business = Business{
		Name:          "Gym",
		From:          mail.Address{Name: "Gym", Address: "a@example.org"},
		ReplyTo:       mail.Address{Address: "r@example.org"},
		PostalAddress: "here\nthere",
		TimeZone:      mustZone("Pacific/Tongatapu"),
		Locale:        "pt-BR",
		Staff:         []mail.Address{{Name: "Ana", Address: "b@example.org"}},
	}
	want.Mail.TLS, want.Mail.Port, want.Mail.Maildir = "implicit", 465, "/var/lib/renewd/box"
	want.Mail.User, want.Mail.PasswordFile = "u", "/etc/renewd/secret"
	want.Send = Send{Days: [7]bool{true, false, false, false, false, false, true}, Open: 0, Close: 1440,
		Holidays: map[renewal.Date]bool{renewal.NewDate(2026, 12, 25): true, renewal.NewDate(2027, 1, 1): true},
		Cap:      renewal.MustPeriod("P1W"), Burst: 16}
	want.Complaints = Complaints{Hold: renewal.MustPeriod("P1M"), AfterResolution: renewal.Days(0)}
	want.Web = Web{Admin: "127.0.0.1:8687", BaseURL: "https://renew.example.org"}
	want.Events.Keep = renewal.MustPeriod("P10Y")
	want.Backup.Dir = "/var/lib/renewd/backups"
	want.Instance.Name = "till"
	if diff := cmp.Diff(want, got, compareZones); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestRules reads the example's rules, and one that is set aside before them:
// the others keep their places.
func TestRules(t *testing.T) {
	got := mustParse(t, strings.Replace(string(exampleConfig), "[[rule]]", `[[rule]]
name = "quiet"
lapse = ["P0D"]
template = "win-back"

[[rule]]`, 1), "")
	want := []renewal.Rule{{
		Name: "annual-pass", Place: 1, Class: renewal.Commercial,
		Audience:  renewal.Audience{Kind: []string{"pass"}, AutoRenew: []bool{false}},
		BeforeEnd: []renewal.Period{renewal.Days(30), renewal.Days(7)},
		AfterUse:  &renewal.AfterUse{Delay: renewal.Days(1), From: renewal.Days(90), Until: renewal.Days(14)},
		AfterEnd:  []renewal.Period{renewal.Days(7)},
		Template:  "pass-renewal", TemplateAfter: "win-back",
	}, {
		Name: "auto-renewal-notice", Place: 2, Class: renewal.Notice,
		Audience: renewal.Audience{AutoRenew: []bool{true}},
		Notice:   &renewal.NoticeWindow{Anchor: renewal.AnchorRenewsOn, Earliest: renewal.Days(45), Latest: renewal.Days(15)},
		Template: "auto-renewal-notice",
	}, {
		Name: "renewal-confirmation", Place: 3, Class: renewal.Transactional,
		Audience: renewal.Audience{AutoRenew: []bool{true}},
		On:       renewal.Renewal, Template: "renewal-confirmation",
	}}
	if diff := cmp.Diff(want, got.Rules); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{"quiet"}, got.SetAside); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestNoticeClassIsImplied(t *testing.T) {
	c := mustParse(t, `
[[rule]]
name = "a"
notice = { anchor = "cancel_by", earliest = "P30D", latest = "P10D" }
dedicated = true
country = ["fr", "BE"]
locale = "pt-br"
cancelled = true
template = "x"
`+enough, "")
	rule := c.Rules[0]
	want := renewal.Audience{Country: []string{"FR", "BE"}, Locale: []string{"pt-BR"}, Cancelled: []bool{true}}
	if diff := cmp.Diff(want, rule.Audience); diff != "" || rule.Class != renewal.Notice || !rule.Dedicated {
		t.Errorf("%+v\n%s", rule, diff)
	}
}

func TestStateDir(t *testing.T) {
	c := &Config{Database: "/srv/data/renewd.db"}
	t.Setenv("STATE_DIRECTORY", "")
	if got := c.StateDir(); got != "/srv/data" {
		t.Errorf("without systemd: %q", got)
	}
	t.Setenv("STATE_DIRECTORY", "/var/lib/renewd:/var/lib/other")
	if got := c.StateDir(); got != "/var/lib/renewd" {
		t.Errorf("with systemd: %q", got)
	}
}

func TestLoadConfigUsesTheStateDirectory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, []byte("\xef\xbb\xbf"+enough), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STATE_DIRECTORY", "/var/lib/renewd")
	c, problems := LoadConfig(path)
	if c == nil {
		t.Fatal(problems)
	}
	if c.Database != "/var/lib/renewd/renewd.db" || c.Templates != filepath.Join(dir, "templates") {
		t.Errorf("database %s, templates %s", c.Database, c.Templates)
	}
}

func TestLoadConfigOfNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent.toml")
	c, problems := LoadConfig(path)
	want := []Problem{{File: path, Level: LevelError,
		Text: "there is no such file: write one with `renewd init`, or name another with --config"}}
	if diff := cmp.Diff(want, problems); c != nil || diff != "" {
		t.Errorf("configuration %v\n%s", c, diff)
	}
}

func TestFindConfig(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("RENEWD_CONFIG", "")
	if _, err := os.Stat(configPlaces[1]); err != nil {
		if path, err := findConfig(""); err != errNoConfig {
			t.Errorf("nothing there: %q, %v", path, err)
		}
	}
	if err := os.WriteFile("config.toml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, flag, env, want string }{
		{"here", "", "", "config.toml"},
		{"environment", "", "/a/env.toml", "/a/env.toml"},
		{"flag", "flag.toml", "/a/env.toml", "flag.toml"},
	} {
		t.Setenv("RENEWD_CONFIG", c.env)
		if got, err := findConfig(c.flag); got != c.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"before_end", "after_end", "password_file", "cap", "on"}
	for word, want := range map[string]string{
		"befor_end": "before_end", "before-end": "before_end", "beofre_end": "before_end", "BEFORE_END": "before_end",
		"password": "password_file", "cpa": "cap", "no": "on", "zebra": "", "": "",
	} {
		if got := nearest(word, words); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
