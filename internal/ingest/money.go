package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"
)

// money is a cell with an amount, taken apart.
type money struct {
	negative bool
	number   decimal
	// sign is what stands before or after the number: €, EUR, $; may be empty.
	sign string
}

// parseMoney takes a cell such as 12,50 or € 12,50 or -12.50 EUR apart.
func parseMoney(s string) (money, error) {
	digit := func(r rune) bool { return r >= '0' && r <= '9' }
	first, last := strings.IndexFunc(s, digit), strings.LastIndexFunc(s, digit)
	if first < 0 {
		return money{}, errNumber
	}
	if first > 0 && (s[first-1] == '.' || s[first-1] == ',') { // .50
		first--
	}
	before, after := trim(s[:first]), trim(s[last+1:])
	if point, found := cutNoCents(after); found {
		return money{}, fmt.Errorf("a dash for the cents is not read; write %s%c00", s[first:last+1], point)
	}
	var m money
	before, m.negative = cutSign(before)
	if before != "" && after != "" {
		return m, errNumber
	}
	m.sign = before + after
	if strings.ContainsFunc(m.sign, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.Sc, r) && r != '.' }) {
		return m, errNumber
	}
	var err error
	m.number, err = parseDecimal(s[first : last+1])
	return m, err
}

// cutSign removes one plus or minus sign from either end of what stands before a number.
func cutSign(s string) (rest string, negative bool) {
	for _, sign := range []string{"-", "\u2212", "+"} {
		if rest, ok := strings.CutPrefix(s, sign); ok {
			return trim(rest), sign != "+"
		}
		if rest, ok := strings.CutSuffix(s, sign); ok {
			return trim(rest), sign != "+"
		}
	}
	return s, false
}

// cutNoCents reports whether what follows a number is a decimal mark with a
// dash in place of the cents (5,- or 5.--), and which mark.
func cutNoCents(after string) (point byte, found bool) {
	if len(after) < 2 || after[0] != ',' && after[0] != '.' {
		return 0, false
	}
	dash, _ := utf8.DecodeRuneInString(after[1:])
	return after[0], unicode.Is(unicode.Pd, dash) || dash == '\u2212'
}

// signs says which currencies a sign may stand for. A sign with more than one
// needs a currency that says which.
func signs(sign string) []string {
	switch strings.ToLower(sign) {
	case "€":
		return []string{"EUR"}
	case "£":
		return []string{"GBP"}
	case "us$":
		return []string{"USD"}
	case "r$":
		return []string{"BRL"}
	case "zł":
		return []string{"PLN"}
	case "kč":
		return []string{"CZK"}
	case "₹":
		return []string{"INR"}
	case "₩":
		return []string{"KRW"}
	case "₴":
		return []string{"UAH"}
	case "₺":
		return []string{"TRY"}
	case "fr.":
		return []string{"CHF", "XOF", "XAF", "XPF"}
	case "kr", "kr.":
		return []string{"SEK", "NOK", "DKK", "ISK"}
	case "¥", "￥":
		return []string{"JPY", "CNY"}
	case "$":
		return []string{"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU"}
	}
	return nil
}

// parseCurrency reads an ISO 4217 code in any case, or a sign that can only
// mean one currency.
func parseCurrency(s string) (string, error) {
	if code := strings.ToUpper(s); len(code) == 3 && currency.IsValid(code) {
		return code, nil
	}
	if codes := signs(s); len(codes) == 1 {
		return codes[0], nil
	}
	return "", errors.New("this is no currency; write its three letters, such as EUR")
}

// currencyOf settles the currency of an amount from its own sign and from the
// row's currency ("" where the row has none).
func (m money) currencyOf(code string) (string, error) {
	if m.sign == "" {
		if code == "" {
			return "", errors.New("an amount needs a currency; fill the column currency, such as EUR")
		}
		return code, nil
	}
	if own, err := parseCurrency(m.sign); err == nil {
		if code != "" && own != code {
			return "", fmt.Errorf("the amount says %s and the column currency %s; correct one of them", own, code)
		}
		return own, nil
	}
	codes := signs(m.sign)
	switch {
	case codes == nil:
		return "", fmt.Errorf("%q is no currency; write its three letters, such as EUR", m.sign)
	case code == "":
		return "", fmt.Errorf("%q may mean more than one currency; fill the column currency, such as %s", m.sign, codes[0])
	case !slices.Contains(codes, code):
		return "", fmt.Errorf("the amount says %s and the column currency %s; correct one of them", m.sign, code)
	}
	return code, nil
}

// minor returns the amount in the minor unit of the currency (cents).
func (m money) minor(code string) (string, error) {
	digits, ok := currency.GetDigits(code)
	if !ok {
		return "", fmt.Errorf("%s is no currency; write its three letters, such as EUR", code)
	}
	text, ok := m.number.minor(int(digits))
	if !ok {
		return "", fmt.Errorf("%s has %s; write the amount so", code, places(int(digits)))
	}
	if m.negative && text != "0" {
		text = "-" + text
	}
	return text, nil
}

func places(digits int) string {
	switch digits {
	case 0:
		return "no decimals"
	case 1:
		return "one decimal"
	}
	return fmt.Sprintf("%d decimals", digits)
}
