package daemon_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/plan"
	"renewd/internal/renewal"
	"renewd/internal/store"
	"renewd/internal/testkit"
	"renewd/internal/web"
)

// counter is the pages of a scene's agreements.
type counter struct {
	*scene
	pages *daemon.AgreementPages
	links *daemon.Links
}

func newCounter(t *testing.T, rules ...renewal.Rule) *counter {
	t.Helper()
	s := newScene(t, rules...)
	links := daemon.NewLinks(s.DB, s.clock)
	return &counter{scene: s, links: links, pages: daemon.NewAgreementPages(links, func() *plan.Settings { return &s.Settings })}
}

// token is that of a letter about an agreement made today, by the agreement's ref.
func (c *counter) token(purpose, ref string) string {
	c.t.Helper()
	var agreement, customer int64
	err := c.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		agreement, customer, err = tx.AgreementByRef(ref)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	token, err := c.links.AgreementToken(context.Background(), purpose, agreement, customer, renewal.LocalDate(c.now, time.UTC))
	if err != nil {
		c.t.Fatal(err)
	}
	return token
}

func (c *counter) act(ref string, w web.Wish) web.Outcome {
	c.t.Helper()
	out, err := c.pages.Act(context.Background(), c.token("m", ref), w)
	if err != nil {
		c.t.Fatalf("%s %s: %v", w.Act, ref, err)
	}
	return out
}

func (c *counter) look(ref string) web.Agreement {
	c.t.Helper()
	a, err := c.pages.Agreement(context.Background(), c.token("m", ref))
	if err != nil {
		c.t.Fatalf("%s: %v", ref, err)
	}
	return a
}

// events are what the pages recorded.
func (c *counter) events() string {
	c.t.Helper()
	return c.Text(`SELECT e.type || ' ' || a.ref || ' ' || e.at || ' ' || e.note FROM events AS e JOIN agreements AS a ON a.id = e.agreement_id
		WHERE e.source = 'page' ORDER BY e.id`)
}

func (c *counter) wishes() string {
	c.t.Helper()
	return c.Text(`SELECT text FROM staff_tasks WHERE kind = 'wish' AND done_at IS NULL ORDER BY id`)
}

// TestCancelOnThePage: one POST cancels, a second one changes nothing, the
// receipt stays that of the first; it can be taken back and said again, within
// one second too; what was planned follows.
func TestCancelOnThePage(t *testing.T) {
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	before := c.look("A1")
	if before.State != web.StateRenews || !before.CanCancel || before.CanKeep || before.CanRenew || before.EndsOn.String() != "2027-03-31" ||
		before.RenewsOn.String() != "2027-04-01" || before.MaskedEmail != "a…@x.example" || before.Zone.String() != "Europe/Paris" {
		t.Errorf("before: %+v", before)
	}
	c.want("looking", c.events(), "")

	received := c.now
	for range 2 {
		out := c.act("A1", web.Wish{Act: web.ActCancel})
		if a := out.Agreement; out.Stale || a.State != web.StateCancelled || !a.CanKeep || a.CanCancel || !a.CancelledAt.Equal(received) || a.EndsOn.String() != "2027-03-31" {
			t.Errorf("cancelled: %+v", out)
		}
		c.now = c.now.Add(time.Minute)
	}
	c.want("a double click", c.events(), "cancel A1 2027-03-01T10:00:00Z ")
	e := c.Engine()
	c.Pass(e)
	c.want("the notice", c.reminders(), "")
	c.wantLetters(0)

	for range 2 {
		if out := c.act("A1", web.Wish{Act: web.ActKeep}); out.Stale || out.Agreement.State != web.StateRenews || !out.Agreement.CanCancel {
			t.Errorf("kept: %+v", out)
		}
	}
	c.want("kept", c.events(), "cancel A1 2027-03-01T10:00:00Z \ncancel_withdrawn A1 2027-03-01T10:02:00Z ")

	c.act("A1", web.Wish{Act: web.ActCancel})
	c.act("A1", web.Wish{Act: web.ActKeep})
	if a := c.look("A1"); a.State != web.StateRenews {
		t.Errorf("cancelled and kept in one second: %s", a.State)
	}
	c.act("A1", web.Wish{Act: web.ActCancel})
	if a := c.look("A1"); a.State != web.StateCancelled {
		t.Errorf("and cancelled again: %s\n%s", a.State, c.events())
	}
	c.now = c.now.Add(time.Hour)
	if a := c.look("A1"); a.State != web.StateCancelled {
		t.Errorf("an hour later: %s", a.State)
	}
}

