package web

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The fields of the forms beside those of a customer.
const (
	fieldAct    = "do"
	fieldWas    = "was." // before a Field's name: the value that the page had shown
	fieldChoice = "choice"
	fieldText   = "text"
	// attributeField stands before the names of attributes.
	attributeField = "a."
)

// mostFields is how many fields a form may have.
const mostFields = 100

var errNotAForm = errors.New("web: the body is no form of these pages")

// readWish reads the body of a POST. What is wrong with a reason's fields comes
// in faults; what no page of ours can send is an error.
func readWish(body []byte) (w Wish, faults map[string]FieldFault, err error) {
	if !utf8.Valid(body) || strings.Count(string(body), "&") > 2*mostFields {
		return w, nil, errNotAForm
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return w, nil, errors.Join(errNotAForm, err)
	}
	for _, values := range form {
		if len(values) != 1 || !utf8.ValidString(values[0]) {
			return w, nil, errNotAForm
		}
	}
	w.Act = Act(form.Get(fieldAct))
	switch w.Act {
	case ActRenew, ActCancel, ActKeep:
	case ActContact:
		w.Contact = readContact(form)
	case ActReason:
		w.Reason, faults = readReason(form)
	default:
		return w, nil, errNotAForm
	}
	return w, faults, nil
}

// readContact takes the fields of a customer, in the order of their names.
func readContact(form url.Values) []Typed {
	var typed []Typed
	for name := range form {
		if name == FieldName || name == FieldEmail || strings.HasPrefix(name, attributeField) {
			typed = append(typed, Typed{Name: name, Was: form.Get(fieldWas + name), Value: strings.TrimSpace(form.Get(name))})
		}
	}
	slices.SortFunc(typed, func(a, b Typed) int { return strings.Compare(a.Name, b.Name) })
	return typed
}

func readReason(form url.Values) (Reason, map[string]FieldFault) {
	r := Reason{Choice: form.Get(fieldChoice), Text: plainText(form.Get(fieldText))}
	switch {
	case r.Choice != "" && !slices.Contains(Choices, r.Choice):
		r.Choice = ""
		return r, map[string]FieldFault{fieldChoice: FaultChoice}
	case utf8.RuneCountInString(r.Text) > LongestReason:
		return r, map[string]FieldFault{fieldText: FaultLong}
	case r.Choice == "" && r.Text == "":
		return r, map[string]FieldFault{fieldChoice: FaultMissing}
	}
	return r, nil
}

// plainText is what was typed into a field of several lines, without what cannot
// be seen.
func plainText(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) && r != '\u200d') {
			return -1
		}
		return r
	}, text))
}
