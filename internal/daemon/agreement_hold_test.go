package daemon_test

import (
	"testing"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/testkit"
	"renewd/internal/web"
)

// TestHeldOnThePage: a renewal that is held because its notice was missed stays so
// whatever a page does: looking, cancelling it, or cancelling another agreement of
// the household.
func TestHeldOnThePage(t *testing.T) {
	rule := testkit.NoticeRule()
	rule.Notice.Earliest, rule.OnMissed = renewal.Days(20), renewal.HoldRenewal
	c := newCounter(t, rule)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	c.subscription("C2", "ann@x.example", "A2", "2027-12-31")
	c.Exec(`UPDATE agreements SET assume_renewal = 1, starts_on = date(ends_on, '+1 day', '-1 year'), term = 'P1Y'`)
	e := c.Engine()
	c.Pass(e)
	c.now = time.Date(2027, time.April, 10, 12, 0, 0, 0, time.UTC)
	c.Pass(e)
	ends := func() string { return c.Text(`SELECT group_concat(ref || ' ' || ends_on, ', ') FROM agreements`) }
	c.want("missed and held", ends(), "A1 2027-03-31, A2 2027-12-31")
	if a := c.look("A1"); a.EndsOn.String() != "2027-03-31" {
		t.Errorf("the page says that it ends on %s", a.EndsOn)
	}
	c.act("A2", web.Wish{Act: web.ActCancel})
	c.want("after another was cancelled", ends(), "A1 2027-03-31, A2 2027-12-31")
	c.act("A1", web.Wish{Act: web.ActCancel})
	c.want("after it was cancelled", ends(), "A1 2027-03-31, A2 2027-12-31")
	c.AddEvent(testkit.Event{Type: renewal.Payment, Agreement: "A1", Until: "2028-03-31"})
	c.Pass(e)
	c.want("a recorded payment counts", ends(), "A1 2028-03-31, A2 2027-12-31")
}
