package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"

	"renewd/internal/compose"
	"renewd/internal/plan"
	"renewd/internal/store"
	"renewd/internal/web"
)

// ServeOptions are what a Server is made of; Reload may bring others, but for
// the database and the listeners.
type ServeOptions struct {
	Engine Options
	// Pass, Backup and Purge say when those run; nil means never.
	Pass, Backup, Purge *Schedule
	Backups             BackupPlan
	Keeping             Keeping
	// Staff are the addresses that are told what cannot wait.
	Staff []string
	// Pages are the public pages.
	Pages *web.Pages
	// Refresh is asked before each pass whether letters or pages were edited: nil
	// where they were not. An error beside Edited is about the pages alone, of
	// which the old ones stay.
	Refresh func() (*Edited, error)
	// Close ends what the options hold open, such as the connections of the
	// transport; nil where there is nothing.
	Close func() error
	// Notes are sentences about the configuration that Health lists, such as a
	// change that only a restart follows.
	Notes []string
}

// backups says when backups are made; nil means never, as where they have no
// place to go.
func (o *ServeOptions) backups() *Schedule {
	if o.Backups.Dir == "" {
		return nil
	}
	return o.Backup
}

// Edited are letters and pages as they are after an edit.
type Edited struct {
	Letters *compose.Set
	Version string
	Pages   *web.Pages
}

// Surroundings are what a Server gets from the machine and keeps to its end.
type Surroundings struct {
	// Public and Admin are where the pages are served; nil for not at all.
	Public, Admin net.Listener
	// Sound reads the whole database and reports damage. It may take some seconds:
	// the daemon is ready meanwhile, but writes and sends nothing before.
	Sound func(ctx context.Context) error
	// Reload reads the configuration again; hangup says that somebody asked for it.
	Reload func() (ServeOptions, error)
	Hangup <-chan struct{}
	// Notify tells the service manager a state such as READY=1.
	Notify func(state string)
	// Watchdog is how often the service manager wants a sign of life; 0 for never.
	Watchdog time.Duration
	// Counted is a clock that only counts, also while the machine sleeps.
	Counted func() time.Duration
	// Log gets what happens, with ids in the place of addresses.
	Log *slog.Logger
	// Grace is how long messages under way may take to land at the end.
	Grace time.Duration
}

// The times by which a server lives.
const (
	retryFirst = time.Second      // after a pass that failed
	retryMost  = 10 * time.Second // … and failed, and failed
	patience   = 2 * time.Second  // for a connection that does not get on
	stallLook  = 5 * time.Second  // how often one is looked for that landed after all
	turn       = time.Minute      // for a pass, before the next one goes on
)

// Server is the daemon: it wakes passes and other work when the schedules say so.
// Cron only wakes; what is due is in the database, so a missed waking loses
// nothing.
type Server struct {
	at Surroundings
	// current is what is in force; the goroutine of the passes alone replaces it.
	current atomic.Pointer[working]
	metrics *metrics
	// life is how long messages may begin and go on, over all reloads.
	life    context.Context
	endLife context.CancelFunc
	hands   Hands

	// wake asks for a pass; follow brings other options; chores are the backup and
	// the purge, one at a time.
	wake   chan struct{}
	follow chan following
	chores chan func(context.Context)

	// jumped is a jump of the clock that is not recorded yet; zero where there is
	// none. For the goroutine of the passes alone.
	jumped time.Duration

	// telling is true while the goroutine that mails staff is at it; mails has it.
	telling atomic.Bool
	mails   sync.WaitGroup
	// staffAfter is when, by the counting clock, a mail to staff may be tried again
	// after so many failed in a row; for the goroutine that mails staff alone.
	staffAfter  time.Duration
	staffFailed int

	mu sync.Mutex // guards what follows
	// busy is when the present pass began; zero between two.
	busy time.Time
	// cancel stops the present pass, so that other options are followed at once.
	cancel context.CancelFunc
	report passReport
	broken string                 // why the last reload was refused
	done   map[string]choreReport // by the name of the chore
}

