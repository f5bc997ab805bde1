package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"renewd/internal/renewal"
)

// The scripts e2e_*.txtar drive the real program, which reads the real clock.
// Their business therefore lives in a zone where it is about noon, so that no
// midnight comes between, and their dates count from its today: {+7} in a file
// is the date a week from today, {-1 02/01/2006} yesterday as a spreadsheet may
// write it, {zone} the business's zone, $RECENTLY a minute ago.
// A file with marks is no file to -update: it would get the dates of that day.
var dateMark = regexp.MustCompile(`\{([+-]\d+)(?: ([^{}]+))?\}`)

// noonZone names a zone of a fixed offset in which now is about noon.
func noonZone(now time.Time) string {
	east := 12 - now.UTC().Hour()
	if east == 0 {
		return "Etc/GMT"
	}
	return fmt.Sprintf("Etc/GMT%+d", -east) // POSIX counts to the west
}

// fillDates replaces the marks in every file of a script.
func fillDates(env *testscript.Env) error {
	now := present()
	name := noonZone(now)
	zone, err := time.LoadLocation(name)
	if err != nil {
		return err
	}
	env.Setenv("ZONE", name)
	env.Setenv("RECENTLY", renewal.FormatStamp(now.Add(-time.Minute)))
	env.Values[todayKey{}] = renewal.LocalDate(now, zone)
	return filepath.WalkDir(env.WorkDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		filled := dateMark.ReplaceAllFunc(text, func(mark []byte) []byte {
			parts := dateMark.FindSubmatch(mark)
			return []byte(dayFrom(renewal.LocalDate(now, zone), string(parts[1]), string(parts[2])))
		})
		filled = bytes.ReplaceAll(filled, []byte("{zone}"), []byte(name))
		if bytes.Equal(filled, text) {
			return nil
		}
		return os.WriteFile(path, filled, 0o644)
	})
}

type todayKey struct{}

// dayFrom writes the date some days from today, in a layout of package time.
func dayFrom(today renewal.Date, days, layout string) string {
	n, err := strconv.Atoi(days)
	if err != nil {
		return days
	}
	if layout == "" {
		layout = time.DateOnly
	}
	return today.AddDays(n).Time().Format(layout)
}

// scriptCommands are what the scripts know besides testscript's own words.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"day":      cmdDay,
		"encode":   cmdEncode,
		"evidence": cmdEvidence,
		"exits":    cmdExits,
		"hold":     cmdHold,
		"mailbox":  cmdMailbox,
	}
}

// scriptCondition knows [root], who may write everywhere, and [without:PROGRAM].
// Where CI says that it is complete, a program that is missing is a failure and
// no reason to skip.
func scriptCondition(condition string) (bool, error) {
	if condition == "root" {
		return os.Geteuid() == 0, nil
	}
	program, ok := strings.CutPrefix(condition, "without:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", condition)
	}
	if _, err := exec.LookPath(program); err == nil {
		return false, nil
	}
	if os.Getenv("CI") == "true" {
		return true, fmt.Errorf("%s is not installed, and with CI=true it has to be", program)
	}
	return true, nil
}

// cmdExits runs a program that has to end with an exit code: exits 3 renewd run.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	got := 0
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// cmdDay sets a variable to a date: day NAME +7 [LAYOUT].
func cmdDay(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: day NAME DAYS [LAYOUT]")
	}
	layout := ""
	if len(args) == 3 {
		layout = args[2]
	}
	ts.Setenv(args[0], dayFrom(ts.Value(todayKey{}).(renewal.Date), args[1], layout))
}

// cmdEncode writes a file anew in another encoding: encode windows-1252 FILE.
func cmdEncode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: encode windows-1252|utf-16 FILE")
	}
	encoder := charmap.Windows1252.NewEncoder()
	if args[0] == "utf-16" {
		encoder = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()
	}
	text, err := encoder.String(strings.ReplaceAll(ts.ReadFile(args[1]), "\n", "\r\n"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

// cmdHold takes a database's write lock and keeps it until the script ends:
// hold FILE.
func cmdHold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold FILE")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`BEGIN IMMEDIATE; INSERT INTO customers(ref, name) VALUES ('held', 'not committed')`)
	ts.Check(err)
}

// cmdMailbox checks how many messages a maildir holds and prints them, decoded,
// in order of To and Subject: mailbox DIR COUNT.
func cmdMailbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mailbox DIR COUNT")
	}
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "new", "*"))
	ts.Check(err)
	var texts []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		ts.Check(err)
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		ts.Check(err)
		var l demoLetter
		ts.Check(l.parse(raw))
		var b strings.Builder
		fmt.Fprintf(&b, "To: %s\nSubject: %s\n", l.To, l.Subject)
		for _, name := range []string{"From", "Reply-To", "List-Unsubscribe"} {
			if value := decoded(m.Header, name); value != "" {
				fmt.Fprintf(&b, "%s: %s\n", name, value)
			}
		}
		fmt.Fprintf(&b, "\n%s\n", strings.ReplaceAll(l.Text, "\r\n", "\n"))
		texts = append(texts, b.String())
	}
	slices.Sort(texts)
	_, err = io.WriteString(ts.Stdout(), strings.Join(texts, "=====\n"))
	ts.Check(err)
	if strconv.Itoa(len(files)) != args[1] {
		ts.Fatalf("%s holds %d messages, want %s:\n%s", args[0], len(files), args[1], strings.Join(texts, "=====\n"))
	}
}

// decoded is a header as people read it.
func decoded(h mail.Header, name string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(h.Get(name))
	if err != nil {
		return err.Error()
	}
	return text
}

// cmdEvidence compares every message in a maildir with what the database kept
// of it, byte by byte: evidence DATABASE DIR.
func cmdEvidence(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: evidence DATABASE DIR")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), "new", "*"))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("%s holds no messages", args[1])
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		ts.Check(err)
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		ts.Check(err)
		id := strings.Trim(m.Header.Get("Message-ID"), "<>")
		var kept []byte
		var sum, subject string
		ts.Check(db.QueryRow(`SELECT contents, sha256, subject FROM messages AS m JOIN message_contents AS k ON k.id = m.contents_id WHERE rfc822_id = ? AND state = 'sent'`, id).
			Scan(&kept, &sum, &subject))
		unpacked, err := gzip.NewReader(bytes.NewReader(kept))
		ts.Check(err)
		kept, err = io.ReadAll(unpacked)
		ts.Check(err)
		if !bytes.Equal(kept, raw) {
			ts.Fatalf("%s: the database kept other bytes than those that were sent", id)
		}
		if digest := sha256.Sum256(raw); hex.EncodeToString(digest[:]) != sum {
			ts.Fatalf("%s: sha256 is %s", id, sum)
		}
		var l demoLetter
		ts.Check(l.parse(raw))
		if l.Subject != subject {
			ts.Fatalf("%s: the subject is %q, the database says %q", id, l.Subject, subject)
		}
	}
}
