package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"renewd/internal/renewal"
)

// wholeNumber is the value of a flag whose fault is told in our own words.
type wholeNumber int64

// String is the number as digits.
func (n *wholeNumber) String() string { return strconv.FormatInt(int64(*n), 10) }

// Set reads digits, perhaps after a sign.
func (n *wholeNumber) Set(text string) error {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errors.New("write a whole number")
	}
	*n = wholeNumber(v)
	return nil
}

// Type is how help calls a value without a name.
func (n *wholeNumber) Type() string { return "number" }

// numberArgs reads the numbers of what a command is about, each once and in the
// order given.
func numberArgs(cmd *cobra.Command, args []string, what string) ([]int64, error) {
	var ids []int64
	seen := map[int64]bool{}
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || id <= 0 {
			return nil, wrongUse(cmd, "%q is not the number of a %s", arg, what)
		}
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// zoneless are the ways to write a time on a clock of some zone.
var zoneless = []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"}

// instant reads what people write for a moment: a date is its start in the zone,
// a time without an offset is one on the zone's clock, and any other is as
// written.
func instant(text string, zone *time.Location) (time.Time, error) {
	if day, err := renewal.ParseDate(text); err == nil {
		return renewal.StartOf(day, zone), nil
	}
	for _, layout := range zoneless {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		day, err := renewal.ParseDate(t.Format(time.DateOnly))
		if err != nil {
			return time.Time{}, err
		}
		return renewal.At(day, t.Hour()*60+t.Minute(), zone).Add(time.Duration(t.Second()) * time.Second), nil
	}
	t, err := renewal.ParseStamp(text)
	if err != nil {
		return t, fmt.Errorf("%w, and not a date such as 2027-03-01", err)
	}
	return t, nil
}

// instantFlag checks the value of a flag that instant will read once the zone is
// known.
func instantFlag(cmd *cobra.Command, name, value string) error {
	if value == "" && !cmd.Flags().Changed(name) {
		return nil
	}
	if _, err := instant(value, time.UTC); err != nil {
		return wrongUse(cmd, "--%s: %w", name, err)
	}
	return nil
}
