package web

import (
	"regexp"
	"strings"
)

// localeTag is a BCP 47 tag as far as languages of pages go: pt, pt-BR, zh-Hant-TW.
var localeTag = regexp.MustCompile(`^[a-z]{2,3}(-[a-z0-9]{1,8}){0,4}$`)

// canonicalLocale writes a tag in lower case with hyphens (pt_BR → pt-br), which
// is how languages are compared here; what is no tag becomes the empty string.
func canonicalLocale(tag string) string {
	tag = strings.ToLower(strings.ReplaceAll(tag, "_", "-"))
	if !localeTag.MatchString(tag) {
		return ""
	}
	return tag
}

// localeChain lists the languages in which a page is looked for, as for letters:
// the customer's (pt-br, pt), the business's (fr-ca, fr), en.
func localeChain(customer, business string) []string {
	var chain []string
	for _, tag := range []string{canonicalLocale(customer), canonicalLocale(business), "en"} {
		for tag != "" {
			chain = append(chain, tag)
			tag = tag[:max(strings.LastIndexByte(tag, '-'), 0)]
		}
	}
	return chain
}

// htmlLang writes a tag for the attribute lang: pt-br → pt-BR. Its meaning does
// not depend on case; some screen readers do.
func htmlLang(tag string) string {
	parts := strings.Split(tag, "-")
	for i, part := range parts[1:] {
		switch len(part) {
		case 2:
			parts[i+1] = strings.ToUpper(part)
		case 4:
			parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "-")
}

// direction is the attribute dir of a language.
func direction(tag string) string {
	language, _, _ := strings.Cut(tag, "-")
	switch language {
	case "ar", "fa", "he", "ps", "ur", "yi":
		return "rtl"
	}
	return "ltr"
}