// TestCancellationsOfOthers: what the business wrote down is cancelled without a
// time and is not the customer's to undo, but that both can be is; a term that is
// over cannot be kept.
func TestCancellationsOfOthers(t *testing.T) {
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	c.Exec(`UPDATE agreements SET cancelled_on = '2027-02-20'`)
	if a := c.look("A1"); a.State != web.StateCancelled || a.CanKeep || !a.CanRenew || !a.CancelledAt.IsZero() || a.CancelledOn.String() != "2027-02-20" {
		t.Errorf("written: %+v", a)
	}
	if out := c.act("A1", web.Wish{Act: web.ActKeep}); !out.Stale {
		t.Errorf("kept: %+v", out)
	}
	c.AddEvent(testkit.Event{Type: renewal.Cancel, Agreement: "A1"})
	if out := c.act("A1", web.Wish{Act: web.ActKeep}); out.Stale || out.Agreement.State != web.StateRenews {
		t.Errorf("kept: %+v", out)
	}
	c.want("cancelled_on", c.Text(`SELECT coalesce(cancelled_on, 'none') FROM agreements`), "none")

	c.subscription("C2", "bob@x.example", "A2", "2027-02-28")
	if a := c.look("A2"); a.State != web.StateDue || !a.CanCancel {
		t.Errorf("due: %+v", a)
	}
	if out := c.act("A2", web.Wish{Act: web.ActCancel}); out.Stale || out.Agreement.State != web.StateEnded || out.Agreement.CanKeep || !out.Agreement.CanRenew {
		t.Errorf("cancelled after the end: %+v", out)
	}
	if out := c.act("A2", web.Wish{Act: web.ActKeep}); !out.Stale {
		t.Error("a term that is over was kept")
	}
	c.pass("C3", "cho@x.example", "A3", "2027-03-31")
	for _, act := range []web.Act{web.ActCancel, web.ActKeep} {
		if out := c.act("A3", web.Wish{Act: act}); !out.Stale || out.Agreement.State != web.StateEnds {
			t.Errorf("%s of a pass that ends by itself: %+v", act, out)
		}
	}
	if n := strings.Count(c.events(), "A3"); n != 0 {
		t.Errorf("%d events", n)
	}
}

// TestTwoTabs: of two pages that are open at once the later one sees what the
// earlier did, and a payment that arrived meanwhile.
func TestTwoTabs(t *testing.T) {
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	c.act("A1", web.Wish{Act: web.ActCancel})
	c.now = c.now.Add(time.Second)
	c.Exec(`INSERT INTO events(type, at, agreement_id, until) VALUES ('payment', '2027-03-01T10:00:01Z', (SELECT id FROM agreements), '2028-03-31')`)
	a := c.look("A1")
	if a.State != web.StateRenews || a.EndsOn.String() != "2028-03-31" {
		t.Errorf("after a payment with an end: %+v", a)
	}
	if out := c.act("A1", web.Wish{Act: web.ActKeep}); out.Stale || out.Agreement.EndsOn.String() != "2028-03-31" {
		t.Errorf("kept in the other tab: %+v", out)
	}
	c.now = c.now.Add(time.Second)
	if out := c.act("A1", web.Wish{Act: web.ActCancel}); out.Agreement.State != web.StateCancelled || out.Agreement.EndsOn.String() != "2028-03-31" {
		t.Errorf("cancelled: %+v", out)
	}
}

// TestConfirms: the page promises a letter only where one will follow, and it
// does.
func TestConfirms(t *testing.T) {
	confirm := renewal.Rule{Name: "cancelled", Class: renewal.Transactional, On: renewal.Cancel, Template: "renewal-confirmation", Audience: renewal.Audience{Cancelled: []bool{true}}}
	c := newCounter(t, confirm)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	c.subscription("C2", "", "A2", "2027-03-31")
	c.subscription("C3", "cho@x.example", "A3", "2027-03-31")
	c.Exec(`INSERT INTO suppressions(address, reason, at) VALUES ('cho@x.example', 'bounced', '2027-01-01T00:00:00Z')`)
	for ref, want := range map[string]bool{"A1": true, "A2": false, "A3": false} {
		if out := c.act(ref, web.Wish{Act: web.ActCancel}); out.Agreement.Confirms != want {
			t.Errorf("%s: %v", ref, out.Agreement.Confirms)
		}
	}
	c.Pass(c.Engine())
	c.wantLetters(1)
	without := newCounter(t)
	without.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	if out := without.act("A1", web.Wish{Act: web.ActCancel}); out.Agreement.Confirms {
		t.Error("a letter is promised that no rule sends")
	}
}

