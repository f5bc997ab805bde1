package main

import (
	"context"
	"io"

	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// App is what the commands do, one function a command; a command whose function
// is nil is not in this version. Functions write data to s.Out and messages to
// s.Err, and choose an exit code with usageError, needsPerson and the like.
type App struct {
	Demo func(ctx context.Context, s *Session, o DemoOptions) error
	// Serve is the daemon: it works until ctx ends.
	Serve    func(ctx context.Context, s *Session) error
	Run      func(ctx context.Context, s *Session, o RunOptions) error
	Import   func(ctx context.Context, s *Session, o ImportOptions) error
	Record   func(ctx context.Context, s *Session, o RecordOptions) error
	Forecast func(ctx context.Context, s *Session, o ForecastOptions) error
	Explain  func(ctx context.Context, s *Session, ref string) error
	Preview  func(ctx context.Context, s *Session, o PreviewOptions) error
	// SendTest sends one letter to one address.
	SendTest func(ctx context.Context, s *Session, o SendTestOptions) error
	// Release lets a burst go, of one rule or (empty) of all.
	Release func(ctx context.Context, s *Session, rule string) error
	// Tasks lists what waits for a person, TaskDone ticks one off.
	Tasks    func(ctx context.Context, s *Session) error
	TaskDone func(ctx context.Context, s *Session, id int64) error
	// Retry has failed or uncertain reminders sent again.
	Retry   func(ctx context.Context, s *Session, ids []int64) error
	Adopt   func(ctx context.Context, s *Session) error
	Audit   func(ctx context.Context, s *Session, o AuditOptions) error
	Backup  func(ctx context.Context, s *Session, file string) error
	Migrate func(ctx context.Context, s *Session) error

	// Checks look at what a good configuration points to: letters, database.
	Checks []func(ctx context.Context, c *Config) []Problem
	// Online tries the transport, for check --online.
	Online func(ctx context.Context, s *Session, c *Config) []Problem
	// CopyTemplate is `init --template`: it copies a built-in letter in every
	// language into the folder dir and returns the files that it wrote.
	CopyTemplate func(name, dir string) ([]string, error)
	// TemplateNames lists the letters, for completion; dir is the folder of the
	// business's own ones, empty where there is no configuration.
	TemplateNames func(dir string) []string
}

// absentCommands are names that later versions answer to.
var absentCommands = []string{"report", "classify", "export", "erase"}

// Session is one call of a command.
type Session struct {
	// Out takes data, Err messages.
	Out *Printer
	Err *Printer
	// configFlag is --config as given.
	configFlag string
	// checks, online and templateNames are those of the App.
	checks        []func(ctx context.Context, c *Config) []Problem
	online        func(ctx context.Context, s *Session, c *Config) []Problem
	templateNames func(dir string) []string
}

// Stdout is the raw stream of data, for what is neither table nor JSON.
func (s *Session) Stdout() io.Writer { return s.Out.w }

// Stderr is the raw stream of messages, for the log of the daemon.
func (s *Session) Stderr() io.Writer { return s.Err.w }

// Config finds and reads the configuration. Its errors are shown to the user;
// warnings are left to `check`.
func (s *Session) Config() (*Config, error) {
	path, err := findConfig(s.configFlag)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	c, problems := LoadConfig(path)
	if c != nil {
		return c, nil
	}
	for _, p := range problems {
		if p.Level == LevelError {
			_ = s.Err.Line("%s", p) // nowhere else to tell it
		}
	}
	return nil, &exitError{exitUsage, errTold}
}

// DemoOptions are the flags of demo.
type DemoOptions struct {
	// Once prints and exits instead of serving pages until Ctrl-C.
	Once bool
}

// RunOptions are the flags of run.
type RunOptions struct{ DryRun bool }

// ImportOptions are the arguments and flags of import.
type ImportOptions struct {
	Files []string
	// As is customers, products, agreements or events; empty: by the header.
	As                    string
	DryRun, SkipBad, Full bool
	// Ignore are columns to let pass.
	Ignore []string
	// DateFormat is dmy, mdy or ymd; empty: found out.
	DateFormat string
	// list joins the files of one complete list.
	list *store.FullList
	// settings say what events do to terms.
	settings *plan.Settings
}

// RecordOptions are the arguments and flags of record.
type RecordOptions struct {
	Type                         renewal.EventType
	Customer, Agreement, Product string
	// At is an instant or a date as written, checked to be one of them (see
	// instant); empty means now.
	At    string
	Until renewal.Date
	// Amount is as written, in Currency.
	Amount, Currency string
	// Quantity is nil where none was given.
	Quantity          *int64
	Channel, Note, ID string
}

// ForecastOptions are the flags of forecast.
type ForecastOptions struct {
	// Now and From are an instant or a date as written, checked to be one of
	// them; empty where they were not given.
	Now, From string
	// Days is the horizon in days of 24 hours.
	Days int
}

// PreviewOptions are the arguments and flags of preview.
type PreviewOptions struct {
	Template, Locale, Agreement string
	// Form is text, html or eml.
	Form string
}

// AuditOptions are the arguments and flags of audit.
type AuditOptions struct {
	// Agreement is the ref of the only agreement wanted, empty for all.
	Agreement string
	// From and To bound the end of the term, both inclusive; zero means no bound.
	From, To renewal.Date
	CSV      bool
	// Evidence is the ref of the agreement whose evidence is to be written into
	// the folder Dir; empty for the list of notices.
	Evidence, Dir string
}
