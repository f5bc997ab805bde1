package test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"renewd/internal/testkit/realmail"
)

// TestRealMailProgram drives renewd as an administrator does, with a real mail
// server behind it: what the database says is what the mailboxes hold.
func TestRealMailProgram(t *testing.T) {
	program := buildProgram(t)
	fast := "rate = 0"
	t.Run("run", func(t *testing.T) { runOnce(newBusiness(t, program, fast)) })
	t.Run("all refused because of us", func(t *testing.T) { allRefused(newBusiness(t, program, fast)) })
	t.Run("one refused as spam", func(t *testing.T) { oneRefused(newBusiness(t, program, fast)) })
	t.Run("one refused as spam, one connection", func(t *testing.T) { oneRefused(newBusiness(t, program, fast+"\nconnections = 1")) })
	t.Run("away", func(t *testing.T) { away(newBusiness(t, program, fast)) })
	t.Run("serve", func(t *testing.T) { serve(newBusiness(t, program, fast)) })
	t.Run("killed", func(t *testing.T) { killed(newBusiness(t, program, "rate = 600")) })
	t.Run("check and send-test", func(t *testing.T) { lookFirst(newBusiness(t, program, fast)) })
}

// The thirty customers of these tests: most can be reached.
var (
	reachable = addresses("anna", 23)
	hard      = addresses("hard", 4)
	soft      = addresses("soft", 3)
)

func thirty() []string {
	all := slices.Concat(reachable[:10], hard[:2], soft[:1], reachable[10:20], hard[2:], soft[1:], reachable[20:])
	return all
}

// checkThirty holds the reminders of the thirty against the mailboxes.
func (b *business) checkThirty(all map[string]reminder) {
	b.t.Helper()
	if len(all) != 30 {
		b.t.Errorf("%d reminders, want 30", len(all))
	}
	for _, email := range reachable {
		b.received(email, all[email])
	}
	for _, email := range hard {
		if r := all[email]; r.state != "failed" || r.reason != "rejected" || !strings.HasPrefix(r.reply, "550 5.1.1 ") {
			b.t.Errorf("%s: %s %s, %q", email, r.state, r.reason, r.reply)
		}
	}
	for _, email := range soft {
		if r := all[email]; r.state != "waiting" || r.reason != "deferred" {
			b.t.Errorf("%s: %s %s, %q", email, r.state, r.reason, r.reply)
		}
	}
	if got := b.suppressed(); !slices.Equal(got, hard) {
		b.t.Errorf("suppressed: %v", got)
	}
	if n := b.s.Total("client.test"); n != len(reachable) {
		b.t.Errorf("%d letters in the mailboxes, want %d", n, len(reachable))
	}
}

// runOnce makes one pass, and one more, in which nothing is left to do.
func runOnce(b *business) {
	b.customers(thirty()...)
	b.run("0 3", "run")
	after := b.reminders()
	b.checkThirty(after)
	b.run("0", "run")
	if again := b.reminders(); !reflect.DeepEqual(again, after) {
		b.t.Errorf("a second pass changed reminders:\n%v\n%v", after, again)
	}
	// A letter that the second pass had sent would be there before this one.
	b.customers("last@client.test")
	b.run("0", "run")
	b.received("last@client.test", b.reminders()["last@client.test"])
	if n := b.s.Total("client.test"); n != len(reachable)+1 {
		b.t.Errorf("%d letters in the mailboxes, want %d", n, len(reachable)+1)
	}
}

// allRefused: where the server takes us for a sender of spam, no address is at
// fault and staff are told; once that is put right, the letters leave.
func allRefused(b *business) {
	b.customers(addresses("spam", 5)...)
	b.run("1 3", "run")
	for email, r := range b.reminders() {
		if r.state == "sent" || r.state == "failed" || r.state == "uncertain" {
			b.t.Errorf("%s: %s %s, %q", email, r.state, r.reason, r.reply)
		}
	}
	if got := b.suppressed(); len(got) != 0 {
		b.t.Errorf("suppressed: %v", got)
	}
	if tasks := b.run("0", "tasks"); !strings.Contains(tasks, "sender_refused") || !strings.Contains(tasks, "Blocked as spam") {
		b.t.Errorf("staff are not told:\n%s", tasks)
	}
	b.exec(`UPDATE customers SET email = replace(email, 'spam', 'spring')`)
	b.run("0", "release")
	b.run("0", "run")
	for email, r := range b.reminders() {
		b.received(email, r)
	}
	if tasks := b.run("0", "tasks"); strings.Contains(tasks, "sender_refused") {
		b.t.Errorf("it is put right, and staff are still told:\n%s", tasks)
	}
}

