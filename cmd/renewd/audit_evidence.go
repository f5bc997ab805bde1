package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// dossierFile is one file of the evidence.
type dossierFile struct {
	name     string
	contents []byte
}

// evidence is all that is known about one agreement, read in one transaction.
type evidence struct {
	business  string
	zone      *time.Location
	at        time.Time // when it was read
	agreement *renewal.Agreement
	dossier   *renewal.Dossier
	notices   []auditLine
	letters   []evidenceLetter
}

// evidenceLetter is one message about the agreement.
type evidenceLetter struct {
	store.MessageRecord
	// file is the name of its bytes among the evidence, empty where there are none.
	file string
	// altered: the bytes kept do not have the hash that was noted when they left.
	altered bool
}

// writeEvidence writes all that is known about one agreement into a folder.
func writeEvidence(ctx context.Context, s *Session, c *Config, db *store.DB, ref, dir string) error {
	if err := emptyFolder(dir); err != nil {
		return err
	}
	e := &evidence{business: c.Business.Name, zone: c.Business.TimeZone, at: present()}
	if err := db.Read(ctx, func(tx *store.Tx) error { return e.read(tx, c, ref) }); err != nil {
		return err
	}
	files, err := e.files()
	if err != nil {
		return err
	}
	if err := writeFolder(dir, files); err != nil {
		return err
	}
	if err := listFiles(s, files); err != nil {
		return err
	}
	if altered := e.count(func(l evidenceLetter) bool { return l.altered }); altered > 0 {
		return needsPerson("%s not the hash that was noted when it left: the database was changed by hand, or is damaged", count(altered, "message has", "messages have"))
	}
	if missed := countMissed(e.notices); missed > 0 {
		return needsPerson("%s no proof of having left in time", count(missed, "notice has", "notices have"))
	}
	return nil
}

// listFiles says what was written.
func listFiles(s *Session, files []dossierFile) error {
	type written struct {
		File   string `json:"file"`
		SHA256 string `json:"sha256"`
	}
	list := make([]written, len(files))
	for i, f := range files {
		list[i] = written{f.name, hashOf(f.contents)}
	}
	return PrintAll(s.Out, []Column[written]{
		{Title: "FILE", Solid: true, Cell: func(w written) string { return w.File }},
		{Title: "SHA-256", Solid: true, Cell: func(w written) string { return w.SHA256 }},
	}, Items(list))
}

// read reads everything in one transaction.
func (e *evidence) read(tx *store.Tx, c *Config, ref string) error {
	id, customer, err := tx.AgreementByRef(ref)
	if errors.Is(err, store.ErrNotFound) {
		return usageError("there is no agreement %q: write its ref as the agreements' file does", ref)
	}
	if err != nil {
		return err
	}
	if e.dossier, err = tx.Dossier(customer, time.Time{}); err != nil {
		return err
	}
	if e.agreement = e.dossier.Agreement(id); e.agreement == nil {
		return fmt.Errorf("agreement %q and its customer do not belong together", ref)
	}
	if e.notices, err = auditLines(tx, c, store.NoticeFilter{Agreement: ref}, e.at); err != nil {
		return err
	}
	messages, err := tx.MessagesAbout(id)
	taken := map[string]bool{}
	for _, m := range messages {
		l := evidenceLetter{MessageRecord: m}
		if m.Contents != nil {
			l.file, l.altered = letterName(m, taken), hashOf(m.Contents) != m.SHA256
		}
		e.letters = append(e.letters, l)
	}
	return err
}

// letterName names the file of a message by when it left and by its Message-ID.
func letterName(m store.MessageRecord, taken map[string]bool) string {
	const longest = 120
	when := m.SentAt
	if when.IsZero() {
		when = m.ClaimedAt
	}
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '@':
			return r
		}
		return '_'
	}, m.RFC822ID)
	name = when.UTC().Format("2006-01-02T150405Z") + "_" + name[:min(len(name), longest)]
	for n := 2; taken[strings.ToLower(name)]; n++ { // Message-IDs that differ in nothing but what was replaced
		name = fmt.Sprintf("%s_%d", name, n)
	}
	taken[strings.ToLower(name)] = true
	return name + ".eml"
}

func (e *evidence) count(which func(evidenceLetter) bool) int {
	n := 0
	for _, l := range e.letters {
		if which(l) {
			n++
		}
	}
	return n
}

// files are those to write, in order of their names, SHA256SUMS last.
func (e *evidence) files() ([]dossierFile, error) {
	summary := e.summary()
	page, err := summary.html()
	if err != nil {
		return nil, err
	}
	files := []dossierFile{{"summary.html", page}, {"summary.txt", summary.text()}}
	for _, l := range e.letters {
		if l.file != "" {
			files = append(files, dossierFile{l.file, l.Contents})
		}
	}
	slices.SortFunc(files, func(a, b dossierFile) int { return strings.Compare(a.name, b.name) })
	var sums bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&sums, "%s  %s\n", hashOf(f.contents), f.name)
	}
	return append(files, dossierFile{"SHA256SUMS", sums.Bytes()}), nil
}

func hashOf(contents []byte) string {
	sum := sha256.Sum256(contents)
	return hex.EncodeToString(sum[:])
}

// emptyFolder refuses a place where something is already.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return usageError("%s cannot be written to: %w", dir, err)
	case len(entries) > 0:
		return usageError("%s is not empty: name a new folder, so that nothing else comes between the evidence", dir)
	}
	return nil
}

// writeFolder writes files that are nobody else's to read: they hold addresses
// and letters.
func writeFolder(dir string, files []dossierFile) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder for the evidence: %w", err)
	}
	for _, f := range files {
		if err := writeNew(filepath.Join(dir, f.name), f.contents); err != nil {
			return fmt.Errorf("writing the evidence: %w", err)
		}
	}
	return nil
}

// writeNew writes a file that must not exist yet, through to the disk.
func writeNew(path string, contents []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(contents)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
