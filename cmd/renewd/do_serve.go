package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	sd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"renewd/internal/compose"
	"renewd/internal/daemon"
	"renewd/internal/plan"
	"renewd/internal/store"
	"renewd/internal/web"
	"renewd/templates"
)

// The times by which serve lives: how long a transaction waits for another
// program before it is tried again, so that the watchdog sees a wait and no
// hang; and how long, at the end, a server may take to reply to a message whose
// contents have begun, and until all that is written down: less than the 90
// seconds that systemd waits.
const (
	serveBusy      = 10 * time.Second
	transportGrace = 80 * time.Second
	serveGrace     = 84 * time.Second
)

// doServe is the daemon.
func doServe(ctx context.Context, s *Session) error {
	daemon.SpareProcessor()
	c, err := s.Config()
	if err != nil {
		return cannotServe("%w", err)
	}
	if err := c.unusable(s); err != nil {
		return cannotServe("%w", err)
	}
	lock, err := daemon.Lock(c.Database)
	if errors.Is(err, daemon.ErrRunning) {
		return err // the other one may end: this is no reason never to start again
	}
	if err != nil {
		return cannotServe("%w", err)
	}
	defer lock.Unlock()
	db, err := c.openToServe(ctx)
	if err != nil {
		return cannotServe("%w", err)
	}
	defer db.Close()

	log := newLog(s.Stderr(), os.Getenv("JOURNAL_STREAM") != "")
	listeners, err := c.listen()
	if err != nil {
		return err // whoever has the address may go: systemd tries again
	}
	options, err := c.serveOptions(db)
	if err != nil {
		return cannotServe("%w", err)
	}
	hangup := hangups(ctx)
	server, err := daemon.NewServer(options, daemon.Surroundings{
		Public: listeners.public, Admin: listeners.admin, Sound: db.Check,
		Reload:   func() (daemon.ServeOptions, error) { return c.reload(s, db, log) },
		Hangup:   hangup,
		Notify:   notify,
		Watchdog: watchdog(),
		Counted:  counted, Log: log, Grace: serveGrace,
	})
	if err != nil {
		return cannotServe("%w", err)
	}
	err = server.Run(ctx)
	if errors.Is(err, daemon.ErrUnsound) {
		return cannotServe("%w", err)
	}
	return err
}

// unusable looks for what makes the daemon useless although the file can be
// read: rules that name letters which nobody wrote.
func (c *Config) unusable(s *Session) error {
	var texts []string
	for _, p := range c.missingLetters(s.templateNames(c.Templates)) {
		texts = append(texts, p.String())
	}
	if len(texts) > 0 {
		return errors.New(strings.Join(texts, "\n"))
	}
	return nil
}

// openToServe opens the database. An upgrade of the schema may take its time, and
// so may another program that holds the lock: systemd is told that we are at it.
func (c *Config) openToServe(ctx context.Context) (*store.DB, error) {
	atIt, done := context.WithCancel(ctx)
	defer done()
	go func() {
		for atIt.Err() == nil {
			_, _ = sd.SdNotify(false, "STATUS=Opening the database\nEXTEND_TIMEOUT_USEC="+fmt.Sprint((6*serveBusy).Microseconds()))
			select {
			case <-atIt.Done():
			case <-time.After(serveBusy):
			}
		}
	}()
	for {
		db, err := store.Open(ctx, c.Database, store.Options{Now: present(), BackupDir: c.Backup.Dir, Zone: c.Business.TimeZone,
			BusyTimeout: serveBusy, Lean: true})
		if !errors.Is(err, store.ErrBusy) || ctx.Err() != nil {
			return db, err
		}
	}
}

// serveOptions are what the daemon is made of with this configuration.
func (c *Config) serveOptions(db *store.DB) (daemon.ServeOptions, error) {
	var o daemon.ServeOptions
	engine, t, err := c.engineOptions(db, present, nil)
	if err != nil {
		return o, err
	}
	pages, err := c.pages()
	if err != nil {
		return o, err
	}
	zone := c.Business.TimeZone
	pass, err1 := daemon.ParseSchedule(c.Cron.Pass, zone, true)
	backup, err2 := daemon.ParseSchedule(c.Cron.Backup, zone, false)
	purge, err3 := daemon.ParseSchedule(c.Cron.Purge, zone, false)
	if err := errors.Join(err1, err2, err3); err != nil {
		return o, err
	}
	var staff []string
	for _, a := range c.Business.Staff {
		staff = append(staff, a.Address)
	}
	return daemon.ServeOptions{
		Engine: engine, Pass: pass, Backup: backup, Purge: purge, Staff: staff, Pages: pages, Close: t.close,
		Backups: daemon.BackupPlan{Dir: c.Backup.Dir, Keep: c.Backup.Keep},
		Refresh: c.refresher(),
		Keeping: daemon.Keeping{Notices: c.Evidence.Notices, Commercial: c.Evidence.Commercial, Events: c.Events.Keep},
	}, nil
}

// pages loads the public pages with the business's own ones over them.
func (c *Config) pages() (*web.Pages, error) {
	return web.LoadPages(templates.FS, os.DirFS(c.Templates), web.Business{Name: c.Business.Name,
		PostalAddress: c.Business.PostalAddress, Email: c.Business.answersTo(), Locale: c.Business.Locale},
		func(page, customer string) web.Words { return compose.SpeechFor(page, customer, c.Business.Locale) })
}

