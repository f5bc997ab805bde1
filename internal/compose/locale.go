package compose

import (
	"strings"

	bcp47 "golang.org/x/text/language"
)

// canonicalLocale writes a BCP 47 tag in its usual case (pt_br → pt-BR,
// zh-hant-tw → zh-Hant-TW). What is no tag at all becomes the empty string.
func canonicalLocale(tag string) string {
	if len(tag) > 35 { // RFC 5646, 4.4.1: longer tags need not be supported
		return ""
	}
	parts := strings.FieldsFunc(tag, func(r rune) bool { return r == '-' || r == '_' })
	for i, part := range parts {
		for _, r := range part {
			if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
				return ""
			}
		}
		part = strings.ToLower(part)
		switch {
		case i == 0 && (len(part) < 2 || len(part) > 3):
			return ""
		case i > 0 && len(part) == 2:
			part = strings.ToUpper(part)
		case i > 0 && len(part) == 4:
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		parts[i] = part
	}
	return strings.Join(parts, "-")
}

// knownLanguage reports whether a tag, with - or _ between its parts, is one of
// BCP 47 with a language that exists.
func knownLanguage(tag string) bool {
	parsed, err := bcp47.Parse(tag)
	return err == nil && parsed != bcp47.Und
}

// language is the first part of a tag.
func language(tag string) string {
	lang, _, _ := strings.Cut(tag, "-")
	return lang
}

// localeChain lists the languages in which a letter is looked for: the
// customer's (pt-BR, pt), the business's (fr-CA, fr), en.
func localeChain(customer, business string) []string {
	var chain []string
	add := func(tag string) {
		for tag != "" {
			for _, have := range chain {
				if have == tag {
					return
				}
			}
			chain = append(chain, tag)
			cut := strings.LastIndexByte(tag, '-')
			if cut < 0 {
				return
			}
			tag = tag[:cut]
		}
	}
	add(canonicalLocale(customer))
	add(canonicalLocale(business))
	add("en")
	return chain
}

// tongueLocale is the locale for dates and money in a letter written in letter's
// language: the customer's or the business's region of that same language,
// where there is one, so that no letter mixes two languages.
func tongueLocale(letter, customer, business string) string {
	for _, tag := range []string{canonicalLocale(customer), canonicalLocale(business)} {
		if language(tag) == language(letter) && strings.HasPrefix(tag, letter) && plainRegion(tag) {
			return tag
		}
	}
	return letter
}

// plainRegion reports whether a tag is a language with nothing but a region.
// Only those make a difference, and there are few of them.
func plainRegion(tag string) bool {
	_, region, found := strings.Cut(tag, "-")
	return !found || len(region) == 2 || len(region) == 3 && region[0] >= '0' && region[0] <= '9'
}

// direction is the dir attribute of a language.
func direction(tag string) string {
	switch language(tag) {
	case "ar", "fa", "he", "ps", "ur", "yi":
		return "rtl"
	}
	return "ltr"
}