// working is what a server works with: both change together.
type working struct {
	o      ServeOptions
	engine *Engine
}

// passReport is how the passes are doing.
type passReport struct {
	last     time.Time // when the last one ended well
	failing  time.Time // since when they fail; zero where they do not
	failure  string
	overview store.Overview
}

type following struct {
	options ServeOptions
	done    chan error
}

// NewServer returns a server that has not begun.
func NewServer(o ServeOptions, at Surroundings) (*Server, error) {
	s := &Server{at: at, metrics: newMetrics(), done: map[string]choreReport{},
		wake: make(chan struct{}, 1), follow: make(chan following), chores: make(chan func(context.Context), 4)}
	s.life, s.endLife = context.WithCancel(context.Background())
	o.Engine.Using = &sync.WaitGroup{}
	s.hear(&o)
	engine, err := New(o.Engine)
	if err != nil {
		return nil, err
	}
	s.put(o, engine)
	return s, nil
}

// hear adds to options what the server itself wants of the engine.
func (s *Server) hear(o *ServeOptions) {
	o.Engine.Patience, o.Engine.Turn, o.Engine.Life = patience, turn, s.life
	o.Engine.Sent = s.sent
	o.Engine.Watch = s.metrics.decided
}

// put makes options and engine those in force.
func (s *Server) put(o ServeOptions, engine *Engine) {
	s.current.Store(&working{o, engine})
}

// o are the options in force, engine is the engine.
func (s *Server) o() *ServeOptions { return &s.current.Load().o }
func (s *Server) engine() *Engine  { return s.current.Load().engine }

// Run serves until ctx ends, and then lets the messages under way land.
func (s *Server) Run(ctx context.Context) error {
	stopWeb := s.startWeb()
	clock := cron.New(cron.WithLocation(time.UTC), cron.WithLogger(cron.DiscardLogger))
	s.schedule(clock)
	clock.Start()

	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	defer context.AfterFunc(ctx, s.endLife)()
	var work sync.WaitGroup
	work.Go(func() {
		if err := s.sound(ctx); err != nil {
			fail(err)
			return
		}
		work.Go(func() { s.passes(ctx) })
		work.Go(func() { s.doChores(ctx) })
	})
	s.at.Notify("READY=1\nSTATUS=Looking at what is due")
	s.at.Log.Info("ready", "rules", len(s.o().Engine.Settings.Rules))
	s.watch(ctx, clock)

	s.at.Notify("STOPPING=1\nSTATUS=Ending the messages that are under way")
	s.at.Log.Info("stopping")
	<-clock.Stop().Done()
	err := stopWeb()
	if cause := context.Cause(ctx); errors.Is(cause, ErrUnsound) {
		err = errors.Join(cause, err)
	}
	work.Wait()
	err = errors.Join(err, s.land())
	if s.o().Close != nil {
		err = errors.Join(err, s.o().Close())
	}
	return err
}

// ErrUnsound is wrapped when the database turns out to be damaged.
var ErrUnsound = errors.New("the database cannot be used")

// sound waits until the whole database was read, and says what is wrong with it.
func (s *Server) sound(ctx context.Context) error {
	if s.at.Sound == nil {
		return nil
	}
	err := s.at.Sound(ctx)
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnsound, err)
}

// land waits for the messages under way, those to staff among them, and writes
// down what came of them.
func (s *Server) land() error {
	ctx, stop := context.WithTimeout(context.Background(), s.at.Grace)
	defer stop()
	for s.engine().flight.await(ctx, 0) {
	}
	s.awaitStaffMail(ctx)
	if n, _ := s.engine().flight.under(); n > 0 {
		s.at.Log.Warn("messages did not end in time; those whose contents had begun are in doubt", "messages", n)
	}
	return s.engine().writeDownRest()
}

