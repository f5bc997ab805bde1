package daemon_test

import (
	"bytes"
	"context"
	"testing"

	"renewd/internal/daemon"
	"renewd/internal/mailout"
	"renewd/internal/renewal"
	"renewd/internal/rulebook"
)

// TestDoubtfulNoticeOfAnOldPrice: a notice that may have arrived is not sent again
// for a price that has changed since: the new one is told by a letter of its own.
func TestDoubtfulNoticeOfAnOldPrice(t *testing.T) {
	s := newScene(t, renewal.Rule{Name: "law", Class: renewal.Notice, Template: "auto-renewal-notice", Duties: []string{"us-ca-price"},
		Audience: renewal.Audience{AutoRenew: []bool{true}}})
	book, err := rulebook.Load()
	if err != nil {
		t.Fatal(err)
	}
	s.Settings.Book, s.Settings.Calendar = book, rulebook.PublicHolidays(nil)
	s.subscription("C1", "ann@x.example", "A1", "2027-12-31")
	s.Exec(`UPDATE agreements SET price_minor = 12000, currency = 'EUR', new_price_minor = 15000, new_price_from = '2027-03-20'`)
	server := &losing{change: func() {
		s.Exec(`UPDATE agreements SET new_price_minor = 18000, new_price_from = '2027-03-25'`)
	}}
	o := s.Options()
	o.Transport = server
	e, err := daemon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Pass(e)
	s.want("reminders", s.reminders(), "A1 notice:us-ca-price skipped no_match\nA1 notice:us-ca-price:2027-03-25 sent due")
	s.want("messages", s.Text(`SELECT count(DISTINCT rfc822_id), count(*) FROM messages`), "2|2")
	if len(server.got) != 2 || !bytes.Contains(server.got[0], []byte("20 March 2027")) || !bytes.Contains(server.got[1], []byte("25 March 2027")) {
		t.Errorf("%d letters, the last one\n%s", len(server.got), server.got[len(server.got)-1])
	}
}

// losing takes the first letter and loses its reply; something changes meanwhile.
type losing struct {
	change func()
	got    [][]byte
}

func (l *losing) Deliver(_ context.Context, _, _ string, raw []byte, streaming func() error) (mailout.Answer, error) {
	if err := streaming(); err != nil {
		return mailout.Answer{Outcome: mailout.Deferred}, err
	}
	l.got = append(l.got, bytes.Clone(raw))
	if len(l.got) == 1 {
		l.change()
		return mailout.Answer{Outcome: mailout.Uncertain, Text: "the connection broke"}, nil
	}
	return mailout.Answer{Outcome: mailout.Accepted, Code: 250, Text: "250 ok"}, nil
}
