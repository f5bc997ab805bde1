// Package templates holds the letters that renewd brings along: one Markdown
// file per letter and language, and the HTML page around all of them.
package templates

import "embed"

// FS has the files NAME.LOCALE.md, NAME.sober.LOCALE.md and layout.html.
//
//go:embed *.md layout.html
var FS embed.FS
