package renewal

import (
	"errors"
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
)

// CheckEmail returns what is wrong with an e-mail address that a person wrote,
// nil for one plain address whose domain can exist.
func CheckEmail(s string) error {
	bad := errors.New("this is no e-mail address; write one address such as name@example.org")
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return bad
	}
	ascii, err := idna.Lookup.ToASCII(s[strings.LastIndexByte(s, '@')+1:])
	if err != nil || len(ascii) > 253 {
		return bad
	}
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 {
		return errors.New("the domain of this e-mail address is not complete; write one such as name@example.org")
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return bad
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return bad
	}
	return nil
}
