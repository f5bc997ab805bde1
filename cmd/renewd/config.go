package main

import (
	"errors"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/rulebook"
)

// Config is config.toml, checked: every value in it can be used as it is.
// Paths are ready to open; no secret stands in it.
type Config struct {
	// File is the path that the configuration was read from.
	File string
	// Database is the SQLite file, Templates the folder of the business's own
	// letters (it may not exist).
	Database, Templates string
	Business            Business
	Mail                Mail
	Send                Send
	Complaints          Complaints
	Cron                Cron
	Web                 Web
	Evidence            Evidence
	Events              Events
	Backup              Backup
	DKIM                DKIM
	Instance            Instance
	// Rules are the rules to plan by, in the order of the file. Rule.Place
	// counts all rules of the file, so it may skip numbers.
	Rules []renewal.Rule
	// Book holds the legal and card-scheme duties.
	Book *rulebook.Book
	// Notice is about notices under them.
	Notice Notice
	// SetAside names the rules that this version does not plan by, because they
	// need a feature that is not there yet.
	SetAside []string
	// root is the file as it was read, for the places of its keys.
	root *node
}

// Business says who writes to the customers.
type Business struct {
	Name string
	From mail.Address
	// ReplyTo has an empty Address where answers go to From.
	ReplyTo       mail.Address
	PostalAddress string
	// TimeZone is the zone of customers without one, Locale (BCP 47) their
	// language.
	TimeZone *time.Location
	Locale   string
	// Staff are told what needs a person; it may be empty.
	Staff []mail.Address
}

// replyTo is the Reply-To header; empty where answers go to From.
func (b *Business) replyTo() string {
	if b.ReplyTo.Address == "" {
		return ""
	}
	return b.ReplyTo.String()
}

// answersTo is the bare address that answers reach.
func (b *Business) answersTo() string {
	if b.ReplyTo.Address != "" {
		return b.ReplyTo.Address
	}
	return b.From.Address
}

// Mail says how messages leave.
type Mail struct {
	// Transport is maildir, smtp or sendmail.
	Transport string
	// Maildir is the folder that messages are put into.
	Maildir string
	Host    string
	Port    int
	// TLS is starttls, implicit or none; CAFile is empty for the system's own
	// certificates.
	TLS, CAFile string
	// Auth is auto, plain, login, scram, xoauth2 or none. An empty User logs in
	// nowhere.
	Auth, User, PasswordFile string
	// TokenCommand is a program and its arguments that prints an access token.
	TokenCommand []string
	// Sendmail is the path of the program.
	Sendmail    string
	Connections int
	// Rate is in messages a minute, 0 for no limit.
	Rate int
}

// Send says when and how often messages may leave.
type Send struct {
	// Days are the sending days by time.Weekday.
	Days [7]bool
	// Open and Close are minutes after midnight; Close is not included, and
	// 1440 means the end of the day.
	Open, Close int
	// Holidays are no sending days.
	Holidays map[renewal.Date]bool
	// Cap is the time between two commercial messages to one household; P0D is
	// no limit.
	Cap renewal.Period
	// Burst is how many surprising commercial reminders may leave unasked; 0
	// switches the guard off.
	Burst int
}

// Complaints says how long a complaint holds commercial mail.
type Complaints struct {
	Hold, AfterResolution renewal.Period
}

// Cron has expressions of robfig/cron in the business's zone. An empty one never
// runs.
type Cron struct {
	Pass, Digest, Backup, Learn, Inbox, Purge string
}

// Web says where pages are served.
type Web struct {
	// Public and Admin are host:port, or empty for no listener.
	Public, Admin string
	// BaseURL is how customers reach Public, without a slash at its end; empty
	// where there are no pages.
	BaseURL string
}

// Evidence says how long the bytes of sent messages are kept.
type Evidence struct {
	// Notices also holds for transactional messages.
	Notices, Commercial renewal.Period
}

// Events says how long events are kept; no period is for ever.
type Events struct{ Keep renewal.Period }

// Notice says which days are no business days beside the public holidays of the
// customer's country.
type Notice struct{ Holidays map[renewal.Date]bool }

// Backup says where scheduled copies of the database go and how many are kept.
type Backup struct {
	Dir  string
	Keep int
}

// DKIM says how messages are signed; an empty Domain signs none.
type DKIM struct{ Domain, Selector, KeyFile string }

// Instance is the name of the installation that the database belongs to; empty
// where the machine's own identity decides.
type Instance struct{ Name string }

// StateDir is the folder beside the database in which the instance keeps how
// far it had got: $STATE_DIRECTORY, else the database's folder.
func (c *Config) StateDir() string {
	if dir := stateDirectory(); dir != "" {
		return dir
	}
	return filepath.Dir(c.Database)
}

// stateDirectory is the first folder that systemd gave us.
func stateDirectory() string {
	dirs := filepath.SplitList(os.Getenv("STATE_DIRECTORY"))
	if len(dirs) == 0 {
		return ""
	}
	return dirs[0]
}

// LoadConfig reads a configuration file. It returns every problem it can find,
// in the order of the file; the configuration is nil when one of them is an
// error. It reads $STATE_DIRECTORY.
func LoadConfig(path string) (*Config, []Problem) {
	c, problems := inspectConfig(path)
	if hasErrors(problems) {
		return nil, problems
	}
	return c, problems
}

// inspectConfig is LoadConfig for who looks for more faults: it returns what it
// could read of a configuration with errors too, nil only where that is nothing.
func inspectConfig(path string) (*Config, []Problem) {
	data, err := os.ReadFile(path)
	if err != nil {
		text := err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			text = "there is no such file: write one with `renewd init`, or name another with --config"
		}
		return nil, []Problem{{File: path, Level: LevelError, Text: text}}
	}
	return readConfig(path, data, stateDirectory(), nil)
}

// parseConfig is LoadConfig without the file system. Relative paths are beside
// the file, those of the state under stateDir where that is not empty. The keys
// asked for are added to record unless it is nil.
func parseConfig(path string, data []byte, stateDir string, record *keyRecord) (*Config, []Problem) {
	c, problems := readConfig(path, data, stateDir, record)
	if hasErrors(problems) {
		return nil, problems
	}
	return c, problems
}

// readConfig is inspectConfig without the file system, see parseConfig.
func readConfig(path string, data []byte, stateDir string, record *keyRecord) (*Config, []Problem) {
	problems := &problemList{file: path}
	root := parseTree(data, problems)
	if root == nil {
		return nil, problems.found
	}
	c := &Config{File: path, root: root}
	beside := filepath.Dir(path)
	state := stateDir
	if state == "" {
		state = beside
	}
	top := &section{table: root, problems: problems, record: record}
	c.Database = top.path("database", "renewd.db", state)
	c.Templates = top.path("templates", "templates", beside)
	c.Business = readBusiness(top.sub("business"))
	c.Mail = readMail(top.sub("mail"), beside, state)
	c.Send = readSend(top.sub("send"))
	c.Complaints = readComplaints(top.sub("complaints"))
	c.Cron = readCron(top.sub("cron"))
	c.Web = readWeb(top.sub("web"))
	c.Notice = readNoticeDays(top.sub("notice"))
	c.readKeeping(top, beside, state)
	c.readRules(top)
	top.finish()
	c.warn(top)
	sortProblems(problems.found, path)
	return c, problems.found
}

// path reads a path and puts a relative one into the folder base.
func (s *section) path(key, byDefault, base string) string {
	p := parsed(s, key, byDefault, "a path in quotes", filledLine)
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(base, p)
}
