package main

import (
	"testing"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// A notice that is on its way while its window is open is not yet missed.
func TestAuditOfNoticeUnderWay(t *testing.T) {
	closes := time.Date(2027, 3, 1, 22, 59, 59, 0, time.UTC)
	n := store.NoticeRecord{State: renewal.Sending, Closes: closes}
	if got := verdict(n, closes); got != windowOpen {
		t.Errorf("inside its window: %s", got)
	}
	if got := verdict(n, closes.Add(time.Second)); got != windowMissed {
		t.Errorf("after its window: %s", got)
	}
}
