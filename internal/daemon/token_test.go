package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"renewd/internal/daemon"
	"renewd/internal/renewal"
	"renewd/internal/testkit"
	"renewd/internal/web"
)

var background = context.Background()

// opens reports which pages a token opens: u, m, s.
func (c *counter) opens(token string) string {
	c.t.Helper()
	pages := ""
	_, u := c.links.Subscriber(background, token)
	_, m := c.pages.Agreement(background, token)
	_, s := c.pages.Leaver(background, token)
	for i, err := range []error{u, m, s} {
		switch {
		case err == nil:
			pages += string("ums"[i])
		case !errors.Is(err, web.ErrNoSuchPage):
			c.t.Errorf("%s: %v", token, err)
		}
	}
	return pages
}

// TestPurposes: a link opens the page that it was made for and no other.
func TestPurposes(t *testing.T) {
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	unsubscribe, err := c.links.UnsubscribeToken(background, 1)
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{c.token("m", "A1"): "m", c.token("s", "A1"): "s", unsubscribe: "u"} {
		if got := c.opens(token); got != want {
			t.Errorf("%s opens %q", token, got)
		}
	}
	// Of two customers with the same ids in another order only the true owner has a page.
	c.pass("C2", "bob@x.example", "A2", "2027-03-31")
	swapped, err := c.links.AgreementToken(background, "m", 1, 2, renewal.LocalDate(c.now, time.UTC))
	if err != nil || c.opens(swapped) != "" {
		t.Errorf("a page of another's agreement: %q, %v", c.opens(swapped), err)
	}
}

// TestTwoYears: links about an agreement work for two years from the day of
// their letter, those that unsubscribe for ever.
func TestTwoYears(t *testing.T) {
	c := newCounter(t)
	c.now = time.Date(2028, time.February, 29, 23, 59, 59, 0, time.UTC)
	c.subscription("C1", "ann@x.example", "A1", "2031-03-31")
	manage, reason := c.token("m", "A1"), c.token("s", "A1")
	unsubscribe, err := c.links.UnsubscribeToken(background, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, moment := range []struct {
		at   time.Time
		want string
	}{
		{c.now, "ums"}, {c.now.AddDate(0, 0, -40), "ums"}, {time.Date(2030, time.February, 28, 23, 59, 59, 0, time.UTC), "ums"},
		{time.Date(2030, time.March, 1, 0, 0, 0, 0, time.UTC), "u"}, {time.Date(2099, time.March, 1, 0, 0, 0, 0, time.UTC), "u"},
	} {
		c.now = moment.at
		if got := c.opens(unsubscribe) + c.opens(manage) + c.opens(reason); got != moment.want {
			t.Errorf("at %v they open %q, want %q", moment.at, got, moment.want)
		}
	}
}

// TestNewKey: a new key before the old signs from the next minute on, what was
// signed before still opens; a key taken out closes its links; damage is said.
func TestNewKey(t *testing.T) {
	c := newCounter(t)
	c.subscription("C1", "ann@x.example", "A1", "2027-03-31")
	first := c.token("m", "A1")
	c.Exec(`UPDATE meta SET value = lower(hex(randomblob(32))) || ' ' || value WHERE key = 'link_key'`)
	if c.token("m", "A1") != first || c.opens(first) != "m" {
		t.Error("the keys are read at every link")
	}
	c.now = c.now.Add(time.Minute)
	second := c.token("m", "A1")
	if second == first || c.opens(first) != "m" || c.opens(second) != "m" {
		t.Errorf("after the new key: %q, %q", c.opens(first), c.opens(second))
	}
	c.Exec(`UPDATE meta SET value = substr(value, 1, 64) WHERE key = 'link_key'`)
	c.now = c.now.Add(time.Minute)
	if c.opens(first) != "" || c.opens(second) != "m" {
		t.Errorf("without the old key: %q, %q", c.opens(first), c.opens(second))
	}
	for _, bad := range []string{"xyz", "abcd", strings.Repeat("ab", 32) + " 12"} {
		c.Exec(`UPDATE meta SET value = ? WHERE key = 'link_key'`, bad)
		c.now = c.now.Add(time.Minute)
		if _, err := c.pages.Agreement(background, second); err == nil || errors.Is(err, web.ErrNoSuchPage) || strings.Contains(err.Error(), bad) {
			t.Errorf("damaged keys %q: %v", bad, err)
		}
	}
}

// TestForgedAgreementTokens changes good tokens ten thousand times: none opens
// anything.
func TestForgedAgreementTokens(t *testing.T) {
	c := newCounter(t)
	var good []string
	for i := range 3 {
		ref := fmt.Sprintf("A%d", i+1)
		c.subscription(fmt.Sprintf("C%d", i+1), fmt.Sprintf("c%d@x.example", i+1), ref, "2027-03-31")
		good = append(good, c.token("m", ref), c.token("s", ref))
	}
	random := rand.New(rand.NewPCG(3, 4))
	tried := 0
	for tried < 10_000 {
		b := []byte(good[random.IntN(len(good))])
		at := random.IntN(len(b))
		switch random.IntN(5) {
		case 0:
			b[at] ^= 1 << random.IntN(7)
		case 1:
			b = b[:at]
		case 2:
			b = slices.Insert(b, at, "0123456789.-_aZmsu"[random.IntN(18)])
		case 3:
			b = slices.Delete(b, at, at+1)
		case 4: // one token's claim before another's seal
			_, seal, _ := strings.Cut(good[random.IntN(len(good))], "-")
			claim, _, _ := strings.Cut(string(b), "-")
			b = []byte(claim + "-" + seal)
		}
		if slices.Contains(good, string(b)) {
			continue
		}
		tried++
		if pages := c.opens(string(b)); pages != "" {
			t.Fatalf("%q opens %s", b, pages)
		}
	}
}

// FuzzTokens reads any text as a token: only what was made here is one.
func FuzzTokens(f *testing.F) {
	clock := func() time.Time { return time.Date(2025, time.March, 1, 10, 0, 0, 0, time.UTC) }
	shop := testkit.NewShop(f, testkit.Settings(f), clock)
	links := daemon.NewLinks(shop.DB, clock)
	good, err := links.AgreementToken(background, "m", 1, 1, renewal.LocalDate(clock(), time.UTC))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{good, good[:10], "m1.1.20000-", "u1-", "-", "m-", "m99999999999999999999.1.1-x", "s1.1", "m1.1.20000.1-AAAA", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		for purpose, opens := range links.Opens(background, token) {
			if opens && (token != good || purpose != "m") {
				t.Errorf("%q opens %s", token, purpose)
			}
		}
	})
}
