// Package templates holds what renewd brings along to write with: the letters,
// one Markdown file per letter and language, with the HTML page around all of
// them; and the public web pages, one HTML file per page and language, with the
// layout around those.
package templates

import "embed"

// FS has the letters NAME.LOCALE.md, NAME.sober.LOCALE.md and layout.html, and
// the pages unsubscribe.LOCALE.html, manage.LOCALE.html, reason.LOCALE.html and
// page.html.
//
//go:embed *.md layout.html page.html unsubscribe.*.html manage.*.html reason.*.html
var FS embed.FS
