package daemon_test

import (
	"context"
	"testing"
)

// TestLetterIsNotToBlame: where the database fails while a letter is made, the
// pass fails and is tried again; nobody is told to mend the letter.
func TestLetterIsNotToBlame(t *testing.T) {
	s := newScene(t)
	s.pass("C1", "ann@x.example", "A1", "2027-03-31")
	s.Exec(`CREATE TRIGGER no_links BEFORE INSERT ON meta WHEN NEW.key = 'link_key' BEGIN SELECT RAISE(ABORT, 'the disk fails'); END`)
	e := s.Engine()
	if _, err := e.Pass(context.Background()); err == nil {
		t.Error("the pass succeeds")
	}
	s.want("reminders", s.reminders(), "A1 before_end:P30D due due")
	s.want("tasks", s.tasks(), "")
	s.wantLetters(0)
	s.Exec(`DROP TRIGGER no_links`)
	s.Pass(e)
	s.want("reminders", s.reminders(), "A1 before_end:P30D sent due")
	s.wantLetters(1)
}
