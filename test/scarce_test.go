package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestScarce runs the program where others would miss something.
func TestScarce(t *testing.T) {
	t.Parallel()
	program := studioProgram(t)
	t.Run("64 descriptors", func(t *testing.T) { t.Parallel(); fewDescriptors(t, program) })
	t.Run("nothing but the program", func(t *testing.T) { t.Parallel(); emptyRoot(t, program) })
}

// fewDescriptors has the daemon do with 64 open files, connections included.
func fewDescriptors(t *testing.T, program string) {
	const all = 150
	f := newStudio(t, program, "", slowly(10*time.Millisecond))
	f.mail, f.limits = "connections = 100", "ulimit -n 64"
	f.configure()
	f.customers(people(0, all, false)...)
	s := f.start()
	s.endsOr("all letters", func() bool { return f.sink.Count() >= all })
	if !s.runs() {
		if text := s.log.String(); !strings.Contains(text, "too many open files") {
			t.Errorf("it ended (%v) without saying why:\n%s", s.err, text)
		}
		f.truth()
		return
	}
	s.well()
	s.stop()
	f.intact()
	f.finished(all, 0)
	f.onlyOnce()
}

// emptyRoot runs the program in a root directory with nothing else in it: no zone
// data, no certificates, no /proc, no /dev.
func emptyRoot(t *testing.T, program string) {
	needRoot(t)
	f := newStudio(t, program, "", nil)
	ends := time.Now().AddDate(0, 0, 20).Format(time.DateOnly)
	header := "ref,customer,kind,ends_on,auto_renew,customer_name,customer_email,customer_time_zone\n"
	f.write("zones.csv", header+
		"P-c0,c0,pass,"+ends+",no,Ana,c0@"+studioDomain+",Pacific/Auckland\n"+
		"P-c1,c1,pass,"+ends+",no,Ben,c1@"+studioDomain+",America/Sao_Paulo\n")
	f.write("nowhere.csv", header+"P-c2,c2,pass,"+ends+",no,Cleo,c2@"+studioDomain+",Atlantis/Poseidonis\n")
	f.root = t.TempDir()
	copyFolder(t, f.dir, filepath.Join(f.root, f.dir))
	if err := os.Chmod(filepath.Join(f.root, f.dir, "password"), 0o600); err != nil {
		t.Fatal(err)
	}
	copyFolder(t, filepath.Dir(f.program), filepath.Join(f.root, filepath.Dir(f.program)))
	if err := os.Chmod(filepath.Join(f.root, f.program), 0o755); err != nil {
		t.Fatal(err)
	}

	if said := f.run(1, "import", filepath.Join(f.dir, "nowhere.csv")); !strings.Contains(said, "Atlantis/Poseidonis") {
		t.Errorf("a zone that does not exist: %s", said)
	}
	f.run(0, "import", filepath.Join(f.dir, "zones.csv"))
	f.run(0, "run")
	if said := f.run(0, "explain", "c0"); !strings.Contains(said, "Pacific/Auckland") {
		t.Errorf("a customer far away:\n%s", said)
	}
	inside := *f
	inside.data = filepath.Join(f.root, f.data)
	inside.intact()
	inside.finished(2, 0)
}
