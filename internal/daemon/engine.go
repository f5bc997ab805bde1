// Package daemon is the conductor: the only room that knows the others. The
// whole flow can be read in flow.go; deliver.go hands messages to the transport.
package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"renewd/internal/compose"
	"renewd/internal/mailout"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// Transport takes one message to where it goes.
type Transport interface {
	// Deliver hands over the bytes of one message. It calls streaming (nil for
	// none) once the transport is ready and before the first byte of the contents;
	// an error of streaming ends the try without doubt. The error is nil but where
	// the transport itself is in trouble (see Answer.Away), streaming failed, or
	// ctx ended before the contents began; what came of the message is the Answer.
	Deliver(ctx context.Context, from, to string, raw []byte, streaming func() error) (mailout.Answer, error)
}

// Options are what an Engine is made of.
type Options struct {
	DB       *store.DB
	Settings *plan.Settings
	Letters  *compose.Set
	// LettersVersion changes whenever a file of the letters does.
	LettersVersion string
	Transport      Transport
	Sender         Sender
	// Sign returns the bytes of a message with a signature, before they are kept and
	// sent; nil signs nothing. It is called from several goroutines.
	Sign func(raw []byte) ([]byte, error)
	// Connections is how many messages are under way at once; 0 means one after
	// the other, in the goroutine of the pass.
	Connections int
	// Rate is the most messages a minute; 0 means as fast as the transport takes
	// them.
	Rate int
	// BaseURL is where customers reach the public pages, without a slash at its
	// end; empty: there are none.
	BaseURL string
	// Clock returns the present in UTC.
	Clock func() time.Time
	// Instance is who wants to send from the database.
	Instance store.Instance
	// Watch is told of every decision as it is made; nil tells nobody.
	Watch func(plan.Line)
	// Sent is told what came of every try to send; nil tells nobody. It is called
	// from several goroutines.
	Sent func(Report)
	// Life is what messages under way end with, where that is another time than the
	// pass that claimed them: an interrupted pass is no reason to break off a
	// dialogue. nil: the pass.
	Life context.Context
	// Using counts the messages that are on their way to the Transport, so that it
	// is closed only after them; nil: nobody wants to know.
	Using *sync.WaitGroup
	// AtOnce: a person asked for this pass, so a pause is no reason to wait.
	AtOnce bool
	// Patience is how long a pass waits for a connection that does not get on,
	// before it leaves it to itself; 0 means until its end.
	Patience time.Duration
	// Turn is how long a pass goes on before it leaves the rest to the next one, so
	// that what a server does between two passes (comparing its clocks, mailing
	// staff) does not wait for thousands of messages; 0 means until nothing is due.
	Turn time.Duration
}

// Report says what came of one try to send a message.
type Report struct {
	// Message is the id of the row in messages.
	Message int64
	Rule    string
	Class   renewal.Class
	// Late is the time between the moment at which the first reminder was due and
	// the answer.
	Late   time.Duration
	Answer mailout.Answer
}

// Sender is whom messages come from.
type Sender struct {
	// From and ReplyTo are as headers have them, with or without a name; ReplyTo
	// may be empty.
	From, ReplyTo string
	// Address is the bare address of From: the envelope's sender.
	Address string
}

// Engine makes passes over one database, one at a time. What it handed to the
// transport may be under way between two passes.
type Engine struct {
	o           Options
	fingerprint string
	limiter     *rate.Limiter // nil: as fast as it goes
	standing    plan.Standing
	// rescued: no message is left sending from before.
	rescued bool
	// unowned: the database never sent; it becomes ours before the first claim.
	unowned bool
	// home: nothing waits any more because the database was a copy.
	home bool
	*common
}

// common is what an engine and those that follow it with other options share:
// everything that a message under way needs.
type common struct {
	ledger ledger
	flight *flight
	links  *Links
	pulse  pulse
	// lost: a message could not be given back, and has to be rescued.
	lost atomic.Bool
	// probing is the latest message that was a probe while sending was paused.
	probing atomic.Int64
	// sequence orders the Message-IDs of one second.
	sequence atomic.Uint32
	// doubtful counts the messages that ended in doubt since the last one that was
	// accepted.
	doubtful atomic.Int32
	// saving is the latest progress; only the goroutine that claims asks for it.
	saving *saving

	mu      sync.Mutex // guards what follows
	summary Summary
	// curable are the topics of the open tasks that a look can find cured; never
	// changed, only replaced.
	curable map[string]bool
	pause   *store.Pause
	// unrecorded is what came of messages and is not written down yet.
	unrecorded []*answered
	// failure is the first error that a message under way met.
	failure error
}