// TestWishToRenew is said once a term, whatever became of it.
func TestWishToRenew(t *testing.T) {
	c := newCounter(t)
	c.pass("C1", "ann@x.example", "A1", "2027-03-31")
	for range 2 {
		if out := c.act("A1", web.Wish{Act: web.ActRenew}); out.Stale {
			t.Errorf("%+v", out)
		}
	}
	const first = "C1 (C1) would like to renew A1, whose term ends on 2027-03-31: get in touch"
	c.want("wishes", c.wishes(), first)
	c.Exec(`UPDATE staff_tasks SET done_at = '2027-03-01T12:00:00Z'`)
	c.Exec(`UPDATE customers SET name = 'Ann'`)
	c.act("A1", web.Wish{Act: web.ActRenew})
	c.want("after a person's tick", c.wishes(), "")
	c.Exec(`UPDATE agreements SET ends_on = '2028-03-31'`)
	c.act("A1", web.Wish{Act: web.ActRenew})
	c.want("the next term", c.wishes(), "Ann (C1) would like to renew A1, whose term ends on 2028-03-31: get in touch")
	c.subscription("C2", "bob@x.example", "A2", "2027-03-31")
	if out := c.act("A2", web.Wish{Act: web.ActRenew}); !out.Stale {
		t.Error("what renews by itself was wished for")
	}
}

// TestReasons are recorded once each, from the page of the agreement and from
// the question's own.
func TestReasons(t *testing.T) {
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	for _, r := range []web.Reason{{Choice: "price"}, {Choice: "price"}, {Choice: "other", Text: "I moved\nabroad"}, {Text: "x"}} {
		c.act("A1", web.Wish{Act: web.ActReason, Reason: r})
		c.now = c.now.Add(time.Second)
	}
	if _, err := c.pages.Answer(context.Background(), c.token("s", "A1"), web.Reason{Choice: "price"}); err != nil {
		t.Fatal(err)
	}
	c.want("answers", c.events(), "answer A1 2027-03-01T10:00:00Z price\nanswer A1 2027-03-01T10:00:02Z other: I moved\nabroad\nanswer A1 2027-03-01T10:00:03Z x")
	c.want("channel", c.Text(`SELECT DISTINCT channel FROM events WHERE source = 'page'`), "web")
	if a, err := c.pages.Leaver(context.Background(), c.token("s", "A1")); err != nil || a.Ref != "A1" {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestPagesInTrouble: a busy database says so and records nothing; a page of
// somebody who is gone is not there.
func TestPagesInTrouble(t *testing.T) {
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	token := c.token("m", "A1")
	release := c.Hold()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.pages.Act(ctx, token, web.Wish{Act: web.ActCancel}); !errors.Is(err, web.ErrBusy) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("busy: %v", err)
	}
	if _, err := c.pages.Agreement(context.Background(), token); err != nil {
		t.Errorf("reading while another writes: %v", err)
	}
	release()
	c.want("events", c.events(), "")

	c.pass("C2", "bob@x.example", "A2", "2027-03-31")
	c.Exec(`UPDATE agreements SET customer_id = (SELECT id FROM customers WHERE ref = 'C2') WHERE ref = 'A1'`)
	if _, err := c.pages.Agreement(context.Background(), token); !errors.Is(err, web.ErrNoSuchPage) {
		t.Errorf("it has changed hands: %v", err)
	}
	other := c.token("m", "A2")
	c.Exec(`UPDATE customers SET erased_at = '2027-03-01T00:00:00Z' WHERE ref = 'C2'`)
	if _, err := c.pages.Act(context.Background(), other, web.Wish{Act: web.ActRenew}); !errors.Is(err, web.ErrNoSuchPage) {
		t.Errorf("the customer is erased: %v", err)
	}
}
