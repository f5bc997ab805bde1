package daemon_test

import (
	"testing"
	"time"

	"renewd/internal/testkit"
)

// TestRenewedTaskCloses: staff are asked about an auto-renewal that nobody
// confirmed; once the payment is recorded, nobody is asked any more.
func TestRenewedTaskCloses(t *testing.T) {
	now := time.Date(2027, time.March, 20, 12, 0, 0, 0, time.UTC)
	s := testkit.NewShop(t, testkit.Settings(t, testkit.PassRule()), func() time.Time { return now })
	s.Exec(`INSERT INTO customers(ref, name, email, known_at) VALUES ('C1', 'Ann', 'ann@example.com', '2027-01-01T00:00:00Z');
		INSERT INTO agreements(ref, customer_id, kind, ends_on, term, auto_renew, known_at)
		  SELECT 'A1', id, 'subscription', '2027-03-01', 'P1M', 1, '2027-01-01T00:00:00Z' FROM customers`)
	s.Pass(s.Engine())
	if got := s.Text(`SELECT kind FROM tasks`); got != "renewed?" {
		t.Fatalf("19 days past the end the tasks are %q", got)
	}
	s.Exec(`INSERT INTO events(type, at, agreement_id, stored_at) SELECT 'payment', '2027-03-20T11:00:00Z', id, '2027-03-20T11:00:00Z' FROM agreements`)
	s.Pass(s.Engine())
	if got := s.Text(`SELECT kind FROM tasks`); got != "" {
		t.Errorf("after the payment the tasks are %q", got)
	}
}
