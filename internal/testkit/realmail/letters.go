package realmail

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Letters returns what is in the mailbox of an address, in no particular order:
// each letter's bytes as they came, with what the servers put in front of them.
func (s *Servers) Letters(address string) [][]byte {
	s.tb.Helper()
	var letters [][]byte
	for _, file := range s.files(address) {
		raw, err := os.ReadFile(file)
		s.check(err)
		letters = append(letters, raw)
	}
	return letters
}

// WaitLetters is Letters once there are n of them. It ends the test where they do
// not come, at once when ctx ends.
func (s *Servers) WaitLetters(ctx context.Context, address string, n int) [][]byte {
	s.tb.Helper()
	if !until(ctx, func() bool { return len(s.files(address)) >= n }) {
		s.tb.Fatalf("%s has %d letters, want %d", address, len(s.files(address)), n)
	}
	return s.Letters(address)
}

// Total is how many letters are in all mailboxes of a domain together.
func (s *Servers) Total(domain string) int {
	s.tb.Helper()
	n := 0
	err := filepath.WalkDir(filepath.Join(s.dir, "mail", domain), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && isLetter(path) {
			n++
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // Dovecot has just moved it from tmp to new, or nobody there got a letter
		}
		return err
	})
	s.check(err)
	return n
}

// files are the letters of an address.
func (s *Servers) files(address string) []string {
	s.tb.Helper()
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	local, _, _ = strings.Cut(local, "+") // what is behind the + says nothing about the mailbox
	files, err := filepath.Glob(filepath.Join(s.dir, "mail", domain, local, "*", "*"))
	s.check(err)
	return slices.DeleteFunc(files, func(file string) bool { return !isLetter(file) })
}

// isLetter reports whether a file of a maildir is a whole letter.
func isLetter(file string) bool {
	dir := filepath.Base(filepath.Dir(file))
	return dir == "new" || dir == "cur"
}

// Contents takes a letter from a mailbox apart: the header fields that the
// servers put in front of it, and the bytes that were sent.
func Contents(letter []byte) (trace, contents []byte) {
	end := 0
	inTrace := true
	for line := range bytes.Lines(letter) {
		if line[0] != ' ' && line[0] != '\t' { // no continuation of the line before
			name, _, _ := bytes.Cut(line, []byte(":"))
			inTrace = slices.ContainsFunc([]string{"Return-Path", "Delivered-To", "Received", "X-Original-To"}, func(known string) bool {
				return strings.EqualFold(known, string(name))
			})
		}
		if !inTrace {
			break
		}
		end += len(line)
	}
	return letter[:end], letter[end:]
}