// New returns an Engine that has not looked at anything yet.
func New(o Options) (*Engine, error) {
	flight := newFlight(o.Connections)
	return newEngine(o, &common{ledger: ledger{db: o.DB, others: flight.boarded}, flight: flight, links: NewLinks(o.DB, o.Clock), summary: newSummary()})
}

// With returns an engine that goes on with other options, read from a changed
// configuration, in the place of this one, which makes no further pass. The
// database is the same; messages under way end as they began.
func (e *Engine) With(o Options) (*Engine, error) {
	next, err := newEngine(o, e.common)
	if err != nil {
		return nil, err
	}
	next.rescued = e.rescued
	e.flight.resize(o.Connections)
	return next, nil
}

func newEngine(o Options, shared *common) (*Engine, error) {
	fingerprint, err := Fingerprint(o.Settings)
	if err != nil {
		return nil, err
	}
	e := &Engine{o: o, fingerprint: fingerprint, common: shared}
	if o.Rate > 0 {
		perSecond := float64(o.Rate) / 60
		e.limiter = rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))
	}
	return e, nil
}

// Links returns the links of the database that the engine sends from.
func (e *Engine) Links() *Links { return e.links }

// Fingerprint identifies everything in the settings that a decision depends on:
// when it changes, every household is looked at again.
func Fingerprint(s *plan.Settings) (string, error) {
	text, err := json.Marshal(struct {
		Rules, Hours, Cap, Hold, After any
		Zone, Locale                   string
		Burst                          int
		Duties                         any `json:",omitempty"`
	}{s.Rules, s.Hours, s.Cap, s.Hold, s.AfterResolution, s.Zone.String(), s.Locale, s.Burst, duties(s)})
	if err != nil {
		return "", fmt.Errorf("describing the rules: %w", err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(text)), nil
}

// duties are the rule books and holidays that windows come from; nil where no rule
// asks them.
func duties(s *plan.Settings) any {
	if !slices.ContainsFunc(s.Rules, func(r renewal.Rule) bool { return len(r.Duties) > 0 }) {
		return nil
	}
	return []any{s.Book.All(), s.Holidays}
}

// Summary counts what a pass did.
type Summary struct {
	// Households were looked at, Messages accepted by the transport.
	Households, Messages int
	// Waiting and Skipped count reminders by reason, Tasks new tasks.
	Waiting, Skipped map[string]int
	Failed           int
	Tasks            int
	// More: the pass had its turn, and something is still due.
	More bool
}

// count changes the summary of the pass.
func (e *Engine) count(change func(*Summary)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.summary)
}

// summed returns what was done since it was last asked: by a pass, and by the
// messages that landed before it.
func (e *Engine) summed() Summary {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.summary
	e.summary = newSummary()
	return s
}

func newSummary() Summary { return Summary{Waiting: map[string]int{}, Skipped: map[string]int{}} }

// checkInstance finds out whether this instance may send from the database. One
// that may not plans and shows everything, and asks a person.
func (e *Engine) checkInstance(ctx context.Context, now time.Time) error {
	standing, err := store.CheckInstance(ctx, e.o.DB, e.o.Instance)
	if err != nil {
		return err
	}
	e.unowned = standing == store.Unowned
	e.standing.Silent = !standing.MaySend()
	if !e.standing.Silent {
		return e.comeHome(ctx, now)
	}
	e.home = false
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		return e.ask(tx, renewal.Task{Kind: renewal.TaskCopy, Topic: "copy:" + string(standing), Text: standing.Sentence()}, now)
	})
}

// comeHome goes on with what waited because this was a copy, where it is none any
// more without anybody having adopted it: the machine has its identity back, or
// the newer file is in its place again.
func (e *Engine) comeHome(ctx context.Context, now time.Time) error {
	if e.home {
		return nil
	}
	waiting := 0
	var topics []string
	err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if waiting, err = tx.WaitingWith(renewal.Copy); err == nil {
			topics, err = tx.OpenTopics(renewal.TaskCopy)
		}
		return err
	})
	if err == nil && (waiting > 0 || len(topics) > 0) {
		err = e.o.DB.Write(ctx, func(tx *store.Tx) error {
			for _, topic := range topics {
				if _, err := tx.CloseTopic(topic, now); err != nil {
					return err
				}
			}
			return tx.WakeAll()
		})
	}
	e.home = err == nil
	return err
}
