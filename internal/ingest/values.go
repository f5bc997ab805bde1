package ingest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"renewd/internal/renewal"
)

// longestRef and longestText bound cells in bytes.
const (
	longestRef  = 200
	longestText = 64 << 10
)

// values checks cells. It remembers zones, which are dear to load and few.
type values struct {
	zones map[string]bool
}

// read brings a cell that is neither empty nor Erase into its one spelling.
// Money is read by the row, since it needs the currency.
func (v *values) read(f form, s string) (string, error) {
	switch f {
	case formRef:
		return parseRef(s)
	case formEmail:
		return parseEmail(s)
	case formLocale:
		return parseLocale(s)
	case formZone:
		return v.parseZone(s)
	case formCountry:
		return parseCountry(s)
	case formRegion:
		return parseRegion(s), nil
	case formBool:
		return parseBool(s)
	case formPeriod, formTerm, formLife:
		return parsePeriod(f, s)
	case formURL:
		return parseURL(s)
	case formAgreementKind:
		return parseAgreementKind(s)
	case formProductKind:
		return parseWord(s, renewal.Kinds)
	case formRenewsBy:
		return parseWord(s, []string{renewal.RenewsByPayment, renewal.RenewsByNone})
	case formEventType:
		return parseEventType(s)
	case formCurrency:
		return parseCurrency(s)
	case formQuantity:
		return parseQuantity(s)
	}
	if len(s) > longestText {
		return "", errors.New("this text is longer than 64 kB; shorten it")
	}
	return s, nil
}

func parseRef(s string) (string, error) {
	if len(s) > longestRef {
		return "", fmt.Errorf("a ref has at most %d bytes; is this the right column?", longestRef)
	}
	if strings.ContainsAny(s, "\n\t") {
		return "", errors.New("a ref is one line without tabs; correct it")
	}
	return s, nil
}

// parseEmail accepts one plain address whose domain can exist.
func parseEmail(s string) (string, error) {
	if err := renewal.CheckEmail(s); err != nil {
		return "", err
	}
	return s, nil
}

// parseLocale reads fr, pt-BR, and what systems write (fr_FR.UTF-8).
func parseLocale(s string) (string, error) {
	s, _, _ = strings.Cut(s, ".")
	s, _, _ = strings.Cut(s, "@")
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return "", errors.New("this is no language; write one such as fr or pt-BR")
	}
	return tag.String(), nil
}

func (v *values) parseZone(s string) (string, error) {
	good, known := v.zones[s]
	if !known {
		_, err := time.LoadLocation(s)
		good = err == nil && s != "Local"
		if v.zones == nil || len(v.zones) > 10_000 {
			v.zones = map[string]bool{}
		}
		v.zones[strings.Clone(s)] = good
	}
	if !good {
		return "", errors.New("this is no time zone; write one such as Europe/Paris")
	}
	return s, nil
}

func parseCountry(s string) (string, error) {
	code := strings.ToUpper(s)
	if len(code) != 2 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", errors.New("a country is written as its two letters, such as FR")
	}
	return code, nil
}

// parseRegion writes an ISO 3166-2 code in capitals and leaves other names of
// regions as they are.
func parseRegion(s string) string {
	code := strings.ToUpper(s)
	country, part, ok := strings.Cut(code, "-")
	if ok && len(country) == 2 && len(part) >= 1 && len(part) <= 3 &&
		strings.Trim(country+part, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" {
		return code
	}
	return s
}

// parseBool reads yes and no in the languages of the built-in texts, and what
// their spreadsheets write for true and false.
func parseBool(s string) (string, error) {
	switch strings.ToLower(s) {
	case "1", "yes", "y", "true", "oui", "vrai", "sim", "sí", "si", "ja", "wahr", "verdadero", "verdadeiro":
		return "1", nil
	case "0", "no", "n", "false", "non", "faux", "não", "nao", "nein", "falsch", "falso":
		return "0", nil
	}
	return "", errors.New("yes or no is needed here")
}

func parsePeriod(f form, s string) (string, error) {
	if f == formLife && strings.EqualFold(s, "learned") {
		return "learned", nil
	}
	p, err := renewal.ParsePeriod(strings.ToUpper(s))
	switch {
	case err != nil && f == formLife:
		return "", errors.New("this is no period; write P90D, P3M or P1Y, or learned")
	case err != nil:
		return "", errors.New("this is no period; write P30D, P1M or P1Y")
	case p.IsZero() && f != formPeriod:
		return "", errors.New("a period of no length ends where it starts; write P30D, P1M or P1Y")
	}
	return p.String(), nil
}

// parseURL accepts what may become a link in a letter.
func parseURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return "", errors.New("this is no address of a page; write it as https://example.org/renew")
	}
	return s, nil
}

func parseAgreementKind(s string) (string, error) {
	kind, err := parseWord(s, []string{renewal.KindContract, renewal.KindPass, renewal.KindSubscription})
	if err != nil && strings.EqualFold(s, renewal.KindGoods) {
		return "", errors.New("goods are bought, not agreed: import their purchases as events; an agreement is a contract, a pass or a subscription")
	}
	return kind, err
}

// parseWord reads one of a few words in any case.
func parseWord(s string, words []string) (string, error) {
	if word := strings.ToLower(s); slices.Contains(words, word) {
		return word, nil
	}
	return "", fmt.Errorf("this is not known here; write one of %s", strings.Join(words, ", "))
}

func parseEventType(s string) (string, error) {
	word := fold(s)
	if renewal.KnownEventType(renewal.EventType(word)) {
		return word, nil
	}
	names := make([]string, len(renewal.EventTypes))
	for i, t := range renewal.EventTypes {
		names[i] = string(t)
	}
	return "", fmt.Errorf("this is no type of event; write one of %s", strings.Join(names, ", "))
}
