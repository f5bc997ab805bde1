package test

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestDamage is about files that are not as the daemon left them.
func TestDamage(t *testing.T) {
	t.Parallel()
	program := studioProgram(t)
	for name, test := range map[string]func(*testing.T, string){
		"file": damagedFile, "after a crash": damagedAfterCrash, "older backup": olderBackup,
		"copied folder": copiedFolder, "other machine": otherMachine,
		"old schema": oldSchema, "old schema, killed": oldSchemaKilled,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, program) })
	}
}

// damagedFile damages the database of a business with letters to send. The daemon
// either works all the same, or refuses with a sentence, sends nothing and leaves
// the file as it was.
func damagedFile(t *testing.T, program string) {
	everybody := people(0, 6, false)
	for _, c := range []struct {
		name   string
		damage func(*studio)
		// works: it has to work; refused: it has to refuse, and says this.
		works   bool
		refused string
	}{
		{name: "the first bytes", damage: patch(0, 1, 2, 3, 4), refused: "is not a database"},
		{name: "the header is zeroes", damage: patch(0, make([]byte, 100)...), refused: "is not a database"},
		{name: "the size of pages", damage: patch(16, 0x12, 0x34), refused: "is not a database"},
		{name: "the version of the format", damage: patch(18, 9, 9), refused: "is not a database"},
		{name: "the counter of changes", damage: patch(24, 0xff, 0xff, 0xff, 0xff), works: true},
		{name: "the schema's number", damage: patch(60, 0, 0, 0, 99), refused: "was written by a newer renewd"},
		{name: "the program's number", damage: patch(68, 1, 2, 3, 4), refused: "is a database of another program"},
		{name: "the list of tables", damage: patch(100, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa), refused: "is damaged"},
		{name: "a page of customers is zeroes", damage: zeroPage("customers"), refused: "is damaged"},
		{name: "a page of reminders is zeroes", damage: zeroPage("reminders"), refused: "is damaged"},
		{name: "a page of an index is zeroes", damage: zeroPage("reminders_key"), refused: "is damaged"},
		{name: "bytes in a page of agreements", damage: scratchPage("agreements"), refused: "is damaged"},
		{name: "cut by a byte", damage: cut(func(n int64) int64 { return n - 1 })},
		{name: "cut in two", damage: cut(func(n int64) int64 { return n / 2 }), refused: "is damaged"},
		{name: "one page is left", damage: cut(func(int64) int64 { return 4096 }), refused: "is damaged"},
		{name: "fifty bytes are left", damage: cut(func(int64) int64 { return 50 }), refused: "is damaged"},
		{name: "a text", damage: overwrite("Dear diary,\n" + strings.Repeat("nothing happened today.\n", 100)), refused: "is not a database"},
		{name: "a directory", damage: replaceWithFolder, refused: "it is a directory"},
		{name: "another program's database", damage: anotherProgram, refused: "is a database of another program"},
		{name: "no right to write", damage: notOurs(0o644), refused: "cannot be written"},
		{name: "no right to read", damage: notOurs(0o600), refused: "check"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newStudio(t, program, "", nil)
			f.customers(everybody...)
			c.damage(f)
			before := f.bytes()
			s := f.start()
			s.endsOr("all letters", func() bool { return f.sink.Count() >= len(everybody) })
			if s.runs() {
				if c.refused != "" {
					t.Fatalf("it starts, want %q", c.refused)
				}
				s.well()
				s.stop()
				f.intact()
				f.finished(len(everybody), 0)
				return
			}
			s.refused(f.db(), c.refused)
			if c.works {
				t.Error("it has to work")
			}
			if !bytes.Equal(f.bytes(), before) {
				t.Error("the file was changed")
			}
			if entries, err := os.ReadDir(f.data); err != nil || len(entries) > 2 {
				t.Errorf("files were left beside it: %v %v", entries, err)
			}
		})
	}
	// SQLite's own check overlooks this one: it shows at the first page that is needed.
	t.Run("the list of free pages", func(t *testing.T) {
		f := newStudio(t, program, "", nil)
		f.customers(everybody...)
		patch(32, 0, 0xff, 0xff, 0xff, 0, 0, 0, 7)(f)
		s := f.start().ready()
		s.unwell(http.StatusServiceUnavailable, "pass", "is damaged", "restore")
		s.failsAgain()
		s.kill() // it cannot write down how it ends
		f.truth()
	})
	t.Run("an empty file", func(t *testing.T) {
		f := newStudio(t, program, "", nil)
		f.customers(everybody...)
		overwrite("")(f)
		s := f.start().ready()
		s.well()
		s.stop()
		if n := f.sink.Count(); n != 0 {
			t.Errorf("%d letters", n)
		}
	})
}

// damagedAfterCrash takes away what SQLite needs after a crash in the middle
// of sending: nobody is written to twice, and what is older than what was sent
// sends nothing before a person has decided.
func damagedAfterCrash(t *testing.T, program string) {
	const all = 60
	for _, c := range []struct {
		name    string
		damage  func(*studio)
		lost    bool // what was written last
		refused string
	}{
		{name: "no log", damage: remove("-wal"), lost: true},
		{name: "half a log", damage: func(f *studio) { f.cutFile("-wal", func(n int64) int64 { return n / 2 }) }, lost: true},
		{name: "no bytes in the log", damage: func(f *studio) { f.cutFile("-wal", func(int64) int64 { return 0 }) }, lost: true},
		{name: "the log is rubbish", damage: func(f *studio) { f.put("-wal", strings.Repeat("rubbish ", 4096)) }, lost: true},
		{name: "no index of the log", damage: remove("-shm")},
		{name: "the index of the log is rubbish", damage: func(f *studio) { f.put("-shm", strings.Repeat("rubbish ", 4096)) }},
		{name: "the log is a directory", damage: func(f *studio) {
			remove("-wal")(f)
			if err := os.Mkdir(f.db()+"-wal", 0o755); err != nil {
				f.t.Fatal(err)
			}
		}, refused: "check"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newStudio(t, program, "", slowly(5*time.Millisecond))
			f.customers(people(0, all, false)...)
			s := f.start()
			s.until("most letters", func() bool { return f.sink.Count() >= all/2 })
			s.kill()
			calls := f.sink.Stats().Connections
			c.damage(f)
			if c.refused != "" {
				before := f.bytes()
				s := f.start()
				s.end()
				s.refused(f.db(), c.refused)
				if !bytes.Equal(f.bytes(), before) {
					t.Error("the file was changed")
				}
				return
			}
			s = f.start().ready()
			if c.lost {
				s.unwell(http.StatusServiceUnavailable, "copy", "older than what was last sent", "renewd adopt")
				s.stop()
				if n := f.sink.Stats().Connections; n != calls {
					t.Errorf("the mail server was called %d times before anybody decided", n-calls)
				}
				f.run(3, "adopt") // what may have left is for a person to decide
				s = f.start().ready()
			}
			s.until("an end", func() bool {
				return len(f.rows(`SELECT 1 FROM reminders WHERE state NOT IN ('sent', 'uncertain')`)) == 0
			})
			s.stop()
			f.intact()
			f.onlyOnce()
		})
	}
}
