package renewal

import "testing"

// TestTypedEnds: an end that was typed into the row is a new term of cause edit.
func TestTypedEnds(t *testing.T) {
	const first = "2027-01-01..2027-12-31 import"
	for _, c := range []struct{ name, end, want string }{
		{"the same end is nothing new", "2027-12-31", first},
		{"corrected a little later", "2028-01-15", first + ", 2027-01-01..2028-01-15 edit"},
		{"corrected a little earlier", "2027-12-15", first + ", 2027-01-01..2027-12-15 edit"},
		{"moved by a year: the next term", "2028-12-31", first + ", 2028-01-01..2028-12-31 edit"},
		{"moved far back", "2027-03-31", first + ", 2027-01-01..2027-03-31 edit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			paris := zone(t, "Europe/Paris")
			d := household([]Agreement{annualPass(t, nil)})
			d.Agreements[0].EndsOn = date(t, c.end)
			now := stamp(t, "2027-06-01T08:00:00Z")
			s := Settle(d, now, paris, Conditions{})
			if got := spans(&d.Agreements[0]); got != c.want {
				t.Errorf("terms %s\nwant  %s", got, c.want)
			}
			for _, nt := range s.Terms {
				if !nt.Term.KnownAt.Equal(now) || !nt.Term.InForceAt.Equal(now) || nt.Term.Replaced.String() != "2027-12-31" {
					t.Errorf("the new term is %+v", nt.Term)
				}
			}
			checkSettled(t, d, now, paris)
		})
	}
}

func TestTheFirstEndIsAdopted(t *testing.T) {
	d := household([]Agreement{annualPass(t, func(a *Agreement) { a.Terms = []Term{} })})
	now := stamp(t, "2027-06-01T08:00:00Z")
	s := Settle(d, now, zone(t, "Europe/Paris"), Conditions{})
	if len(s.Terms) != 1 || s.Terms[0].AgreementID != 1 {
		t.Fatalf("a new agreement changes %+v", s)
	}
	if got, want := spans(&d.Agreements[0]), "2027-01-01..2027-12-31 edit"; got != want {
		t.Errorf("terms %s, want %s", got, want)
	}
	if term := s.Terms[0].Term; !term.Replaced.IsZero() || !term.KnownAt.Equal(now) {
		t.Errorf("the first term is %+v", term)
	}
	checkSettled(t, d, now, zone(t, "Europe/Paris"))
}

// TestATermThatComesBack: a typo put right brings the old term back into force.
// It is the same term: known since it was first known, and there only once.
func TestATermThatComesBack(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	d := household([]Agreement{annualPass(t, nil)})
	a := &d.Agreements[0]
	known := a.Terms[0].KnownAt
	a.EndsOn = date(t, "2028-12-13")
	Settle(d, stamp(t, "2027-06-01T08:00:00Z"), paris, Conditions{})
	a.EndsOn = date(t, "2027-12-31")
	now := stamp(t, "2027-06-02T08:00:00Z")
	s := Settle(d, now, paris, Conditions{})
	if got, want := spans(a), "2028-01-01..2028-12-13 edit, 2027-01-01..2027-12-31 edit"; got != want {
		t.Errorf("terms %s, want %s", got, want)
	}
	if len(s.Terms) != 1 {
		t.Fatalf("the old end changes %+v", s)
	}
	term := s.Terms[0].Term
	if !term.KnownAt.Equal(known) || term.Replaced.String() != "2028-12-13" || term.StartsOn.String() != "2027-01-01" {
		t.Errorf("the term that came back is %+v", term)
	}
	if !term.InForceAt.Equal(now) {
		t.Errorf("it last came into force at %s, want %s", FormatStamp(term.InForceAt), FormatStamp(now))
	}
	checkSettled(t, d, now, paris)
}

// TestATypedEndIsAdoptedBeforeThePayments that arrive with it.
func TestATypedEndIsAdoptedBeforeThePayments(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	d := household([]Agreement{annualPass(t, nil)}, event(t, 1, Payment, "2027-12-20T10:00:00Z", ""))
	d.Agreements[0].EndsOn = date(t, "2028-12-31")
	now := stamp(t, "2028-01-01T08:00:00Z")
	Settle(d, now, paris, Conditions{})
	if got, want := spans(&d.Agreements[0]), "2027-01-01..2027-12-31 import, 2028-01-01..2028-12-31 edit"; got != want {
		t.Errorf("terms %s, want %s: the payment belongs to the term that was typed", got, want)
	}
	checkSettled(t, d, now, paris)
}

// TestInForce: the last term of the history, else what the row itself says.
func TestInForce(t *testing.T) {
	a := annualPass(t, nil)
	if got := a.InForce(); got != a.Terms[0] {
		t.Errorf("in force is %+v", got)
	}
	a.EndsOn = date(t, "2028-12-31")
	if got := a.InForce(); got.EndsOn != a.EndsOn || got.StartsOn != a.StartsOn || got.Cause != CauseEdit {
		t.Errorf("of an end not yet adopted, in force is %+v", got)
	}
}
