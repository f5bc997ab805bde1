package web

import (
	"hash/maphash"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// How many wrong links one place may open: this many at once, then one more
// each wrongEvery.
const (
	wrongBurst = 20
	wrongEvery = 3 * time.Second
)

// How often somebody may wish for something on the pages of one agreement:
// cancelling is never counted.
const (
	wishBurst = 20
	wishEvery = time.Minute
)

// patience counts wrong links by client, or wishes by token. Its memory is fixed:
// some share a bucket with others by chance, which does little harm, as right
// links are never counted and wishes are few.
type patience struct {
	seed    maphash.Seed
	buckets [2048]*rate.Limiter
}

func newPatience(every time.Duration, burst int) *patience {
	p := &patience{seed: maphash.MakeSeed()}
	for i := range p.buckets {
		p.buckets[i] = rate.NewLimiter(rate.Every(every), burst)
	}
	return p
}

// allow notes one more wrong link of a client and reports whether that is still
// within what one may try.
func (p *patience) allow(client netip.Addr, now time.Time) bool {
	return p.buckets[p.bucket(client)].AllowN(now, 1)
}

// allowToken notes one more wish of whoever has a token and reports whether that
// is still within what one may wish.
func (p *patience) allowToken(token string, now time.Time) bool {
	return p.buckets[maphash.String(p.seed, token)%uint64(len(p.buckets))].AllowN(now, 1)
}

// bucket is where a client is counted. Who has one IPv6 address has all of its
// /64, so those count as one.
func (p *patience) bucket(client netip.Addr) int {
	client = client.Unmap().WithZone("")
	if client.Is6() {
		if prefix, err := client.Prefix(64); err == nil {
			client = prefix.Addr()
		}
	}
	return int(maphash.Comparable(p.seed, client) % uint64(len(p.buckets)))
}

// clientAddress is where a request comes from. Behind a reverse proxy on this
// machine that is the last address that X-Forwarded-For names, which is the one
// that the proxy wrote; what stands before it anybody can write. It is the zero
// Addr where it cannot be known.
func clientAddress(r *http.Request) netip.Addr {
	peer := parseAddress(r.RemoteAddr)
	if !peer.IsLoopback() {
		return peer
	}
	lines := r.Header.Values("X-Forwarded-For")
	if len(lines) == 0 {
		return peer
	}
	last := lines[len(lines)-1]
	last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	if client := parseAddress(last); client.IsValid() {
		return client
	}
	return peer
}

// parseAddress reads an address with or without a port.
func parseAddress(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}