// watch follows signals and feeds the watchdog until ctx ends.
func (s *Server) watch(ctx context.Context, clock *cron.Cron) {
	var feed <-chan time.Time
	if s.at.Watchdog > 0 {
		ticker := time.NewTicker(s.at.Watchdog / 3)
		defer ticker.Stop()
		feed = ticker.C
	}
	beats := int64(-1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.at.Hangup:
			s.reload(ctx, clock)
		case <-feed:
			var ok bool
			if beats, ok = s.engine().pulse.goesOn(beats); ok || s.idle() {
				s.at.Notify("WATCHDOG=1")
			} else {
				s.at.Log.Error("no progress: the watchdog is not fed")
			}
		}
	}
}

func (s *Server) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy.IsZero()
}

// schedule registers what cron is to wake. A chore that is still running is not
// begun again.
func (s *Server) schedule(clock *cron.Cron) {
	for _, entry := range clock.Entries() {
		clock.Remove(entry.ID)
	}
	if s.o().Pass != nil {
		clock.Schedule(s.o().Pass, cron.FuncJob(s.wakeUp))
	}
	if backups := s.o().backups(); backups != nil {
		clock.Schedule(backups, cron.FuncJob(func() { s.chore(s.backup) }))
	}
	if s.o().Purge != nil {
		clock.Schedule(s.o().Purge, cron.FuncJob(func() { s.chore(s.purge) }))
	}
}

func (s *Server) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default: // somebody asked already
	}
}

func (s *Server) chore(do func(context.Context)) {
	select {
	case s.chores <- do:
	default: // too much is waiting: the next time will do
	}
}

// reload follows a changed configuration, or keeps the old one and says why.
func (s *Server) reload(ctx context.Context, clock *cron.Cron) {
	s.at.Notify("RELOADING=1\nSTATUS=Reading the configuration again")
	next, err := s.at.Reload()
	if err == nil {
		err = s.change(ctx, next)
	}
	if err != nil {
		s.setBroken(err.Error())
		s.at.Log.Error("the configuration was not taken: the old one goes on", "error", err)
		s.at.Notify("READY=1\nSTATUS=The new configuration is broken, the old one goes on: " + firstLine(err.Error()))
		return
	}
	s.setBroken("")
	s.schedule(clock)
	s.at.Log.Info("the configuration was read again", "rules", len(next.Engine.Settings.Rules))
	s.at.Notify("READY=1\nSTATUS=The configuration was read again")
}

func (s *Server) setBroken(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = why
}

// change hands other options to the goroutine of the passes, which it interrupts.
func (s *Server) change(ctx context.Context, next ServeOptions) error {
	f := following{options: next, done: make(chan error, 1)}
	for {
		s.mu.Lock()
		if s.cancel != nil {
			s.cancel()
		}
		s.mu.Unlock()
		select {
		case s.follow <- f:
			return <-f.done
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond): // a pass may have begun just now
		}
	}
}

// startWeb serves the pages; the returned function ends that.
func (s *Server) startWeb() (stop func() error) {
	var servers []*http.Server
	serve := func(l net.Listener, handler http.Handler) {
		server := web.Server(handler)
		// net/http's own log names the addresses of clients: nobody reads it.
		server.ErrorLog = slog.NewLogLogger(s.at.Log.Handler(), slog.LevelDebug)
		servers = append(servers, server)
		go func() {
			if err := server.Serve(web.Limit(l)); !errors.Is(err, http.ErrServerClosed) {
				s.at.Log.Error("pages are no longer served", "address", l.Addr().String(), "error", err)
			}
		}()
	}
	if s.at.Public != nil {
		links := s.engine().Links()
		agreements := NewAgreementPages(links, func() *plan.Settings { return s.engine().o.Settings })
		serve(s.at.Public, web.Public(web.PublicOptions{Unsubscribes: links, Agreements: agreements, Reasons: agreements,
			Pages: func() *web.Pages { return s.o().Pages }, Log: s.at.Log, Clock: s.o().Engine.Clock}))
	}
	if s.at.Admin != nil {
		serve(s.at.Admin, web.Admin(web.AdminOptions{Health: s.Health, Metrics: s.metrics.handler(s)}))
	}
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		var errs []error
		for _, server := range servers {
			if err := server.Shutdown(ctx); err != nil {
				errs = append(errs, server.Close())
			}
		}
		return errors.Join(errs...)
	}
}