// oneRefused: a single recipient whose letter the server takes for spam does not
// keep the letters of all others back, whichever is tried first.
func oneRefused(b *business) {
	spam, others := addresses("spam", 1), addresses("anna", 12)
	b.customers(append(spam, others...)...)
	b.run("0 1 3", "run")
	for range 2 {
		b.run("0", "release")
		b.run("0 1 3", "run")
	}
	all := b.reminders()
	for _, email := range others {
		b.received(email, all[email])
	}
	if r := all[spam[0]]; r.state == "sent" || !strings.HasPrefix(r.reply, "554 5.7.1 ") {
		b.t.Errorf("%s: %s %s, %q", spam[0], r.state, r.reason, r.reply)
	}
	if got := b.suppressed(); len(got) != 0 {
		b.t.Errorf("suppressed: %v", got)
	}
}

// away: while there is no server everything waits, without a doubt about
// anything; once it is back, a person need not wait for the next try.
func away(b *business) {
	b.customers(reachable...)
	b.s.StopPostfix()
	b.run("1 3", "run")
	for email, r := range b.reminders() {
		if r.state != "waiting" && r.state != "due" && r.state != "planned" {
			b.t.Errorf("without a server, %s is %s %s, %q", email, r.state, r.reason, r.reply)
		}
	}
	if tasks := b.run("0", "tasks"); !strings.Contains(tasks, "server_away") {
		b.t.Errorf("staff are not told:\n%s", tasks)
	}
	b.s.StartPostfix()
	b.run("0", "release")
	b.run("0", "run")
	for email, r := range b.reminders() {
		b.received(email, r)
	}
	if tasks := b.run("0", "tasks"); strings.Contains(tasks, "server_away") {
		b.t.Errorf("the server is back, and staff are still told:\n%s", tasks)
	}
}

// serve lets the daemon find the thirty by itself, and stops it as systemd does.
func serve(b *business) {
	b.customers(thirty()...)
	d := b.start()
	for _, email := range reachable {
		b.s.WaitLetters(d.ended, email, 1)
	}
	// The refused ones may not have had their turn yet: stopping is not before
	// what was begun is written down, and the next pass does the rest.
	d.stop()
	b.run("0 3", "run")
	b.checkThirty(b.reminders())
}

// killed ends the daemon in the middle: nobody gets a letter twice, and what is
// not known is said to be so.
func killed(b *business) {
	b.customers(reachable...)
	d := b.start()
	b.s.WaitLetters(d.ended, reachable[0], 1)
	d.kill()
	b.run("0 3", "run")
	doubtful := 0
	for email, r := range b.reminders() {
		switch r.state {
		case "sent":
			b.received(email, r)
		case "uncertain":
			doubtful++
			if n := len(b.s.Letters(email)); n > 1 {
				b.t.Errorf("%s has %d letters", email, n)
			}
		default:
			b.t.Errorf("%s: %s %s", email, r.state, r.reason)
		}
	}
	// No more than one can be under way on each of four connections.
	if doubtful > 4 {
		b.t.Errorf("%d of %d in doubt", doubtful, len(reachable))
	}
}

// lookFirst asks about the mail server before anything is due.
func lookFirst(b *business) {
	b.run("0", "check", "--online")
	b.run("0", "send-test", "pass-renewal", "--to", "direction@client.test")
	if b.t.Failed() {
		return // there is nothing to wait for
	}
	letters := b.s.WaitLetters(b.t.Context(), "direction@client.test", 1)
	if _, contents := realmail.Contents(letters[0]); !bytes.Contains(contents, []byte("direction@client.test>\r\n")) {
		b.t.Errorf("the test letter:\n%s", contents)
	}
	b.write("password", "not the password\n")
	if out := b.run("1 2", "check", "--online"); !strings.Contains(out, "535") || !strings.Contains(out, "password_file") {
		b.t.Errorf("a wrong password: %s", out)
	}
	b.write("password", b.s.Password)
	b.s.StopPostfix()
	if out := b.run("1 2", "check", "--online"); !strings.Contains(out, "no mail server listens") {
		b.t.Errorf("no server: %s", out)
	}
}
