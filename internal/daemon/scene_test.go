package daemon_test

import (
	"strings"
	"testing"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/testkit"
)

// scene is a shop on a Monday morning, with a clock that the test moves.
type scene struct {
	*testkit.Shop
	t   *testing.T
	now time.Time
	// onClock, where it is set, is called whenever an engine asks for the time.
	onClock func()
}

// newScene opens a shop with the rules of the README at 10:00 UTC on Monday, 1
// March 2027: thirty days before passes until 31 March end.
func newScene(t *testing.T, rules ...renewal.Rule) *scene {
	t.Helper()
	if len(rules) == 0 {
		rules = []renewal.Rule{testkit.PassRule(), testkit.NoticeRule(), testkit.ReceiptRule()}
	}
	s := &scene{t: t, now: time.Date(2027, time.March, 1, 10, 0, 0, 0, time.UTC)}
	s.Shop = testkit.NewShop(t, testkit.Settings(t, rules...), s.clock)
	return s
}

func (s *scene) clock() time.Time {
	now := s.now // what onClock does to the time is for the next to ask
	if s.onClock != nil {
		s.onClock()
	}
	return now
}

// pass adds a customer with a pass.
func (s *scene) pass(customer, email, agreement, endsOn string) {
	s.t.Helper()
	if s.Text(`SELECT 1 FROM customers WHERE ref = ?`, customer) == "" {
		s.AddCustomer(testkit.Customer{Ref: customer, Name: customer, Email: email})
	}
	s.AddAgreement(testkit.Agreement{Ref: agreement, Customer: customer, Kind: renewal.KindPass, EndsOn: endsOn, Term: "P1Y"})
}

// subscription adds a customer with a subscription that renews by itself.
func (s *scene) subscription(customer, email, agreement, endsOn string) {
	s.t.Helper()
	if s.Text(`SELECT 1 FROM customers WHERE ref = ?`, customer) == "" {
		s.AddCustomer(testkit.Customer{Ref: customer, Name: customer, Email: email})
	}
	s.AddAgreement(testkit.Agreement{Ref: agreement, Customer: customer, Kind: renewal.KindSubscription, EndsOn: endsOn, Term: "P1Y", AutoRenew: true})
}

// reminders writes every reminder as agreement, step, state and reason, but for
// those whose moment has not come.
func (s *scene) reminders() string {
	s.t.Helper()
	return s.Text(`SELECT a.ref || ' ' || r.step || ' ' || r.state || ' ' || r.reason FROM reminders AS r
		JOIN agreements AS a ON a.id = r.agreement_id WHERE r.state <> 'planned' ORDER BY a.ref, r.due_at, r.id`)
}

// tasks writes the kinds of the open tasks.
func (s *scene) tasks() string {
	s.t.Helper()
	return strings.ReplaceAll(s.Text(`SELECT kind FROM staff_tasks WHERE done_at IS NULL ORDER BY id`), "\n", " ")
}

func (s *scene) want(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

// wantLetters checks how many letters are in the maildir.
func (s *scene) wantLetters(want int) {
	s.t.Helper()
	if got := len(s.Post.Letters(s.t)); got != want {
		s.t.Errorf("%d letters in the maildir, want %d", got, want)
	}
}

// restart ends one process and starts the next, at a later instant.
func (s *scene) restart(later time.Duration) {
	s.Close()
	s.now = s.now.Add(later)
	s.Open()
}
