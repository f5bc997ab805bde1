package compose

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanValue makes a value fit for one line of running text: line breaks and
// other control characters become blanks, characters that reorder or hide text
// (bidirectional controls, byte order marks, private use) are left out.
func cleanValue(s string) string {
	if isPlainASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s { // broken UTF-8 arrives here as U+FFFD
		switch {
		case r >= ' ' && r < 0x7f || r >= 0xa0 && r < 0x600 && r != 0xad: // most of Europe
			b.WriteRune(r)
		case r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Cc, r):
			b.WriteByte(' ')
		case r == '\u200c' || r == '\u200d': // joiners: Persian, Indic scripts and emoji need them
			b.WriteRune(r)
		case unicode.In(r, unicode.Cf, unicode.Co):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isPlainASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// oneLine cleans s and joins its words by single blanks. Only ASCII white space
// separates words: a no-break space is part of what the language wants.
func oneLine(s string) string {
	return squeezed(cleanValue(s))
}

// squeezed joins the words of s by single blanks.
func squeezed(s string) string {
	for i := 0; i < len(s); i++ {
		blank := s[i] == ' ' && i > 0 && i+1 < len(s) && s[i+1] != ' '
		if !blank && (s[i] == ' ' || s[i] >= '\t' && s[i] <= '\r') {
			return strings.Join(words(s), " ")
		}
	}
	return s
}

// words splits at ASCII white space only.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' || r == '\v'
	})
}

// safeURL returns s as it may stand in a link, or false where it must not: only
// http and https with a host, and mailto with an address, are links.
func safeURL(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if isPlainHTTPS(s) {
		return s, true
	}
	if s == "" || !utf8.ValidString(s) {
		return "", false
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f || strings.ContainsRune("<>\"\\", r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Z) {
			return "", false
		}
	}
	u, err := url.Parse(s)
	if err != nil {
		return "", false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host == "" || u.User != nil {
			return "", false
		}
	case "mailto":
		if !strings.Contains(u.Opaque, "@") {
			return "", false
		}
	default:
		return "", false
	}
	return u.String(), true
}

// isPlainHTTPS reports whether s is an address such as most are, which net/url
// would only give back as it is: https, a host's name, and a path and a query of
// plain characters.
func isPlainHTTPS(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		return false
	}
	host, path, query := 0, false, false
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.':
			if !path && !query {
				host++
			}
		case c == '/':
			path = true
		case c == '?':
			query = true
		case (c == '_' || c == '~') && path || (c == '=' || c == '&') && query:
		default:
			return false
		}
	}
	return host > 0
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// percentEncode writes a value so that it is one piece of a link's query or
// path and can change nothing else of the link.
func percentEncode(s, alsoSafe string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; strings.IndexByte(unreserved, c) >= 0 || strings.IndexByte(alsoSafe, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
