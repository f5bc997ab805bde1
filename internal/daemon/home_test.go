package daemon_test

import "testing"

// TestHomeAgain: what waited because the machine looked like another one leaves
// once it is itself again, and nobody is asked any more.
func TestHomeAgain(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.Pass(s.Engine())
	s.pass("C2", "bob@x.example", "A2", "2027-03-31")
	home := s.Instance
	s.Instance.Machine = "another machine"
	s.Pass(s.Engine())
	s.want("reminders on another machine", s.reminders(), "A1 before_end:P30D sent due\nA2 before_end:P30D waiting copy")
	s.want("tasks on another machine", s.tasks(), "copy")
	s.Instance = home
	s.Pass(s.Engine())
	s.want("reminders at home", s.reminders(), "A1 before_end:P30D sent due\nA2 before_end:P30D sent due")
	s.want("tasks at home", s.tasks(), "")
	s.wantLetters(2)
}
