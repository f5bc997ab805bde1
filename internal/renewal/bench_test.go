package renewal

import (
	"testing"
	"time"
)

func BenchmarkAt(b *testing.B) {
	loc := zone(b, "Europe/Paris")
	for _, c := range []struct {
		name string
		day  Date
	}{{"steady", date(b, "2027-07-01")}, {"gap", date(b, "2027-03-28")}, {"far", date(b, "2060-07-01")}} {
		b.Run(c.name, func(b *testing.B) {
			var at time.Time
			for b.Loop() {
				at = At(c.day, 9*60, loc)
			}
			if LocalDate(at, loc) != c.day {
				b.Fatalf("At(%s) = %s", c.day, at)
			}
		})
	}
}

func BenchmarkDateAdd(b *testing.B) {
	day := date(b, "2027-01-31")
	for _, p := range []Period{MustPeriod("P30D"), MustPeriod("P1M"), MustPeriod("P1Y6M3D")} {
		b.Run(p.String(), func(b *testing.B) {
			var got Date
			for b.Loop() {
				got = day.Add(p)
			}
			if got <= day {
				b.Fatalf("%s + %s = %s", day, p, got)
			}
		})
	}
}
