package mailout_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"renewd/internal/mailout"
	"renewd/internal/testkit"
)

// many delivers n letters from workers goroutines and returns the answers.
func many(s *mailout.SMTP, workers, n int) []mailout.Answer {
	answers := make([]mailout.Answer, n)
	var next atomic.Int32
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				answers[i], _ = s.Deliver(context.Background(), sender, recipient, letter(fmt.Sprint("m", i)), func() error { return nil })
			}
		})
	}
	running.Wait()
	return answers
}

func allAccepted(t *testing.T, sink *testkit.Sink, answers []mailout.Answer) {
	t.Helper()
	ids := make([]string, len(answers))
	for i, answer := range answers {
		ids[i] = fmt.Sprint("m", i)
		if answer.Outcome != mailout.Accepted {
			t.Errorf("%s: %+v", ids[i], answer)
		}
	}
	once(t, sink, ids...)
}

func TestPoolKeepsItsBound(t *testing.T) {
	pipelines(t, func(t *testing.T, extensions []string) {
		sink := testkit.NewSink(t, testkit.SinkOptions{Extensions: extensions, RTT: 100 * time.Microsecond})
		o := plain(sink)
		o.Connections = 4
		allAccepted(t, sink, many(newSMTP(t, o), 16, 300))
		if stats := sink.Stats(); stats.Parallel > 4 || stats.Connections > 8 {
			t.Errorf("%+v", stats)
		}
	})
}

// After a hundred messages a connection is left politely, and Close does so too.
func TestConnectionsAreLeftPolitely(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{})
	s := newSMTP(t, plain(sink))
	allAccepted(t, sink, many(s, 1, 201))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if conns, quits := sink.Stats().Connections, sink.Seen(testkit.StageQuit); conns != 3 || quits != 3 || sink.Seen(testkit.StageRset) != 0 {
		t.Errorf("%d connections, %d QUITs, %d RSETs", conns, quits, sink.Seen(testkit.StageRset))
	}
	if answer, _, err := deliver(t, s, "late"); err == nil || answer.Outcome != mailout.Deferred {
		t.Errorf("after Close: %+v, error %v", answer, err)
	}
}

// A server that closes every connection after ten messages, in whatever way,
// costs connections and nothing else.
func TestTenMessagesPerConnection(t *testing.T) {
	for name, script := range map[string]func(testkit.Stage, testkit.Dialogue) testkit.Reply{
		"421 at MAIL": func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
			if s == testkit.StageMail && d.Message > 10 {
				return testkit.Reply{Line: "421 4.7.0 enough", Drop: testkit.DropAfter}
			}
			return testkit.Reply{}
		},
		"drop after the tenth": func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
			if s == testkit.StageDot && d.Message == 10 {
				return testkit.Reply{Drop: testkit.DropAfter}
			}
			return testkit.Reply{}
		},
		"421 at RCPT": func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
			if s == testkit.StageRcpt && d.Message > 10 {
				return line("421 4.7.0 enough")
			}
			return testkit.Reply{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			pipelines(t, func(t *testing.T, extensions []string) {
				sink := testkit.NewSink(t, testkit.SinkOptions{Extensions: extensions, Script: script})
				o := plain(sink)
				o.Connections = 4
				allAccepted(t, sink, many(newSMTP(t, o), 8, 200))
			})
		})
	}
}

// A server that allows one connection at a time slows us down and is no fault,
// whether it says so at the greeting, at MAIL or by closing.
func TestFewerConnectionsThanWished(t *testing.T) {
	for name, c := range map[string]struct {
		stage testkit.Stage
		reply testkit.Reply
	}{
		"421 greeting": {testkit.StageGreeting, testkit.Reply{Line: "421 4.7.0 too many connections", Drop: testkit.DropAfter}},
		"421 at MAIL":  {testkit.StageMail, testkit.Reply{Line: "421 4.7.0 too many connections", Drop: testkit.DropAfter}},
		"dropped":      {testkit.StageGreeting, drop},
	} {
		t.Run(name, func(t *testing.T) {
			sink := testkit.NewSink(t, testkit.SinkOptions{RTT: time.Millisecond, Script: func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
				if d.Conn > 1 && s == c.stage {
					return c.reply
				}
				return testkit.Reply{}
			}})
			o := plain(sink)
			o.Connections = 4
			s := newSMTP(t, o)
			mustAccept(t, s, "m0")
			answers := many(s, 6, 60)
			for i, answer := range answers {
				if answer.Outcome != mailout.Accepted {
					t.Errorf("m%d: %+v", i, answer)
				}
			}
			if n := sink.Count(); n != 61 {
				t.Errorf("%d letters", n)
			}
			if n := sink.Stats().Connections; n > 5 {
				t.Errorf("%d connections: it kept on trying", n)
			}
		})
	}
}

// Both at once: a server that allows two connections, and ten messages on each.
func TestFewConnectionsWithFewMessages(t *testing.T) {
	pipelines(t, func(t *testing.T, extensions []string) {
		var mu sync.Mutex
		standing := 0
		sink := testkit.NewSink(t, testkit.SinkOptions{Extensions: extensions, Script: func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case s == testkit.StageGreeting && standing == 2:
				return testkit.Reply{Line: "421 4.7.0 too many connections", Drop: testkit.DropAfter}
			case s == testkit.StageGreeting:
				standing++
			case s == testkit.StageMail && d.Message > 10:
				standing--
				return testkit.Reply{Line: "421 4.7.0 enough", Drop: testkit.DropAfter}
			}
			return testkit.Reply{}
		}})
		o := plain(sink)
		o.Connections = 4
		allAccepted(t, sink, many(newSMTP(t, o), 8, 200))
	})
}

