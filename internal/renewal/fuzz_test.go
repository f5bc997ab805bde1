package renewal

import "testing"

// FuzzParseDate: what is taken for a date is written back as it was read.
func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2027-03-01", "0001-01-01", "9999-12-31", "2028-02-29", "2027-02-29", "2027-3-1", "", "٢٠٢٧-03"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDate(s)
		switch {
		case err != nil && !d.IsZero():
			t.Errorf("ParseDate(%q) = %s and refuses it: %v", s, d, err)
		case err == nil && (d.IsZero() || d > MaxDate || d.String() != s):
			t.Errorf("ParseDate(%q) = %s, day %d", s, d, d)
		}
	})
}

// FuzzParsePeriod: what is taken for a period is, as written back, the same.
func FuzzParsePeriod(f *testing.F) {
	for _, s := range []string{"P30D", "P1Y6M", "P1Y2M3W4D", "P0D", "P007D", "P", "PT1H", "P3700000Y", "P1D1Y", "P-1D", "P1.5D"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePeriod(s)
		if err != nil {
			if p != (Period{}) {
				t.Errorf("ParsePeriod(%q) = %+v and refuses it: %v", s, p, err)
			}
			return
		}
		if !p.Set || min(p.Years, p.Months, p.Weeks, p.Days) < 0 {
			t.Errorf("ParsePeriod(%q) = %+v", s, p)
		}
		if again, err := ParsePeriod(p.String()); err != nil || again != p {
			t.Errorf("ParsePeriod(%q) is written %q, read back as %+v, %v", s, p, again, err)
		}
		if d := NewDate(2027, 3, 1); d.Add(p) < d || d.Sub(p) > d {
			t.Errorf("%s moves %s the wrong way", p, d)
		}
	})
}

// FuzzParseStamp: what is taken for an instant is, as written back, the same.
func FuzzParseStamp(f *testing.F) {
	for _, s := range []string{"2027-03-01T08:00:00Z", "2027-03-01 08:00:00", "2027-03-01T08:00:00.5+14:00", "2027-03-01 08:00",
		"0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "2027-03-01", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := ParseStamp(s)
		if err != nil {
			if !at.IsZero() {
				t.Errorf("ParseStamp(%q) = %s and refuses it: %v", s, at, err)
			}
			return
		}
		written := FormatStamp(at)
		if again, err := ParseStamp(written); err != nil || !again.Equal(at) || len(written) != len(Stamp) {
			t.Errorf("ParseStamp(%q) is written %q, read back as %s, %v", s, written, again, err)
		}
	})
}
