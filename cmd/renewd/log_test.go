package main

import (
	"strings"
	"testing"
)

func TestLogForTheJournal(t *testing.T) {
	var out strings.Builder
	log := newLog(&out, true)
	log.Info("ready", "rules", 2)
	log.With("message", 7).Warn("not sent", "reply", "450 4.2.1 busy")
	log.WithGroup("g").Error("a pass failed", "error", "two\nlines")
	log.Debug("nobody reads this")
	want := "<6>msg=ready rules=2\n" +
		"<4>msg=\"not sent\" message=7 reply=\"450 4.2.1 busy\"\n" +
		"<3>msg=\"a pass failed\" g.error=\"two\\nlines\"\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestLogForAPerson(t *testing.T) {
	var out strings.Builder
	newLog(&out, false).Info("ready")
	if got := out.String(); !strings.HasPrefix(got, "time=") || !strings.HasSuffix(got, "level=INFO msg=ready\n") {
		t.Errorf("got %q", got)
	}
}
