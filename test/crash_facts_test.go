package test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"renewd/internal/testkit"
)

// TestCrashLateFacts: a customer who has just said no, or has just complained, is
// not written to, however far the letter had got.
func TestCrashLateFacts(t *testing.T) {
	program := buildForCrashes(t)
	t.Run("at the last moment", func(t *testing.T) { t.Parallel(); atLastMoment(t, program) })
	t.Run("in the queue", func(t *testing.T) { t.Parallel(); inQueue(t, program) })
}

// linked is a workshop whose customers have had a letter with a link, and have a
// contract that ends soon besides: a second letter is due to each.
func linked(t *testing.T, program string, customers int, mail string) (w *workshop, links map[string]string) {
	t.Helper()
	w = newWorkshop(t, program, workshopSettings{mail: "rate = 0", send: `cap = "P0D"`, web: true})
	w.mix(customers, 0, 0)
	w.renewd("0", "run")
	links = map[string]string{}
	for _, letter := range w.sink.Accepted() {
		link := regexp.MustCompile(`(?ms)^List-Unsubscribe:.*?<https://pages.parc-aurore.test(/[^>]+)>`).FindSubmatch(letter.Raw)
		if link == nil {
			t.Fatalf("no link in the letter:\n%s", letter.Raw)
		}
		links[letter.To] = fmt.Sprintf("http://%s%s", w.public.Addr(), link[1])
	}
	w.sink.Forget()
	rows := "ref,customer,kind,ends_on,auto_renew\n"
	for i := range customers {
		rows += fmt.Sprintf("B-c%d,c%d,contract,%s,no\n", i+1, i+1, time.Now().AddDate(0, 0, 20).Format(time.DateOnly))
	}
	w.importFile("contracts.csv", rows)
	w.configure(workshopSettings{mail: mail, send: `cap = "P0D"`, web: true})
	return w, links
}

// unsubscribe presses the button of a mail program, and returns the status and
// the header Retry-After.
func unsubscribe(link string) (status int, again string, err error) {
	client := http.Client{Timeout: mostPatience}
	response, err := client.Post(link, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, response.Header.Get("Retry-After"), err
}

// atLastMoment holds the server's leave to send the contents until the fact is
// known: no later moment can be told apart from outside.
func atLastMoment(t *testing.T, program string) {
	const customers, spared = 100, 10
	w, links := linked(t, program, customers, "rate = 0\nconnections = 8")
	known := make(chan struct{}, customers) // one a fact
	w.setScript(func(stage testkit.Stage, d testkit.Dialogue) testkit.Reply {
		number := 0
		if _, err := fmt.Sscanf(d.To, "c%d@", &number); stage != testkit.StageData || err != nil || number <= spared {
			return testkit.Reply{}
		}
		customer := fmt.Sprintf("c%d", number)
		switch number % 3 {
		case 0:
			if status, _, err := unsubscribe(links[d.To]); status != http.StatusOK || err != nil {
				t.Errorf("unsubscribing %s: %d, %v", d.To, status, err)
			}
		case 1:
			if out, err := w.command(t.Context(), "record", "complaint", "--customer", customer).CombinedOutput(); err != nil {
				t.Errorf("recording a complaint: %v\n%s", err, out)
			}
		default:
			w.typed(`INSERT INTO events(type, at, customer_id) SELECT 'complaint', datetime('now'), id FROM customers WHERE ref = ?`, customer)
		}
		known <- struct{}{}
		return testkit.Reply{}
	})
	s := w.serve()
	for range customers - spared {
		select {
		case <-known:
		case <-time.After(mostPatience):
			t.Fatal("not everybody is written to")
		}
	}
	s.stop()
	w.setScript(nil)
	w.renewd("0", "run")
	w.second(spared)
}

// second looks at the letters about the contracts: this many left, the others
// have a reason that is a fact.
func (w *workshop) second(letters int) {
	w.t.Helper()
	if n := w.sink.Count(); n != letters {
		w.t.Errorf("%d letters left, want %d", n, letters)
	}
	states := map[string]int{}
	for _, row := range query(w.t, w.dir+"/renewd.db", `SELECT state || ' ' || reason FROM reminders WHERE rule = 'contract'`) {
		states[row]++
	}
	if states["sent due"] != letters || states["sent due"]+states["skipped unsubscribed"]+states["waiting complaint"] != w.customersSoFar {
		w.t.Errorf("the contracts: %v", states)
	}
	w.sound()
}

// inQueue: at one letter a second, the wishes come while nearly all of them are
// still in the queue, some of them claimed.
func inQueue(t *testing.T, program string) {
	const customers = 30
	w, links := linked(t, program, customers, "rate = 60\nconnections = 2")
	held, goOn := make(chan string, customers), make(chan struct{})
	w.setScript(func(stage testkit.Stage, d testkit.Dialogue) testkit.Reply {
		if stage != testkit.StageDot {
			return testkit.Reply{}
		}
		held <- d.To
		return testkit.Reply{Hang: goOn}
	})
	s := w.serve()
	first := map[string]bool{<-held: true, <-held: true} // both connections have one
	for email, link := range links {
		if first[email] {
			continue
		}
		if status, _, err := unsubscribe(link); status != http.StatusOK || err != nil {
			t.Errorf("unsubscribing %s: %d, %v", email, status, err)
		}
	}
	close(goOn)
	s.says("msg=pass ")
	s.stop()
	w.renewd("0", "run")
	w.second(len(first))
}