// refresher returns what looks whether the business's own letters or pages were
// edited since it last looked, and then reads them again.
func (c *Config) refresher() func() (*daemon.Edited, error) {
	seen := c.lettersSeen()
	return func() (*daemon.Edited, error) {
		now := c.lettersSeen()
		if now == seen {
			return nil, nil
		}
		seen = now
		edited := &daemon.Edited{Letters: c.letters()}
		var err error
		if edited.Version, err = c.lettersVersion(); err != nil {
			return nil, fmt.Errorf("reading the letters: %w", err)
		}
		if edited.Pages, err = c.pages(); err != nil {
			return edited, err // the letters are good for themselves
		}
		return edited, nil
	}
}

// lettersSeen is what the folder of the business's own letters looks like from
// outside: cheap enough for every pass.
func (c *Config) lettersSeen() string {
	entries, err := os.ReadDir(c.Templates)
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", entry.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}

// reload reads the configuration file again. What only a restart can change
// stays, and is said.
func (c *Config) reload(s *Session, db *store.DB, log *slog.Logger) (daemon.ServeOptions, error) {
	next, problems := LoadConfig(c.File)
	if next == nil {
		var texts []string
		for _, p := range problems {
			if p.Level == LevelError {
				texts = append(texts, p.String())
			}
		}
		return daemon.ServeOptions{}, errors.New(strings.Join(texts, "\n"))
	}
	if err := next.unusable(s); err != nil {
		return daemon.ServeOptions{}, err
	}
	if next.Database != c.Database || next.StateDir() != c.StateDir() {
		return daemon.ServeOptions{}, fmt.Errorf("%s: database: it is now %s: that takes a restart", next.File, next.Database)
	}
	o, err := next.serveOptions(db)
	if err == nil && (next.Web.Public != c.Web.Public || next.Web.Admin != c.Web.Admin) {
		o.Notes = append(o.Notes, next.File+": [web]: the addresses of the pages changed: that takes a restart, the old ones are served until then")
		log.Warn("the addresses in [web] changed: that takes a restart")
	}
	return o, err
}

// listeners are where the pages are served; nil for not at all.
type listeners struct{ public, admin net.Listener }

// listen opens the listeners: those that systemd hands over by name, else the
// addresses of the configuration.
func (c *Config) listen() (l listeners, err error) {
	given, err := activation.ListenersWithNames()
	if err != nil {
		return l, fmt.Errorf("the sockets that systemd hands over: %w", err)
	}
	open := func(name, address string) (net.Listener, error) {
		if len(given[name]) > 0 {
			return given[name][0], nil
		}
		if address == "" {
			return nil, nil
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("web.%s: %w (is another program there already? write another address, or \"\" for none)", name, err)
		}
		return listener, nil
	}
	var errPublic, errAdmin error
	l.public, errPublic = open("public", c.Web.Public)
	l.admin, errAdmin = open("admin", c.Web.Admin)
	return l, errors.Join(errPublic, errAdmin)
}

// hangups says when somebody asks for a reload.
func hangups(ctx context.Context) <-chan struct{} {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	asked := make(chan struct{}, 1)
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				select {
				case asked <- struct{}{}:
				default: // one reload sees what both wanted
				}
			}
		}
	}()
	return asked
}

// notify tells systemd a state; without systemd there is nobody to tell. A reload
// has to say when it began (sd_notify(3)).
func notify(state string) {
	var t unix.Timespec
	if strings.HasPrefix(state, "RELOADING=1") && unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) == nil {
		state += fmt.Sprintf("\nMONOTONIC_USEC=%d", t.Nano()/1000)
	}
	_, _ = sd.SdNotify(false, state)
}

// watchdog is how often systemd wants a sign of life; 0 for never.
func watchdog() time.Duration {
	every, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		return 0
	}
	return every
}

// counted is a clock that only counts, also while the machine sleeps: so a
// laptop that was shut for a weekend is no clock that jumped.
func counted() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return time.Since(started)
	}
	return time.Duration(t.Nano())
}

var started = time.Now()

// engineOptions connects the rooms for this configuration. watch is told of
// every decision; the transport's close is for when it is needed no more.
func (c *Config) engineOptions(db *store.DB, now func() time.Time, watch func(plan.Line)) (daemon.Options, transport, error) {
	o, err := c.planOptions(db, now, watch)
	if err != nil {
		return o, transport{}, err
	}
	if o.Sign, err = c.sign(); err != nil {
		return o, transport{}, err
	}
	t, err := c.transport()
	o.Transport, o.Connections = t, t.connections
	return o, t, err
}

// planOptions are engineOptions without a transport.
func (c *Config) planOptions(db *store.DB, now func() time.Time, watch func(plan.Line)) (daemon.Options, error) {
	letters := c.letters()
	version, err := c.lettersVersion()
	if err != nil {
		return daemon.Options{}, fmt.Errorf("reading the letters in %s: %w", filepath.Clean(c.Templates), err)
	}
	return daemon.Options{
		DB: db, Settings: c.settings(letters), Letters: letters, LettersVersion: version, Rate: c.Mail.Rate, BaseURL: c.Web.BaseURL,
		Sender: daemon.Sender{From: c.Business.From.String(), Address: c.Business.From.Address, ReplyTo: c.Business.replyTo()},
		Clock:  now, Instance: c.instance(), Watch: watch,
	}, nil
}
