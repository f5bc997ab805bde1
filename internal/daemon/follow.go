package daemon

import (
	"context"
	"fmt"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// metaLetters is the key of meta with the version of the letters of the last
// pass.
const metaLetters = "letters_version"

// letterRetry is how long after a letter failed with a customer's own data it is
// tried again, in case the data were put right.
const letterRetry = 15 * time.Minute

// followLetters wakes, after a letter was edited, those who wait because theirs
// did not render, and tries those again whose own data may be right by now.
func (e *Engine) followLetters(ctx context.Context, now time.Time) error {
	edited, failed := false, false
	err := e.o.DB.Read(ctx, func(tx *store.Tx) error {
		known, err := tx.Meta(metaLetters)
		if edited = known != e.o.LettersVersion; err == nil && !edited {
			failed, err = tx.FailedLetters(now.Add(-letterRetry))
		}
		return err
	})
	if err != nil || !edited && !failed {
		return err
	}
	return e.o.DB.Write(ctx, func(tx *store.Tx) error {
		before := now
		if !edited {
			before = now.Add(-letterRetry)
		}
		if err := tx.RetryLetters(before, now); err != nil {
			return err
		}
		return tx.SetMeta(metaLetters, e.o.LettersVersion)
	})
}

// followRules wakes every household, a few thousand at a time, after the rules
// or the sending hours changed. A crash in between loses nothing: the cursor is
// in the database.
func (e *Engine) followRules(ctx context.Context, now time.Time) error {
	followed := false
	err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if followed, err = tx.RulesFollowed(e.fingerprint); err == nil && followed && e.standing.RulesSince.IsZero() {
			e.standing.RulesSince, err = RulesSince(tx, e.fingerprint, now)
		}
		return err
	})
	if err != nil || followed {
		return err
	}
	err = e.o.DB.Write(ctx, func(tx *store.Tx) error {
		changed, err := tx.WakeChangedRules(e.fingerprint)
		if err == nil && changed {
			err = tx.SetMeta(metaRulesSince, renewal.FormatStamp(now))
		}
		if err == nil {
			e.standing.RulesSince, err = RulesSince(tx, e.fingerprint, now)
		}
		return err
	})
	for more := true; more && err == nil; {
		err = e.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
			more, err = tx.WalkRules(walkBatch)
			return err
		})
		e.pulse.beat()
	}
	if err != nil {
		return fmt.Errorf("following changed rules: %w", err)
	}
	return nil
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