// While the server is away everybody hears it, and nobody waits for ever.
func TestServerIsAwayForAll(t *testing.T) {
	sink := testkit.NewSink(t, testkit.SinkOptions{Script: at(testkit.StageGreeting, line("421 4.3.2 closed"))})
	o := plain(sink)
	o.Connections = 2
	for i, answer := range many(newSMTP(t, o), 8, 40) {
		if answer.Outcome != mailout.Deferred || !answer.Away {
			t.Errorf("m%d: %+v", i, answer)
		}
	}
	once(t, sink)
}

// After a restart of the server our idle connections are dead; that is not worth
// a word.
func TestServerRestarts(t *testing.T) {
	pipelines(t, func(t *testing.T, extensions []string) {
		sink := testkit.NewSink(t, testkit.SinkOptions{Extensions: extensions, Script: func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
			if s == testkit.StageDot && d.Conn == 1 {
				return testkit.Reply{Drop: testkit.DropAfter}
			}
			return testkit.Reply{}
		}})
		s := newSMTP(t, plain(sink))
		mustAccept(t, s, "one")
		mustAccept(t, s, "two")
		once(t, sink, "one", "two")
	})
}

// One connection hangs after its dot; the others go on meanwhile.
func TestOneHangsTheOthersGoOn(t *testing.T) {
	release := make(chan struct{})
	sink := testkit.NewSink(t, testkit.SinkOptions{Script: func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
		if s == testkit.StageDot && d.To == "slow@customer.example" {
			return testkit.Reply{Hang: release}
		}
		return testkit.Reply{}
	}})
	o := plain(sink)
	o.Connections = 2
	s := newSMTP(t, o)
	slow := make(chan mailout.Answer)
	begun := make(chan struct{})
	go func() {
		answer, _ := s.Deliver(context.Background(), sender, "slow@customer.example", letter("slow"), func() error { close(begun); return nil })
		slow <- answer
	}()
	<-begun
	allAccepted(t, sink, many(s, 4, 50))
	close(release)
	if answer := <-slow; answer.Outcome != mailout.Accepted {
		t.Errorf("%+v", answer)
	}
}

func TestContextEnds(t *testing.T) {
	stopped := errors.New("asked to stop")
	pipelines(t, func(t *testing.T, extensions []string) {
		for _, stage := range []testkit.Stage{testkit.StageGreeting, testkit.StageEHLO, testkit.StageMail, testkit.StageRcpt, testkit.StageData} {
			ctx, cancel := context.WithCancelCause(context.Background())
			sink := testkit.NewSink(t, testkit.SinkOptions{Extensions: extensions, Script: func(s testkit.Stage, d testkit.Dialogue) testkit.Reply {
				if s == stage && d.Conn == 1 {
					cancel(stopped)
					return testkit.Reply{Hang: make(chan struct{})}
				}
				return testkit.Reply{}
			}})
			s := newSMTP(t, plain(sink))
			answer, err := s.Deliver(ctx, sender, recipient, letter("one"), func() error { t.Error("streaming called"); return nil })
			if answer.Outcome != mailout.Deferred || answer.Away || !errors.Is(err, stopped) {
				t.Errorf("%s: %+v, error %v", stage, answer, err)
			}
			if answer, err := s.Deliver(ctx, sender, recipient, letter("one"), nil); answer.Outcome != mailout.Deferred || answer.Away || err == nil {
				t.Errorf("%s, ended before: %+v, error %v", stage, answer, err)
			}
			mustAccept(t, s, "two")
			once(t, sink, "two")
		}
	})
}

// While all connections are taken a waiting message can be called back.
func TestContextEndsWhileWaiting(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{})
	sink := testkit.NewSink(t, testkit.SinkOptions{Script: at(testkit.StageDot, testkit.Reply{Hang: release})})
	s := newSMTP(t, plain(sink))
	first := make(chan mailout.Answer)
	go func() {
		answer, _ := s.Deliver(context.Background(), sender, recipient, letter("one"), func() error { close(begun); return nil })
		first <- answer
	}()
	<-begun
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if answer, err := s.Deliver(ctx, sender, recipient, letter("two"), nil); answer.Away || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%+v, error %v", answer, err)
	}
	close(release)
	if answer := <-first; answer.Outcome != mailout.Accepted {
		t.Errorf("%+v", answer)
	}
	once(t, sink, "one")
}

// The end of the context after the contents were announced leaves the dialogue
// its grace.
func TestContextEndsAfterStreaming(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	sink := testkit.NewSink(t, testkit.SinkOptions{})
	s := newSMTP(t, plain(sink))
	answer, err := s.Deliver(ctx, sender, recipient, letter("one"), func() error { cancel(); return nil })
	if answer.Outcome != mailout.Accepted || err != nil {
		t.Errorf("%+v, error %v", answer, err)
	}
	mustAccept(t, s, "two")
	if n := sink.Stats().Connections; n != 1 {
		t.Errorf("%d connections", n)
	}
}
