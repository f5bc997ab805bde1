package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"renewd/internal/plan"
	"renewd/internal/renewal"
)

// playedDemo plays the demo of a day in a folder of its own and returns it with
// what it printed.
func playedDemo(t *testing.T, day renewal.Date) (*demo, string) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("STATE_DIRECTORY", "")
	var out, messages strings.Builder
	s := &Session{Out: newPrinter(&out, false), Err: newPrinter(&messages, false)}
	zone, err := time.LoadLocation(demoZone)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDemo(t.Context(), s, day, zone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.show(t.Context()); err != nil {
		t.Fatal(err)
	}
	if messages.Len() > 0 {
		t.Errorf("messages: %s", messages.String())
	}
	return d, out.String()
}

// aTuesday is a day to play the demo on.
var aTuesday = renewal.NewDate(2026, time.November, 24)

// TestDemoFitsATerminal: a first look must not be a mess of broken lines. Links
// in letters are as long as they are.
func TestDemoFitsATerminal(t *testing.T) {
	_, printed := playedDemo(t, aTuesday)
	for line := range strings.Lines(printed) {
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimRight(line, " ") != line {
			t.Errorf("blanks at the end: %q", line)
		}
		if n := cellWidth(line); n > demoWidth && !strings.Contains(line, "mailto:") {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// TestDemoDay: whenever it is started, the demo shows a working day after a
// working day, and its clock is not ahead of the real one.
func TestDemoDay(t *testing.T) {
	zone := mustZone(demoZone)
	for hour := range 14 * 24 {
		now := renewal.At(aTuesday, 0, zone).Add(time.Duration(hour) * time.Hour)
		shown := demoDay(now, zone)
		if end := demoNow(shown, zone); end.After(now) || now.Sub(end) > 72*time.Hour {
			t.Errorf("at %s it shows %s", now, shown)
		}
		if w := shown.Weekday(); w < time.Tuesday || w > time.Saturday {
			t.Errorf("at %s it shows a %s", now, w)
		}
	}
}

// TestDemoThatCannotBegin: spreadsheets that cannot be used (a year before the first)
// leave no database open behind them, which its log beside it would show.
func TestDemoThatCannotBegin(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("STATE_DIRECTORY", "")
	var out, messages strings.Builder
	s := &Session{Out: newPrinter(&out, false), Err: newPrinter(&messages, false)}
	d, err := newDemo(t.Context(), s, renewal.NewDate(1, time.February, 20), mustZone(demoZone))
	if err == nil || d != nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Fatalf("%v, %v", d, err)
	}
	if _, err := os.Stat(filepath.Join(demoDir, "renewd.db")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(demoDir, "renewd.db-wal")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the database is still open: %v", err)
	}
}

// TestDemoShowsEverything plays each day of the week that it may be, ends of
// months and changes of the clock: there is always the same to see. Where the
// clocks change here and not yet there, one more letter waits for its hour.
func TestDemoShowsEverything(t *testing.T) {
	for _, date := range []string{"2026-11-25", "2026-12-31", "2027-01-29", "2027-02-27", "2027-03-24", "2027-11-02", "2028-02-29"} {
		t.Run(date, func(t *testing.T) {
			day, err := renewal.ParseDate(date)
			if zone := mustZone(demoZone); err != nil || demoDay(demoNow(day, zone), zone) != day {
				t.Fatalf("%s is no day for a demo: %v", date, err)
			}
			d, printed := playedDemo(t, day)
			sent, held, skipped := len(d.decided(plan.Send)), len(d.decided(plan.Wait)), len(d.decided(plan.Skip))
			if d.before != 6 || sent != 9 || held < 3 || held > 4 || skipped != 4 {
				t.Errorf("%d before, %d sent, %d held, %d skipped", d.before, sent, held, skipped)
			}
			for _, want := range []string{"P-104, P-105, P-106 before_end:P30D", "complaint: this customer complained recently, until ",
				"unsubscribed: wants no reminders", "no_address  C13 Lena Vogel", "Kim Tran "} {
				if !strings.Contains(printed, want) {
					t.Errorf("it does not show %q", want)
				}
			}
		})
	}
}

var link = regexp.MustCompile(`href="(/[^"]*)"`)

// TestDemoPages opens the first page and every letter that it links to.
func TestDemoPages(t *testing.T) {
	d, _ := playedDemo(t, aTuesday)
	handler, err := d.handler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return answer
	}
	first := get("/")
	if first.Code != http.StatusOK || !strings.HasPrefix(first.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", first.Code, first.Header())
	}
	page := first.Body.String()
	for _, want := range []string{"Rocha Alta", "Os seus 3 passes terminam em breve", "Marie Laurent", "wait complaint",
		"skip unsubscribed", "no_address", "P-104, P-105, P-106 before_end:P7D"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	links := link.FindAllStringSubmatch(page, -1)
	if len(links) != 2*15 {
		t.Errorf("%d links to letters, want 2 to each of 15", len(links))
	}
	for _, l := range links {
		if answer := get(l[1]); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "Rocha Alta") ||
			!strings.Contains(answer.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d", l[1], answer.Code)
		}
	}
	for _, path := range []string{"/letter/99/html", "/letter/1/eml", "/letter/x/html", "/renewd.db", "/../config.toml"} {
		if answer := get(path); answer.Code == http.StatusOK {
			t.Errorf("%s is answered", path)
		}
	}
	t.Run("in a browser", func(t *testing.T) { showsWithoutScrolling(t, page) })
}

// showsWithoutScrolling opens the page in a browser as wide as a telephone and
// as wide as a desk: nothing may stick out at the side.
func showsWithoutScrolling(t *testing.T, page string) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed, and with CI=true it has to be")
		}
		t.Skip("chromium is not installed: the page was not looked at in a browser")
	}
	for _, width := range []int{390, 1200} {
		// A window is never as narrow as a telephone; a frame can be.
		file := filepath.Join(t.TempDir(), "frame.html")
		frame := fmt.Sprintf(`<!doctype html><title></title><body style="margin:0"><iframe width="%d" height="900" style="border:0" srcdoc="%s"
onload="document.title = this.contentWindow.innerWidth + ' of ' + this.contentDocument.documentElement.scrollWidth"></iframe>`,
			width, html.EscapeString(page))
		if err := os.WriteFile(file, []byte(frame), 0o644); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
			fmt.Sprintf("--window-size=%d,900", width+100), "--user-data-dir="+filepath.Join(t.TempDir(), "profile"), "--dump-dom", "file://"+file)
		dom, err := cmd.Output()
		if err != nil {
			t.Fatalf("%d: %v", width, err)
		}
		want := fmt.Sprintf("<title>%d of %d</title>", width, width)
		if !strings.Contains(string(dom), want) {
			t.Errorf("%s, want %s", regexp.MustCompile(`<title>.*</title>`).Find(dom), want)
		}
	}
}
