package daemon

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"renewd/internal/renewal"
)

// Schedule says when something runs, by the clocks on the wall of the business.
type Schedule struct {
	spec cron.Schedule
	zone *time.Location
	// often: what it runs may run twice when the clocks are set back.
	often bool
}

// ParseSchedule reads an expression of robfig/cron for a zone. The empty text
// gives nil: never. What often runs may well run twice: then an hour that the
// clocks show twice counts twice, so that no quiet hour arises.
func ParseSchedule(text string, zone *time.Location, often bool) (s *Schedule, err error) {
	if text == "" {
		return nil, nil
	}
	defer func() {
		if r := recover(); r != nil { // the parser does, on a zone without fields
			s, err = nil, fmt.Errorf("the schedule %q cannot be read: %v", text, r)
		}
	}()
	spec, err := cron.ParseStandard(text)
	if err != nil {
		return nil, fmt.Errorf("the schedule %q cannot be read: %w", text, err)
	}
	return &Schedule{spec, zone, often}, nil
}

// Next returns the first moment after t; zero where there is none. A wall-clock
// time that a change of the clocks skips is the first instant after the gap, one
// that occurs twice the first of the two: so a daily schedule runs once on every
// day, which robfig/cron by itself does not see to.
func (s *Schedule) Next(t time.Time) time.Time {
	if every, ok := s.spec.(cron.ConstantDelaySchedule); ok {
		return every.Next(t)
	}
	next := s.onTheWall(t)
	if s.often {
		if again := s.spec.Next(t.In(s.zone)); !again.IsZero() && (next.IsZero() || again.Before(next)) {
			next = again
		}
	}
	return next.UTC()
}

// onTheWall asks the expression in a zone without changes, with the times that
// the wall clocks show.
func (s *Schedule) onTheWall(t time.Time) time.Time {
	l := t.In(s.zone)
	wall := time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, time.UTC)
	// While the clocks show an hour for the second time, the times that they show
	// are past: each try brings the next, and an hour has sixty minutes.
	for range 200 {
		if wall = s.spec.Next(wall); wall.IsZero() {
			return wall
		}
		at := renewal.At(renewal.LocalDate(wall, time.UTC), wall.Hour()*60+wall.Minute(), s.zone)
		if at.After(t) {
			return at
		}
	}
	return time.Time{}
}
