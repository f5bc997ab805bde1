package ingest

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// decimal is an unsigned number as digits: 1,234.50 is "1234" and "50".
type decimal struct {
	whole, fraction string
}

// mostDigits bounds what stands before the decimals: every amount then fits
// into 64 bits, in the minor unit of any currency.
const mostDigits = 13

var errNumber = errors.New("this is no number; write it as 1234.56")

// parseDecimal reads a number without a sign as spreadsheets of many countries
// write it: 1.234,56 · 1,234.56 · 1 234,56 · 1'234.56. Of two different marks
// the last is the decimal one; one mark before exactly three digits groups
// thousands.
func parseDecimal(s string) (decimal, error) {
	var groups [8]string
	var marks [8]rune
	n, from := 0, 0
	for i, r := range s {
		if r >= '0' && r <= '9' {
			continue
		}
		m := mark(r)
		if m == 0 || n == len(marks)-1 {
			return decimal{}, errNumber
		}
		groups[n], marks[n] = s[from:i], m
		n, from = n+1, i+utf8.RuneLen(r)
	}
	groups[n] = s[from:]
	parts := groups[:n+1]
	if n == 0 {
		return newDecimal(parts, "")
	}
	last := marks[n-1]
	uniform := true // all marks but the last are the same
	for _, m := range marks[:n-1] {
		uniform = uniform && m == marks[0]
	}
	switch {
	case !uniform:
		return decimal{}, errNumber
	case n > 1 && last != marks[0] && last != ' ' && last != '\'': // 1.234,56
		return newDecimal(parts[:n], parts[n])
	case n > 1 && last != marks[0]:
		return decimal{}, errNumber
	case n > 1 || last == ' ' || last == '\'' || thousands(parts): // 1.234.567
		return newDecimal(parts, "")
	}
	return newDecimal(parts[:1], parts[1]) // 1234.5
}

// mark maps a separator inside a number to one of its kind; 0 for none.
func mark(r rune) rune {
	switch r {
	case '.', ',':
		return r
	case ' ', '\u00A0', '\u202F', '\u2009', '\u2007':
		return ' '
	case '\'', '\u2019':
		return '\''
	}
	return 0
}

// thousands reports whether two parts around one point or comma are a group of
// thousands: exactly three digits after it, and one to three before it that do
// not start with 0 (0.125 is no such number).
func thousands(parts []string) bool {
	return len(parts[1]) == 3 && len(parts[0]) >= 1 && len(parts[0]) <= 3 && parts[0][0] != '0'
}

// newDecimal joins groups of thousands and checks that they are such.
func newDecimal(groups []string, fraction string) (decimal, error) {
	for i, g := range groups {
		if i > 0 && len(g) != 3 || i == 0 && len(groups) > 1 && (len(g) < 1 || len(g) > 3) {
			return decimal{}, errNumber
		}
	}
	whole := strings.TrimLeft(strings.Join(groups, ""), "0")
	if whole == "" {
		if groups[0] == "" && fraction == "" {
			return decimal{}, errNumber
		}
		whole = "0"
	}
	if len(whole) > mostDigits {
		return decimal{}, errors.New("this number is too large to be meant")
	}
	return decimal{whole, strings.TrimRight(fraction, "0")}, nil
}

// minor returns d in units of which 10^digits make one, as a whole number.
func (d decimal) minor(digits int) (string, bool) {
	if len(d.fraction) > digits {
		return "", false
	}
	s := strings.TrimLeft(d.whole+d.fraction+strings.Repeat("0", digits-len(d.fraction)), "0")
	if s == "" {
		s = "0"
	}
	return s, true
}

// parseQuantity reads a whole number that is not negative.
func parseQuantity(s string) (string, error) {
	d, err := parseDecimal(s)
	if err != nil || d.fraction != "" {
		return "", fmt.Errorf("a whole number is needed here, such as 3")
	}
	return d.whole, nil
}
