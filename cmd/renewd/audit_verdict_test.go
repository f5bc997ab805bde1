package main

import (
	"testing"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// A notice that is on its way or in doubt while its window is open is not yet
// missed.
func TestAuditOfNoticeUnderWay(t *testing.T) {
	closes := time.Date(2027, 3, 1, 22, 59, 59, 0, time.UTC)
	for _, state := range []renewal.State{renewal.Sending, renewal.Uncertain} {
		n := store.NoticeRecord{State: state, Closes: closes}
		if got := verdict(n, closes); got != windowOpen {
			t.Errorf("%s inside its window: %s", state, got)
		}
		if got := verdict(n, closes.Add(time.Second)); got != windowMissed {
			t.Errorf("%s after its window: %s", state, got)
		}
	}
}
