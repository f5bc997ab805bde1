package store

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"renewd/internal/renewal"
)

// faults collects sentences about what cannot be used in one row.
type faults []string

func (f *faults) add(column string, err error) {
	*f = append(*f, fmt.Sprintf("%s: %v", column, err))
}

func (f *faults) date(column, text string) renewal.Date {
	if text == "" {
		return 0
	}
	d, err := renewal.ParseDate(text)
	if err != nil {
		f.add(column, err)
	}
	return d
}

func (f *faults) period(column, text string) renewal.Period {
	if text == "" {
		return renewal.Period{}
	}
	p, err := renewal.ParsePeriod(text)
	if err != nil {
		f.add(column, err)
	}
	return p
}

func (f *faults) stamp(column, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := parseStamp(text)
	if err != nil {
		f.add(column, err)
	}
	return t
}

func (f faults) String() string { return strings.Join(f, "; ") }

// parseStamp reads the one form in which renewd writes instants without the
// cost of time.Parse, and leaves every other form to the hub.
func parseStamp(s string) (time.Time, error) {
	if len(s) == len(renewal.Stamp) && s[10] == 'T' && s[13] == ':' && s[16] == ':' && s[19] == 'Z' {
		if d, err := renewal.ParseDate(s[:10]); err == nil && d > 1 { // the first day of all means "no time"
			h, m, sec := two(s[11:]), two(s[14:]), two(s[17:])
			if h >= 0 && h < 24 && m >= 0 && m < 60 && sec >= 0 && sec < 60 {
				return d.Time().Add(time.Duration(h*3600+m*60+sec) * time.Second), nil
			}
		}
	}
	return renewal.ParseStamp(s)
}

// two reads the two digits at the start of s, -1 where they are none.
func two(s string) int {
	if s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

func (f *faults) renewsBy(word string) {
	if word != "" && word != renewal.RenewsByPayment && word != renewal.RenewsByNone {
		*f = append(*f, fmt.Sprintf("renews_by: %q is neither payment nor none", word))
	}
}

// usableAddress reports whether mail can be addressed to s. The loop accepts
// what almost all addresses look like; the parser judges the rest.
func usableAddress(s string) bool {
	at := -1
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '@' && at < 0 && i > 0:
			at = i
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_' && at < 0, c == '+' && at < 0:
		case c == '.' && i > 0 && i < len(s)-1 && s[i-1] != '.' && s[i-1] != '@' && s[i+1] != '@':
		default:
			parsed, err := mail.ParseAddress(s)
			return err == nil && parsed.Name == "" && !strings.ContainsAny(s, "<>")
		}
	}
	return at > 0 && at < len(s)-1
}

// readAttributes reads a JSON object; values that are no texts come as JSON.
func readAttributes(text string) (map[string]string, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, err
	}
	attributes := make(map[string]string, len(raw))
	for name, value := range raw {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		attributes[name] = s
	}
	return attributes, nil
}
