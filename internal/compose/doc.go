// Package compose turns a letter's template and the facts about a household
// into a finished message: subject, plain text, HTML and headers, with dates
// and money written as the reader's language writes them.
//
// A letter is one Markdown file per name and language. Its Go template actions
// run first, and every value they print is replaced by an opaque mark; the
// Markdown is parsed after that, and only when the result is written out does
// each mark become its value again, escaped for the place where it stands. A
// value is therefore never read as Markdown, as HTML or as a template, whatever
// it contains, while loops, conditions and links around values work.
//
// Letters of one kind differ in little but their values, so what the marked text
// means as Markdown and what the layout writes around it is worked out once and
// kept for the next letters (document, frame). Values are put in last, and what
// holds values is never searched for marks: none of them can pass for one.
//
// The package is pure: files come in as an fs.FS that Load reads once, the day
// of sending comes in as an argument.
package compose
