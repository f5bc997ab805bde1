package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestClientAddress(t *testing.T) {
	for _, c := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:1000", nil, "192.0.2.1"},
		{"192.0.2.1:1000", []string{"203.0.113.9"}, "192.0.2.1"}, // not a proxy of ours
		{"127.0.0.1:1000", nil, "127.0.0.1"},
		{"127.0.0.1:1000", []string{"203.0.113.9"}, "203.0.113.9"},
		{"127.0.0.1:1000", []string{"1.1.1.1, 2.2.2.2 ,203.0.113.9"}, "203.0.113.9"},
		{"127.0.0.1:1000", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
		{"127.0.0.1:1000", []string{"203.0.113.9, junk"}, "127.0.0.1"},
		{"127.0.0.1:1000", []string{""}, "127.0.0.1"},
		{"127.0.0.1:1000", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"[::1]:1000", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"[::1]:1000", []string{"2001:db8::1"}, "2001:db8::1"},
		{"[::1]:1000", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"[::ffff:127.0.0.1]:1000", []string{"203.0.113.9"}, "203.0.113.9"},
		{"@", []string{"203.0.113.9"}, "invalid IP"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.forwarded
		if got := clientAddress(r).String(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestPatience(t *testing.T) {
	p := newPatience(wrongEvery, wrongBurst)
	now := time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)
	for i := range wrongBurst { // a whole /64 is one client
		if !p.allow(parseAddress(fmt.Sprintf("2001:db8::%x", i)), now) {
			t.Fatalf("refused after %d", i)
		}
	}
	if p.allow(parseAddress("2001:db8::ffff"), now) {
		t.Error("another address of the same network is another client")
	}
	if p.bucket(parseAddress("::ffff:192.0.2.1")) != p.bucket(parseAddress("192.0.2.1")) {
		t.Error("an IPv4 address depends on how it is written")
	}
	for i := range 100_000 { // memory is fixed whatever comes
		p.allow(parseAddress(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)), now)
	}
}
