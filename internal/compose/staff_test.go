package compose

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"renewd/internal/renewal"
)

// staffCases are the shapes in which the letter to staff is looked at.
func staffCases() []goldenCase {
	cases := []goldenCase{{"missed", SampleStaff(renewal.TaskMissed, 1, false)}, {"server_away, over", SampleStaff(renewal.TaskServerAway, 1, true)}}
	for _, each := range staffTexts {
		if each.kind != renewal.TaskMissed {
			cases = append(cases, goldenCase{string(each.kind), SampleStaff(each.kind, 1, false)})
		}
		switch each.kind {
		case renewal.TaskTemplateError, renewal.TaskMissed, renewal.TaskFailed, renewal.TaskUncertain:
			cases = append(cases, goldenCase{"several " + string(each.kind), SampleStaff(each.kind, 2, false)})
		}
	}
	return append(cases,
		goldenCase{"more than it lists", SampleStaff(renewal.TaskMissed, 37, false)},
		goldenCase{"over, since when is not known", SampleStaff(renewal.TaskServerAway, 0, true)},
		goldenCase{"any other kind, without details", SampleStaff("other", 0, false)})
}

func TestStaffData(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2027, 3, 31, 22, 30, 0, 0, time.UTC)
	facts := &StaffFacts{Kind: renewal.TaskBurst, Tasks: []StaffTask{{Since: at, Text: "240 wait"}, {}}, Count: 1, Over: true}
	got := NewData(Facts{Staff: facts, Zone: paris, Today: date("2027-04-01")})
	want := Data{Agreements: []Agreement{}, Staff: &Staff{Kind: "burst", Tasks: []StaffTask{{Since: at.In(paris), Text: "240 wait"}, {}}, Count: 2, Over: true}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Product{})); diff != "" {
		t.Error(diff)
	}
	if got.Staff.Tasks[0].Since.Hour() != 0 || facts.Tasks[0].Since.Location() != time.UTC {
		t.Errorf("%v in the letter, %v in the facts", got.Staff.Tasks[0].Since, facts.Tasks[0].Since)
	}
	if hour := NewData(Facts{Staff: &StaffFacts{Tasks: []StaffTask{{Since: at.In(paris)}}}}).Staff.Tasks[0].Since.Hour(); hour != 22 {
		t.Errorf("without a zone it is %d o'clock, not 22 UTC", hour)
	}
}

// TestStaffSubject: the subject has words of renewd and a number, and nothing that
// a task says; every kind has one of its own.
func TestStaffSubject(t *testing.T) {
	s := builtIn(t)
	for _, lang := range languages {
		var subjects []string
		for _, data := range staffSamples() {
			plain, err := s.Render(StaffAlert, lang, false, data)
			if err != nil {
				t.Fatal(err)
			}
			staff := *data.Staff
			staff.Tasks = slices.Clone(staff.Tasks)
			for i := range staff.Tasks {
				staff.Tasks[i].Text = "Alex Martin, <alex@customer.example>\r\nBcc: x@x.example {{.}}"
			}
			data.Staff = &staff
			letter, err := s.Render(StaffAlert, lang, false, data)
			if err != nil || letter.Subject != plain.Subject || letter.Preheader != plain.Preheader || !strings.HasPrefix(letter.Subject, "renewd") {
				t.Errorf("%s: %q, not %q: %v", lang, letter.Subject, plain.Subject, err)
			}
			if want := len(staff.Tasks); strings.Count(letter.HTML, "&lt;alex@customer.example&gt;") != want || strings.Count(letter.Text, "Alex") != want {
				t.Errorf("%s: %d tasks in\n%s", lang, want, letter.Text)
			}
			if staff.Count == 1 {
				subjects = append(subjects, letter.Subject)
			}
		}
		slices.Sort(subjects)
		// One for all that is over, and one for every kind that is not.
		if different := len(slices.Compact(subjects)); different != len(staffTexts)+2 {
			t.Errorf("%s: %d different subjects", lang, different)
		}
	}
}

var codeSpan = regexp.MustCompile(`<code[^>]*>([^<]*)</code>`)

// TestStaffCommands: every letter names commands, each whole on one line of the
// plain text, so that it can be copied, and for each kind the one that helps.
func TestStaffCommands(t *testing.T) {
	s := builtIn(t)
	helps := map[renewal.TaskKind]string{renewal.TaskServerAway: "renewd check --online", renewal.TaskSenderRefused: "renewd release", renewal.TaskBurst: "renewd release",
		renewal.TaskCopy: "renewd adopt", renewal.TaskTemplateError: "renewd check", renewal.TaskMissed: "renewd tasks", renewal.TaskFailed: "renewd retry",
		renewal.TaskUncertain: "renewd retry ID"}
	for _, lang := range languages {
		for _, data := range staffSamples() {
			letter, err := s.Render(StaffAlert, lang, false, data)
			if err != nil {
				t.Fatal(err)
			}
			var commands []string
			for _, m := range codeSpan.FindAllStringSubmatch(letter.HTML, -1) {
				commands = append(commands, m[1])
				if !strings.Contains(letter.Text, m[1]) {
					t.Errorf("%s: %s is torn in\n%s", lang, m[1], letter.Text)
				}
			}
			if helps := helps[renewal.TaskKind(data.Staff.Kind)]; !data.Staff.Over && helps != "" && !slices.Contains(commands, helps) {
				t.Errorf("%s, %s: only %q", lang, data.Staff.Kind, commands)
			}
			if !slices.Contains(commands, "renewd tasks") {
				t.Errorf("%s, %s: %q", lang, data.Staff.Kind, commands)
			}
		}
	}
}

// TestStaffLetterOfOnesOwn: Check tries the admin's own letter to staff with tasks,
// and no customer gets it.
func TestStaffLetterOfOnesOwn(t *testing.T) {
	s := own(map[string]string{"staff-alert.fr.md": "---\nsubject: x\n---\n{{range .Staff.Tasks}}{{.Since}} {{.Test}}{{end}}\n"})
	faults := s.Check()
	if len(faults) != 1 || faults[0].Error() != "staff-alert.fr.md:4:36: there is no .Test in stafftask" {
		t.Errorf("faults %v", faults)
	}
	if err := s.Broken(StaffAlert, "de", false); err != nil {
		t.Errorf("German is held too: %v", err)
	}
	fine := own(map[string]string{"staff-alert.fr.md": "---\nsubject: x\n---\n{{range .Staff.Tasks}}\n- {{.Since}}\n{{end}}\n"})
	if faults := fine.Check(); len(faults) != 0 {
		t.Errorf("faults %v", faults)
	}
	if letter, err := fine.Render(StaffAlert, "fr", false, SampleStaff(renewal.TaskMissed, 1, false)); err != nil || textBody(letter) != "- 1er mars 2027 à 09:05" {
		t.Errorf("%q, %v", letter.Text, err)
	}
	for _, lang := range languages {
		if letter, err := builtIn(t).Render(StaffAlert, lang, false, Sample(1)); err == nil {
			t.Errorf("a customer gets %q", letter.Subject)
		}
	}
}
