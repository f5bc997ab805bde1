package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"renewd/internal/compose"
	"renewd/internal/web"
	"renewd/templates"
)

// pageNames are the built-in pages that can be copied: page is the layout around
// the others.
var pageNames = []string{"manage", "reason", "unsubscribe", "page"}

// pageFiles are the files of a built-in page, none where there is no such page.
func pageFiles(name string) ([]string, error) {
	switch {
	case name == "page":
		return []string{"page.html"}, nil
	case slices.Contains(pageNames, name):
		return fs.Glob(templates.FS, name+".*.html")
	}
	return nil, nil
}

// checkPages tries every customer page in every language with made-up data.
func checkPages(_ context.Context, c *Config) []Problem {
	_, err := c.pages()
	if err == nil {
		return nil
	}
	var problems []Problem
	for _, one := range parts(err) {
		p := Problem{File: c.Templates, Level: LevelError, Text: one.Error()}
		var f web.Fault
		if errors.As(one, &f) {
			p.File, p.Line, p.Text = filepath.Join(c.Templates, f.File), f.Line, f.Text
			if f.BuiltIn {
				p.File = "built-in " + f.File
			}
		}
		problems = append(problems, p)
	}
	return problems
}

// parts are the errors that errors.Join put together.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// previewPages are the pages of an agreement that previews link to, with a token
// that is nobody's; none without base_url.
func (c *Config) previewPages(autoRenew bool) compose.Links {
	if c.Web.BaseURL == "" {
		return compose.Links{}
	}
	pages := compose.Links{Manage: c.Web.BaseURL + "/m/" + previewToken, Reason: c.Web.BaseURL + "/s/" + previewToken}
	if autoRenew {
		pages.Cancel = pages.Manage + "?cancel"
	}
	return pages
}
