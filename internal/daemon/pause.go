package daemon

import (
	"fmt"
	"time"

	"renewd/internal/mailout"
	"renewd/internal/renewal"
	"renewd/internal/store"
)

// While the mail server is away, or refuses us for our own sake, nothing is
// claimed: one message at a time is a probe, and when it is taken everything
// goes on. The pause is kept in the database, see store.Pause.

// probeEvery is how long after a refusal for our own sake the next probe is.
const probeEvery = time.Hour

// paused returns the pause that is on, nil where there is none.
func (e *Engine) paused() *store.Pause {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pause
}

// Paused returns why and until when nothing is sent, nil where sending goes on.
func (e *Engine) Paused() *store.Pause { return e.paused() }

func (e *Engine) setPaused(p *store.Pause) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pause = p
}

// pauseAfter is the pause that an answer which concerns everybody's messages
// leads to: a new one, or the present one put off. Answers to messages that were
// under way together count once.
func (e *Engine) pauseAfter(a *answered) store.Pause {
	p := store.Pause{Reason: renewal.ServerAway, Since: a.at}
	if a.answer.About == mailout.AboutSender && !a.answer.Away {
		p.Reason = renewal.SenderRefused
	}
	if on := e.paused(); on != nil && on.Reason == p.Reason {
		p = *on
		if a.at.Before(on.ProbeAt) {
			return p
		}
	}
	p.Tries++
	p.Text = a.answer.Text
	p.ProbeAt = a.at.Add(probeEvery)
	if p.Reason == renewal.ServerAway {
		p.ProbeAt = a.at.Add(min(backOff(p.Tries-1), 2*time.Hour))
	}
	return p
}

// beginPause pauses the sending and returns how many tasks are new. In memory that
// holds at once: should the transaction fail, the next pass reads what is so.
func (e *Engine) beginPause(tx *store.Tx, p store.Pause, now time.Time) (asked int, err error) {
	if err := tx.SetPause(p); err != nil {
		return 0, err
	}
	e.setPaused(&p)
	t := renewal.Task{Kind: renewal.TaskServerAway, Topic: store.PauseTopic(p.Reason),
		Text: "Messages wait, because the mail server cannot be used: " + p.Text + ". Put that right (renewd check --online looks closer); they leave by themselves then."}
	if p.Reason == renewal.SenderRefused {
		t.Kind = renewal.TaskSenderRefused
		t.Text = fmt.Sprintf("All messages wait, because the mail server refuses what we send, whoever it is for: %s. Ask whoever runs the server; one message an hour is tried, and renewd release tries at once.", p.Text)
	}
	added, err := tx.AddTask(t, now)
	if added {
		asked = 1
	}
	return asked, err
}
