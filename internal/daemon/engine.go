// Package daemon is the conductor: the only room that knows the others. The
// whole flow can be read in flow.go; deliver.go hands messages to the transport.
package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"renewd/internal/compose"
	"renewd/internal/mailout"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// Transport takes one message to where it goes.
type Transport interface {
	// Deliver hands over the bytes of one message. It calls streaming once the
	// transport is ready and before the first byte of the contents; an error of
	// streaming ends the try without doubt.
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
	// Clock returns the present in UTC.
	Clock func() time.Time
	// Instance is who wants to send from the database.
	Instance store.Instance
	// Watch is told of every decision as it is made; nil tells nobody.
	Watch func(plan.Line)
}

// Sender is whom messages come from.
type Sender struct {
	// From and ReplyTo are as headers have them, with or without a name; ReplyTo
	// may be empty.
	From, ReplyTo string
	// Address is the bare address of From: the envelope's sender.
	Address string
}

// Engine makes passes over one database.
type Engine struct {
	o           Options
	fingerprint string
	standing    plan.Standing
	// rescued: no message is left sending from before.
	rescued bool
	// unrecorded is what came of a message and is not written down yet.
	unrecorded *answered
	summary    Summary
	// unowned: the database never sent; it becomes ours before the first claim.
	unowned bool
	// curable are the topics of the open tasks that a look can find cured.
	curable map[string]bool
	// linkKey makes the tokens of links; nil until it is first needed.
	linkKey []byte
}

// New returns an Engine that has not looked at anything yet.
func New(o Options) (*Engine, error) {
	fingerprint, err := Fingerprint(o.Settings)
	if err != nil {
		return nil, err
	}
	return &Engine{o: o, fingerprint: fingerprint}, nil
}

// Fingerprint identifies everything in the settings that a decision depends on:
// when it changes, every household is looked at again.
func Fingerprint(s *plan.Settings) (string, error) {
	text, err := json.Marshal(struct {
		Rules, Hours, Cap, Hold, After any
		Zone, Locale                   string
		Burst                          int
	}{s.Rules, s.Hours, s.Cap, s.Hold, s.AfterResolution, s.Zone.String(), s.Locale, s.Burst})
	if err != nil {
		return "", fmt.Errorf("describing the rules: %w", err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(text)), nil
}

// Summary counts what a pass did.
type Summary struct {
	// Households were looked at, Messages accepted by the transport.
	Households, Messages int
	// Waiting and Skipped count reminders by reason, Tasks new tasks.
	Waiting, Skipped map[string]int
	Failed           int
	Tasks            int
}

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
		return nil
	}
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		return e.ask(tx, renewal.Task{Kind: renewal.TaskCopy, Topic: "copy:" + string(standing), Text: standing.Sentence()}, now)
	})
}

// metaRulesSince is the key of meta that says when the present rules came into
// force.
const metaRulesSince = "rules_since"

// RulesSince returns when the rules with this fingerprint came into force in a
// database: now where they did not yet.
func RulesSince(tx *store.Tx, fingerprint string, now time.Time) (time.Time, error) {
	followed, err := tx.RulesFollowed(fingerprint)
	if err != nil || !followed {
		return now, err
	}
	text, err := tx.Meta(metaRulesSince)
	if err != nil || text == "" {
		return now, err
	}
	return renewal.ParseStamp(text)
}
